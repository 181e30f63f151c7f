package options

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

// clusterKeys are the keys of a cluster in the file.
var clusterKeys = []string{"context", "home", "kubeconfig", "labels", "name", "resources"}

// parseClusters parses the file of --clusters: a mapping whose only key is clusters, a list.
func parseClusters(registry *generators.Registry, text []byte) ([]Cluster, error) {
	var document yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: write clusters: [] for none")
	} else if err != nil {
		return nil, err
	}
	root := resolve(document.Content[0])
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want a mapping with the key clusters", root.Line)
	}
	if err := checkKeys(root, []string{"clusters"}); err != nil {
		return nil, err
	}
	var all []Cluster
	lines := map[string]int{}
	for _, list := range entries(root) {
		if list.Kind != yaml.SequenceNode {
			return nil, fmt.Errorf("line %d: clusters: want a list", list.Line)
		}
		for _, node := range list.Content {
			node = resolve(node)
			c, err := parseCluster(registry, node)
			if err != nil {
				return nil, err
			}
			if line, twice := lines[c.Name]; twice {
				return nil, fmt.Errorf("line %d: duplicate cluster %s, which line %d has", node.Line, c.Name, line)
			}
			lines[c.Name] = node.Line
			all = append(all, c)
		}
	}
	return all, nil
}

// checkKeys rejects unknown and duplicate keys of a mapping.
func checkKeys(mapping *yaml.Node, known []string) error {
	seen := map[string]bool{}
	for key := range entries(mapping) {
		switch {
		case !slices.Contains(known, key.Value):
			near, _ := nearest.To(key.Value, known)
			return fmt.Errorf("line %d: there is no key %q; the nearest is %q", key.Line, key.Value, near)
		case seen[key.Value]:
			return fmt.Errorf("line %d: duplicate key %q", key.Line, key.Value)
		}
		seen[key.Value] = true
	}
	return nil
}

func parseCluster(registry *generators.Registry, node *yaml.Node) (Cluster, error) {
	c := Cluster{Position: fmt.Sprintf("line %d", node.Line)}
	if node.Kind != yaml.MappingNode {
		return Cluster{}, fmt.Errorf("line %d: want a mapping with the key name", node.Line)
	}
	if err := checkKeys(node, clusterKeys); err != nil {
		return Cluster{}, err
	}
	for key, value := range entries(node) {
		if err := c.set(registry, key.Value, value); err != nil {
			return Cluster{}, fmt.Errorf("line %d: %s: %w", value.Line, key.Value, err)
		}
	}
	switch {
	case c.Name == "":
		return Cluster{}, fmt.Errorf("line %d: a cluster without a name", node.Line)
	case c.Home && (c.Kubeconfig != "" || c.Context != ""):
		return Cluster{}, fmt.Errorf("line %d: cluster %s: home excludes kubeconfig and context", node.Line, c.Name)
	case !c.Home && c.Kubeconfig == "" && c.Context == "":
		return Cluster{}, fmt.Errorf("line %d: cluster %s: want a kubeconfig, a context of --kubeconfig, or home: true", node.Line, c.Name)
	}
	return c, nil
}

// set sets the value of a key.
func (c *Cluster) set(registry *generators.Registry, key string, node *yaml.Node) (err error) {
	if isNull(node) {
		return nil
	}
	switch key {
	case "labels":
		var labels extraLabels
		err = labels.setYAML(node)
		c.Labels = labels
		return err
	case "resources":
		v := values{registry: registry}
		if err := v.resources.setYAML(node); err != nil || len(v.resources) == 0 {
			return cmp.Or(err, errors.New("want at least one"))
		}
		c.Resources, err = v.enabled()
		return err
	}
	if node.Kind != yaml.ScalarNode {
		return errors.New("want a single value")
	}
	switch key {
	case "name":
		c.Name = node.Value
		err = checkClusterName(c.Name)
	case "kubeconfig":
		c.Kubeconfig = node.Value
	case "context":
		c.Context = node.Value
	case "home":
		if c.Home, err = strconv.ParseBool(node.Value); err != nil {
			err = errors.New("want true or false")
		}
	}
	return err
}
