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
	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
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
	e := serve(t, "--snapshot", dir, "--snapshot-strict", "--workload-metrics=attribution,verdicts")
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
		"workloads": {"deployment/web --for=condition=Available", "statefulset/db --for=jsonpath={.status.updatedReplicas}=2", "statefulset/db --for=jsonpath={.status.availableReplicas}=2", "daemonset/agent --for=jsonpath={.status.numberAvailable}=2"},
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

// TestAnswersWithFewRights asks as users who may read a namespace, or nothing.
func TestAnswersWithFewRights(t *testing.T) {
	t.Parallel()
	viewer, nobody := cluster.User{Name: "viewer"}, cluster.User{Name: "nobody"}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{viewer, nobody}})
	createNamespace(t, c, shop)
	newKubectl(t, c.Kubeconfig).run(t, "create", "rolebinding", "viewer", "--clusterrole=system:aggregate-to-view", "--user=viewer", "-n", shop)
	lost := newPod("lost", corev1.PodUnknown, 0)
	must(t, c.Put(t.Context(), slices.Values([]cluster.Object{lost})))

	as := func(u cluster.User, args ...string) (report, int, error) {
		kubeconfig, err := c.KubeconfigFor(u)
		must(t, err)
		return ask(t.Context(), append(args, "--kubeconfig", kubeconfig)...)
	}
	f := func(wantStatus int, want ...string) {
		t.Helper()
		r, status, err := as(viewer, "-n", shop)
		must(t, err)
		if d := cmp.Diff(want, r.findings()); d != "" || status != wantStatus {
			t.Errorf("exit status %d, findings (-want +got):\n%s", status, d)
		}
	}
	// The page has the rows of its PromQL about the telemetry port.
	kubeconfig, err := c.KubeconfigFor(viewer)
	must(t, err)
	e := start(t, kubeconfig, "--resources=pods,storageclasses,nodes", "--namespaces", shop)
	telemetry := strings.TrimPrefix(e.Telemetry, "http://")
	p := runPrometheus(t, fmt.Sprintf("scrape_configs: [{job_name: kubestate, scrape_interval: 1s, static_configs: [{targets: [%q]}]}]\n", telemetry))
	await(t, settling, func(ctx context.Context) error {
		_, text, err := exporter.Get(ctx, e.Telemetry+"/answers?format=json")
		if err != nil {
			return err
		}
		var page report
		if err := json.Unmarshal(text, &page); err != nil {
			return err
		}
		unseen := page.Answers[slices.IndexFunc(page.Answers, func(a answer) bool { return a.Name == "not-seen" })]
		found, err := p.resultLabels(ctx, unseen.Query)
		if err != nil {
			return err
		}
		want, got := unseen.compared(found)
		if d := cmp.Diff(got, want); d != "" || len(got) != 2 {
			return fmt.Errorf("rows %q (-answer +PromQL):\n%s", got, d)
		}
		return nil
	}, e.Process, p.Process)

	const classes = "not-seen: storageclasses forbidden"
	f(1, classes, "pods-not-running: shop lost Unknown")
	must(t, c.Remove(t.Context(), slices.Values([]cluster.Object{lost})))
	f(0, classes)
	for _, args := range [][]string{{}, {"-n", "default"}} {
		if _, status, err := as(nobody, args...); status != 2 || err == nil || !strings.Contains(err.Error(), "nothing can be read from the API server") {
			t.Errorf("%s: exit status %d, %v", args, status, err)
		}
	}
}
