package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// A watchLog has all events of some resources of a namespace, in their order by resource.
type watchLog struct {
	mu     sync.Mutex
	events []watch.Event
	err    error
}

// startLog records the events of pods, ReplicaSets and Jobs of a namespace from now on, until the
// test ends.
func startLog(t *testing.T, c *cluster.Cluster, namespace string) *watchLog {
	t.Helper()
	l := &watchLog{}
	core, apps, batch := c.Client.CoreV1(), c.Client.AppsV1(), c.Client.BatchV1()
	for _, watchFrom := range []func(context.Context, metav1.ListOptions) (watch.Interface, error){
		core.Pods(namespace).Watch, apps.ReplicaSets(namespace).Watch, batch.Jobs(namespace).Watch,
	} {
		list, err := core.Namespaces().List(t.Context(), metav1.ListOptions{})
		must(t, err)
		w, err := watchtools.NewRetryWatcherWithContext(t.Context(), list.ResourceVersion, &cache.ListWatch{WatchFuncWithContext: watchFrom})
		must(t, err)
		t.Cleanup(w.Stop)
		go func() {
			for e := range w.ResultChan() {
				l.add(e)
			}
		}()
	}
	return l
}

func (l *watchLog) add(e watch.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Type {
	case watch.Bookmark:
	case watch.Error:
		l.err = fmt.Errorf("watch: %v", e.Object)
	default:
		e.Object = e.Object.DeepCopyObject()
		l.events = append(l.events, e)
	}
}

// owners returns the controllers in the log, by the uid of the controlled object.
func (l *watchLog) owners() map[types.UID]*metav1.OwnerReference {
	all := map[types.UID]*metav1.OwnerReference{}
	for _, e := range l.events {
		o := e.Object.(metav1.Object)
		if of := metav1.GetControllerOf(o); of != nil {
			all[o.GetUID()] = of
		}
	}
	return all
}

// counts computes the counters of workloads from the events, but those that are 0. The namespace had no
// objects before.
func (l *watchLog) counts() (exporter.Series, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all, owners := exporter.Series{}, l.owners()
	workloadOf := func(o metav1.Object, kind string) string {
		name := o.GetName()
		for of := owners[o.GetUID()]; of != nil; of = owners[of.UID] {
			kind, name = of.Kind, of.Name
		}
		return fmt.Sprintf("namespace=%q,workload_kind=%q,workload=%q", o.GetNamespace(), kind, name)
	}
	pods, ended := map[types.UID]*loggedPod{}, map[types.UID]bool{}
	for _, e := range l.events {
		switch o := e.Object.(type) {
		case *corev1.Pod:
			workload := workloadOf(o, "Pod")
			p := pods[o.UID]
			if p == nil {
				p = &loggedPod{ended: map[string]int32{}}
				pods[o.UID] = p
				all["kubestate_workload_pods_created_total{"+workload+"}"]++
			}
			p.see(o, workload, all)
			if e.Type == watch.Deleted {
				all["kubestate_workload_pods_deleted_total{"+workload+"}"]++
			}
		case *batchv1.Job:
			if c := finishedCondition(o); c != nil && !ended[o.UID] {
				ended[o.UID] = true
				kind, name := "Job", o.Name
				if of := metav1.GetControllerOf(o); of != nil {
					kind, name = of.Kind, of.Name
				}
				result, reason := "succeeded", "Complete"
				if c.Type == batchv1.JobFailed {
					result, reason = "failed", c.Reason
				}
				all[fmt.Sprintf("kubestate_job_results_total{namespace=%q,owner_kind=%q,owner=%q,result=%q,reason=%q}", o.Namespace, kind, name, result, reason)]++
			}
		}
	}
	return all, l.err
}

// finishedCondition returns the condition of a Job that has finished.
func finishedCondition(j *batchv1.Job) *batchv1.JobCondition {
	for i := range j.Status.Conditions {
		c := &j.Status.Conditions[i]
		if c.Status == corev1.ConditionTrue && (c.Type == batchv1.JobComplete || c.Type == batchv1.JobFailed) {
			return c
		}
	}
	return nil
}

// A loggedPod is what has been counted of a pod.
type loggedPod struct {
	ended  map[string]int32 // containers, how often
	failed bool
}

// hasEnded reports whether a container is terminated, or waits for its restart.
func hasEnded(c *corev1.ContainerStatus) bool {
	last := c.LastTerminationState.Terminated
	return c.State.Terminated != nil || c.State.Waiting != nil && last != nil && last.ContainerID != "" && last.ContainerID == c.ContainerID
}

// see adds what is new in a state of the pod.
func (p *loggedPod) see(o *corev1.Pod, workload string, all exporter.Series) {
	for _, c := range slices.Concat(o.Status.InitContainerStatuses, o.Status.ContainerStatuses) {
		var reasons []string // of the last containers that ended, in reverse
		n := c.RestartCount
		if hasEnded(&c) {
			n++
		}
		if t := c.State.Terminated; t != nil {
			reasons = append(reasons, t.Reason)
		}
		if t := c.LastTerminationState.Terminated; t != nil {
			reasons = append(reasons, t.Reason)
		}
		for i := range n - p.ended[c.Name] {
			reason := "unobserved"
			if int(i) < len(reasons) {
				reason = reasons[i]
			}
			all[fmt.Sprintf("kubestate_workload_container_terminations_total{%s,container=%q,reason=%q}", workload, c.Name, reason)]++
		}
		p.ended[c.Name] = max(p.ended[c.Name], n)
	}
	if o.Status.Phase == corev1.PodFailed && !p.failed {
		p.failed = true
		reason := o.Status.Reason
		if reason == "" {
			reason = "Failed"
		}
		all[fmt.Sprintf("kubestate_workload_pod_failures_total{%s,reason=%q}", workload, reason)]++
	}
}
