package watcher_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// expectLines compares the served lines in any order.
func (f *harness) expectLines(t *testing.T, want string) {
	t.Helper()
	read()
	sorted := func(text string) []string { return slices.Sorted(strings.Lines(text)) }
	if d := cmp.Diff(sorted(want), sorted(text(f.w.Resources()...))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
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

// TestCountersOfOrphans has a ReplicaSet that has lost its Deployment while the watch was interrupted, or told
// by an event.
func TestCountersOfOrphans(t *testing.T) {
	f := func(name string, orphan func(*harness, *testing.T, *request)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newHarness(t, counting(countedPods))
				watches := f.answerEach(t, 8, map[string][]any{
					"Pod": {controlledPod("x", "1", "1", 0)}, "ReplicaSet": {replicaSet("2", "d")}, "Deployment": {deploymentObject("3")},
				})
				watches["Pod"].event("MODIFIED", controlledPod("x", "1", "6", 1))
				f.expect(t, podCounts("Deployment", "d", 1, 0, 0), nil)
				orphan(f, t, watches["ReplicaSet"])
				read()
				time.Sleep(time.Minute)
				const begun = `kubestate_workload_container_terminations_total{namespace="a",workload_kind="ReplicaSet",workload="r",container="c",reason="OOMKilled"} 0`
				if got := text(f.w.Resources()...); !strings.Contains(got, begun) {
					t.Errorf("served %s, want %s", got, begun)
				}
				watches["Pod"].event("MODIFIED", controlledPod("x", "1", "20", 2))
				read()
				const killed = `kubestate_workload_container_terminations_total{namespace="a",workload_kind="ReplicaSet",workload="r",container="c",reason="OOMKilled"} 1`
				if got := text(f.w.Resources()...); !strings.Contains(got, killed) {
					t.Errorf("served %s, want %s", got, killed)
				}
			})
		})
	}
	f("by an event", func(_ *harness, _ *testing.T, q *request) { q.event("MODIFIED", replicaSet("7", "")) })
	f("by a list", func(f *harness, t *testing.T, q *request) {
		q.expire()
		end := endOf(kinds["replicasets"])
		end["metadata"] = listEnds("8")["metadata"]
		f.next(t).watch().event("ADDED", replicaSet("7", "")).event("BOOKMARK", end)
	})
}

// TestCountersStay has a Job that was deleted, by an event or before a list. A Job of its name that a CronJob
// controls is another one: the CronJob does not get its counters.
func TestCountersStay(t *testing.T) {
	f := func(name string, remove func(*harness, *testing.T, *request) *request) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				job := func(uid, version, cronJob string) *batchv1.Job {
					j := &batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: meta("a", "r", uid, 1)}
					if j.ResourceVersion = version; cronJob != "" {
						j.OwnerReferences = []metav1.OwnerReference{{Kind: "CronJob", Name: cronJob, UID: "c", Controller: new(true)}}
					}
					return j
				}
				of := func(name, uid, version, job string) *corev1.Pod {
					p := controlledPod(name, uid, version, 0)
					p.OwnerReferences[0].Kind, p.OwnerReferences[0].UID = "Job", types.UID(job)
					return p
				}
				f := newHarness(t, counting(countedPods))
				watches := f.answerEach(t, 8, map[string][]any{"Job": {job("2", "1", "")}})
				watches["Pod"].event("ADDED", of("x", "1", "6", "2"))
				f.expect(t, podCounts("Job", "r", 0, 1, 0), nil)
				watches["Job"] = remove(f, t, watches["Job"])
				read()
				watches["Job"].event("ADDED", job("3", "11", "nightly"))
				read()
				watches["Pod"].event("ADDED", of("y", "4", "12", "3"))
				f.expectLines(t, podCounts("CronJob", "nightly", 0, 1, 0)+podCounts("Job", "r", 0, 1, 0))
			})
		})
	}
	f("by an event", func(_ *harness, _ *testing.T, q *request) *request {
		deleted := &batchv1.Job{TypeMeta: metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"}, ObjectMeta: meta("a", "r", "2", 1)}
		deleted.ResourceVersion = "9"
		return q.event("DELETED", deleted)
	})
	f("by a list", func(f *harness, t *testing.T, q *request) *request {
		q.expire()
		end := endOf(kinds["jobs"])
		end["metadata"] = listEnds("10")["metadata"]
		return f.next(t).watch().event("BOOKMARK", end)
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

// TestCountersOfNeighbours has a first list whose neighbours differ in the owner, the namespace or the
// memo, or in none of them.
func TestCountersOfNeighbours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		of := func(p *corev1.Pod, namespace, owner, container string) any {
			p.Namespace, p.Status.ContainerStatuses[0].Name = namespace, container
			p.OwnerReferences[0].Name, p.OwnerReferences[0].UID = owner, types.UID("of "+owner)
			return p
		}
		f := newHarness(t, counting(countedPods))
		f.answerEach(t, 8, map[string][]any{"Pod": {
			of(controlledPod("v", "1", "1", 0), "a", "r", "c"), of(controlledPod("w", "2", "2", 0), "a", "r", "c"),
			of(controlledPod("x", "3", "3", 0), "a", "s", "c"), of(controlledPod("y", "4", "4", 0), "b", "s", "c"),
			of(controlledPod("z", "5", "5", 0), "b", "s", "other"),
		}})
		var terminations, others strings.Builder
		const labels = `{namespace=%q,workload_kind="ReplicaSet",workload=%q`
		for _, c := range [][3]string{{"a", "r", "c"}, {"a", "s", "c"}, {"b", "s", "c"}, {"b", "s", "other"}} {
			for _, reason := range []string{"Error", "OOMKilled"} {
				fmt.Fprintf(&terminations, "kubestate_workload_container_terminations_total"+labels+",container=%q,reason=%q} 0\n", c[0], c[1], c[2], reason)
			}
		}
		for _, family := range []string{"pods_created_total%s} 0\n", "pods_deleted_total%s} 0\n", "pod_failures_total%s,reason=\"Evicted\"} 0\n"} {
			for _, w := range [][2]string{{"a", "r"}, {"a", "s"}, {"b", "s"}} {
				fmt.Fprintf(&others, "kubestate_workload_"+family, fmt.Sprintf(labels, w[0], w[1]))
			}
		}
		f.expect(t, terminations.String()+others.String(), nil)
	})
}
