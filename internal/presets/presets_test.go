package presets_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/presets"
	"github.com/kubestate/kubestate/internal/snapshot"
)

func TestNames(t *testing.T) {
	want := []string{
		"argo-cd", "cert-manager", "cloudnative-pg", "cluster-api", "crossplane", "external-secrets", "flux", "gateway-api",
		"karpenter", "keda", "kserve", "kyverno", "strimzi", "tekton", "velero", "vpa",
	}
	if d := cmp.Diff(want, presets.Names()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, name := range []string{"", "Flux", "flux.yaml", "../presets/flux", "presets.go"} {
		if text, ok := presets.Get(name); ok || text != nil {
			t.Errorf("%q: got a preset", name)
		}
	}
}

// TestGetCopies holds that a caller can change the text of a preset.
func TestGetCopies(t *testing.T) {
	first := parsed(t, "flux")
	text, _ := presets.Get("flux")
	clear(text)
	if d := cmp.Diff(len(first.Entries), len(parsed(t, "flux").Entries)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestGolden renders objects of all kinds of each preset.
func TestGolden(t *testing.T) {
	for _, name := range presets.Names() {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join("testdata", name)
			want, err := os.ReadFile(filepath.Join(dir, "expected.prom"))
			if err != nil {
				t.Fatal(err)
			}
			got := render(t, parsed(t, name), filepath.Join(dir, "crds.json"), filepath.Join(dir, "objects.json"))
			if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// parsed returns a preset, which has no faults and warnings.
func parsed(t *testing.T, name string) *customresource.Config {
	t.Helper()
	text, ok := presets.Get(name)
	if !ok {
		t.Fatalf("no preset %q", name)
	}
	c, err := customresource.Parse(name+".yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Faults) > 0 || len(c.Warnings) > 0 {
		t.Fatalf("faults %v, warnings %v", c.Faults, c.Warnings)
	}
	return c
}

// render returns the families in the order of a response, each with its series in the order of the
// objects. It fails if a sample cannot be rendered or a kind has no object.
func render(t *testing.T, c *customresource.Config, definitions, objects string) string {
	t.Helper()
	var kinds []customresource.Kind
	each(t, definitions, discovery.Definitions, func(o metav1.Object) {
		kind, ok := discovery.KindOf(o)
		if !ok {
			t.Fatalf("%s is not established", o.GetName())
		}
		kinds = append(kinds, kind)
	})
	var log bytes.Buffer
	report := customresource.NewReporter(prometheus.NewRegistry(), slog.New(slog.NewTextHandler(&log, nil)))
	headers, series := map[string]string{}, map[string][]string{}
	var order []string
	for _, r := range c.Resolve(kinds, nil, nil, report).Tables {
		renderer := r.Compile(generators.Selection{})
		names := renderer.Names()
		found := false
		each(t, objects, r, func(o metav1.Object) {
			found = true
			text, ends := renderer.Render(nil, nil, o)
			start := 0
			for i, end := range ends {
				name := names[i]
				if _, ok := headers[name]; !ok {
					headers[name] = string(renderer.Headers()[i].Text)
					order = append(order, name)
				}
				series[name] = append(series[name], strings.SplitAfter(string(text[start:end]), "\n")...)
				start = end
			}
		})
		if !found {
			t.Errorf("no object of %s", r.Describe().Key)
		}
	}
	if log.Len() > 0 {
		t.Errorf("log: %s", log.String())
	}
	var text strings.Builder
	for _, name := range order {
		text.WriteString(headers[name])
		text.WriteString(strings.Join(series[name], ""))
	}
	return text.String()
}

// each calls f with the objects of a resource in a file.
func each(t *testing.T, path string, r generators.Resource, f func(metav1.Object)) {
	t.Helper()
	sink := func(_ schema.GroupVersionKind, o runtime.Object) error {
		f(o.(metav1.Object))
		return nil
	}
	report, err := snapshot.Read(path, []generators.Resource{r}, discovery.Scheme(), nil, sink)
	if err != nil || report.Err != nil || len(report.Files) > 0 {
		t.Fatalf("%s: %v, %v, %v", path, err, report.Err, report.Files)
	}
}

// TestDocumented holds the rows of the page to the kinds and families of each preset.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/custom-resource-presets.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.SplitSeq(string(page), "\n") {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.HasPrefix(line, "| `") {
			continue
		}
		name := strings.Trim(cells[0], "|` ")
		rows = append(rows, name)
		kinds := strings.Split(cells[1], ", ")
		families := strings.Split(strings.Trim(cells[2], "|` "), "`, `")
		used := map[string]bool{}
		for _, e := range parsed(t, name).Entries {
			if e.Kind != "*" && !slices.Contains(kinds, e.Kind) {
				t.Errorf("%s: kind %s is missing", name, e.Kind)
			}
			used[e.Kind] = true
			for _, f := range e.Families {
				at := slices.IndexFunc(families, func(pattern string) bool {
					beginning, star := strings.CutSuffix(pattern, "*")
					return f.Name == pattern || star && strings.HasPrefix(f.Name, beginning)
				})
				if at < 0 {
					t.Errorf("%s: family %s is missing", name, f.Name)
					continue
				}
				used[families[at]] = true
			}
		}
		for _, word := range slices.Concat(kinds, families) {
			if !used[word] && !strings.HasPrefix(word, "kinds of ") {
				t.Errorf("%s: no kind or family %s", name, word)
			}
		}
	}
	if d := cmp.Diff(presets.Names(), rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
}
