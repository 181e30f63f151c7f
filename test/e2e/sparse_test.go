package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/process"
)

// sparseFamilies are the families that --metric-sparse may thin out.
func sparseFamilies(t *testing.T) map[string]bool {
	t.Helper()
	sparse := map[string]bool{}
	for _, f := range catalogue(t) {
		if f.Sparse {
			sparse[f.Name] = true
		}
	}
	if len(sparse) == 0 {
		t.Fatal("no sparse families")
	}
	return sparse
}

// TestRulesOfSparseFamilies has promtool run the tests of the rules with the same answers
// wanted, and without samples of value 0 of sparse families.
func TestRulesOfSparseFamilies(t *testing.T) {
	t.Parallel()
	promtool, err := process.Built("promtool")
	must(t, err)
	sparse, dropped := sparseFamilies(t), 0
	for _, path := range match(t, ruleTests) {
		var file map[string]any
		readYAML(t, path, &file)
		for i, rules := range file["rule_files"].([]any) {
			absolute, err := filepath.Abs(filepath.Join(filepath.Dir(path), rules.(string)))
			must(t, err)
			file["rule_files"].([]any)[i] = absolute
		}
		for _, test := range file["tests"].([]any) {
			for _, input := range test.(map[string]any)["input_series"].([]any) {
				input := input.(map[string]any)
				if name, _, _ := strings.Cut(input["series"].(string), "{"); sparse[name] {
					values, zeros := withoutZeros(t, input["values"].(string))
					input["values"] = values
					dropped += zeros
				}
			}
		}
		content, err := json.Marshal(file)
		must(t, err)
		copied := filepath.Join(t.TempDir(), "rules.json")
		must(t, os.WriteFile(copied, content, 0o600))
		if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", copied).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
	if dropped == 0 {
		t.Error("the tests have no sample of value 0 of a sparse family")
	}
}

// repeated matches samples of a sparse family in promtool's notation: 0x3 is 0 0 0 0.
var repeated = regexp.MustCompile(`^([01_]|stale)(?:x(\d+))?$`)

// withoutZeros replaces samples of value 0 by stale markers.
func withoutZeros(t *testing.T, values string) (kept string, zeros int) {
	t.Helper()
	var all []string
	for value := range strings.FieldsSeq(values) {
		parts := repeated.FindStringSubmatch(value)
		if parts == nil {
			t.Fatalf("samples of a sparse family: %q", values)
		}
		if parts[1] != "0" {
			all = append(all, value)
			continue
		}
		more, _ := strconv.Atoi(parts[2]) // none is 0
		for range more + 1 {
			all = append(all, "stale")
			zeros++
		}
	}
	return strings.Join(all, " "), zeros
}

// TestSparseAnswers has a Prometheus scrape the example cluster in both forms, as two clusters: rules,
// dashboard queries and those of docs/sparse.md over sparse families have the same results.
func TestSparseAnswers(t *testing.T) {
	t.Parallel()
	full := serve(t, "--snapshot", "../../examples/cluster")
	thin := serve(t, "--snapshot", "../../examples/cluster", "--metric-sparse=.")
	p := runPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
- job_name: kubestate
  honor_labels: true
  static_configs:
  - {targets: [%q], labels: {cluster: full}}
  - {targets: [%q], labels: {cluster: thin}}
`, address(full), address(thin)))
	await(t, settling, func(ctx context.Context) error {
		pods, err := p.query(ctx, `count by (cluster) (kube_pod_info)`)
		if err == nil && len(pods) != 2 {
			err = fmt.Errorf("clusters with pods: %v", pods)
		}
		return err
	}, p.Process, full.Process, thin.Process)
	at := fmt.Sprintf("%.3f", float64(time.Now().UnixMilli())/1000)
	zeros, err := p.queryAt(t.Context(), `kube_pod_status_phase{cluster="thin"} == 0`, at)
	must(t, err)
	if len(zeros) > 0 {
		t.Errorf("the sparse form has zeros: %v", zeros)
	}

	sparse := sparseFamilies(t)
	name := regexp.MustCompile(`\bkube_\w+`)
	answered := 0
	f := func(where string, query func(cluster string) string) {
		t.Helper()
		about := false
		for _, n := range name.FindAllString(query(""), -1) {
			about = about || sparse[n]
		}
		if !about {
			return
		}
		var answers []map[string]float64
		for _, cluster := range []string{"full", "thin"} {
			got, err := p.queryAt(t.Context(), fmt.Sprintf(`label_replace(%s, "cluster", "", "", "")`, query(cluster)), at)
			must(t, err)
			answers = append(answers, anyInstance(got))
		}
		if d := cmp.Diff(answers[0], answers[1]); d != "" {
			t.Errorf("%s (-full +sparse):\n%s", where, d)
		}
		if len(answers[0]) > 0 {
			answered++
		}
	}
	selector := regexp.MustCompile(`\b(kube_\w+)(?:\{([^}]*)\})?`)
	for _, rule := range readRules(t) {
		f(rule.Alert+rule.Record, func(cluster string) string {
			return selector.ReplaceAllString(rule.Expr, `$1{cluster="`+cluster+`", $2}`)
		})
	}
	for _, d := range readDashboards(t) {
		for _, panel := range d.Panels {
			for _, target := range panel.Targets {
				f(d.Title+": "+panel.Title, func(cluster string) string {
					return substitute(strings.ReplaceAll(target.Expr, "$cluster", cluster))
				})
			}
		}
	}
	for _, query := range recommended(t) {
		f("docs/sparse.md: "+query, func(cluster string) string {
			return selector.ReplaceAllString(query, `$1{cluster="`+cluster+`", $2}`)
		})
	}
	if answered < 30 {
		t.Errorf("only %d queries about sparse families have an answer", answered)
	}
}

// recommended are the queries in the last column of the table of docs/sparse.md.
func recommended(t *testing.T) (queries []string) {
	t.Helper()
	content, err := os.ReadFile("../../docs/sparse.md")
	must(t, err)
	for _, row := range regexp.MustCompile("(?m)^\\| `[^`]+` \\| .* \\| `(.+)` \\|$").FindAllStringSubmatch(string(content), -1) {
		queries = append(queries, strings.ReplaceAll(row[1], `\|`, "|"))
	}
	if len(queries) == 0 {
		t.Fatal("no queries in docs/sparse.md")
	}
	return queries
}
