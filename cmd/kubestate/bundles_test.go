package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestBundles serves the example cluster as the tools lay it out that collect support bundles and
// backups. The series are those of the plain files.
func TestBundles(t *testing.T) {
	objects := exampleObjects(t)
	f := func(name string, kinds []string, pack func(testing.TB, []entry) []byte, layout func(testing.TB, []object) []entry) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			held := objects
			if kinds != nil {
				held = slices.DeleteFunc(slices.Clone(objects), func(o object) bool { return !slices.Contains(kinds, o.plural()) })
			}
			for i, o := range held {
				write(t, filepath.Join(dir, "plain", fmt.Sprintf("%03d.json", i)), o.json(t))
			}
			write(t, filepath.Join(dir, "bundle"), pack(t, layout(t, held)))
			want, got := seriesOf(t, filepath.Join(dir, "plain")), seriesOf(t, filepath.Join(dir, "bundle"))
			if len(want) < 500 {
				t.Fatalf("only %d series", len(want))
			}
			if d := gocmp.Diff(want, got); d != "" {
				t.Errorf("(-plain +bundle):\n%s", d)
			}
		})
	}
	f("must-gather", nil, tarGzip, mustGather)
	f("must-gather-xz", nil, tarXz, mustGather)
	f("troubleshoot", nil, tarGzip, troubleshoot)
	f("velero", nil, inTar("backup1.tar.gz", tarGzip), velero)
	f("rancher", nil, zipped, rancher)
	dumped := []string{"nodes", "replicationcontrollers", "services", "daemonsets", "deployments", "replicasets", "pods"}
	f("cluster-info-dump", dumped, tarZstd, clusterInfoDump)
	f("cluster-info-dump-stdout", dumped, gzipped, clusterInfoDumpStdout)
	f("sosreport", []string{
		"deployments", "ingresses", "pods", "persistentvolumeclaims", "services", "daemonsets", "replicasets", "endpoints", "statefulsets",
		"configmaps", "serviceaccounts", "secrets", "jobs", "cronjobs", "limitranges", "resourcequotas", "storageclasses", "persistentvolumes", "nodes",
	}, tarXz, sosreport)
}

// seriesOf starts the program, and returns its series sorted: objects are served in the order of
// their files.
func seriesOf(t *testing.T, path string) []string {
	t.Helper()
	p := startProgram(t, "--snapshot", path, "--snapshot-strict")
	lines := strings.Split(scrapeLines(t, p.scrapes), "\n")
	check(t, p.cmd.Process.Signal(syscall.SIGTERM))
	_ = p.cmd.Wait()
	slices.Sort(lines)
	return lines
}

// An object is one of the example cluster.
type object map[string]any

func (o object) meta(key string) string {
	text, _ := o["metadata"].(map[string]any)[key].(string)
	return text
}

func (o object) group() string {
	group, _, ok := strings.Cut(o["apiVersion"].(string), "/")
	if !ok {
		return ""
	}
	return group
}

func (o object) plural() string {
	name := strings.ToLower(o["kind"].(string))
	switch {
	case name == "endpoints":
		return name
	case strings.HasSuffix(name, "s"):
		return name + "es"
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	}
	return name + "s"
}

func (o object) json(t testing.TB) []byte {
	t.Helper()
	text, err := json.MarshalIndent(o, "", "    ")
	check(t, err)
	return text
}

// exampleObjects returns the objects of the example cluster.
func exampleObjects(t *testing.T) (all []object) {
	t.Helper()
	paths, err := filepath.Glob("../../examples/cluster/*")
	check(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		check(t, err)
		for document := range strings.SplitSeq("\n"+string(text), "\n---") {
			var o struct {
				APIVersion, Kind string
				Items            []object
			}
			check(t, yaml.Unmarshal([]byte(document), &o))
			if o.Items == nil && o.Kind != "" {
				var one object
				check(t, yaml.Unmarshal([]byte(document), &one))
				all = append(all, one)
			}
			for _, item := range o.Items {
				if item["kind"] == nil {
					item["apiVersion"], item["kind"] = o.APIVersion, strings.TrimSuffix(o.Kind, "List")
				}
				all = append(all, item)
			}
		}
	}
	return all
}

// A set is the objects of one resource in a namespace.
type set struct {
	namespace, group, version, plural, kind string
	objects                                 []object
}

// sets groups objects by namespace and resource, sorted.
func sets(objects []object) []set {
	by := map[string]*set{}
	for _, o := range objects {
		key := o.meta("namespace") + "/" + o["apiVersion"].(string) + "/" + o.plural()
		if by[key] == nil {
			version := o["apiVersion"].(string)
			by[key] = &set{o.meta("namespace"), o.group(), version[strings.LastIndex(version, "/")+1:], o.plural(), o["kind"].(string), nil}
		}
		by[key].objects = append(by[key].objects, o)
	}
	var all []set
	for _, key := range slices.Sorted(maps.Keys(by)) {
		all = append(all, *by[key])
	}
	return all
}

// typed returns the list of a set as typed clients encode it: without the kind of items, in JSON
// with the kind first.
func (s set) typed(t testing.TB) string {
	var items []string
	for _, o := range s.objects {
		o = maps.Clone(o)
		delete(o, "kind")
		delete(o, "apiVersion")
		text, err := json.MarshalIndent(o, "        ", "    ")
		check(t, err)
		items = append(items, string(text))
	}
	return fmt.Sprintf("{\n    \"kind\": \"%sList\",\n    \"apiVersion\": %q,\n    \"metadata\": {\n        \"resourceVersion\": \"2366593\"\n    },\n    \"items\": [\n        %s\n    ]\n}\n",
		s.kind, strings.TrimPrefix(s.group+"/"+s.version, "/"), strings.Join(items, ",\n        "))
}

// list returns the list of a set as kubectl prints it.
func (s set) list(t testing.TB, kind string) string {
	version := strings.TrimPrefix(s.group+"/"+s.version, "/")
	if kind == "List" {
		version = "v1"
	}
	text, err := json.MarshalIndent(object{"apiVersion": version, "kind": kind, "items": s.objects, "metadata": map[string]any{"resourceVersion": ""}}, "", "    ")
	check(t, err)
	return string(text) + "\n"
}

func asYAML(t testing.TB, text string) string {
	t.Helper()
	y, err := yaml.JSONToYAML([]byte(text))
	check(t, err)
	return string(y)
}

// logs are container logs, one of which has an object that must not be served.
func logs(o object) string {
	return "starting " + o.meta("name") + "\n" + `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"of-a-log","namespace":"shop"}}` + "\nno line end"
}

// mustGather is the layout of oc adm must-gather: lists by namespace, and each pod again
// (github.com/openshift/must-gather).
func mustGather(t testing.TB, objects []object) []entry {
	root := "must-gather.local.5464001/quay-io-openshift-must-gather-sha256-0a1b/"
	all := []entry{
		{name: "must-gather.local.5464001/event-filter.html", text: "<html><script>apiVersion: v1</script></html>"},
		{name: "must-gather.local.5464001/timestamp", text: "2026-06-18 10:00:00\n"},
		{name: root + "version", text: "openshift/must-gather\n4.21.3\n"},
		{name: root + "audit_logs/kube-apiserver/one-audit.log.gz", text: "\x1f\x8b\x08 not looked at"},
	}
	for _, s := range sets(objects) {
		group := cmp.Or(s.group, "core")
		if s.namespace == "" {
			for _, o := range s.objects {
				all = append(all, entry{name: root + "cluster-scoped-resources/" + group + "/" + s.plural + "/" + o.meta("name") + ".yaml", text: "---\n" + asYAML(t, string(o.json(t)))})
			}
			continue
		}
		all = append(all, entry{name: root + "namespaces/" + s.namespace + "/" + group + "/" + s.plural + ".yaml", text: "---\n" + asYAML(t, s.list(t, s.kind+"List"))})
		if s.plural != "pods" {
			continue
		}
		for _, o := range s.objects {
			dir := root + "namespaces/" + s.namespace + "/pods/" + o.meta("name") + "/"
			all = append(all,
				entry{name: dir + o.meta("name") + ".yaml", text: "---\n" + asYAML(t, string(o.json(t)))},
				entry{name: dir + "main/main/logs/current.log", text: logs(o)})
		}
	}
	return all
}

// troubleshoot is the layout of support bundles of troubleshoot.sh: a list a namespace
// (https://troubleshoot.sh/docs/collect/cluster-resources).
func troubleshoot(t testing.TB, objects []object) []entry {
	root := "support-bundle-2026-06-18T10_00_00/"
	all := []entry{
		{name: root + "version.yaml", text: "apiVersion: troubleshoot.sh/v1beta1\nkind: SupportBundle\nspec:\n  versionNumber: v0.120.0\n"},
		{name: root + "analysis.json", text: `[{"name": "nodes", "labels": {}, "insight": {"severity": "info"}}]`},
		{name: root + "cluster-info/cluster_version.json", text: `{"info": {"major": "1", "minor": "37"}, "string": "v1.37.2"}`},
		{name: root + "cluster-resources/pods-errors.json", text: `{"locked": "pods is forbidden"}`},
		{name: root + "cluster-resources/auth-cani-list/shop.json", text: `{"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "metadata": {}}`},
	}
	for _, s := range sets(objects) {
		path := root + "cluster-resources/" + s.plural
		if s.namespace == "" {
			all = append(all, entry{name: path + ".json", text: s.list(t, s.kind+"List")})
			continue
		}
		all = append(all, entry{name: path + "/" + s.namespace + ".json", text: s.list(t, s.kind+"List")})
		if s.plural != "pods" {
			continue
		}
		for _, o := range s.objects {
			all = append(all,
				entry{name: path + "/logs/" + s.namespace + "/" + o.meta("name") + "/main.log", text: logs(o)},
				entry{name: root + "app-logs/" + o.meta("name") + ".log", link: "../cluster-resources/pods/logs/" + s.namespace + "/" + o.meta("name") + "/main.log"})
		}
	}
	return all
}

// velero is the layout of Velero's backups: a file an object, twice
// (https://velero.io/docs/main/output-file-format).
func velero(t testing.TB, objects []object) []entry {
	all := []entry{{name: "metadata/version", text: "1.1.0"}}
	for _, s := range sets(objects) {
		for _, version := range []string{"", s.version + "-preferredversion/"} {
			dir := "resources/" + strings.TrimSuffix(s.plural+"."+s.group, ".") + "/" + version + "cluster/"
			if s.namespace != "" {
				dir = strings.TrimSuffix(dir, "cluster/") + "namespaces/" + s.namespace + "/"
			}
			for _, o := range s.objects {
				all = append(all, entry{name: dir + o.meta("name") + ".json", text: string(o.json(t))})
			}
		}
	}
	return all
}

// rancher is the layout of Rancher's, Harvester's and Longhorn's support bundles: lists in YAML, and an
// archive a node (github.com/rancher/support-bundle-kit).
func rancher(t testing.TB, objects []object) []entry {
	root := "supportbundle_5464_2026-06-18T10-00-00Z/"
	all := []entry{
		{name: root + "metadata.yaml", text: "projectName: rancher\nbundleVersion: 0.1.0\nkubernetesVersion: v1.37.2\n"},
		{name: root + "bundleGenerationError.log", text: logs(objects[0])},
	}
	for _, s := range sets(objects) {
		dir := root + "yamls/cluster/"
		if s.namespace != "" {
			dir = root + "yamls/namespaced/" + s.namespace + "/"
		}
		all = append(all, entry{name: dir + strings.TrimPrefix(s.group+"/"+s.version, "/") + "/" + s.plural + ".yaml", text: asYAML(t, s.typed(t))})
		for _, o := range s.objects {
			if s.plural == "nodes" {
				all = append(all, entry{name: root + "nodes/" + o.meta("name") + ".zip", text: string(zipped(t, []entry{{name: o.meta("name") + "/logs/kubelet.log", text: logs(o)}, {name: o.meta("name") + "/configs/kubelet.yaml", text: "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"}}))})
			}
		}
	}
	return all
}

// clusterInfoDump is the layout of kubectl cluster-info dump --output-directory.
func clusterInfoDump(t testing.TB, objects []object) []entry {
	var all []entry
	for _, s := range sets(objects) {
		name := s.plural
		if s.plural == "replicationcontrollers" {
			name = "replication-controllers"
		}
		all = append(all, entry{name: strings.TrimPrefix(s.namespace+"/"+name+".json", "/"), text: s.typed(t)})
		for _, o := range s.objects {
			if s.plural == "pods" {
				all = append(all, entry{name: s.namespace + "/" + o.meta("name") + "/logs.txt", text: "starting\n"})
			}
		}
	}
	return all
}

// clusterInfoDumpStdout is what kubectl cluster-info dump prints without a directory.
func clusterInfoDumpStdout(t testing.TB, objects []object) []entry {
	text := ""
	for _, s := range sets(objects) {
		text += s.typed(t)
		for _, o := range s.objects {
			if s.plural == "pods" {
				of := "main of pod " + s.namespace + "/" + o.meta("name")
				text += "==== START logs for container " + of + " ====\n" + logs(o) + "==== END logs for container " + of + " ====\n"
			}
		}
	}
	return []entry{{text: text}}
}

// sosreport is the layout of sos report with its kubernetes plugin: the outputs of kubectl
// (github.com/sosreport/sos).
func sosreport(t testing.TB, objects []object) []entry {
	root := "sosreport-one-2026-06-18-abcdefg/"
	all := []entry{
		{name: root + "sos_commands/kubernetes/cluster-info/kubectl_get_nodes", text: "NAME   STATUS   ROLES\none    Ready    worker\n"},
		{name: root + "sos_commands/kubernetes/cluster-info/kubectl_get_--raw_.metrics", text: "# HELP up\nup 1\n"},
		{name: root + "free", link: "sos_commands/memory/free_-m"},
		{name: root + "sos_reports/manifest.json", text: `{"version": "4.11", "components": {"report": {}}}`},
	}
	for _, s := range sets(objects) {
		dir := root + "sos_commands/kubernetes/cluster-info/"
		name := "kubectl_--kubeconfig_.etc.kubernetes.admin.conf_get_-o_json_"
		if s.namespace != "" {
			dir, name = dir+s.namespace+"/", name+"--namespace_"+s.namespace+"_"
		}
		all = append(all, entry{name: dir + name + s.plural, text: s.list(t, "List")})
	}
	return all
}
