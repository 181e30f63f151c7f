package answers_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/answers"
)

// A repair removes a trouble of an object. It reports whether the object stays.
type repair func(runtime.Object) bool

// repaired has an object of a name modified.
func repaired[T metav1.Object](name string, modify func(T)) repair {
	return func(o runtime.Object) bool {
		if typed, ok := o.(T); ok && strings.HasPrefix(typed.GetName(), name) {
			modify(typed)
		}
		return true
	}
}

// deleted leaves out an object.
func deleted[T metav1.Object](name string) repair {
	return func(o runtime.Object) bool {
		typed, ok := o.(T)
		return !ok || !strings.HasPrefix(typed.GetName(), name)
	}
}

// running has a pod run.
func running(p *corev1.Pod) {
	p.Status.Phase = corev1.PodRunning
	p.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionTrue}, {Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	for i := range p.Status.ContainerStatuses {
		p.Status.ContainerStatuses[i].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	}
}

func neverRestarted(p *corev1.Pod) {
	for i := range p.Status.ContainerStatuses {
		p.Status.ContainerStatuses[i].LastTerminationState = corev1.ContainerState{}
	}
}

func allAvailable(d *appsv1.Deployment) { d.Status.AvailableReplicas = *d.Spec.Replicas }

func withoutConditions(n *corev1.Node) {
	for i := range n.Status.Conditions {
		if n.Status.Conditions[i].Type != corev1.NodeReady {
			n.Status.Conditions[i].Status = corev1.ConditionFalse
		}
	}
}

// A trouble is a row of a report, and what removes it. That changes a cell of another row, if there is one.
type trouble struct {
	row          string
	repair       repair
	other, after string
}

// troubles are those of the example cluster.
var troubles = []trouble{
	{row: "pods-not-running: critical shop media-archiver Unschedulable 2026-06-16T16:05:12Z", repair: repaired("media-archiver", running)},
	{row: "pods-not-running: critical shop search-xbqs6zc4lh-shtbg Unschedulable Deployment/search 2026-06-17T09:14:20Z", repair: repaired("search-xbqs6zc4lh-shtbg", running)},
	{row: "pods-not-running: critical payments ledger-gdpsbflrv-fwjqr ledger CrashLoopBackOff 17 Deployment/ledger 2026-06-17T09:37:41Z", repair: repaired("ledger-", running)},
	{row: "pods-not-running: critical shop cart-tqq224b6k-b55pc cart ImagePullBackOff Deployment/cart 2026-06-17T09:38:41Z", repair: repaired("cart-tqq224b6k-b55pc", running)},
	{row: "pods-not-running: warning shop frontend-skd8q55f76-wvg8b Evicted Deployment/frontend 2026-06-17T09:12:29Z", repair: deleted[*corev1.Pod]("frontend-skd8q55f76-wvg8b")},
	{row: "workloads-unavailable: critical payments Deployment ledger 1 0 1", repair: repaired("ledger", allAvailable),
		other: "rollouts-stalled: critical payments Deployment ledger Stalled 1 0 1", after: "rollouts-stalled: critical payments Deployment ledger Stalled 1 1 1"},
	{row: "workloads-unavailable: warning shop Deployment cart 1 1 2", repair: repaired("cart", allAvailable)},
	{row: "workloads-unavailable: warning shop Deployment search 1 1 2", repair: repaired("search", allAvailable)},
	{row: "workloads-unavailable: warning monitoring DaemonSet node-exporter 1 3 4", repair: repaired("node-exporter", func(d *appsv1.DaemonSet) {
		d.Status.NumberAvailable, d.Status.UpdatedNumberScheduled = 4, 4
	})},
	{row: "rollouts-stalled: critical payments Deployment ledger Stalled 1 0 1", repair: repaired("ledger", func(d *appsv1.Deployment) { d.Status.Conditions = nil })},
	{row: "rollouts-stalled: warning payments Deployment checkout Paused 0 1 1", repair: repaired("checkout", func(d *appsv1.Deployment) { d.Spec.Paused = false })},
	{row: "rollouts-stalled: warning shop StatefulSet catalog-db Held 1 3 3", repair: repaired("catalog-db", func(s *appsv1.StatefulSet) { s.Status.UpdatedReplicas = 3 })},
	{row: "restarts: warning payments ledger-gdpsbflrv-fwjqr ledger 17 Error 1 Deployment/ledger 2026-06-17T09:37:41Z", repair: repaired("ledger-", neverRestarted),
		other: "pods-not-running: critical payments ledger-gdpsbflrv-fwjqr ledger CrashLoopBackOff 17 Deployment/ledger 2026-06-17T09:37:41Z",
		after: "pods-not-running: critical payments ledger-gdpsbflrv-fwjqr ledger CrashLoopBackOff 17 Deployment/ledger 2026-06-17T08:24:03Z"},
	{row: "restarts: warning shop search-xbqs6zc4lh-tdstc search 4 OOMKilled 137 Deployment/search 2026-06-17T08:55:10Z", repair: repaired("search-", neverRestarted)},
	{row: "jobs-failed: critical payments refund-backfill Failed BackoffLimitExceeded 2026-06-16T11:30:24Z", repair: deleted[*batchv1.Job]("refund-backfill")},
	{row: "nodes-not-ready: warning worker-fra1-c MemoryPressure 0.5 of 3.92 2Gi of 15.1Gi", repair: repaired("worker-fra1-c", withoutConditions)},
	{row: "nodes-not-ready: warning worker-fra1-c Cordoned 0.5 of 3.92 2Gi of 15.1Gi", repair: repaired("worker-fra1-c", func(n *corev1.Node) { n.Spec.Unschedulable = false })},
	{row: "claims-not-bound: warning shop media-archive Pending shared-files 2Ti 2026-06-16T16:04:50Z", repair: repaired("media-archive", func(c *corev1.PersistentVolumeClaim) { c.Status.Phase = corev1.ClaimBound })},
	{row: "volumes-released: warning pvc-9e1fbfcb-3031-4099-ace6-686f6926d13e Released shop/media-import shared-files 50Gi", repair: repaired("pvc-9e1f", func(v *corev1.PersistentVolume) { v.Status.Phase = corev1.VolumeAvailable })},
	{row: "autoscalers-limited: warning shop frontend AtMaximum Deployment/frontend 3 3", repair: repaired("frontend", func(h *autoscalingv2.HorizontalPodAutoscaler) { h.Spec.MaxReplicas = 4 })},
	{row: "quotas-nearly-used: warning shop shop requests.memory 93% 33.4Gi 36Gi", repair: repaired("shop", func(q *corev1.ResourceQuota) {
		q.Status.Hard[corev1.ResourceRequestsMemory] = resource.MustParse("38Gi")
	})},
	{row: "budgets-exhausted: warning shop search 1 1 2", repair: repaired("search", func(b *policyv1.PodDisruptionBudget) { b.Status.DisruptionsAllowed = 1 })},
	{row: "namespaces-terminating: warning shop-preview-412 NamespaceContentRemaining, NamespaceFinalizersRemaining", repair: deleted[*corev1.Namespace]("shop-preview-412")},
}

// rows returns the rows of a report, a line each, without empty cells.
func rows(r answers.Report) (all []string) {
	for _, a := range r.Answers {
		for _, row := range a.Rows {
			cells := slices.DeleteFunc(slices.Clone(row.Cells), func(cell string) bool { return cell == "" })
			all = append(all, a.Name+": "+string(row.Severity)+" "+strings.Join(cells, " "))
		}
	}
	slices.Sort(all)
	return all
}

// TestTroubles removes each trouble of the example cluster, and then all: the row of the trouble goes, and no
// other comes or goes.
func TestTroubles(t *testing.T) {
	before := rows(answers.From(load(t, example, "", all)))
	var known []string
	for _, trouble := range troubles {
		known = append(known, trouble.row)
		want := slices.DeleteFunc(slices.Clone(before), func(row string) bool { return row == trouble.row })
		if i := slices.Index(want, trouble.other); i >= 0 {
			want[i] = trouble.after
		}
		if d := cmp.Diff(want, rows(answers.From(loadChanged(t, example, "", all, trouble.repair)))); d != "" {
			t.Errorf("without %s (-want +got):\n%s", trouble.row, d)
		}
	}
	slices.Sort(known)
	if d := cmp.Diff(known, before); d != "" {
		t.Errorf("troubles of the example cluster (-want +got):\n%s", d)
	}
	healthy := answers.From(loadChanged(t, example, "", all, func(o runtime.Object) bool {
		return !slices.ContainsFunc(troubles, func(t trouble) bool { return !t.repair(o) })
	}))
	if got := healthy.Severity(); got != answers.OK {
		t.Errorf("without all troubles: %s\n%s", got, strings.Join(rows(healthy), "\n"))
	}
}
