package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestWorkloads has controllers make pods of each kind of workload, and compares the series of
// --workload-metrics with a computation over the objects of the API server: of one exporter, and of
// two shards together, one of which exports pods alone.
func TestWorkloads(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Everything)
	const flag = "--workload-metrics=attribution"
	w := &liveCluster{c: c, e: start(t, c.Kubeconfig, flag)}
	shards := []*exporter.Exporter{
		start(t, c.Kubeconfig, flag, "--shard=0", "--total-shards=2"), start(t, c.Kubeconfig, flag, "--shard=1", "--total-shards=2", "--resources=pods"),
	}
	for _, e := range append(shards, w.e) {
		await(t, settling, e.Ready, e.Process)
	}
	createNamespace(t, c, shop)
	w.nodesJoin(t)
	w.deploymentRollsOut(t)
	w.daemonSetCovers(t)
	w.statefulSetRollsOut(t)
	w.jobCompletes(t)
	w.cronJobFires(t)
	w.createOthers(t)
	w.wantWorkloads(t, shards, "Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "Node", "ConfigMap")

	// Without their Deployment, pods are of their ReplicaSet.
	orphan := metav1.DeletePropagationOrphan
	must(t, c.Client.AppsV1().Deployments(shop).Delete(t.Context(), "web", metav1.DeleteOptions{PropagationPolicy: &orphan}))
	awaitAPI(t, c, func(ctx context.Context) error {
		sets, err := c.Client.AppsV1().ReplicaSets(shop).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err == nil && (len(sets.Items) != 1 || len(sets.Items[0].OwnerReferences) > 0) {
			return fmt.Errorf("replica sets of web: %v", sets.Items)
		}
		return err
	})
	w.wantWorkloads(t, shards, "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "Node", "ConfigMap")

	// A Deployment of that name adopts them.
	w.createDeployment(t, "web", 3, "stages/restarts", "4")
	awaitAPI(t, c, func(ctx context.Context) error {
		sets, err := c.Client.AppsV1().ReplicaSets(shop).List(ctx, metav1.ListOptions{LabelSelector: "app=web"})
		if err == nil && (len(sets.Items) != 1 || len(sets.Items[0].OwnerReferences) == 0) {
			return fmt.Errorf("replica sets of web: %v", sets.Items)
		}
		return err
	})
	w.wantWorkloads(t, shards, "Deployment", "DaemonSet", "StatefulSet", "Job", "CronJob", "Pod", "Node", "ConfigMap")
}

// createOthers creates a bare pod, a mirror pod and a StatefulSet that another object controls.
func (w *liveCluster) createOthers(t *testing.T) {
	t.Helper()
	core := w.c.Client.CoreV1()
	spec := template("bare").Spec
	_, err := core.Pods(shop).Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "bare"}, Spec: spec}, metav1.CreateOptions{})
	must(t, err)
	node, err := core.Nodes().Get(t.Context(), "node-1", metav1.GetOptions{})
	must(t, err)
	mirror := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: "static-node-1", Annotations: map[string]string{corev1.MirrorPodAnnotationKey: "x"},
		OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Node", Name: node.Name, UID: node.UID, Controller: new(true)}},
	}, Spec: spec}
	mirror.Spec.NodeName = node.Name
	_, err = core.Pods(shop).Create(t.Context(), mirror, metav1.CreateOptions{})
	must(t, err)
	owner, err := core.ConfigMaps(shop).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "kafka"}}, metav1.CreateOptions{})
	must(t, err)
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "kafka-brokers", OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID, Controller: new(true)},
		}},
		Spec: appsv1.StatefulSetSpec{Replicas: new(int32(1)), Selector: selector("kafka"), Template: template("kafka"), ServiceName: "kafka"},
	}
	_, err = w.c.Client.AppsV1().StatefulSets(shop).Create(t.Context(), set, metav1.CreateOptions{})
	must(t, err)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		pods, err := w.pods(ctx, "kafka")
		if err == nil && len(pods) != 1 {
			return fmt.Errorf("%d pods of kafka", len(pods))
		}
		return err
	})
}

// wantWorkloads compares the series of the exporter, and those of the shards together, with the API
// server's objects, of which the pods have workloads of all kinds.
func (w *liveCluster) wantWorkloads(t *testing.T, shards []*exporter.Exporter, kinds ...string) {
	t.Helper()
	await(t, atOnce, func(ctx context.Context) error {
		want, err := w.workloads(ctx)
		if err != nil {
			return err
		}
		for _, kind := range kinds {
			if len(want.Containing("kubestate_pod_workload{", fmt.Sprintf("workload_kind=%q", kind))) == 0 {
				return fmt.Errorf("no pod of a %s", kind)
			}
		}
		all, err := seriesOf(ctx, w.e)
		if err != nil {
			return err
		}
		if d := cmp.Diff(want, all); d != "" {
			return fmt.Errorf("workloads (-API server +exporter):\n%s", d)
		}
		divided, err := seriesOf(ctx, shards...)
		if err != nil {
			return err
		}
		// The second shard exports no workloads.
		for name := range divided {
			if !strings.HasPrefix(name, "kubestate_pod_workload{") {
				delete(divided, name)
			}
		}
		for name := range want {
			if !strings.HasPrefix(name, "kubestate_pod_workload{") {
				delete(want, name)
			}
		}
		if d := cmp.Diff(want, divided); d != "" {
			return fmt.Errorf("workloads (-API server +shards):\n%s", d)
		}
		return nil
	}, w.e.Process, shards[0].Process, shards[1].Process)
}

// seriesOf returns the series about workloads of exporters, none of which two may have.
func seriesOf(ctx context.Context, exporters ...*exporter.Exporter) (exporter.Series, error) {
	all := exporter.Series{}
	for _, e := range exporters {
		series, err := e.Scrape(ctx)
		if err != nil {
			return nil, err
		}
		for name, value := range series {
			if !strings.HasPrefix(name, "kubestate_") {
				continue
			}
			if _, twice := all[name]; twice {
				return nil, fmt.Errorf("%s is served twice", name)
			}
			all[name] = value
		}
	}
	return all, nil
}

// workloads computes the series from the API server's objects.
func (w *liveCluster) workloads(ctx context.Context) (exporter.Series, error) {
	all := exporter.Series{}
	controllers := map[types.UID]*metav1.OwnerReference{}
	add := func(o metav1.Object, kind string, states ...any) {
		controllers[o.GetUID()] = metav1.GetControllerOf(o)
		for i := 0; i < len(states); i += 2 {
			name := fmt.Sprintf("kubestate_workload_replicas{namespace=%q,workload_kind=%q,workload=%q,state=%q}", o.GetNamespace(), kind, o.GetName(), states[i])
			all[name] = float64(states[i+1].(int32))
		}
	}
	apps, batch := w.c.Client.AppsV1(), w.c.Client.BatchV1()
	deployments, err := apps.Deployments("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range deployments.Items {
		d := &deployments.Items[i]
		add(d, "Deployment", "desired", *d.Spec.Replicas, "current", d.Status.Replicas, "ready", d.Status.ReadyReplicas, "available", d.Status.AvailableReplicas, "updated", d.Status.UpdatedReplicas)
	}
	sets, err := apps.StatefulSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range sets.Items {
		s := &sets.Items[i]
		add(s, "StatefulSet", "desired", *s.Spec.Replicas, "current", s.Status.Replicas, "ready", s.Status.ReadyReplicas, "available", s.Status.AvailableReplicas, "updated", s.Status.UpdatedReplicas)
	}
	daemons, err := apps.DaemonSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range daemons.Items {
		d := &daemons.Items[i]
		add(d, "DaemonSet", "desired", d.Status.DesiredNumberScheduled, "current", d.Status.CurrentNumberScheduled, "ready", d.Status.NumberReady, "available", d.Status.NumberAvailable, "updated", d.Status.UpdatedNumberScheduled)
	}
	replicas, err := apps.ReplicaSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range replicas.Items {
		r := &replicas.Items[i]
		if len(r.OwnerReferences) > 0 {
			add(r, "ReplicaSet")
		} else {
			add(r, "ReplicaSet", "desired", *r.Spec.Replicas, "current", r.Status.Replicas, "ready", r.Status.ReadyReplicas, "available", r.Status.AvailableReplicas)
		}
	}
	jobs, err := batch.Jobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range jobs.Items {
		j := &jobs.Items[i]
		if j.Status.CompletionTime == nil {
			return nil, fmt.Errorf("job %s runs", j.Name)
		}
		add(j, "Job", "desired", int32(0), "current", j.Status.Active, "ready", *j.Status.Ready)
	}
	crons, err := batch.CronJobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range crons.Items {
		add(&crons.Items[i], "CronJob")
	}
	pods, err := w.c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range pods.Items {
		p := &pods.Items[i]
		kind, name := "Pod", p.Name
		for of := metav1.GetControllerOf(p); of != nil; of = controllers[of.UID] {
			kind, name = of.Kind, of.Name
		}
		all[fmt.Sprintf("kubestate_pod_workload{%s,workload_kind=%q,workload=%q}", podLabels(p), kind, name)] = 1
	}
	return all, nil
}
