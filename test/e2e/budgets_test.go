package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestSeriesBudget floods a namespace with ConfigMaps beyond the budget of a namespace: the others are
// served, Prometheus alerts, and deletions bring the withheld ones back.
func TestSeriesBudget(t *testing.T) {
	t.Parallel()
	const budget, flood = 20, 60
	c := cluster.Start(t, cluster.Options{})
	e := start(t, c.Kubeconfig, "--resources=configmaps", "--metric-allowlist=^kube_configmap_info$", fmt.Sprint("--series-budget-per-namespace=", budget))
	await(t, settling, e.Ready, e.Process)
	rules := filepath.Join(t.TempDir(), "kubestate.rules.yaml")
	text, err := os.ReadFile("../../deploy/monitoring/rules/kubestate.rules.yaml")
	must(t, err)
	must(t, os.WriteFile(rules, regexp.MustCompile(`(?m)^    for: .+$`).ReplaceAll(text, []byte("    for: 1s")), 0o600))
	shipped, err := filepath.Abs("../../deploy/monitoring/rules/*.rules.yaml")
	must(t, err)
	p := runPrometheus(t, strings.Replace(observing(t, e), shipped, rules, 1))

	create := func(namespace, name string) {
		t.Helper()
		_, err := c.Client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		must(t, err)
	}
	_, err = c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "flood"}}, metav1.CreateOptions{})
	must(t, err)
	for n := range flood {
		create("flood", fmt.Sprint("m", n))
	}
	create("default", "after")
	wantLines(t, e, `kube_configmap_info{namespace="default",configmap="after"} 1`)
	served := func(want func() int) {
		t.Helper()
		wantSeries(t, e, func(series exporter.Series) error {
			if got := len(series.Containing("kube_configmap_info{", `namespace="flood"`)); got != want() {
				return fmt.Errorf("%d of the namespace's series, want %d", got, want())
			}
			return nil
		})
	}
	// A controller may add one of its own.
	count := func() int {
		all, err := c.Client.CoreV1().ConfigMaps("flood").List(t.Context(), metav1.ListOptions{})
		must(t, err)
		return len(all.Items)
	}
	served(func() int { return budget })
	await(t, atOnce, func(ctx context.Context) error {
		series, err := e.Self(ctx)
		if err != nil {
			return err
		}
		if missing := series.Missing(
			fmt.Sprintf(`kubestate_objects_withheld{namespace="flood",resource="configmaps"} %d`, count()-budget),
			`kubestate_objects_withheld{namespace="",resource="configmaps"} 0`,
			fmt.Sprintf(`kubestate_series_budget_used{family="",namespace="flood",resource="configmaps"} %d`, budget),
		); missing != nil {
			return fmt.Errorf("missing:\n%s", strings.Join(missing, "\n"))
		}
		return nil
	}, e.Process)
	const firing = `count by (alertname, namespace) (ALERTS{alertname=~"KubestateSeries.*", alertstate="firing"})`
	p.wantResult(t, firing, map[string]float64{
		`alertname="KubestateSeriesBudgetNear", namespace="flood"`: 1,
		`alertname="KubestateSeriesWithheld", namespace="flood"`:   1,
	}, e.Process)

	for n := range flood - budget/2 {
		must(t, c.Client.CoreV1().ConfigMaps("flood").Delete(t.Context(), fmt.Sprint("m", n), metav1.DeleteOptions{}))
	}
	served(count)
	wantLines(t, e, fmt.Sprintf(`kube_configmap_info{namespace="flood",configmap="m%d"} 1`, flood-1))
	p.wantResult(t, firing, map[string]float64{}, e.Process)
}
