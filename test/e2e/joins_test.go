package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/process"
)

// joins is testdata/joins.yaml.
type joins struct {
	Others []values `json:"others"`
	Before []struct {
		Parts  []string `json:"parts"`
		Values string   `json:"values"`
	} `json:"before"`
	Answers map[string][]sample `json:"answers"`
}

// values and sample are as promtool reads them.
type values struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type sample struct {
	Labels string  `json:"labels"`
	Value  float64 `json:"value"`
}

// TestJoins has promtool evaluate the queries of docs/queries.md, on the series of kubestate for
// the example cluster and of other exporters for the same containers.
func TestJoins(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "joins.yaml"))
	must(t, err)
	var j joins
	must(t, yaml.UnmarshalStrict(text, &j))
	queries := queriesIn(t, filepath.Join("docs", "queries.md"))
	if d := cmp.Diff(set(maps.Keys(j.Answers)), set(maps.Keys(queries))); d != "" {
		t.Fatalf("headings with answers and headings with queries (-answers +queries):\n%s", d)
	}
	type test struct {
		Query   string   `json:"expr"`
		At      string   `json:"eval_time"`
		Samples []sample `json:"exp_samples"`
	}
	var tests []test
	for heading, query := range queries {
		if len(j.Answers[heading]) == 0 {
			t.Errorf("%s: no answer", heading)
		}
		tests = append(tests, test{query, "10m", j.Answers[heading]})
	}
	file, err := json.Marshal(map[string]any{"evaluation_interval": "1m", "tests": []any{map[string]any{
		"interval": "1m", "input_series": append(j.Others, j.ofKubestate(t)...), "promql_expr_test": tests,
	}}})
	must(t, err)
	path := filepath.Join(t.TempDir(), "joins.json")
	must(t, os.WriteFile(path, file, 0o600))
	promtool, err := process.Built("promtool")
	must(t, err)
	if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", path).CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// ofKubestate returns the series of two replicas for the example cluster with one more pod, as a
// Prometheus stores them.
func (j joins) ofKubestate(t *testing.T) []values {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples", "cluster"))))
	pod, err := os.ReadFile(filepath.Join("testdata", "gift-wrapper.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "gift-wrapper.yaml"), pod, 0o600))
	series, err := serve(t, "--snapshot", dir).Scrape(t.Context())
	must(t, err)
	var all []values
	for line, value := range series {
		over := fmt.Sprintf("%g+0x10", value) // 0x10 would be 16
		for _, b := range j.Before {
			if !slices.ContainsFunc(b.Parts, func(part string) bool { return !strings.Contains(line, part) }) {
				over = b.Values
			}
		}
		for _, replica := range []string{"a", "b"} {
			target := fmt.Sprintf(`{job="kube-state-metrics",instance=%q,`, replica)
			all = append(all, values{strings.Replace(line, "{", target, 1), over})
		}
	}
	return all
}

// queriesIn returns the code blocks of a document by heading, at most one for each.
func queriesIn(t *testing.T, path string) map[string]string {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(root, path))
	must(t, err)
	queries, heading, inBlock := map[string]string{}, "", false
	for line := range strings.Lines(string(text)) {
		query, indented := strings.CutPrefix(line, "    ")
		if indented && heading != "" && !inBlock && queries[heading] != "" {
			t.Fatalf("%s: two blocks below %s", path, heading)
		}
		if rest, ok := strings.CutPrefix(line, "### "); ok {
			heading = strings.TrimSpace(rest)
		} else if strings.HasPrefix(line, "## ") {
			heading = ""
		} else if indented && heading != "" {
			queries[heading] += query
		}
		inBlock = indented
	}
	return queries
}
