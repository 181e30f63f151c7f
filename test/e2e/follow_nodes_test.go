package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/exporter"
)

func (w *liveCluster) nodesJoin(t *testing.T) {
	for _, name := range []string{"node-1", "node-2"} {
		node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}}
		_, err := w.c.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{})
		must(t, err)
	}
	awaitAPI(t, w.c, func(ctx context.Context) error {
		nodes, err := w.c.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for _, node := range nodes.Items {
			if !slices.ContainsFunc(node.Status.Conditions, func(c corev1.NodeCondition) bool {
				return c.Type == corev1.NodeReady && c.Status == corev1.ConditionTrue
			}) || len(node.Spec.Taints) > 0 {
				return fmt.Errorf("node %s is not ready", node.Name)
			}
		}
		return nil
	})
	for _, name := range []string{"node-1", "node-2"} {
		wantLines(
			t, w.e,
			fmt.Sprintf(`kube_node_status_condition{node=%q,condition="Ready",status="true"} 1`, name),
			fmt.Sprintf(`kube_node_status_condition{node=%q,condition="Ready",status="false"} 0`, name),
			fmt.Sprintf(`kube_node_status_capacity{node=%q,resource="cpu",unit="core"} 8`, name),
			fmt.Sprintf(`kube_node_status_allocatable{node=%q,resource="cpu",unit="core"} 7.8`, name),
			fmt.Sprintf(`kube_node_spec_unschedulable{node=%q} 0`, name),
		)
	}
}

func (w *liveCluster) daemonSetCovers(t *testing.T) {
	set := &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Name: "agent"},
		Spec:       appsv1.DaemonSetSpec{Selector: selector("agent"), Template: template("agent")},
	}
	_, err := w.c.Client.AppsV1().DaemonSets(shop).Create(t.Context(), set, metav1.CreateOptions{})
	must(t, err)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		set, err := w.c.Client.AppsV1().DaemonSets(shop).Get(ctx, "agent", metav1.GetOptions{})
		if err == nil && set.Status.NumberAvailable != 2 {
			return fmt.Errorf("daemonset: %+v", set.Status)
		}
		return err
	})
	wantLines(
		t, w.e,
		`kube_daemonset_status_desired_number_scheduled{namespace="shop",daemonset="agent"} 2`,
		`kube_daemonset_status_current_number_scheduled{namespace="shop",daemonset="agent"} 2`,
		`kube_daemonset_status_number_ready{namespace="shop",daemonset="agent"} 2`,
		`kube_daemonset_status_number_available{namespace="shop",daemonset="agent"} 2`,
		`kube_daemonset_status_number_unavailable{namespace="shop",daemonset="agent"} 0`,
	)
	w.wantRunning(t, "agent", 2, 0)
}

func (w *liveCluster) claimIsBound(t *testing.T) {
	claims := w.c.Client.CoreV1().PersistentVolumeClaims(shop)
	gigabyte := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:        corev1.VolumeResourceRequirements{Requests: gigabyte},
			StorageClassName: new("disk"),
		},
	}
	_, err := claims.Create(t.Context(), claim, metav1.CreateOptions{})
	must(t, err)
	wantLines(
		t, w.e,
		`kube_persistentvolumeclaim_status_phase{namespace="shop",persistentvolumeclaim="data",phase="Pending"} 1`,
		`kube_persistentvolumeclaim_resource_requests_storage_bytes{namespace="shop",persistentvolumeclaim="data"} 1.073741824e+09`,
	)
	volume := &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "disk-1"},
		Spec: corev1.PersistentVolumeSpec{
			Capacity: gigabyte, AccessModes: claim.Spec.AccessModes, StorageClassName: "disk",
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/data"}},
		},
	}
	_, err = w.c.Client.CoreV1().PersistentVolumes().Create(t.Context(), volume, metav1.CreateOptions{})
	must(t, err)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		claim, err := claims.Get(ctx, "data", metav1.GetOptions{})
		if err == nil && claim.Status.Phase != corev1.ClaimBound {
			return fmt.Errorf("claim: %+v", claim.Status)
		}
		return err
	})
	wantLines(
		t, w.e,
		`kube_persistentvolumeclaim_status_phase{namespace="shop",persistentvolumeclaim="data",phase="Bound"} 1`,
		`kube_persistentvolumeclaim_status_phase{namespace="shop",persistentvolumeclaim="data",phase="Pending"} 0`,
		`kube_persistentvolumeclaim_info{namespace="shop",persistentvolumeclaim="data",storageclass="disk",volumename="disk-1",volumemode="Filesystem"} 1`,
	)
}

func (w *liveCluster) podIsDeleted(t *testing.T) {
	pods, err := w.pods(t.Context(), "web")
	must(t, err)
	victim := pods[0]
	must(t, w.c.Client.CoreV1().Pods(shop).Delete(t.Context(), victim.Name, metav1.DeleteOptions{}))
	awaitAPI(t, w.c, func(ctx context.Context) error {
		_, err := w.c.Client.CoreV1().Pods(shop).Get(ctx, victim.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		return errors.Join(errors.New("the pod exists"), err)
	})
	wantNone(t, w.e, fmt.Sprintf("pod=%q", victim.Name))
	w.deploymentAvailable(t, "web", 5)
	w.wantDeployment(t, "web", 5)
	w.wantRunning(t, "web", 5, 4)
}

// nodeIsDrained drains a node: cordon, and evict all pods but those of DaemonSets.
func (w *liveCluster) nodeIsDrained(t *testing.T) {
	_, err := w.c.Client.CoreV1().Nodes().Patch(t.Context(), "node-1", types.MergePatchType, []byte(`{"spec":{"unschedulable":true}}`), metav1.PatchOptions{})
	must(t, err)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		node, err := w.c.Client.CoreV1().Nodes().Get(ctx, "node-1", metav1.GetOptions{})
		if err == nil && len(node.Spec.Taints) == 0 {
			return errors.New("node is not tainted")
		}
		return err
	})
	wantLines(
		t, w.e,
		`kube_node_spec_unschedulable{node="node-1"} 1`,
		`kube_node_spec_taint{node="node-1",key="node.kubernetes.io/unschedulable",value="",effect="NoSchedule"} 1`,
		`kube_node_spec_unschedulable{node="node-2"} 0`,
	)
	awaitAPI(t, w.c, w.evict)
	w.deploymentAvailable(t, "web", 5)
	w.deploymentAvailable(t, "api", 3)
	w.wantDeployment(t, "web", 5)
	wantSeries(t, w.e, func(series exporter.Series) error { return w.sameNodes(t.Context(), series) })
	if left := w.podsOn(t, "node-1"); len(left) != 1 || !strings.HasPrefix(left[0], "agent-") {
		t.Errorf("pods on the drained node: %v", left)
	}
}

// evict evicts every pod on node-1 that no DaemonSet owns. It returns nil when none is left.
func (w *liveCluster) evict(ctx context.Context) error {
	pods, err := w.c.Client.CoreV1().Pods(shop).List(ctx, metav1.ListOptions{FieldSelector: "spec.nodeName=node-1"})
	if err != nil {
		return err
	}
	var errs []error
	for _, pod := range pods.Items {
		if pod.OwnerReferences[0].Kind == "DaemonSet" {
			continue
		}
		err := w.c.Client.CoreV1().Pods(shop).EvictV1(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Namespace: shop}})
		errs = append(errs, fmt.Errorf("pod %s exists: %w", pod.Name, err))
	}
	return errors.Join(errs...)
}

func (w *liveCluster) podsOn(t *testing.T, node string) []string {
	t.Helper()
	pods, err := w.c.Client.CoreV1().Pods(shop).List(t.Context(), metav1.ListOptions{FieldSelector: "spec.nodeName=" + node})
	must(t, err)
	var names []string
	for _, pod := range pods.Items {
		names = append(names, pod.Name)
	}
	return names
}

// sameNodes returns nil if API and series agree on pods and their nodes.
func (w *liveCluster) sameNodes(ctx context.Context, series exporter.Series) error {
	pods, err := w.c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	want := map[string]string{}
	for _, pod := range pods.Items {
		want[pod.Namespace+"/"+pod.Name] = pod.Spec.NodeName
	}
	got := map[string]string{}
	for _, info := range series.Containing("kube_pod_info{") {
		got[label(info, "namespace")+"/"+label(info, "pod")] = label(info, "node")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("pods and their nodes (-API +series):\n%s", diff)
	}
	return nil
}

// label returns the value of a label without escapes.
func label(series, name string) string {
	for _, before := range []string{"{", ","} {
		if _, rest, ok := strings.Cut(series, before+name+`="`); ok {
			value, _, _ := strings.Cut(rest, `"`)
			return value
		}
	}
	return ""
}
