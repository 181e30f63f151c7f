package options_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
)

// files writes files into a new directory and returns it. Names that end in / are directories.
func files(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range texts {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, "/") {
			if err := os.MkdirAll(path, 0o700); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// read reads the clusters of arguments, in which DIR stands for a directory.
func read(dir string, args ...string) (o options.Options, all []options.Cluster, unused []error, err error) {
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "DIR", dir)
	}
	if o, err = options.Parse(registry, args); err == nil {
		all, unused, err = o.ReadClusters()
	}
	return o, all, unused, err
}

// TestReadClusters reads clusters from a file, a directory and the flags of snapshots.
func TestReadClusters(t *testing.T) {
	dir := files(t, map[string]string{
		"kubeconfigs/berlin": "", "oslo.kubeconfig": "",
		"all.yaml": `clusters:
- {name: oslo, kubeconfig: oslo.kubeconfig, context: admin, labels: {region: north, tier: "1"}, resources: [pods, nodes]}
- name: berlin
  kubeconfig: DIR/kubeconfigs/berlin
- {name: hub.example, home: true, labels: null, resources: null}
- name: lab
  context: lab
`,
		"none.yaml":         "clusters: []",
		"folder/b.yaml":     "",
		"folder/a":          "",
		"folder/c.conf":     "",
		"folder/c.yaml":     "",
		"folder/..data":     "",
		"folder/.hidden":    "",
		"folder/lower/":     "",
		"folder/d.conf.yml": "",
		"folder/Upper.yaml": "",
	})
	text, err := os.ReadFile(filepath.Join(dir, "all.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), []byte(strings.ReplaceAll(string(text), "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("missing", filepath.Join(dir, "folder", "link")); err != nil {
		t.Fatal(err)
	}
	f := func(want []options.Cluster, wantUnused string, args ...string) {
		t.Helper()
		_, got, unused, err := read(dir, args...)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			return
		}
		for i := range want {
			want[i].Kubeconfig = strings.ReplaceAll(want[i].Kubeconfig, "DIR", dir)
			want[i].Position = strings.ReplaceAll(want[i].Position, "DIR", dir)
		}
		if d := cmp.Diff(want, got, asText); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
		text := ""
		if err := errors.Join(unused...); err != nil {
			text = err.Error()
		}
		if d := cmp.Diff(strings.ReplaceAll(wantUnused, "DIR", dir), text); d != "" {
			t.Errorf("%q: unused files (-want +got):\n%s", args, d)
		}
	}
	type all = []options.Cluster
	f(all{
		{Name: "berlin", Kubeconfig: "DIR/kubeconfigs/berlin", Position: "DIR/all.yaml: line 3"},
		{Name: "hub.example", Home: true, Position: "DIR/all.yaml: line 5"},
		{Name: "lab", Context: "lab", Position: "DIR/all.yaml: line 6"},
		{
			Name: "oslo", Kubeconfig: "DIR/oslo.kubeconfig", Context: "admin", Position: "DIR/all.yaml: line 2",
			Labels:    []generators.ExtraLabel{{Name: "region", Value: "north"}, {Name: "tier", Value: "1"}},
			Resources: []generators.Resource{&generators.Nodes, &generators.Pods},
		},
	}, "", "--clusters=DIR/all.yaml", "--kubeconfig=home")
	f(nil, "", "--clusters=DIR/none.yaml")
	f(all{
		{Name: "a", Kubeconfig: "DIR/folder/a", Position: "DIR/folder/a"},
		{Name: "b", Kubeconfig: "DIR/folder/b.yaml", Position: "DIR/folder/b.yaml"},
		{Name: "c", Kubeconfig: "DIR/folder/c.conf", Position: "DIR/folder/c.conf"},
		{Name: "d.conf", Kubeconfig: "DIR/folder/d.conf.yml", Position: "DIR/folder/d.conf.yml"},
		{Name: "link", Kubeconfig: "DIR/folder/link", Position: "DIR/folder/link"},
	}, `DIR/folder/Upper.yaml: "Upper" cannot be the name of a cluster: want a DNS name of at most 253 lower-case letters, digits, hyphens and dots
DIR/folder/c.yaml: cluster c is that of DIR/folder/c.conf`, "--clusters=DIR/folder")
	f(all{{Name: "a", Snapshot: "x=y", Position: "x=y"}, {Name: "b", Snapshot: "folder", Position: "folder"}}, "", "--snapshot=b=folder", "--snapshot=a=x=y")
	f(all{{Name: "a", Snapshot: "folder", Position: "folder"}}, "", "--snapshot=a=folder")
	f(nil, "", "--snapshot=./a=folder")
	f(nil, "", "--snapshot=folder/a=b")
	f(nil, "", "--snapshot=folder", "--snapshot=other")
}

// TestReadClustersFromPipe holds that a pipe, which cannot be read again, is neither read nor watched.
func TestReadClustersFromPipe(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "clusters")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	o, _, _, err := read(dir, "--clusters=DIR/clusters")
	if want := "--clusters: " + path + ": not a regular file or a directory"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if d := cmp.Diff([]string{path}, o.ClusterFiles()); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
}

// TestReadClustersErrors holds the errors of files and arguments.
func TestReadClustersErrors(t *testing.T) {
	f := func(want, text string, args ...string) {
		t.Helper()
		dir := files(t, map[string]string{"k": "", "folder/": "", "clusters.yaml": text})
		_, _, _, err := read(dir, append([]string{"--clusters=DIR/clusters.yaml"}, args...)...)
		if err == nil {
			t.Errorf("%s %q: no error, want %s", text, args, want)
			return
		}
		if d := cmp.Diff(strings.ReplaceAll(want, "DIR", dir), err.Error()); d != "" {
			t.Errorf("%s %q (-want +got):\n%s", text, args, d)
		}
	}
	const in = "--clusters: DIR/clusters.yaml: "
	f(in+"the file is empty: write clusters: [] for none", "")
	f(in+"line 1: want a mapping with the key clusters", "[]")
	f(in+`line 1: there is no key "cluster"; the nearest is "clusters"`, "cluster: []")
	f(in+`line 2: duplicate key "clusters"`, "clusters: []\nclusters: []")
	f(in+"line 1: clusters: want a list", "clusters: {a: b}")
	f(in+"line 2: want a mapping with the key name", "clusters:\n- a")
	f(in+`line 2: there is no key "kubeconfg"; the nearest is "kubeconfig"`, "clusters:\n- {name: a, kubeconfg: k}")
	f(in+`line 2: duplicate key "name"`, "clusters:\n- {name: a, name: a}")
	f(in+"line 2: a cluster without a name", "clusters:\n- {kubeconfig: k}")
	f(in+"line 3: duplicate cluster a, which line 2 has", "clusters:\n- {name: a, kubeconfig: k}\n- {name: a, home: true}")
	f(in+`line 2: name: "a/b" cannot be the name of a cluster: want a DNS name of at most 253 lower-case letters, digits, hyphens and dots`, "clusters:\n- {name: a/b, home: true}")
	f(in+"line 2: cluster a: want a kubeconfig, a context of --kubeconfig, or home: true", "clusters:\n- {name: a}")
	f(in+"line 2: cluster a: home excludes kubeconfig and context", "clusters:\n- {name: a, home: true, context: b}")
	f(in+"line 2: home: want true or false", "clusters:\n- {name: a, home: here}")
	f(in+"line 2: kubeconfig: want a single value", "clusters:\n- {name: a, kubeconfig: [k]}")
	f(in+"line 2: labels: want a mapping of names to values", "clusters:\n- {name: a, home: true, labels: [a]}")
	f(in+`line 2: resources: --resources: there is no resource "pod"; the nearest is "pods"`, "clusters:\n- {name: a, home: true, resources: [pod]}")
	f(in+"line 2: resources: want at least one", "clusters:\n- {name: a, home: true, resources: []}")
	f(in+"line 2: cluster a: context b needs --kubeconfig", "clusters:\n- {name: a, context: b}")
	const one = "clusters:\n- {name: a, kubeconfig: k, labels: {%s}}"
	f("--clusters: DIR/clusters.yaml: line 2: cluster a: duplicate label cluster", strings.ReplaceAll(one, "%s", "cluster: b"))
	f("--clusters: DIR/clusters.yaml: line 2: cluster a: duplicate label region", strings.ReplaceAll(one, "%s", "region: b"), "--extra-labels=region=c")
	f("--clusters: DIR/clusters.yaml: line 2: cluster a: label pod is a label of kube_pod_completion_time", strings.ReplaceAll(one, "%s", "pod: b"), "--resources=pods")
	f(`--clusters: DIR/clusters.yaml: line 2: cluster a: "a-b" is not a label name`, strings.ReplaceAll(one, "%s", "a-b: b"))
	const none = "clusters: []"
	f("--clusters excludes --apiserver: kubeconfigs have the addresses", none, "--apiserver=https://a")
	f("--clusters excludes --snapshot: name the snapshots of several clusters by --snapshot NAME=PATH, repeated", none, "--snapshot=a=b")
	f("--clusters excludes --snapshot: name the snapshots of several clusters by --snapshot NAME=PATH, repeated", none, "--snapshot=b")
	f("--clusters excludes --node: a node is in one cluster", none, "--node=a", "--resources=pods")
	f("--clusters excludes --track-unscheduled-pods, which belongs to --node", none, "--track-unscheduled-pods", "--resources=pods")
	f("--clusters excludes --pod: divide the objects by --shard and --total-shards, or the clusters by files", none, "--pod=a-0", "--pod-namespace=b")
	f(`--cluster-label: "a-b" is not a label name`, none, "--cluster-label=a-b")
	f("--cluster-label: label namespace is a label of kube_pod_completion_time", none, "--cluster-label=namespace", "--resources=pods")
	f("--extra-labels: cluster is the label of the cluster: name another one with --cluster-label", none, "--extra-labels=cluster=a")
	f("--cluster-label: label cluster is a label of cnpg_cluster_info (preset cloudnative-pg:15)", none, "--custom-resource-presets=cloudnative-pg")
	f("--clusters: DIR/clusters.yaml: line 2: cluster a: label cluster is a label of cnpg_cluster_info (preset cloudnative-pg:15)",
		strings.ReplaceAll(one, "%s", "cluster: b"), "--custom-resource-presets=cloudnative-pg", "--cluster-label=k8s_cluster")

	g := func(want string, args ...string) {
		t.Helper()
		if _, err := options.Parse(registry, args); err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", args, err, want)
		}
	}
	const snapshot = `invalid argument %q for "--snapshot" flag: `
	g(strings.ReplaceAll(snapshot, "%q", `"b"`)+"several snapshots need names: want NAME=PATH", "--snapshot=a=x", "--snapshot=b")
	g(strings.ReplaceAll(snapshot, "%q", `"a=x"`)+"several snapshots need names: want NAME=PATH", "--snapshot=b", "--snapshot=a=x")
	g(strings.ReplaceAll(snapshot, "%q", `"a=y"`)+"duplicate cluster a", "--snapshot=a=x", "--snapshot=a=y")
	g(strings.ReplaceAll(snapshot, "%q", `"a=-"`)+"several snapshots need paths, not standard input", "--snapshot=a=-")
	g(strings.ReplaceAll(snapshot, "%q", `"a="`)+"want a path", "--snapshot=a=")
	g(strings.ReplaceAll(snapshot, "%q", `"Oslo=x"`)+`"Oslo" cannot be the name of a cluster: want a DNS name of at most 253 lower-case letters, digits, hyphens and dots; a file of this name is ./Oslo=x`, "--snapshot=Oslo=x")
	g("--snapshot excludes --kubeconfig and --apiserver", "--snapshot=a=x", "--kubeconfig=k")
}

// TestClusterOptions holds the options of a cluster.
func TestClusterOptions(t *testing.T) {
	o, all, _, err := read(files(t, map[string]string{"c": "clusters:\n- {name: a, home: true, labels: {region: north}, resources: [pods]}\n- {name: b, home: true}"}),
		"--clusters=DIR/c", "--cluster-label=k8s_cluster", "--extra-labels=team=x", "--resources=nodes")
	if err != nil {
		t.Fatal(err)
	}
	f := func(c options.Cluster, resource string, want ...generators.ExtraLabel) {
		t.Helper()
		of, err := o.For(c)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, of.Selection.Extra); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.Name, d)
		}
		if len(of.Resources) != 1 || of.Resources[0].Describe().Key != resource {
			t.Errorf("%s: resources %v, want %s", c.Name, of.Resources, resource)
		}
	}
	type l = generators.ExtraLabel
	f(all[0], "pods", l{Name: "k8s_cluster", Value: "a"}, l{Name: "region", Value: "north"}, l{Name: "team", Value: "x"})
	f(all[1], "nodes", l{Name: "k8s_cluster", Value: "b"}, l{Name: "team", Value: "x"})
}

// FuzzClusterFile parses files, which must not panic: a name, a label or a resource that passes is valid.
func FuzzClusterFile(f *testing.F) {
	for _, seed := range []string{"", "clusters:\n- {name: a, home: true, labels: {b: c}, resources: [pods]}", "clusters: &a [*a]", "clusters: [{name: a, context: b}, {<<: {name: c}}]", "clusters: [null]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		all, err := options.ParseClusters(registry, text)
		if err != nil && all != nil {
			t.Errorf("%d clusters with error %v", len(all), err)
		}
		for _, c := range all {
			if c.Name == "" || !c.Home && c.Kubeconfig == "" && c.Context == "" {
				t.Errorf("%+v", c)
			}
		}
	})
}
