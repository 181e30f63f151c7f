package snapshot_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/snapshot"
)

var (
	podKind        = corev1.SchemeGroupVersion.WithKind("Pod")
	nodeKind       = corev1.SchemeGroupVersion.WithKind("Node")
	deploymentKind = appsv1.SchemeGroupVersion.WithKind("Deployment")

	wanted = []schema.GroupVersionKind{podKind, nodeKind, deploymentKind}
)

// write makes the files of a snapshot in a new folder, whose path it gives.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range files {
		path := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// summary is a snapshot's contents in words: the objects of each wanted kind as
// namespace/name, and what was skipped.
type summary struct {
	Pods, Nodes, Deployments []string
	Skipped                  []string
}

func summarize(t *testing.T, c snapshot.Contents) summary {
	t.Helper()
	names := func(kind schema.GroupVersionKind) []string {
		var all []string
		for _, object := range c.Objects[kind] {
			o, ok := object.(metav1.Object)
			if !ok {
				t.Errorf("%T is no object", object)
				continue
			}
			all = append(all, o.GetNamespace()+"/"+o.GetName())
		}
		return all
	}
	return summary{names(podKind), names(nodeKind), names(deploymentKind), c.SkippedKinds()}
}

func TestReadFile(t *testing.T) {
	f := func(text string, want summary) {
		t.Helper()
		contents, err := snapshot.Read(filepath.Join(write(t, map[string]string{"a": text}), "a"), wanted)
		if err != nil {
			t.Errorf("%s\n%v", text, err)
			return
		}
		if d := cmp.Diff(want, summarize(t, contents)); d != "" {
			t.Errorf("%s\n(-want +got):\n%s", text, d)
		}
	}
	pods := func(names ...string) summary { return summary{Pods: names} }
	skipped := func(words ...string) summary { return summary{Skipped: words} }

	// Nothing.
	f("", summary{})
	f("\n\n", summary{})
	f("# nobody home\n", summary{})
	f("---\n---\n# still nobody\n---\n", summary{})
	f("null", summary{})
	f("  null\n", summary{})
	f("{\"kind\": \"A\"}\nnull\n", skipped("1 /A"))

	// One object.
	f("apiVersion: v1\nkind: Pod\nmetadata: {namespace: a, name: b}\n", pods("a/b"))
	f(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "a", "name": "b"}}`, pods("a/b"))
	f("\n  {\"apiVersion\": \"v1\",\n \"kind\": \"Pod\", \"metadata\": {\"namespace\": \"a\", \"name\": \"b\"}}\n", pods("a/b"))
	f("{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: b}}", pods("a/b"))
	f("apiVersion: v1\r\nkind: Pod\r\nmetadata: {namespace: a, name: b}\r\n", pods("a/b"))
	f("apiVersion: v1\nkind: Node\nmetadata: {name: b}", summary{Nodes: []string{"/b"}})
	f("apiVersion: apps/v1\nkind: Deployment\nmetadata: {namespace: a, name: b}\n", summary{Deployments: []string{"a/b"}})
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nunheardOf: 1\nspec: {unheardOf: 2}\n", pods("/b"))

	// Several documents.
	f("---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\n---\n\n---\n# none\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\n", pods("/b", "/a"))
	f(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}} {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`, pods("/b", "/a"))
	f("{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"b\"}}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", pods("/b", "/a"))
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\n", pods("/a", "/a"))

	// Lists.
	f("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n- {apiVersion: v1, kind: Node, metadata: {name: c}}\n- {apiVersion: v1, kind: Pod, metadata: {name: a}}\n",
		summary{Pods: []string{"/b", "/a"}, Nodes: []string{"/c"}})
	f("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: b}\n- metadata: {name: a}\n", pods("/b", "/a"))
	f("apiVersion: v1\nkind: PodList\nitems:\n- {apiVersion: v1, kind: Node, metadata: {name: c}}\n", summary{Nodes: []string{"/c"}})
	f("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n- metadata: {name: b}\n", summary{Deployments: []string{"/b"}})
	f("apiVersion: v1\nkind: PodList\nitems: []\n", summary{})
	f("apiVersion: v1\nkind: List\nitems: []\n", summary{})

	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nitems: [{}, {}]\n", pods("/a"))

	// What is not wanted.
	f("apiVersion: v1\nkind: Secret\nmetadata: {name: b}\n", skipped("1 v1/Secret"))
	f("apiVersion: v2\nkind: Pod\nmetadata: {name: b}\n", skipped("1 v2/Pod"))
	f("apiVersion: apps/v1beta1\nkind: Deployment\n", skipped("1 apps/v1beta1/Deployment"))
	f("apiVersion: example.com/v1\nkind: Shopping.List\n", skipped("1 example.com/v1/Shopping.List"))
	f("apiVersion: example.com/v1\nkind: ShoppingList\nspec: {}\n", skipped("1 example.com/v1/ShoppingList"))
	f("apiVersion: v1\nkind: SecretList\nitems: [{}, {}]\n", skipped("2 v1/Secret"))
	f("apiVersion: v1\nkind: List\nitems: [{}, {kind: Pod}]\n", skipped("1 without a kind", "1 /Pod"))
	f("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: []}]\n", skipped("1 v1/List"))
	f("kind: Pod\n", skipped("1 /Pod"))
	f("apiVersion: v1\nmetadata: {name: b}\n", skipped("1 without a kind"))
	f("{}", skipped("1 without a kind"))
	f("- apiVersion: v1\n  kind: Pod\n", skipped("1 without a kind"))
	f("just words", skipped("1 without a kind"))
	f("1\n---\ntrue\n---\n[]\n---\n\"\"\n---\n{}\n", skipped("5 without a kind"))
	f("kind: B\n---\nkind: C\n---\nkind: A\n---\nkind: B\n---\napiVersion: z/v1\nkind: A\n---\napiVersion: a/v1\nkind: Z\n",
		skipped("1 /A", "2 /B", "1 /C", "1 a/v1/Z", "1 z/v1/A"))
}

// TestReadWhole holds that an object arrives with all that it has.
func TestReadWhole(t *testing.T) {
	folder := write(t, map[string]string{"a.yaml": `
apiVersion: v1
kind: PodList
items:
- metadata:
    namespace: a
    name: b
    uid: 0-1
    creationTimestamp: "2026-06-01T00:00:00Z"
    labels: {app: "1"}
  spec:
    nodeName: one
  status:
    phase: Running
`})
	contents, err := snapshot.Read(folder, wanted)
	if err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "a", Name: "b", UID: "0-1",
			CreationTimestamp: metav1.Unix(1780272000, 0),
			Labels:            map[string]string{"app": "1"},
		},
		Spec:   corev1.PodSpec{NodeName: "one"},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	got, ok := contents.Objects[podKind][0].(*corev1.Pod)
	if !ok {
		t.Fatalf("a %T", contents.Objects[podKind][0])
	}
	got.TypeMeta = metav1.TypeMeta{} // as it may be there or not
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("pod (-want +got):\n%s", d)
	}
}

func TestReadFolder(t *testing.T) {
	pod := func(name string) string { return "{apiVersion: v1, kind: Pod, metadata: {name: " + name + "}}" }
	folder := write(t, map[string]string{
		"b.yaml":          pod("b"),
		"a.yml":           pod("a"),
		"c.json":          `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}}`,
		"d.YAML":          pod("d"),
		"deep/er/e.yaml":  pod("e"),
		"deep/empty.yaml": "",
		"notes.txt":       pod("hidden"),
		"yaml":            pod("hidden"),
		"b.yaml.orig":     "{",
		"folder.yaml/f":   pod("hidden"),
	})
	contents, err := snapshot.Read(folder, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(summary{Pods: []string{"/a", "/b", "/c", "/d", "/e"}}, summarize(t, contents)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// A file that is named is read whatever it is called.
	contents, err = snapshot.Read(filepath.Join(folder, "yaml"), wanted)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(summary{Pods: []string{"/hidden"}}, summarize(t, contents)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	contents, err = snapshot.Read(t.TempDir(), wanted)
	if d := cmp.Diff(summary{}, summarize(t, contents)); err != nil || d != "" {
		t.Errorf("an empty folder: %v\n%s", err, d)
	}
}

// TestReadErrors holds the frame of an error: one line with the file, the
// document and the place in it. The rest is the decoders' wording.
func TestReadErrors(t *testing.T) {
	f := func(want, text string) {
		t.Helper()
		folder := write(t, map[string]string{"a.yaml": "", "b/c.yaml": text, "d.yaml": "{"})
		_, err := snapshot.Read(folder, wanted)
		if err == nil {
			t.Errorf("no error in\n%s", text)
			return
		}
		reason, ok := strings.CutPrefix(err.Error(), filepath.Join(folder, "b", "c.yaml")+": "+want)
		if !ok || reason == "" || strings.Contains(reason, "\n") {
			t.Errorf("%s\nerror: %v\nwant FILE: %s...", text, err, want)
		}
	}
	f("document 1: ", "{")
	f("document 1: ", "a: [")
	f("document 1: ", "a: b: c")
	f("document 1: ", "\tkind: Pod")
	f("document 1: ", "kind: 5\n")
	f("document 1: ", "kind: [\nPod,\nNode]\n")
	f("document 1: ", "a: !!int \"two\\nlines\"\n")
	f("document 1: ", "items: {}\n")
	f("document 2: ", "kind: Pod\n---\na: [\n")
	f("document 3: ", "kind: Pod\n---\n\n---\n\"\n")
	f("document 2: ", `{"kind": "Pod"} {"kind": "Pod"`)
	f("document 1: Pod: ", "apiVersion: v1\nkind: Pod\nspec: {containers: many}\n")
	f("document 1: Pod: ", "apiVersion: v1\nkind: Pod\nmetadata: {creationTimestamp: \"long\\nago\"}\n")
	f("document 2: item 3: Pod: ", "{}\n---\napiVersion: v1\nkind: List\nitems: [{}, {kind: Pod}, {apiVersion: v1, kind: Pod, spec: 1}]\n")
	f("document 1: item 2: Pod: ", "apiVersion: v1\nkind: PodList\nitems: [{}, {spec: {containers: many}}]\n")
	f("document 1: item 1: ", "apiVersion: v1\nkind: PodList\nitems: [5]\n")
	f("document 1: item 1: ", "apiVersion: v1\nkind: PodList\nitems: [{kind: {}}]\n")
}

func TestReadNothingThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing")
	if _, err := snapshot.Read(path, wanted); !os.IsNotExist(err) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
	folder := t.TempDir()
	if err := os.Symlink(filepath.Join(folder, "gone"), filepath.Join(folder, "a.yaml")); err != nil {
		t.Fatal(err)
	}
	if _, err := snapshot.Read(folder, wanted); err == nil || !strings.Contains(err.Error(), filepath.Join(folder, "a.yaml")) {
		t.Errorf("error is %v", err)
	}
}

// FuzzSnapshot reads a file of anything: it is read, or the error names the
// file and the document in one line.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{
		"", "null", "---\n---\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {namespace: a, name: b}\n---\napiVersion: v1\nkind: Node\n",
		"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {}\n- null\n",
		"apiVersion: v1\nkind: PodList\nitems: [{metadata: {creationTimestamp: x}}]\n",
		`{"apiVersion": "v1", "kind": "PodList", "items": [{"spec": {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}}]}`,
		`{"kind": "Pod"} {"kind": 5}`, "a: &a [*a]", "a: b: c", "\xff\xfe\x00", "- - - -", "kind: !!binary AAAA\n", "? {}\n: {}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		contents, err := snapshot.Read(path, wanted)
		if err == nil {
			summarize(t, contents)
			return
		}
		number, ok := strings.CutPrefix(err.Error(), path+": document ")
		if !ok || strings.IndexByte("123456789", number[0]) < 0 || strings.Contains(number, "\n") {
			t.Errorf("error: %q", err)
		}
	})
}
