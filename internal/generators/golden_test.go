package generators_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/generators"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // the tests make much garbage beside few live objects
	os.Exit(m.Run())
}

// A cluster is a folder of testdata/golden: for each resource the objects of an API server and
// the series of the reference exporter under the selection.
type cluster struct {
	folder    string
	resources []generators.Resource
	selection generators.Selection
}

var clusters = []cluster{
	{"fuzz-1", registry.Resources(), generators.Selection{
		OptIn:       []generators.Pattern{regexp.MustCompile(".")},
		Labels:      generators.Allowlist{generators.AnyResource: {"*"}},
		Annotations: generators.Allowlist{generators.AnyResource: {"*"}},
	}},
	{"plain-60", defaults(), generators.Selection{}},
}

// defaults returns the resources of the contract that are exported by default.
func defaults() []generators.Resource {
	return slices.DeleteFunc(contracted(), func(r generators.Resource) bool { return !r.Describe().Default })
}

func TestGolden(t *testing.T) {
	for _, c := range clusters {
		for _, r := range c.resources {
			t.Run(c.folder+"/"+r.Describe().Name, func(t *testing.T) { checkGolden(t, c, r) })
		}
	}
}

func checkGolden(t *testing.T, c cluster, r generators.Resource) {
	t.Parallel()
	got := parseExposition(t, render(t, r, c.selection, c.objects(t, r)))
	want := parseExposition(t, c.series(t, r))
	for series, values := range want.values {
		want.values[series] = values[:1] // equal entries of a list made it twice
	}
	c.correct(t, r, want.values)
	if d := cmp.Diff(want.types, got.types); d != "" {
		t.Errorf("TYPE lines (-want +got):\n%s", d)
	}
	if d := cmp.Diff(want.values, got.values); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
}

// correct replaces series of the reference exporter that contradict the rules of Kubernetes.
func (c cluster) correct(t *testing.T, r generators.Resource, series map[string][]float64) {
	t.Helper()
	for name, correct := range differences[c.folder+"/"+r.Describe().Name] {
		if slices.Equal(series[name], correct) {
			t.Errorf("%s is listed as a difference and is none", name)
		}
		if series[name] = correct; correct == nil {
			delete(series, name)
		}
	}
}

// render returns the response of the resource alone.
func render(t *testing.T, r generators.Resource, selection generators.Selection, objects []metav1.Object) string {
	t.Helper()
	renderer := r.Compile(selection)
	renderer.Recovered = func(family string, o metav1.Object, reason any) {
		t.Errorf("%s of %s/%s: panic: %v", family, o.GetNamespace(), o.GetName(), reason)
	}
	headers := renderer.Headers()
	families := make([]strings.Builder, len(headers))
	for _, o := range objects {
		text, ends := renderer.Render(nil, nil, o)
		start := 0
		for i, end := range ends {
			families[i].Write(text[start:end])
			start = end
		}
	}
	var response strings.Builder
	for i := range families {
		if len(objects) > 0 {
			response.Write(headers[i].Text)
			response.WriteString(families[i].String())
		}
	}
	return response.String()
}

// exposition is a parsed response.
type exposition struct {
	types  []string // TYPE lines in order
	values map[string][]float64
}

func parseExposition(t *testing.T, text string) exposition {
	t.Helper()
	e := exposition{values: map[string][]float64{}}
	lines := bufio.NewScanner(strings.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			if strings.HasPrefix(line, "# TYPE ") {
				e.types = append(e.types, line)
			}
			continue
		}
		space := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[space+1:], 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		e.values[line[:space]] = append(e.values[line[:space]], value)
	}
	return e
}

// A memo has values that tests share, by key. Each is created once and is read-only.
type memo[V any] struct{ entries sync.Map }

func (m *memo[V]) get(key string, create func() V) V {
	entry, ok := m.entries.Load(key)
	if !ok {
		entry, _ = m.entries.LoadOrStore(key, sync.OnceValue(create))
	}
	return entry.(func() V)()
}

var clusterObjects memo[[]metav1.Object]

// objects returns the cluster's objects of the resource, which tests share.
func (c cluster) objects(tb testing.TB, r generators.Resource) []metav1.Object {
	tb.Helper()
	return clusterObjects.get(c.folder+"/"+r.Describe().Name, func() []metav1.Object { return c.decode(tb, r) })
}

func (c cluster) decode(tb testing.TB, r generators.Resource) []metav1.Object {
	tb.Helper()
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal([]byte(c.file(tb, r.Describe().Name+".json")), &list); err != nil {
		tb.Fatal(err)
	}
	var objects []metav1.Object
	kind := r.Describe().Kind
	for _, item := range list.Items {
		o, _, err := scheme.Codecs.UniversalDeserializer().Decode(item, &kind, nil)
		if err != nil {
			tb.Fatal(err)
		}
		objects = append(objects, roundTrip(tb, o))
	}
	return objects
}

// roundTrip encodes and decodes o as protobuf.
func roundTrip(tb testing.TB, o runtime.Object) metav1.Object {
	tb.Helper()
	wire, err := o.(message).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	received := o.DeepCopyObject().(message)
	received.Reset()
	if err := received.Unmarshal(wire); err != nil {
		tb.Fatal(err)
	}
	return received.(metav1.Object)
}

// message is an object with a protobuf form.
type message interface {
	Reset()
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// series returns the expected series of the resource, none without a file.
func (c cluster) series(tb testing.TB, r generators.Resource) string {
	tb.Helper()
	text, err := c.read(r.Describe().Name + ".prom")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		tb.Fatal(err)
	}
	return text
}

func (c cluster) file(tb testing.TB, name string) string {
	tb.Helper()
	text, err := c.read(name)
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func (c cluster) read(name string) (string, error) {
	f, err := os.Open(filepath.Join("testdata", "golden", c.folder, name+".gz"))
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(z)
	return string(text), err
}

// differences are the series whose value in the reference exporter contradicts the rules of
// Kubernetes, with the correct value, or nil for no series; see docs/compatibility.md.
var differences = map[string]map[string][]float64{
	// 30 4 1,15 * 5: the controller runs it on the 1st, the 15th and on Fridays.
	"fuzz-1/cronjobs": {
		`kube_cronjob_next_schedule_time{namespace="fuzz-ns-0",cronjob="fuzz-1-cronjob-15"}`: {1786048200}, // 2026-08-07, a Friday
		`kube_cronjob_next_schedule_time{namespace="fuzz-ns-0",cronjob="fuzz-1-cronjob-9"}`:  {1726201800}, // 2024-09-13, a Friday
		`kube_cronjob_next_schedule_time{namespace="fuzz-ns-2",cronjob="fuzz-1-cronjob-17"}`: {1712291400}, // 2024-04-05, a Friday
	},
	// No creation timestamp.
	"fuzz-1/networkpolicies": {
		`kube_networkpolicy_created{namespace="fuzz-ns-0",networkpolicy="fuzz-1-networkpolicy-12"}`: nil,
		`kube_networkpolicy_created{namespace="fuzz-ns-0",networkpolicy="fuzz-1-networkpolicy-15"}`: nil,
		`kube_networkpolicy_created{namespace="fuzz-ns-0",networkpolicy="fuzz-1-networkpolicy-18"}`: nil,
		`kube_networkpolicy_created{namespace="fuzz-ns-1",networkpolicy="fuzz-1-networkpolicy-4"}`:  nil,
	},
}

// TestRenderAllocatesNothing renders all golden objects.
func TestRenderAllocatesNothing(t *testing.T) {
	for _, c := range clusters {
		for _, r := range c.resources {
			checkAllocations(t, c, r)
		}
	}
}

func checkAllocations(t *testing.T, c cluster, r generators.Resource) {
	t.Run(c.folder+"/"+r.Describe().Name, func(t *testing.T) {
		renderer := r.Compile(c.selection)
		var text []byte
		var ends []int
		allocations := func(objects ...metav1.Object) float64 {
			return testing.AllocsPerRun(5, func() {
				for _, o := range objects {
					text, ends = renderer.Render(text[:0], ends[:0], o)
				}
			})
		}
		objects := c.objects(t, r)
		if allocations(objects...) == 0 {
			return
		}
		for _, o := range objects {
			t.Errorf("%s: %v allocations", o.GetName(), allocations(o))
		}
	})
}
