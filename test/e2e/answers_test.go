package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// A report is the JSON of kubestate answers.
type report struct {
	Time    time.Time
	Answers []answer
}

type answer struct {
	Name, Severity, Verdict, Query string
	Columns                        []string
	Rows                           []struct{ Cells []string }
	More                           int
}

// ask runs kubestate answers, and returns its report and exit status.
func ask(ctx context.Context, args ...string) (r report, status int, err error) {
	out, err := exec.CommandContext(ctx, kubestate, append([]string{"answers", "-o", "json"}, args...)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status = exit.ExitCode()
		if len(out) == 0 {
			return r, status, fmt.Errorf("kubestate answers: %w: %s", err, exit.Stderr)
		}
		err = nil
	}
	if err != nil {
		return r, status, err
	}
	return r, status, json.Unmarshal(out, &r)
}

// findings are the rows of a report, each behind the name of its answer, without times.
func (r report) findings() (all []string) {
	for _, a := range r.Answers {
		for _, row := range a.Rows {
			text := a.Name + ":"
			for _, cell := range row.Cells {
				if _, err := time.Parse(time.RFC3339, cell); err != nil && cell != "" {
					text += " " + cell
				}
			}
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// wantFindings fails the test unless kubestate answers comes to have exactly these findings, and knows all
// else.
func (w *liveCluster) wantFindings(t *testing.T, want []string) {
	t.Helper()
	wantStatus := 0
	if len(want) > 0 {
		wantStatus = 1
	}
	awaitAPI(t, w.c, func(ctx context.Context) error {
		r, status, err := ask(ctx, "--kubeconfig", w.c.Kubeconfig)
		if err != nil {
			return err
		}
		if d := cmp.Diff(want, r.findings()); d != "" || status != wantStatus {
			return fmt.Errorf("exit status %d, findings (-want +got):\n%s", status, d)
		}
		return nil
	})
}

// TestAnswersAsPromQL has Prometheus evaluate the query of each answer about the example cluster and more
// objects, as of the time of the report: it finds the rows of the answer, by each of its causes.
func TestAnswersAsPromQL(t *testing.T) {
	t.Parallel()
	root, err := process.Root()
	must(t, err)
	dir := t.TempDir()
	must(t, os.CopyFS(dir, os.DirFS(filepath.Join(root, "examples", "cluster"))))
	more, err := os.ReadFile(filepath.Join("testdata", "answers.yaml"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "answers.yaml"), more, 0o600))
	e := serve(t, "--snapshot", dir, "--workload-metrics=attribution,verdicts")
	p := runPrometheus(t, fmt.Sprintf("scrape_configs: [{job_name: kubestate, honor_labels: true, scrape_interval: 1s, static_configs: [{targets: [%q]}]}]\n", address(e)))
	r, status, err := ask(t.Context(), "--snapshot", dir)
	must(t, err)
	if status != 1 {
		t.Errorf("exit status %d, want that of findings", status)
	}
	p.wantResult(t, "up", map[string]float64{fmt.Sprintf("__name__=%q, instance=%q, job=%q", "up", address(e), "kubestate"): 1}, e.Process)
	for _, a := range r.Answers {
		if a.Name == "not-seen" {
			continue // of the telemetry port
		}
		query := strings.ReplaceAll(a.Query, "time()", fmt.Sprint(r.Time.Unix()))
		found, err := p.resultLabels(t.Context(), query)
		must(t, err)
		want, got := a.compared(found)
		if d := cmp.Diff(got, want); d != "" || a.More > 0 {
			t.Errorf("%s: %d more rows, and by Prometheus (-answer +PromQL):\n%s", a.Name, a.More, d)
		}
		for cause := range strings.SplitSeq(query, "\nor\n") {
			some, err := p.resultLabels(t.Context(), cause)
			must(t, err)
			// kube_job_failed counts where there is no kubestate_job_failed_for_good.
			if (len(some) == 0) != strings.Contains(cause, "kube_job_failed{") {
				t.Errorf("%s: %d series of\n%s", a.Name, len(some), cause)
			}
		}
	}
}

// compared returns the labels of series and the cells of rows by the columns that are labels, sorted.
func (a answer) compared(found []map[string]string) (bySeries, byRows []string) {
	isLabel := func(column string) bool {
		return slices.ContainsFunc(found, func(labels map[string]string) bool { return labels[column] != "" })
	}
	for _, labels := range found {
		var cells []string
		for _, column := range a.Columns {
			if isLabel(column) {
				cells = append(cells, column+"="+labels[column])
			}
		}
		bySeries = append(bySeries, strings.Join(cells, " "))
	}
	for _, row := range a.Rows {
		var cells []string
		for i, column := range a.Columns {
			if isLabel(column) {
				cells = append(cells, column+"="+row.Cells[i])
			}
		}
		byRows = append(byRows, strings.Join(cells, " "))
	}
	slices.Sort(bySeries)
	slices.Sort(byRows)
	return bySeries, byRows
}

// resultLabels returns the labels of the result of an instant query.
func (p *prometheus) resultLabels(ctx context.Context, query string) (all []map[string]string, err error) {
	var result struct {
		Result []struct{ Metric map[string]string }
	}
	err = p.get(ctx, "/api/v1/query", url.Values{"query": {query}}, &result)
	for _, s := range result.Result {
		all = append(all, s.Metric)
	}
	return all, err
}

// TestAnswersOfHealthyClusters asks about clusters whose controllers have done their work, also after a
// rollout: there is no finding. TestSeriesFollow has another such cluster.
func TestAnswersOfHealthyClusters(t *testing.T) {
	t.Parallel()
	// settled are conditions of kubectl wait by which controllers have done their work.
	for name, settled := range map[string][]string{
		"nodes":     {"node --all --for=condition=Ready"},
		"workloads": {"deployment/web --for=condition=Available", "statefulset/db --for=jsonpath={.status.updatedReplicas}=2", "daemonset/agent --for=jsonpath={.status.numberAvailable}=2"},
		"jobs":      {"job/import --for=condition=Complete"},
		"limits":    {"deployment/web --for=condition=Available", "pvc/data --for=jsonpath={.status.phase}=Bound"},
	} {
		t.Run(name, func(t *testing.T) {
			c := cluster.Start(t, cluster.Everything)
			w := &liveCluster{c: c}
			k := newKubectl(t, c.Kubeconfig)
			text, err := os.ReadFile(filepath.Join("testdata", "healthy", name+".yaml"))
			must(t, err)
			path := filepath.Join(t.TempDir(), "objects.yaml")
			for _, step := range []string{"one", "two"} {
				must(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "STEP", step)), 0o600))
				k.run(t, "apply", "-f", path)
				for _, what := range settled {
					k.run(t, append([]string{"wait", "--timeout", settling.String()}, strings.Fields(what)...)...)
				}
				w.wantFindings(t, nil)
			}
		})
	}
}
