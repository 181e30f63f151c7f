package customresource_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/snapshot"
)

// TestGolden renders the objects of a cluster and compares all lines.
func TestGolden(t *testing.T) {
	f := func(name string, selection generators.Selection, without string) {
		t.Helper()
		dir := filepath.Join("testdata", name)
		var want []string
		for line := range strings.SplitSeq(inDigits(read(t, filepath.Join(dir, "expected.prom"))), "\n") {
			if without == "" || !strings.Contains(line, without) {
				want = append(want, line)
			}
		}
		got := render(t, read(t, filepath.Join(dir, "config.yaml")), filepath.Join(dir, "snapshot"), selection)
		if d := cmp.Diff(want, strings.Split(got, "\n")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("crs-1", generators.Selection{}, "")
	f("crs-2", generators.Selection{}, "")
	f("crs-2", withGroups, "")
	f("scale", withGroups, "")
	f("scale", generators.Selection{}, "kubestate_workload_replicas")
}

// inDigits formats values as kubestate does: integers without an exponent.
func inDigits(text string) string {
	lines := strings.SplitAfter(text, "\n")
	for i, line := range lines {
		at := strings.LastIndexByte(line, ' ')
		if value, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64); err == nil && !strings.HasPrefix(line, "#") {
			lines[i] = line[:at+1] + string(exposition.AppendFloat(nil, value)) + "\n"
		}
	}
	return strings.Join(lines, "")
}

// render returns the headers of all families in the order of a response, and then all series,
// sorted.
func render(t *testing.T, config, objects string, selection generators.Selection) string {
	t.Helper()
	c, err := customresource.Parse("config.yaml", []byte(config))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Faults) > 0 {
		t.Fatal(c.Faults)
	}
	report := customresource.NewReporter(prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	resources := c.Resolve(kindsIn(t, objects), nil, nil, report).Tables
	type family struct{ header, lines string }
	all := map[string]*family{}
	var order []string
	for _, r := range resources {
		renderer := r.Compile(selection)
		names, headers := renderer.Names(), renderer.Headers()
		for _, o := range objectsIn(t, objects, r) {
			text, ends := renderer.Render(nil, nil, o)
			start := 0
			for i, end := range ends {
				if all[names[i]] == nil {
					all[names[i]] = &family{header: string(headers[i].Text)}
					order = append(order, names[i])
				}
				all[names[i]].lines += string(text[start:end])
				start = end
			}
		}
	}
	headers, lines := "", ""
	for _, name := range order {
		headers += all[name].header
		lines += all[name].lines
	}
	series := strings.SplitAfter(lines, "\n")
	slices.Sort(series)
	return headers + strings.Join(series, "")
}

func kindsIn(t *testing.T, dir string) []customresource.Kind {
	t.Helper()
	var kinds []customresource.Kind
	add := func(_ schema.GroupVersionKind, o runtime.Object) error {
		if kind, ok := discovery.KindOf(o.(metav1.Object)); ok {
			kinds = append(kinds, kind)
		}
		return nil
	}
	if _, err := snapshot.Read(dir, []generators.Resource{discovery.Definitions}, discovery.Scheme(), nil, add); err != nil {
		t.Fatal(err)
	}
	return kinds
}

func objectsIn(t *testing.T, dir string, r generators.Resource) []metav1.Object {
	t.Helper()
	var all []metav1.Object
	add := func(_ schema.GroupVersionKind, o runtime.Object) error {
		all = append(all, o.(metav1.Object))
		return nil
	}
	if _, err := snapshot.Read(dir, []generators.Resource{r}, discovery.Scheme(), nil, add); err != nil {
		t.Fatal(err)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
