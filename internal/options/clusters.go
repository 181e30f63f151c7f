package options

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubestate/kubestate/internal/generators"
)

// Clusters are the settings of a process that serves several clusters; without Path and Snapshots it
// serves one.
type Clusters struct {
	// Path is a file that lists the clusters, or a directory of kubeconfigs.
	Path string
	// Snapshots are the snapshots of several clusters.
	Snapshots []NamedSnapshot
	// Label is the name of the label with the name of the cluster.
	Label string
	// DownFails makes requests of a single cluster fail while it is down.
	DownFails bool
}

// A NamedSnapshot is the snapshot of one of several clusters.
type NamedSnapshot struct{ Name, Path string }

// A Cluster is one of several clusters.
type Cluster struct {
	Name string
	// Kubeconfig is a path, empty for that of --kubeconfig. Context is empty for the current one.
	Kubeconfig, Context string
	// Home is the cluster of the process: that of --kubeconfig, or else of the pod.
	Home bool
	// Snapshot is the path of objects to serve instead.
	Snapshot string
	// Labels are constant labels of its series.
	Labels []generators.ExtraLabel
	// Resources are the exported ones, nil for those of --resources.
	Resources []generators.Resource
	// Position is the line of the file.
	Position string
}

// Several reports whether the process serves several clusters.
func (o Options) Several() bool { return o.Clusters.Path != "" || len(o.Clusters.Snapshots) > 0 }

// files reports whether objects come from files.
func (o Options) files() bool { return o.Snapshot != "" || len(o.Clusters.Snapshots) > 0 }

// ReadClusters returns the clusters of --clusters or of the snapshots, in the order of their names, and
// why files of a directory are not used. An error names the line of the file and the fault.
func (o Options) ReadClusters() (all []Cluster, unused []error, err error) {
	for _, s := range o.Clusters.Snapshots {
		all = append(all, Cluster{Name: s.Name, Snapshot: s.Path, Position: s.Path})
	}
	if o.Clusters.Path != "" {
		if all, unused, err = o.readClusters(); err != nil {
			return nil, nil, fmt.Errorf("--clusters: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b Cluster) int { return cmp.Compare(a.Name, b.Name) })
	for _, c := range all {
		if _, err := o.For(c); err != nil {
			return nil, nil, fmt.Errorf("--clusters: %w", err)
		}
	}
	return all, unused, nil
}

func (o Options) readClusters() (all []Cluster, unused []error, err error) {
	info, err := os.Stat(o.Clusters.Path)
	switch {
	case err != nil:
		return nil, nil, err
	case info.IsDir():
		return clustersIn(o.Clusters.Path)
	case !info.Mode().IsRegular(): // a pipe cannot be read again
		return nil, nil, fmt.Errorf("%s: not a regular file or a directory", o.Clusters.Path)
	}
	text, err := os.ReadFile(o.Clusters.Path)
	if err != nil {
		return nil, nil, err
	}
	all, err = parseClusters(o.registry, text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", o.Clusters.Path, err)
	}
	for i := range all {
		c := &all[i]
		c.Position = o.Clusters.Path + ": " + c.Position
		switch {
		case c.Context != "" && c.Kubeconfig == "" && o.Kubeconfig == "":
			return nil, nil, fmt.Errorf("%s: cluster %s: context %s needs --kubeconfig", c.Position, c.Name, c.Context)
		case c.Kubeconfig != "" && !filepath.IsAbs(c.Kubeconfig):
			c.Kubeconfig = filepath.Join(filepath.Dir(o.Clusters.Path), c.Kubeconfig)
		}
	}
	return all, nil, nil
}

// kubeconfigEndings are the endings of kubeconfigs in a directory that are not part of the name of
// the cluster.
var kubeconfigEndings = []string{".kubeconfig", ".yaml", ".yml", ".conf", ".json"}

// clustersIn returns a cluster for each file in a directory whose name does not begin with a dot, and
// why files are not used. A link that leads nowhere counts as a file.
func clustersIn(directory string) (all []Cluster, unused []error, err error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, nil, err
	}
	files := map[string]string{}
	for _, e := range entries {
		path := filepath.Join(directory, e.Name())
		info, err := os.Stat(path)
		if strings.HasPrefix(e.Name(), ".") || err == nil && !info.Mode().IsRegular() { // as ..data of a mounted Secret
			continue
		}
		name := e.Name()
		if ending := filepath.Ext(name); slices.Contains(kubeconfigEndings, ending) {
			name = strings.TrimSuffix(name, ending)
		}
		if err := checkClusterName(name); err != nil {
			unused = append(unused, fmt.Errorf("%s: %w", path, err))
			continue
		}
		if other := files[name]; other != "" {
			unused = append(unused, fmt.Errorf("%s: cluster %s is that of %s", path, name, other))
			continue
		}
		files[name] = path
		all = append(all, Cluster{Name: name, Kubeconfig: path, Position: path})
	}
	return all, unused, nil
}

// ClusterFiles returns the files that define the clusters: that of --clusters and the kubeconfigs.
func (o Options) ClusterFiles() []string {
	if o.Clusters.Path == "" {
		return nil
	}
	files := []string{o.Clusters.Path}
	info, err := os.Stat(o.Clusters.Path)
	switch {
	case err != nil || !info.IsDir() && !info.Mode().IsRegular(): // ReadClusters returns the error
		return files
	case info.IsDir():
		entries, _ := os.ReadDir(o.Clusters.Path)
		files = nil
		for _, e := range entries {
			files = append(files, filepath.Join(o.Clusters.Path, e.Name()))
		}
		return files
	}
	text, err := os.ReadFile(o.Clusters.Path)
	if err != nil {
		return files
	}
	all, _ := parseClusters(o.registry, text)
	for _, c := range all {
		switch {
		case filepath.IsAbs(c.Kubeconfig):
			files = append(files, c.Kubeconfig)
		case c.Kubeconfig != "":
			files = append(files, filepath.Join(filepath.Dir(o.Clusters.Path), c.Kubeconfig))
		case c.Context != "":
			files = append(files, o.Kubeconfig)
		}
	}
	return files
}

// For returns the options of one cluster. The error names the cluster.
func (o Options) For(c Cluster) (Options, error) {
	if c.Resources != nil {
		o.Resources, o.explicit = c.Resources, true
	}
	o.Snapshot = c.Snapshot
	constant := append([]generators.ExtraLabel{{Name: o.Clusters.Label, Value: c.Name}}, c.Labels...)
	o.Selection.Extra = append(constant, o.Selection.Extra...)
	if err := cmp.Or(o.Selection.CheckExtra(o.counted()), o.checkCustomLabels(constant)); err != nil {
		return Options{}, fmt.Errorf("%s: cluster %s: %w", c.Position, c.Name, err)
	}
	return o, nil
}

// checkClusters rejects flags that make no sense with several clusters.
func (o Options) checkClusters() error {
	switch {
	case o.Clusters.Path == "":
		return nil
	case o.APIServer != "":
		return errors.New("--clusters excludes --apiserver: kubeconfigs have the addresses")
	case o.files():
		return errors.New("--clusters excludes --snapshot: name the snapshots of several clusters by --snapshot NAME=PATH, repeated")
	case o.Node != "":
		return errors.New("--clusters excludes --node: a node is in one cluster")
	case o.Unscheduled:
		return errors.New("--clusters excludes --track-unscheduled-pods, which belongs to --node")
	case o.Pod != "":
		return errors.New("--clusters excludes --pod: divide the objects by --shard and --total-shards, or the clusters by files")
	}
	return nil
}

// unusedClusters describes settings that have no effect without clusters.
func (o Options) unusedClusters() []string {
	var all []string
	if !o.Several() && o.Clusters.Label != defaultClusterLabel {
		all = append(all, "--cluster-label: it needs --clusters, or --snapshot NAME=PATH")
	}
	if o.Clusters.Path == "" && o.Clusters.DownFails {
		all = append(all, "--cluster-down-fails: it needs --clusters")
	}
	return all
}

// checkClusterLabel rejects a label that series of the resources can have.
func (o Options) checkClusterLabel() error {
	if !o.Several() {
		return nil
	}
	s := o.Selection
	s.Extra = []generators.ExtraLabel{{Name: o.Clusters.Label, Value: "name"}}
	if err := cmp.Or(s.CheckExtra(o.counted()), o.checkCustomLabels(s.Extra)); err != nil {
		return fmt.Errorf("--cluster-label: %w", err)
	}
	for _, l := range o.Selection.Extra {
		if l.Name == o.Clusters.Label {
			return fmt.Errorf("--extra-labels: %s is the label of the cluster: name another one with --cluster-label", l.Name)
		}
	}
	return nil
}

// defaultClusterLabel is the default of --cluster-label.
const defaultClusterLabel = "cluster"

// checkClusterName returns an error for a name that is not fit for a path.
func checkClusterName(name string) error {
	if validation.IsDNS1123Subdomain(name) != nil {
		return fmt.Errorf("%q cannot be the name of a cluster: want a DNS name of at most 253 lower-case letters, digits, hyphens and dots", name)
	}
	return nil
}
