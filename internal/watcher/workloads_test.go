package watcher_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

var (
	// attributed is the table of pods with a derived family.
	attributed = func() *generators.Table[*corev1.Pod] {
		table := *pods
		table.Families = append(slices.Clone(pods.Families), generators.Family[*corev1.Pod]{
			Name: "pod_workload", Type: generators.Gauge, Stability: generators.Alpha, Labels: generators.Labels{"kind", "name"}, Help: "Help.",
			Derived: func(p metav1.Object, s *generators.Samples) {
				if c := metav1.GetControllerOf(p); c != nil {
					s.One(c.Kind, c.Name)
				}
			},
		})
		return &table
	}()
	replicaSets = &generators.Table[*appsv1.ReplicaSet]{
		Resource: appsv1.SchemeGroupVersion.WithResource("replicasets"),
		Kind:     "ReplicaSet",
		Scope:    generators.Namespaced,
		Identity: generators.Identity{generators.Namespace, generators.Name("replicaset")},
		Families: []generators.Family[*appsv1.ReplicaSet]{
			family("replicaset_generation", func(r *appsv1.ReplicaSet, s *generators.Samples) { s.Int(r.Generation) }),
		},
	}
)

// TestRandomWorkloads changes objects and the configuration: whether ReplicaSets are exported, pods
// attributed, objects of another namespace kept, series limited, and whether finished pods leave and with
// them their workloads. Lines follow after at most three minutes.
func TestRandomWorkloads(t *testing.T) {
	seeds := uint64(20)
	if testing.Short() {
		seeds = 5
	}
	withheld := 0
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 3))
			w := newRandomAPI(seed)
			a := &api{}
			a.serve(t, w)
			parts := 1 + rnd.IntN(3)
			config := func() watcher.Config {
				c := watcher.Config{Client: newClient(t, a.config()), Resources: []generators.Resource{attributed}, Parts: parts}
				if rnd.IntN(3) == 0 {
					c.Budgets.Series = map[string]int{"pods": []int{10, 50, 100000}[rnd.IntN(3)]}
				}
				if rnd.IntN(2) == 0 {
					c.FinishedAfter = map[string]time.Duration{"pods": leaveAfter}
					c.FinishedKeep = []generators.Pattern{pattern([]string{"pod_last", "pod_workload"}[rnd.IntN(2)])}
				}
				if rnd.IntN(4) == 0 {
					c.Resources[0] = pods
				}
				if rnd.IntN(2) == 0 {
					c.Resources = append(c.Resources, replicaSets)
				}
				if rnd.IntN(3) == 0 {
					c.Namespaces = []string{"n", "other"}[:1+rnd.IntN(2)]
				}
				if rnd.IntN(3) == 0 {
					c.Shard = sharding.Even(rnd.IntN(2), 2)
				}
				return c
			}
			now := config()
			of := newWatcher(now, prometheus.NewRegistry(), &log{about: aboutReason})
			run(t, of)
			expect := func() {
				t.Helper()
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				want, got := map[string]int{}, map[string]int{}
				w.mu.Lock()
				for _, o := range w.objects {
					if !now.Shard.Holds(sharding.Hash(o.uid)) {
						continue
					}
					left := now.FinishedAfter != nil && !o.deleted.IsZero()
					if !left {
						want[fmt.Sprintf("pod_generation{namespace=\"n\",pod=%q} %d\n", o.name, o.version)] = 1
					}
					if now.Resources[0] == attributed && (!left || now.FinishedKeep[0].MatchString("pod_workload")) {
						want[fmt.Sprintf("pod_workload{namespace=\"n\",pod=%q,kind=\"Deployment\",name=%q} 1\n", o.name, o.deployment())] = 1
					}
				}
				w.mu.Unlock()
				for line := range strings.Lines(text(of.Resources()...)) {
					if strings.HasPrefix(line, "pod_generation{") || strings.HasPrefix(line, "pod_workload{") {
						got[line]++
					}
				}
				for _, r := range of.Resources() {
					if report, limited := r.Budgets(); limited {
						used := strings.Count(text(r), "} ")
						if d := cmp.Diff([]store.BudgetUse{{Limit: now.Budgets.Series["pods"], Used: used}}, report.Uses); d != "" {
							t.Fatalf("seed %d, budget of %d lines (-want +got):\n%s", seed, used, d)
						}
						if report.Withheld[0].Objects > 0 { // chosen by age, which is not modelled
							withheld++
							maps.DeleteFunc(want, func(line string, _ int) bool { return got[line] == 0 })
						}
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Fatalf("seed %d (-want +got):\n%s", seed, d)
				}
			}
			for range 30 {
				switch n := rnd.IntN(20); {
				case n < 12:
					for range 1 + rnd.IntN(20) {
						w.change(fmt.Sprint("object-", rnd.IntN(40)))
					}
				case n < 14:
					w.end()
				case n < 16:
					w.compact()
					w.end()
				case n < 18:
					now = config()
					of.Change(now)
				default:
					expect()
				}
				time.Sleep(time.Duration(rnd.Int64N(int64(2 * time.Second))))
			}
			expect()
		})
	}
	if withheld == 0 {
		t.Error("no budget withheld a pod")
	}
}

// TestOwnerRequests holds which resources are requested for the workloads of pods, in which
// namespaces, and that only their metadata is.
func TestOwnerRequests(t *testing.T) {
	const (
		whole    = "application/vnd.kubernetes.protobuf,application/json"
		metadata = "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1," + whole
	)
	f := func(config watcher.Config, want map[string]string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, config)
			got := map[string]string{}
			for range want {
				q := f.next(t)
				got[q.String()] = q.r.Header.Get("Accept")
				if shard := q.r.URL.Query().Get("shardSelector"); (shard == "") != (config.Shard.IsAll() || !strings.HasSuffix(q.r.URL.Path, "pods")) {
					t.Errorf("%s has the shard %q", q, shard)
				}
			}
			synctest.Wait()
			select {
			case q := <-f.requests:
				t.Errorf("unexpected request %s", q)
			default:
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("requests by Accept header (-want +got):\n%s", d)
			}
		})
	}
	requests := func(namespaces ...string) map[string]string {
		all := map[string]string{}
		for _, in := range namespaces {
			all["stream /api/v1/"+in+"pods"] = whole
			for _, owner := range []string{"apis/apps/v1/%sdaemonsets", "apis/apps/v1/%sdeployments", "apis/apps/v1/%sreplicasets", "apis/apps/v1/%sstatefulsets", "apis/batch/v1/%scronjobs", "apis/batch/v1/%sjobs", "api/v1/%sreplicationcontrollers"} {
				all[fmt.Sprintf("stream /"+owner, in)] = metadata
			}
		}
		return all
	}
	resources := func(all ...generators.Resource) []generators.Resource { return all }
	f(watcher.Config{Resources: resources(attributed)}, requests(""))
	f(watcher.Config{Resources: resources(attributed), Namespaces: []string{"a", "b"}}, requests("namespaces/a/", "namespaces/b/"))
	f(watcher.Config{Resources: resources(attributed), Shard: half}, requests(""))
	f(watcher.Config{Resources: resources(attributed), Selection: without("pod_workload")}, map[string]string{"stream /api/v1/pods": whole})
	exported := requests("")
	exported["stream /apis/apps/v1/replicasets"] = whole
	f(watcher.Config{Resources: resources(replicaSets, attributed)}, exported)
	selected := requests("")
	selected["stream /apis/apps/v1/replicasets labelSelector=a=b"] = whole
	f(watcher.Config{
		Resources: resources(replicaSets, attributed),
		Selectors: map[schema.GroupResource]string{replicaSets.Resource.GroupResource(): "a=b"},
		Budgets:   watcher.Budgets{Series: map[string]int{"replicasets.apps": 1}, Namespace: 1},
	}, selected)
	const asMetadata = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
	custom := requests("")
	custom["stream /apis/example.com/v1/widgets"] = "application/json"
	f(watcher.Config{Resources: resources(attributed, widgets)}, custom)
	custom = requests("")
	custom["stream /apis/example.com/v1/widgets"] = asMetadata
	custom["stream /apis/example.com/v1/widgets labelSelector=a=b"] = "application/json"
	f(watcher.Config{
		Resources: resources(attributed, widgets), Selectors: map[schema.GroupResource]string{widgets.Resource.GroupResource(): "a=b"},
	}, custom)
	f(watcher.Config{Resources: resources(replicaSets), Selection: without("x")}, map[string]string{"stream /apis/apps/v1/replicasets": whole})
}

// TestForbiddenOwners has an API server that refuses ReplicaSets: the pods are served, and name their
// ReplicaSet.
func TestForbiddenOwners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Resources: []generators.Resource{attributed}, Selection: without("pod_generation", "pod_last")})
		p := served(pod("a", "x", "1", 1), "1")
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "r", UID: "2", Controller: new(true)}}
		answer := func(q *request) {
			switch kind := kinds[path.Base(q.r.URL.Path)]; kind.Kind {
			case "ReplicaSet":
				q.fail(http.StatusForbidden, metav1.StatusReasonForbidden)
			case "Pod":
				q.watch().event("ADDED", p).event("BOOKMARK", listEnds("5"))
			default:
				q.watch().event("BOOKMARK", endOf(kind))
			}
		}
		for range 8 {
			answer(f.next(t))
		}
		time.Sleep(10 * time.Second) // 403 of a starting API server does not count
		f.expect(t, "pod_workload{namespace=\"a\",pod=\"x\",kind=\"ReplicaSet\",name=\"r\"} 1\n", nil)
	})
}

// endOf is the bookmark that ends a streamed list of a kind.
func endOf(kind schema.GroupVersionKind) map[string]any {
	b := maps.Clone(listEnds("5"))
	b["apiVersion"], b["kind"] = kind.ToAPIVersionAndKind()
	return b
}

// answerAll answers the next n requests with streamed lists: of pods of a ReplicaSet r, and of it
// unless it is gone. It returns the requests by kind.
func (f *harness) answerAll(t *testing.T, n int, gone bool) map[string]*request {
	t.Helper()
	p := served(pod("a", "x", "1", 1), "1")
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "r", UID: "2", Controller: new(true)}}
	r := &appsv1.ReplicaSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: meta("a", "r", "2", 1)}
	r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "d", UID: "3", Controller: new(true)}}
	all := map[string]*request{}
	for range n {
		q := f.next(t)
		kind := kinds[path.Base(q.r.URL.Path)]
		all[kind.Kind] = q.watch()
		switch {
		case kind.Kind == "Pod":
			q.event("ADDED", p)
		case kind.Kind == "ReplicaSet" && !gone:
			q.event("ADDED", r)
		}
		q.event("BOOKMARK", endOf(kind))
	}
	return all
}

const (
	ofDeployment = `pod_workload{namespace="a",pod="x",kind="Deployment",name="d"} 1` + "\n"
	ofReplicaSet = `pod_workload{namespace="a",pod="x",kind="ReplicaSet",name="r"} 1` + "\n"
)

// TestOwnersOfReplacedLists replaces a list of ReplicaSets by one that lacks an object: it is not
// followed any more.
func TestOwnersOfReplacedLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{attributed}, Selection: without("pod_generation", "pod_last")}
		f := newHarness(t, config)
		f.answerAll(t, 8, false)
		f.expect(t, ofDeployment, nil)
		config.Namespaces = []string{"a"}
		f.change(t, config, "pods", "metadata/cronjobs", "metadata/daemonsets", "metadata/deployments", "metadata/jobs", "metadata/replicasets", "metadata/replicationcontrollers", "metadata/statefulsets")
		f.answerAll(t, 8, true)
		read()
		f.expect(t, ofReplicaSet, nil)
	})
}

// TestOwnersOfExportedLists begins and ends to follow the ReplicaSets of an exported list, which is
// then listed again.
func TestOwnersOfExportedLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config := watcher.Config{Resources: []generators.Resource{pods, replicaSets}, Selection: without("pod_generation", "pod_last", "replicaset_generation")}
		f := newHarness(t, config)
		f.answerAll(t, 2, false)
		f.expect(t, "", nil)
		others := []string{"metadata/cronjobs", "metadata/daemonsets", "metadata/deployments", "metadata/jobs", "metadata/replicationcontrollers", "metadata/statefulsets"}
		config.Resources = []generators.Resource{attributed, replicaSets}
		f.change(t, config, append([]string{"pods", "replicasets"}, others...)...)
		f.answerAll(t, 8, false)
		read()
		f.expect(t, ofDeployment, nil)
		config.ObjectLimit = 5 // then only a list of its own has all ReplicaSets
		f.change(t, config, "pods", "replicasets", "metadata/replicasets")
	})
}

// TestWorkloadsOfFinishedPods has a pod that arrives after its time to leave: its workload leaves, or
// is kept and followed.
func TestWorkloadsOfFinishedPods(t *testing.T) {
	f := func(keep, finished, followed string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			config := watcher.Config{
				Resources: []generators.Resource{attributed}, Selection: without("pod_generation", "pod_last", finishedObjects),
				FinishedAfter: map[string]time.Duration{"pods": leaveAfter}, FinishedKeep: []generators.Pattern{pattern(keep)},
			}
			f := newHarness(t, config)
			watches := f.answerAll(t, 8, false)
			f.expect(t, ofDeployment, nil)
			p := served(pod("a", "x", "1", 1), "6")
			p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: "r", UID: "2", Controller: new(true)}}
			p.DeletionTimestamp = new(metav1.NewTime(time.Now().Add(-time.Hour)))
			watches["Pod"].event("MODIFIED", p)
			f.expect(t, finished, nil)
			watches["ReplicaSet"].event("DELETED", &appsv1.ReplicaSet{
				TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, ObjectMeta: meta("a", "r", "2", 1),
			})
			f.expect(t, followed, nil)
		})
	}
	f("pod_last", "", "")
	f("pod_workload", ofDeployment, ofReplicaSet)
}
