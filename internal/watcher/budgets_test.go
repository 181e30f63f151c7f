package watcher_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestBudgets withholds the newest pods of a list, of two series each. Other limits take effect
// without a list; the end of all budgets takes one.
func TestBudgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{
			Resources: []generators.Resource{pods},
			Budgets:   watcher.Budgets{Series: map[string]int{"pods": 6}, Namespace: 2},
		}
		created := func(p *corev1.Pod, second int64) *corev1.Pod {
			p.CreationTimestamp = metav1.Unix(second, 0)
			return served(p, "1")
		}
		near := record{slog.LevelWarn, ""}
		h := newHarness(t, config)
		q := h.next(t).want("stream " + anyPods).watch()
		q.event("ADDED", created(pod("a", "x", "1", 1), 30)).event("ADDED", created(pod("b", "y", "2", 1), 20)).event("ADDED", created(pod("a", "w", "3", 1), 10))
		q.event("BOOKMARK", listEnds("5"))
		const aw1 = `namespace="a",pod="w" 1`
		h.expect(t, podText(aw1, by1), nil)
		time.Sleep(time.Second)
		h.expectLog(t, near, near) // of both namespaces

		config.Budgets.Namespace = 4
		h.change(t, config)
		time.Sleep(time.Second)
		h.expect(t, podText(aw1, by1, ax1), nil)
		h.expectLog(t, near, near) // of all pods and of one namespace
		config.Budgets.Series = map[string]int{"pods": 2}
		h.change(t, config)
		time.Sleep(time.Second)
		h.expect(t, podText(aw1), nil)
		if err := testutil.GatherAndCompare(h.registry, strings.NewReader(`
			# HELP kubestate_objects_withheld Objects withheld by limits of series; with a namespace, by the limit of that namespace.
			# TYPE kubestate_objects_withheld gauge
			kubestate_objects_withheld{namespace="",resource="pods"} 2
			# HELP kubestate_series_budget_used Series that count against a limit of series.
			# TYPE kubestate_series_budget_used gauge
			kubestate_series_budget_used{family="",namespace="",resource="pods"} 2
		`), "kubestate_series_budget_used", "kubestate_objects_withheld"); err != nil {
			t.Error(err)
		}

		config.Budgets = watcher.Budgets{}
		h.change(t, config, "pods")
		h.next(t).want("stream " + anyPods)
	})
}
