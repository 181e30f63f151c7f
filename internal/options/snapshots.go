package options

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// snapshots is the flag --snapshot: a path, or the named paths of several clusters. A repeated flag
// replaces the path, or adds a named one.
type snapshots []NamedSnapshot

// Set adds a path, or a name and a path.
func (s *snapshots) Set(text string) error {
	name, path, named := strings.Cut(text, "=")
	if !named || strings.Contains(name, "/") { // as in ./a=b.yaml
		return s.add("", text)
	}
	if err := checkClusterName(name); err != nil {
		return fmt.Errorf("%w; a file of this name is ./%s", err, text)
	}
	return s.add(name, path)
}

func (s *snapshots) add(name, path string) error {
	switch {
	case path == "":
		return errors.New("want a path")
	case len(*s) > 0 && (name == "") != ((*s)[0].Name == ""):
		return errors.New("several snapshots need names: want NAME=PATH")
	case name == "":
		*s = nil
	case name != "" && path == "-":
		return errors.New("several snapshots need paths, not standard input")
	}
	if slices.ContainsFunc(*s, func(other NamedSnapshot) bool { return other.Name == name }) {
		return fmt.Errorf("duplicate cluster %s", name)
	}
	*s = append(*s, NamedSnapshot{name, path})
	return nil
}

func (s *snapshots) setYAML(node *yaml.Node) error {
	var parsed snapshots
	switch node.Kind {
	case yaml.ScalarNode:
		if err := parsed.add("", node.Value); err != nil {
			return err
		}
	case yaml.MappingNode:
		for name, path := range entries(node) {
			if path.Kind != yaml.ScalarNode || isNull(path) {
				return fmt.Errorf("%s: want a path", name.Value)
			}
			if err := cmp.Or(checkClusterName(name.Value), parsed.add(name.Value, path.Value)); err != nil {
				return err
			}
		}
	default:
		return errors.New("want a path, or a mapping of names to paths")
	}
	*s = parsed
	return nil
}

func (s *snapshots) String() string {
	var all []string
	for _, n := range *s {
		if n.Name == "" {
			return n.Path
		}
		all = append(all, n.Name+"="+n.Path)
	}
	return strings.Join(all, ",")
}

func (s *snapshots) Type() string { return "string" }

// split returns the path of the only cluster, or the snapshots of several.
func (s *snapshots) split() (path string, several []NamedSnapshot) {
	if len(*s) == 1 && (*s)[0].Name == "" {
		return (*s)[0].Path, nil
	}
	return "", *s
}
