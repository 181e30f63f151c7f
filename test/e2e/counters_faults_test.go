package e2e

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/faults"
)

// restartingPods is the number of pods that restart during faults.
const restartingPods = 200

// restarting is a cluster behind a proxy whose pods restart, and exporters that count the restarts: one,
// and four shards.
type restarting struct {
	proxied
	cluster *cluster.Cluster
	pods    []types.NamespacedName
	one     []*exporter.Exporter
	four    []*exporter.Exporter
	gone    map[string]float64 // restarts of deleted pods by workload
	round   int
}

// testCountersThroughFaults restarts and deletes pods while a proxy cuts, repeats and reorders the
// events of all exporters: the sum of a workload's terminations is that of its pods' restarts, and the
// workloads of pods are those that the API server's objects say.
func testCountersThroughFaults(t *testing.T) {
	r := &restarting{cluster: cluster.Start(t, cluster.Options{}), gone: map[string]float64{}}
	r.proxied = startProxy(t, r.cluster)
	const resources = "--resources=pods,deployments,replicasets,jobs"
	r.one = []*exporter.Exporter{start(t, r.kubeconfig, allWorkloadMetrics, resources)}
	for i := range 4 {
		r.four = append(r.four, start(t, r.kubeconfig, allWorkloadMetrics, resources, fmt.Sprint("--shard=", i), "--total-shards=4"))
	}
	for _, e := range slices.Concat(r.one, r.four) {
		await(t, settling, e.Ready, e.Process)
	}
	// All pods are created while they are watched: their restarts count from 0.
	var err error
	r.pods, err = r.cluster.Populate(t.Context(), restartingPods)
	must(t, err)

	nothing := func() {}
	for _, f := range []struct {
		name  string
		fault faults.Fault
		begin func()
	}{
		{"no fault", faults.Fault{}, nothing},
		{"connections cut off", faults.Fault{}, r.Cut},
		{"forced relist", faults.Fault{}, r.expire},
		{"cut mid-object", once(cutMidObject), nothing},
		{"every event twice", faults.Fault{Frame: twice}, r.expire},
		{"every event again after the next", faults.Fault{Frame: again}, nothing},
		{"events out of order", faults.Fault{Frame: swapped}, nothing},
		{"streamed list cut off", cutInStream(restartingPods / 2), r.expire},
		{"500s in the middle of a list", unstreamed(refuse(http.StatusInternalServerError, "InternalError", 2, isNextPage)), r.expire},
	} {
		t.Run(f.name, func(t *testing.T) {
			r.Set(f.fault)
			r.restart(t)
			f.begin()
			r.restart(t)
			r.wantExact(t)
			r.delete(t)
			r.wantExact(t)
			r.Set(faults.Fault{})
		})
	}
}

// expire ends all watches with 410 Gone.
func (r *restarting) expire() {
	for _, resource := range []string{"pods", "replicasets", "deployments", "jobs"} {
		r.Send(resource, faults.Expired())
	}
}

// restart restarts some pods several times.
func (r *restarting) restart(t *testing.T) {
	t.Helper()
	const n = 20
	for i := range 2 * n {
		name := r.pods[(r.round*n+i%n)%len(r.pods)]
		must(t, r.cluster.ChangePod(t.Context(), name, func(p *corev1.Pod) {
			if restart(p, "Error"); i%3 == 0 {
				crash(p, "OOMKilled")
			}
		}))
	}
	r.round++
}

// delete deletes a pod. What happened to a pod that is deleted between two lists is not known, so its
// restarts have been counted.
func (r *restarting) delete(t *testing.T) {
	t.Helper()
	last := r.pods[r.round%len(r.pods)]
	pods := r.cluster.Client.CoreV1().Pods(last.Namespace)
	p, err := pods.Get(t.Context(), last.Name, metav1.GetOptions{})
	must(t, err)
	before, err := r.ended(t.Context(), *p)
	must(t, err)
	for workload, n := range before {
		r.gone[workload] += n
	}
	must(t, pods.Delete(t.Context(), last.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}))
	r.pods = slices.DeleteFunc(r.pods, func(name types.NamespacedName) bool { return name == last })
}

// ended returns how often containers of pods have ended, by the labels of their workload.
func (r *restarting) ended(ctx context.Context, pods ...corev1.Pod) (map[string]float64, error) {
	owners, err := controllersIn(ctx, r.cluster)
	if err != nil {
		return nil, err
	}
	all := map[string]float64{}
	for i := range pods {
		n := 0
		for _, s := range slices.Concat(pods[i].Status.InitContainerStatuses, pods[i].Status.ContainerStatuses) {
			if n += int(s.RestartCount); hasEnded(&s) {
				n++
			}
		}
		if n > 0 {
			all[owners.workload(&pods[i])] += float64(n)
		}
	}
	return all, nil
}

// controllersOf has the controllers of objects by their uid.
type controllersOf map[types.UID]*metav1.OwnerReference

// controllersIn returns the controllers of ReplicaSets and Jobs.
func controllersIn(ctx context.Context, c *cluster.Cluster) (controllersOf, error) {
	all := controllersOf{}
	sets, err := c.Client.AppsV1().ReplicaSets("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range sets.Items {
		all[sets.Items[i].UID] = metav1.GetControllerOf(&sets.Items[i])
	}
	jobs, err := c.Client.BatchV1().Jobs("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	for i := range jobs.Items {
		all[jobs.Items[i].UID] = metav1.GetControllerOf(&jobs.Items[i])
	}
	return all, nil
}

// workload returns the labels of a pod's workload.
func (c controllersOf) workload(p *corev1.Pod) string {
	kind, name := "Pod", p.Name
	for of := metav1.GetControllerOf(p); of != nil; of = c[of.UID] {
		kind, name = of.Kind, of.Name
	}
	return fmt.Sprintf("namespace=%q,workload_kind=%q,workload=%q", p.Namespace, kind, name)
}

// wantExact waits until the sums of terminations and the workloads of pods are those of the API
// server's objects.
func (r *restarting) wantExact(t *testing.T) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		list, err := r.cluster.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		ended, err := r.ended(ctx, list.Items...)
		if err != nil {
			return err
		}
		for workload, n := range r.gone {
			ended[workload] += n
		}
		owners, err := controllersIn(ctx, r.cluster)
		if err != nil {
			return err
		}
		workloads := exporter.Series{}
		for i := range list.Items {
			workloads[fmt.Sprintf("kubestate_pod_workload{%s,%s}", podLabels(&list.Items[i]), strings.TrimPrefix(owners.workload(&list.Items[i]), fmt.Sprintf("namespace=%q,", list.Items[i].Namespace)))] = 1
		}
		for _, exporters := range [][]*exporter.Exporter{r.one, r.four} {
			got, attributed, err := terminations(ctx, exporters)
			if err != nil {
				return err
			}
			if d := cmp.Diff(ended, got); d != "" {
				return fmt.Errorf("terminations of %d exporters (-API server +exporters):\n%s", len(exporters), d)
			}
			if d := cmp.Diff(workloads, attributed); d != "" {
				return fmt.Errorf("workloads of pods of %d exporters (-API server +exporters):\n%s", len(exporters), d)
			}
		}
		return nil
	}, r.one[0].Process)
}

// terminations returns the sums of terminations by the labels of the workload, without 0, and the
// workloads of pods.
func terminations(ctx context.Context, exporters []*exporter.Exporter) (sums map[string]float64, workloads exporter.Series, err error) {
	sums, workloads = map[string]float64{}, exporter.Series{}
	for _, e := range exporters {
		series, err := e.Scrape(ctx)
		if err != nil {
			return nil, nil, err
		}
		for name, value := range series {
			if labels, ok := strings.CutPrefix(name, "kubestate_workload_container_terminations_total{"); ok && value > 0 {
				labels, _, _ = strings.Cut(labels, ",container=")
				sums[labels] += value
			}
			if strings.HasPrefix(name, "kubestate_pod_workload{") {
				workloads[name] = value
			}
		}
	}
	return sums, workloads, nil
}
