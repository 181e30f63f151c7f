package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
)

// Limits without and with backoff: controllers reconnect to the API server within half a minute.
const (
	soon     = 30 * time.Second
	settling = 2 * time.Minute
)

// TestPopulate has the API server list objects that were written to etcd.
func TestPopulate(t *testing.T) {
	const pods = 1000
	c := cluster.Start(t, cluster.Options{})
	names, err := c.Populate(t.Context(), pods)
	if err != nil {
		t.Fatal(err)
	}
	// The watch cache follows etcd with a delay.
	err = c.Await(t.Context(), soon, func(ctx context.Context) error {
		list, err := c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		if len(list.Items) != pods {
			return fmt.Errorf("%d pods", len(list.Items))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantPods(t, c, names)
	wantCounts(t, c, map[string]int{
		"nodes": 20, "deployments": 100, "replicasets": 100, "services": 100, "configmaps": 100, "secrets": 100,
		"horizontalpodautoscalers": 25, "jobs": 25,
	})
}

// wantPods fails the test unless the API has exactly these pods, complete.
func wantPods(t *testing.T, c *cluster.Cluster, names []types.NamespacedName) {
	t.Helper()
	list, err := c.Client.CoreV1().Pods("").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	got, want, uids := map[types.NamespacedName]bool{}, map[types.NamespacedName]bool{}, map[types.UID]bool{}
	for _, name := range names {
		want[name] = true
	}
	for _, pod := range list.Items {
		got[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = true
		uids[pod.UID] = true
		if len(pod.Spec.Containers) != 2 || len(pod.Spec.InitContainers) != 1 || len(pod.Status.Conditions) != 5 {
			t.Fatalf("%s/%s is incomplete: %v", pod.Namespace, pod.Name, pod.Status)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pods (-want +got):\n%s", diff)
	}
	if len(uids) != len(names) {
		t.Errorf("%d different uids among %d pods", len(uids), len(names))
	}
}

// wantCounts fails the test unless the API comes to have these numbers of objects.
func wantCounts(t *testing.T, c *cluster.Cluster, want map[string]int) {
	t.Helper()
	err := c.Await(t.Context(), soon, func(ctx context.Context) error {
		got, err := counts(ctx, c, want)
		if diff := cmp.Diff(want, got); err == nil && diff != "" {
			err = fmt.Errorf("objects (-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// counts returns the number of objects of each resource in want.
func counts(ctx context.Context, c *cluster.Cluster, want map[string]int) (map[string]int, error) {
	paths := map[string]string{
		"deployments": "apis/apps/v1", "replicasets": "apis/apps/v1", "jobs": "apis/batch/v1",
		"horizontalpodautoscalers": "apis/autoscaling/v2",
	}
	got := map[string]int{}
	for resource := range want {
		path, ok := paths[resource]
		if !ok {
			path = "api/v1"
		}
		var list metav1.PartialObjectMetadataList
		err := c.Client.CoreV1().RESTClient().Get().AbsPath(path, resource).
			SetHeader("Accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io").Do(ctx).Into(&list)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", resource, err)
		}
		for _, item := range list.Items {
			// The API server creates objects of its own in these.
			if item.Namespace != metav1.NamespaceDefault && item.Namespace != metav1.NamespaceSystem {
				got[resource]++
			}
		}
	}
	return got, nil
}

// TestEverything runs a Deployment, through a kill of the API server.
func TestEverything(t *testing.T) {
	c := cluster.Start(t, cluster.Everything)
	ctx := t.Context()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node"}}
	if _, err := c.Client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Client.AppsV1().Deployments("default").Create(ctx, deployment(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	wantAvailable(t, c, 3)

	if err := c.KillAPIServer(); err != nil {
		t.Fatal(err)
	}
	if err := c.CompactEtcd(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.StartAPIServer(ctx); err != nil {
		t.Fatal(err)
	}
	scale := []byte(`{"spec":{"replicas":5}}`)
	_, err := c.Client.AppsV1().Deployments("default").Patch(ctx, "web", types.MergePatchType, scale, metav1.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	wantAvailable(t, c, 5)
}

func wantAvailable(t *testing.T, c *cluster.Cluster, replicas int32) {
	t.Helper()
	begin := time.Now()
	err := c.Await(t.Context(), settling, func(ctx context.Context) error {
		d, err := c.Client.AppsV1().Deployments("default").Get(ctx, "web", metav1.GetOptions{})
		if err != nil {
			return err
		}
		if d.Status.AvailableReplicas != replicas {
			return fmt.Errorf("%d of %d replicas available", d.Status.AvailableReplicas, replicas)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d replicas available after %s", replicas, time.Since(begin))
}

func deployment() *appsv1.Deployment {
	labels := map[string]string{"app": "web"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: new(int32(3)),
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "web", Image: "example/web:1"}}},
			},
		},
	}
}

// TestWritePastTheServer creates, changes and deletes pods in etcd, and lists them from the API server.
func TestWritePastTheServer(t *testing.T) {
	c := cluster.Start(t, cluster.Options{})
	objects := slices.Collect(cluster.MorePods(1000, 20, 15))
	want := map[types.NamespacedName]int32{}
	var names []types.NamespacedName
	for _, object := range objects {
		name := types.NamespacedName{Namespace: object.GetNamespace(), Name: object.GetName()}
		names, want[name] = append(names, name), 0
	}
	changed, removed := names[3], names[5]
	want[changed] = 99
	delete(want, removed)
	change := func(pod *corev1.Pod) { pod.Status.ContainerStatuses[0].RestartCount = 99 }
	err := errors.Join(
		c.Put(t.Context(), slices.Values(objects)),
		c.ChangePod(t.Context(), changed, change),
		c.Remove(t.Context(), slices.Values(objects[5:6])),
	)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Await(t.Context(), soon, func(ctx context.Context) error {
		list, err := c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		got := map[types.NamespacedName]int32{}
		for _, pod := range list.Items {
			got[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = pod.Status.ContainerStatuses[0].RestartCount
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("restarts of pods (-want +got):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := c.ChangePod(t.Context(), removed, change); err == nil {
		t.Error("no error for a change of a deleted pod")
	}
}
