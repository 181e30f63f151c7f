package watcher_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// countedPods, countedJobs and countedNodes are tables with counters, and without families of their own.
var (
	countedPods  = withoutFamilies(generators.Pods, "pods_nothing")
	countedJobs  = withoutFamilies(generators.Jobs, "jobs_nothing")
	countedNodes = withoutFamilies(generators.Nodes, "nodes_nothing")
)

func withoutFamilies[T metav1.Object](table generators.Table[T], name string) *generators.Table[T] {
	table.Families = []generators.Family[T]{family(name, func(T, *generators.Samples) {})}
	table.Fetch = generators.Fetch[T]{}
	return &table
}

// counting is a configuration of resources and their counters alone.
func counting(resources ...generators.Resource) watcher.Config {
	return watcher.Config{
		Resources: resources, StartupBuckets: []float64{1},
		Selection: generators.Selection{Groups: []generators.Group{generators.Counters}},
	}
}

// answerEach answers the first n requests with streamed lists of objects by kind.
func (f *harness) answerEach(t *testing.T, n int, objects map[string][]any) map[string]*request {
	t.Helper()
	all := map[string]*request{}
	for ; n > 0; n-- {
		q := f.next(t)
		kind := kinds[path.Base(q.r.URL.Path)]
		if q.verb() == "list" {
			var pods []runtime.Object
			for _, o := range objects[kind.Kind] {
				pods = append(pods, o.(runtime.Object))
			}
			q.list("5", pods...)
			n++ // a watch follows
			continue
		}
		all[kind.Kind] = q.watch()
		if q.verb() == "watch" {
			continue
		}
		for _, o := range objects[kind.Kind] {
			q.event("ADDED", o)
		}
		q.event("BOOKMARK", endOf(kind))
	}
	return all
}

// controlledPod is a pod of the ReplicaSet r, with a container that was restarted.
func controlledPod(name, uid, version string, restarts int32) *corev1.Pod {
	p := served(pod("a", name, uid, 1), version)
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "r", UID: "2", Controller: new(true)}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "c", RestartCount: restarts}}
	if restarts > 0 {
		p.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "OOMKilled"}
	}
	return p
}

// replicaSet is the ReplicaSet r, of the Deployment d unless that is empty.
func replicaSet(version, deployment string) *appsv1.ReplicaSet {
	r := &appsv1.ReplicaSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: meta("a", "r", "2", 1)}
	r.ResourceVersion = version
	if deployment != "" {
		r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: deployment, UID: "3", Controller: new(true)}}
	}
	return r
}

func deploymentObject(version string) *appsv1.Deployment {
	d := &appsv1.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}, ObjectMeta: meta("a", "d", "3", 1)}
	d.ResourceVersion = version
	return d
}

// podCounts are the lines of the counters of a workload of namespace a.
func podCounts(kind, name string, oomKilled, created, deleted int) string {
	labels := fmt.Sprintf(`{namespace="a",workload_kind=%q,workload=%q`, kind, name)
	const prefix = "kubestate_workload_"
	return fmt.Sprint(
		prefix, "container_terminations_total", labels, `,container="c",reason="Error"} 0`, "\n",
		prefix, "container_terminations_total", labels, `,container="c",reason="OOMKilled"} `, oomKilled, "\n",
		prefix, "pods_created_total", labels, "} ", created, "\n",
		prefix, "pods_deleted_total", labels, "} ", deleted, "\n",
		prefix, "pod_failures_total", labels, `,reason="Evicted"} 0`, "\n")
}

// TestCounters has events, a relist, and a workload that leaves an hour after its last pod and its
// Deployment.
func TestCounters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, counting(countedPods))
		watches := f.answerEach(t, 8, map[string][]any{
			"Pod": {controlledPod("x", "1", "1", 5)}, "ReplicaSet": {replicaSet("2", "d")}, "Deployment": {deploymentObject("3")},
		})
		f.expect(t, podCounts("Deployment", "d", 0, 0, 0), nil)
		q := watches["Pod"]
		q.event("MODIFIED", controlledPod("x", "1", "6", 6)).event("ADDED", controlledPod("y", "2", "7", 1)).event("MODIFIED", controlledPod("y", "2", "8", 1))
		f.expect(t, podCounts("Deployment", "d", 2, 1, 0), nil)
		q.event("DELETED", controlledPod("x", "1", "9", 7))
		f.expect(t, podCounts("Deployment", "d", 3, 1, 1), nil)
		q.expire()
		f.next(t).want("stream "+anyPods+" resourceVersion=9").watch().event("ADDED", controlledPod("z", "3", "10", 1)).event("BOOKMARK", listEnds("11"))
		f.expect(t, podCounts("Deployment", "d", 4, 2, 2), nil)

		// The Deployment stays without pods, and its counters for an hour without it.
		time.Sleep(3 * time.Hour)
		f.expect(t, podCounts("Deployment", "d", 4, 2, 2), nil)
	})
}

// TestCountersLeave has a workload whose pod and Deployment are deleted.
func TestCountersLeave(t *testing.T) {
	t.Run("all namespaces", func(t *testing.T) { testCountersLeave(t) })
	t.Run("one namespace", func(t *testing.T) { testCountersLeave(t, "a") })
}

func testCountersLeave(t *testing.T, namespaces ...string) {
	synctest.Test(t, func(t *testing.T) {
		config := counting(countedPods)
		config.Namespaces = namespaces
		f := newHarness(t, config)
		watches := f.answerEach(t, 8, map[string][]any{
			"Pod": {controlledPod("x", "1", "1", 0)}, "ReplicaSet": {replicaSet("2", "d")}, "Deployment": {deploymentObject("3")},
		})
		bookmarks := func(d time.Duration) {
			for ; d > 0; d -= time.Minute {
				for kind, q := range watches {
					b := endOf(kinds[strings.ToLower(kind)+"s"])
					b["metadata"] = map[string]any{"resourceVersion": "20"}
					q.event("BOOKMARK", b)
				}
				time.Sleep(time.Minute)
			}
		}
		f.expect(t, podCounts("Deployment", "d", 0, 0, 0), nil)
		watches["Pod"].event("DELETED", controlledPod("x", "1", "6", 0))
		watches["ReplicaSet"].event("DELETED", replicaSet("7", "d"))
		bookmarks(2 * time.Hour)
		f.expect(t, podCounts("Deployment", "d", 0, 0, 1), nil)
		watches["Deployment"].event("DELETED", deploymentObject("21"))
		bookmarks(59 * time.Minute)
		f.expect(t, podCounts("Deployment", "d", 0, 0, 1), nil)
		bookmarks(3 * time.Minute)
		f.expect(t, "", nil)
	})
}

// TestCountersOfLastingPods has a pod that lives on for long after its controllers were deleted.
func TestCountersOfLastingPods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, counting(countedPods))
		watches := f.answerEach(t, 8, map[string][]any{
			"Pod": {controlledPod("x", "1", "1", 0)}, "ReplicaSet": {replicaSet("2", "d")}, "Deployment": {deploymentObject("3")},
		})
		f.expect(t, podCounts("Deployment", "d", 0, 0, 0), nil)
		watches["Deployment"].event("DELETED", deploymentObject("6"))
		watches["ReplicaSet"].event("DELETED", replicaSet("7", "d"))
		for range 90 {
			for kind, q := range watches {
				b := endOf(kinds[strings.ToLower(kind)+"s"])
				b["metadata"] = map[string]any{"resourceVersion": "20"}
				q.event("BOOKMARK", b)
			}
			time.Sleep(time.Minute)
		}
		watches["Pod"].event("DELETED", controlledPod("x", "1", "21", 1))
		f.expect(t, podCounts("Deployment", "d", 1, 0, 1), nil)
	})
}

// TestCountersMove has pods that are known before the controller of their controller, and a bare pod
// that is adopted.
func TestCountersMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, counting(countedPods))
		watches := f.answerEach(t, 8, nil)
		watches["Pod"].event("ADDED", controlledPod("x", "1", "6", 1))
		f.expect(t, podCounts("ReplicaSet", "r", 1, 1, 0), nil)
		watches["ReplicaSet"].event("ADDED", replicaSet("7", "d"))
		f.expect(t, podCounts("Deployment", "d", 1, 1, 0), nil)
		bare := controlledPod("y", "2", "8", 3)
		bare.OwnerReferences = nil
		watches["Pod"].event("ADDED", bare)
		adopted := controlledPod("y", "2", "9", 4)
		watches["Pod"].event("MODIFIED", adopted)
		f.expect(t, strings.ReplaceAll(podCounts("Deployment", "d", 3, 2, 0),
			`container="c",reason="OOMKilled"} 3`+"\n",
			`container="c",reason="OOMKilled"} 3`+"\n"+`kubestate_workload_container_terminations_total{namespace="a",workload_kind="Deployment",workload="d",container="c",reason="unobserved"} 2`+"\n"), nil)
		watches["Pod"].event("DELETED", adopted)
		watches["Pod"].event("DELETED", controlledPod("x", "1", "10", 1))
		read()
		if got := text(f.w.Resources()...); !strings.Contains(got, `pods_deleted_total{namespace="a",workload_kind="Deployment",workload="d"} 2`) {
			t.Errorf("served %s", got)
		}
	})
}

// TestCountersOfJobsAndNodes counts the results of jobs, and changes of conditions of nodes.
func TestCountersOfJobsAndNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		job := func(name, version, cronJob string, conditions ...batchv1.JobConditionType) *batchv1.Job {
			j := &batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: meta("a", name, "j-"+name, 1)}
			if j.ResourceVersion = version; cronJob != "" {
				j.OwnerReferences = []metav1.OwnerReference{{Kind: "CronJob", Name: cronJob, UID: "c", Controller: new(true)}}
			}
			for _, c := range conditions {
				j.Status.Conditions = append(j.Status.Conditions, batchv1.JobCondition{Type: c, Status: "True", Reason: "BackoffLimitExceeded"})
			}
			return j
		}
		machine := func(version string, ready corev1.ConditionStatus) *corev1.Node {
			n := node("m", "n-m", 1)
			n.TypeMeta, n.ResourceVersion = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, version
			n.Status.Conditions = []corev1.NodeCondition{{Type: "Ready", Status: ready}}
			return n
		}
		f := newHarness(t, counting(countedJobs, countedNodes))
		watches := f.answerEach(t, 8, map[string][]any{"Job": {job("x", "1", "backup"), job("done", "1", "backup", batchv1.JobComplete)}, "Node": {machine("1", "True")}})
		watches["Job"].event("MODIFIED", job("x", "6", "backup", batchv1.JobFailed)).event("ADDED", job("y", "7", "backup")).
			event("MODIFIED", job("y", "8", "backup", batchv1.JobComplete)).event("DELETED", job("y", "9", "backup", batchv1.JobComplete)).
			event("ADDED", job("z", "10", "", batchv1.JobComplete))
		watches["Node"].event("MODIFIED", machine("6", "Unknown")).event("MODIFIED", machine("7", "Unknown")).event("MODIFIED", machine("8", "True"))
		results := func(kind, name string, backoff, deadline, complete int) string {
			labels := fmt.Sprintf(`kubestate_job_results_total{namespace="a",owner_kind=%q,owner=%q,result=`, kind, name)
			return fmt.Sprintf("%s\"failed\",reason=\"BackoffLimitExceeded\"} %d\n%s\"failed\",reason=\"DeadlineExceeded\"} %d\n%s\"succeeded\",reason=\"Complete\"} %d\n",
				labels, backoff, labels, deadline, labels, complete)
		}
		changes := `kubestate_node_condition_changes_total{node="m",condition="Ready",status=`
		f.expect(t, results("CronJob", "backup", 1, 0, 1)+results("Job", "z", 0, 0, 1)+
			changes+"\"false\"} 0\n"+changes+"\"true\"} 1\n"+changes+"\"unknown\"} 1\n", nil)
	})
}

// TestCountersAndConfiguration has what other flags do to counters.
func TestCountersAndConfiguration(t *testing.T) {
	f := func(name string, change func(*watcher.Config), requests int, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			config := counting(countedPods)
			change(&config)
			f := newHarness(t, config)
			watches := f.answerEach(t, requests, map[string][]any{"Pod": {controlledPod("x", "1", "1", 0)}})
			watches["Pod"].event("MODIFIED", controlledPod("x", "1", "6", 1)).event("ADDED", controlledPod("y", "2", "7", 2))
			read()
			got := text(f.w.Resources()...)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s (-want +got):\n%s", name, d)
			}
		})
	}
	deny := func(names ...string) func(*watcher.Config) {
		return func(c *watcher.Config) {
			for _, name := range names {
				c.Selection.Deny = append(c.Selection.Deny, pattern(name))
			}
		}
	}
	const labels = `{namespace="a",workload_kind="ReplicaSet",workload="r"`
	f("all but one denied", deny("kubestate_workload_container_terminations_total", "kubestate_workload_pods_deleted_total", "kubestate_workload_pod_failures_total", "kubestate_workload_pod_startup_seconds"),
		8, "kubestate_workload_pods_created_total"+labels+"} 1\n")
	f("all denied", deny("kubestate_workload_container_terminations_total", "kubestate_workload_pods_deleted_total", "kubestate_workload_pod_failures_total", "kubestate_workload_pod_startup_seconds",
		"kubestate_workload_pods_created_total"), 1, "")
	f("no group", func(c *watcher.Config) { c.Selection.Groups = nil }, 1, "")
	f("object limit", func(c *watcher.Config) { c.ObjectLimit = 1 }, 8, podCounts("ReplicaSet", "r", 1, 0, 0)) // y is beyond it
}

// TestCountersOffAndOn turns counters off and on again: they begin anew, where the pods are by then.
func TestCountersOffAndOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		on := counting(countedPods)
		f := newHarness(t, on)
		on.Client = newClient(t, f.config())
		off := on
		off.Selection.Groups = nil
		watches := f.answerEach(t, 8, map[string][]any{"Pod": {controlledPod("x", "1", "1", 1)}})
		watches["Pod"].event("MODIFIED", controlledPod("x", "1", "6", 2))
		f.expect(t, podCounts("ReplicaSet", "r", 1, 0, 0), nil)
		f.w.Change(off)
		f.expect(t, "", nil)
		watches = f.answerEach(t, 1, map[string][]any{"Pod": {controlledPod("x", "1", "6", 2)}})
		watches["Pod"].event("MODIFIED", controlledPod("x", "1", "7", 3)).event("ADDED", controlledPod("y", "2", "8", 0))
		f.expect(t, "", nil)
		f.w.Change(on)
		watches["Pod"].event("MODIFIED", controlledPod("x", "1", "9", 4))
		f.expect(t, "", nil)
		watches = f.answerEach(t, 8, map[string][]any{"Pod": {controlledPod("x", "1", "9", 4), controlledPod("y", "2", "8", 0)}})
		f.expect(t, podCounts("ReplicaSet", "r", 0, 0, 0), nil)
		watches["Pod"].event("MODIFIED", controlledPod("x", "1", "10", 5)).event("ADDED", controlledPod("z", "3", "11", 0)).event("DELETED", controlledPod("y", "2", "12", 0))
		f.expect(t, podCounts("ReplicaSet", "r", 1, 1, 1), nil)
	})
}

// TestRandomCounters changes pods of a random API server, ends and expires their watches, and reloads
// settings that replace targets. The restarts of containers are all counted.
func TestRandomCounters(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 4))
			w := newRandomAPI(seed)
			restarts, containers := map[string]int32{}, map[string]bool{}
			w.onPod = func(p *corev1.Pod) {
				p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: string(p.UID), RestartCount: int32(p.Generation)}}
				p.OwnerReferences[0] = metav1.OwnerReference{Kind: "Widget", Name: "w", UID: types.UID("w"), Controller: new(true)}
			}
			a := &api{}
			a.serve(t, w)
			config := func() watcher.Config {
				c := counting(countedPods)
				c.Client = newClient(t, a.config())
				c.Selection.Extra = []generators.ExtraLabel{{Name: "e", Value: fmt.Sprint(rnd.IntN(3))}}
				if rnd.IntN(3) == 0 {
					c.Namespaces = []string{"n", "other"}
				}
				return c
			}
			of := newWatcher(config(), prometheus.NewRegistry(), &log{about: aboutReason})
			run(t, of)
			time.Sleep(10 * time.Second)
			for range 40 {
				switch n := rnd.IntN(20); {
				case n < 14:
					w.change(fmt.Sprint("object-", rnd.IntN(10)))
				case n < 16:
					w.end()
				case n < 18:
					w.compact()
					w.end()
				default:
					of.Change(config())
				}
				time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
			}
			time.Sleep(3 * time.Minute)
			synctest.Wait()
			w.mu.Lock()
			for _, o := range w.objects {
				restarts[o.uid] = int32(o.version)
				containers[o.uid] = true
			}
			w.mu.Unlock()
			got := map[string]int32{}
			for line := range strings.Lines(text(of.Resources()...)) {
				if _, rest, found := strings.Cut(line, `container="`); found && strings.Contains(line, "terminations") {
					uid, rest, _ := strings.Cut(rest, `"`)
					_, value, _ := strings.Cut(rest, "} ")
					var n int32
					if _, err := fmt.Sscan(value, &n); err != nil {
						t.Fatal(err)
					}
					if containers[uid] {
						got[uid] += n
					}
				}
			}
			if d := cmp.Diff(restarts, got); d != "" {
				t.Errorf("seed %d (-want +got):\n%s", seed, d)
			}
			if len(restarts) == 0 || !slices.Contains(slices.Collect(maps.Keys(got)), slices.Collect(maps.Keys(restarts))[0]) {
				t.Errorf("seed %d: nothing was counted", seed)
			}
		})
	}
}

// TestCountersOfFiles expects none.
func TestCountersOfFiles(t *testing.T) {
	w := newWatcher(counting(countedPods), prometheus.NewRegistry(), aboutFamilies())
	for range 2 {
		err := w.Load(map[schema.GroupVersionKind][]runtime.Object{kinds["pods"]: {controlledPod("x", "1", "1", 1)}})
		if err != nil {
			t.Fatal(err)
		}
	}
	expectText(t, w, "")
}

// TestCountersOfShards extends a shard, which then counts the added pods from their list on, and drops it.
func TestCountersOfShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := counting(countedPods)
		config.Shard = half
		mine := func(p *corev1.Pod, restarts int32, version string) *corev1.Pod {
			return controlledPod(p.Name, string(p.UID), version, restarts)
		}
		x, y := ours("a", "x", 0, 1), theirs("a", "y", 0)
		f := newHarness(t, config)
		watches := f.answerEach(t, 8, map[string][]any{"Pod": {mine(x, 1, "5"), mine(y, 1, "5")}})
		f.w.Reshard(half)
		f.expect(t, podCounts("ReplicaSet", "r", 0, 0, 0), nil)
		watches["Pod"].event("MODIFIED", mine(x, 2, "6"))
		f.w.Reshard(sharding.All())
		f.next(t).wantQuery("shardSelector", sharding.All().Minus(half).Selector()).watch().
			event("ADDED", mine(y, 3, "7")).event("BOOKMARK", listEnds("8"))
		q := f.next(t).want("watch " + anyPods + " resourceVersion=6").watch()
		f.expect(t, podCounts("ReplicaSet", "r", 1, 0, 0), nil)
		q.event("MODIFIED", mine(y, 3, "7")).event("MODIFIED", mine(x, 3, "9")).event("MODIFIED", mine(y, 4, "10"))
		f.expect(t, podCounts("ReplicaSet", "r", 3, 0, 0), nil)
		f.w.Drop(half) // the pods are not deleted
		f.expect(t, podCounts("ReplicaSet", "r", 3, 0, 0), nil)
	})
}
