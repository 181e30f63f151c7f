package snapshot_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/snapshot"
)

// scheme has the Go types of the built-in tables.
var scheme = func() *runtime.Scheme {
	r, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return r.Scheme()
}()

// summary is what has been read in words: the objects of each kind as namespace/name, in the
// order in which they came, and what was skipped or cannot be read.
type summary struct {
	Pods, Nodes, Deployments []string
	Skipped, Said            []string
}

func summarize(t *testing.T, path string) summary {
	t.Helper()
	var s summary
	resources := []generators.Resource{&generators.Pods, &generators.Nodes, &generators.Deployments}
	report, err := snapshot.Read(path, resources, scheme, strings.NewReader(""), func(kind schema.GroupVersionKind, object runtime.Object) error {
		o := object.(metav1.Object)
		name := o.GetNamespace() + "/" + o.GetName()
		switch kind.Kind {
		case "Pod":
			s.Pods = append(s.Pods, name)
		case "Node":
			s.Nodes = append(s.Nodes, name)
		default:
			s.Deployments = append(s.Deployments, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Skipped, s.Said = report.SkippedKinds(), outcome{report: report}.failures()
	return s
}

func TestReadFile(t *testing.T) {
	f := func(text string, want summary) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, summarize(t, path)); d != "" {
			t.Errorf("%s\n(-want +got):\n%s", text, d)
		}
	}
	pods := func(names ...string) summary { return summary{Pods: names} }
	skipped := func(words ...string) summary { return summary{Skipped: words} }
	said := func(words ...string) summary { return summary{Said: words} }

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
	f("apiVersion: v2\nkind: Pod\nmetadata: {name: b}\n", said("line 1, document 1: Pod b: version v2 is not supported, only v1"))
	f("apiVersion: apps/v1beta1\nkind: Deployment\n", said("line 1, document 1: Deployment: version v1beta1 is not supported, only v1"))
	f("apiVersion: example.com/v1\nkind: Shopping.List\n", skipped("1 example.com/v1/Shopping.List"))
	f("apiVersion: example.com/v1\nkind: ShoppingList\nspec: {}\n", skipped("1 example.com/v1/ShoppingList"))
	f("apiVersion: v1\nkind: SecretList\nitems: [{}, {}]\n", skipped("2 v1/Secret"))
	f("apiVersion: v1\nkind: List\nitems: [{}, {kind: Pod}]\n", skipped("1 without a kind", "1 /Pod"))
	f("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: []}]\n", summary{})
	f("kind: Pod\n", skipped("1 /Pod"))
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {c: x, a: 1, b: 2, d: 3, e: 4, f: 5, g: 6, h: 7, i: 8}}\n", said("line 1, document 1: Pod b: metadata.labels.a: number 1 instead of string"))
	f("apiVersion: v1\nmetadata: {name: b}\n", said("line 1, document 1: b: no kind"))
	f("{}", skipped("1 without a kind"))
	f("- apiVersion: v1\n  kind: Pod\n", said("line 1, document 1, item 1: Pod: metadata.name: no name"))
	f("just words", said("line 1: just words"))
	f("1\n---\ntrue\n---\n[]\n---\n\"\"\n---\n{}\n", summary{Skipped: []string{"1 without a kind"}, Said: []string{"line 1: 1"}})
	f("kind: B\n---\nkind: C\n---\nkind: A\n---\nkind: B\n---\napiVersion: z/v1\nkind: A\n---\napiVersion: a/v1\nkind: Z\n",
		skipped("1 /A", "2 /B", "1 /C", "1 a/v1/Z", "1 z/v1/A"))
}

// TestReadWhole checks that an object arrives with all that rows read.
func TestReadWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte(`
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
    dnsPolicy: Default
    containers:
    - command:
      - a
      env:
      - name: A
        value: |
          image: no
      image: one
      name: two
    nodeName: one
  status:
    phase: Running
`), 0o600); err != nil {
		t.Fatal(err)
	}
	want := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "a", Name: "b", UID: "0-1",
			CreationTimestamp: metav1.Unix(1780272000, 0),
			Labels:            map[string]string{"app": "1"},
		},
		Spec:   corev1.PodSpec{NodeName: "one", Containers: []corev1.Container{{Image: "one", Name: "two"}}},
		Status: corev1.PodStatus{Phase: corev1.PodRunning},
	}
	var got *corev1.Pod
	_, err := snapshot.Read(path, []generators.Resource{&generators.Pods}, scheme, nil, func(_ schema.GroupVersionKind, object runtime.Object) error {
		got = object.(*corev1.Pod)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	got.TypeMeta = metav1.TypeMeta{} // as it may be there or not
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("pod (-want +got):\n%s", d)
	}
}

// TestReadWithoutGoType reads objects of a resource that has no Go type. Every version is read.
func TestReadWithoutGoType(t *testing.T) {
	widgets := &generators.Table[*jsonobject.Object]{
		Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"}, Kind: "Widget",
	}
	const text = `apiVersion: example.com/v1
kind: Widget
metadata: {name: a}
spec:
  size: 3
---
{"apiVersion": "example.com/v1beta1", "kind": "Widget", "metadata": {"name": "b"}, "spec": {"size": 4}}
---
apiVersion: example.com/v2
kind: Widget
metadata: {name: c}
spec: {size: 5}
---
apiVersion: example.com/v1
kind: Widget
metadata: {name: []}
`
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	report, err := snapshot.Read(path, []generators.Resource{widgets}, scheme, nil, func(kind schema.GroupVersionKind, object runtime.Object) error {
		o := object.(*jsonobject.Object)
		got = append(got, fmt.Sprintf("%s %s %s", kind, o.GetName(), o.JSON[bytes.Index(o.JSON, []byte("spec")):]))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`example.com/v1, Kind=Widget a spec":{"size":3}}`,
		`example.com/v1, Kind=Widget b spec": {"size": 4}}`,
		`example.com/v1, Kind=Widget c spec":{"size":5}}`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	said := []string{
		"line 14, document 4: Widget []: metadata.name: no name",
	}
	if d := cmp.Diff(said, outcome{report: report}.failures()); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

// TestSinkFails checks that an error of the sink ends the reading.
func TestSinkFails(t *testing.T) {
	calls := 0
	_, err := snapshot.Read("-", []generators.Resource{&generators.Pods}, scheme, strings.NewReader(strings.Repeat("{apiVersion: v1, kind: Pod, metadata: {name: a}}\n", 1000)),
		func(schema.GroupVersionKind, runtime.Object) error {
			calls++
			return os.ErrClosed
		})
	if !errors.Is(err, os.ErrClosed) || calls != 1 {
		t.Errorf("error %v after %d calls", err, calls)
	}
}

// TestLayouts checks that what series read is the same however it is laid out: dashes alone in a line,
// comments of any indentation, flow style over several lines.
func TestLayouts(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "a.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var got []string
		_, err := snapshot.Read(path, []generators.Resource{&generators.Pods}, scheme, nil, func(_ schema.GroupVersionKind, object runtime.Object) error {
			for _, c := range object.(*corev1.Pod).Spec.Containers {
				got = append(got, c.Name+" "+c.Image)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n(-want +got):\n%s", text, d)
		}
	}
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  -\n    name: one\n    tty: true\n    image: two\n  -\n    name: three\n", "one two", "three ")
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n    - \n      name: one\n      tty: true\n      image: two\n    -\n      name: three\n", "one two", "three ")
	pod := "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	f(pod+"spec:\n  containers:\n# main:\n  - name: one\n# tty: true\n    image: two\n", "one two")
	f(pod+"spec:\n  dnsConfig:\n    options:\n  # name: x\n    - name: y\n# z\n  containers:\n  - name: one\n    # tty: true\n    image: two\n", "one two")
	f(pod+"spec: {\n  containers: [{\n    tty: true, name: one,\n    image: two }] }\n", "one two")
	f(pod+"spec:\n  containers: [{\n    tty: true, name: one,\n    image: two }]\n", "one two")
	f(pod+"spec:\n  {containers: [{\n    tty: true, name: one,\n    image: two }]}\n", "one two")
	f(pod+"spec:\n  containers:\n  - {\n    tty: true, name: one,\n    image: two }\n", "one two")
	f(pod+"spec:\n  containers:\n  - name: one\n    resources:\n      limits: {cpu: 1,\n    tty: 2, memory: 3}\n    image: two\n", "one two")
	f(pod+"spec:\n  containers:\n  - name: one\n    resources: {\n  limits: {cpu: 1}, claims: [{\n  name: x}]}\n    image: two\n", "one two")
	f("apiVersion: v1\nkind: List\nitems:\n-\n  apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n  spec:\n    containers:\n    -\n      name: one\n", "one ")
}

// FuzzSnapshot reads a file of anything. What is said of it is in one line each.
func FuzzSnapshot(f *testing.F) {
	for _, seed := range []string{
		"", "null", "---\n---\n",
		"apiVersion: v1\nkind: Pod\nmetadata: {namespace: a, name: b}\n---\napiVersion: v1\nkind: Node\n",
		"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Pod}\n- {}\n- null\n",
		"apiVersion: v1\nkind: PodList\nitems: [{metadata: {creationTimestamp: x}}]\n",
		`{"apiVersion": "v1", "kind": "PodList", "items": [{"spec": {"containers": [{"resources": {"limits": {"cpu": "1"}}}]}}]}`,
		"apiVersion: v1\nkind: List\nitems: [{kind: PodList, items: 5, x: {apiVersion: v1, kind: Pod, metadata: {name: a}}, y: 1, z: 2}]\n",
		`{"kind": "Pod"} {"kind": 5}`, "a: &a [*a]", "a: b: c", "\xff\xfe\x00", "- - - -", "kind: !!binary AAAA\n", "? {}\n: {}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, line := range readFile(t, text).failures() {
			if strings.ContainsAny(line, "\n\r") {
				t.Errorf("said: %q", line)
			}
		}
	})
}
