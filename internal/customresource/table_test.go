package customresource_test

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/customresource"
)

// TestAliases has kinds of other groups and of built-in names come and go: the names by which
// clients select a resource stay the same.
func TestAliases(t *testing.T) {
	c, err := customresource.Parse("crs.yaml", []byte(`
spec:
  resources:
    - groupVersionKind: {group: "*.example.com", version: "*", kind: "*"}
      metrics: [{name: size, each: {type: gauge, gauge: {path: [spec, size]}}}]
`))
	if err != nil || len(c.Faults) > 0 {
		t.Fatal(err, c.Faults)
	}
	report := customresource.NewReporter(prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	f := func(want map[string][]string, kinds ...customresource.Kind) {
		t.Helper()
		got := map[string][]string{}
		for _, r := range c.Resolve(kinds, nil, []string{"jobs"}, report).Tables {
			d := r.Describe()
			got[d.Name] = d.Aliases
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("aliases by name (-want +got):\n%s", d)
		}
	}
	a := customresource.Kind{Group: "a.example.com", Kind: "Widget", Plural: "widgets", Versions: []string{"v1", "v2"}}
	b := customresource.Kind{Group: "b.example.com", Kind: "Widget", Plural: "widgets", Versions: []string{"v1"}}
	job := customresource.Kind{Group: "a.example.com", Kind: "Job", Plural: "jobs", Versions: []string{"v1"}}
	ofA := []string{"widgets.a.example.com", "widgets"}
	f(map[string][]string{"widgets.v1.a.example.com": ofA, "widgets.v2.a.example.com": ofA}, a)
	f(map[string][]string{
		"widgets.v1.a.example.com": ofA, "widgets.v2.a.example.com": ofA,
		"widgets.v1.b.example.com": {"widgets.b.example.com", "widgets"},
	}, a, b)
	f(map[string][]string{"jobs.v1.a.example.com": {"jobs.a.example.com"}}, job) // which has a built-in one's name
}
