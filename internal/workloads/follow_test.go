package workloads_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/workloads"
)

// TestFollow has chains of references. Each is followed with all owners known before the pod, and
// with each of them known after it, in both orders.
func TestFollow(t *testing.T) {
	f := func(about, kind, name string, p *corev1.Pod, owners ...metav1.Object) {
		t.Helper()
		want := []string{line("n", "a", "1", kind, name)}
		backwards := func(i int) int { return len(owners) - 1 - i }
		forwards := func(i int) int { return i }
		for _, order := range []func(int) int{forwards, backwards} {
			for first := range len(owners) + 1 { // owners before the pod
				x := workloads.NewIndex()
				source, pods := x.Owners(), newPods(x)
				set := func(i int) {
					o := owners[order(i)]
					source.Set(string(o.GetUID()), o)
				}
				for i := range first {
					set(i)
				}
				pods.fill(p)
				for i := first; i < len(owners); i++ {
					set(i)
				}
				if d := cmp.Diff(want, pods.lines(t)); d != "" {
					t.Errorf("%s, %d owners first (-want +got):\n%s", about, first, d)
				}
			}
		}
	}
	f("no controller", "Pod", "a", pod("a", "1"))
	owned := pod("a", "1", "ReplicaSet/r/r")
	owned.OwnerReferences[0].Controller = nil
	f("an owner that is no controller", "Pod", "a", owned, object("r", "Deployment/d/d"))
	owned.OwnerReferences[0].Controller = new(false)
	f("an owner that says so", "Pod", "a", owned, object("r", "Deployment/d/d"))

	web := pod("a", "1", "ReplicaSet/r/r")
	f("missing", "ReplicaSet", "r", web)
	f("one step", "ReplicaSet", "r", web, object("r"))
	f("two steps", "Deployment", "d", web, object("r", "Deployment/d/d"))
	f("an unknown kind", "Rollout", "x", web, object("r", "Rollout/x/x"))
	f("three steps", "Platform", "p", web, object("r", "Deployment/d/d"), object("d", "Platform/p/p"))
	f("another uid", "ReplicaSet", "r", web, object("other", "Deployment/d/d"))
	f("another uid further up", "Deployment", "d", web, object("r", "Deployment/d/d"), object("other", "Platform/p/p"))
	f("UUIDs", "Deployment", "d", pod("a", "1", "ReplicaSet/r/11111111-2222-3333-4444-55555555555a"), object("11111111-2222-3333-4444-55555555555a", "Deployment/d/d"))
	f("a UUID in upper case is another uid", "ReplicaSet", "r", pod("a", "1", "ReplicaSet/r/11111111-2222-3333-4444-55555555555A"),
		object("11111111-2222-3333-4444-55555555555a", "Deployment/d/d"))
	f("two controllers of the pod", "Deployment", "d", pod("a", "1", "ReplicaSet/r/r", "Job/j/j"), object("r", "Deployment/d/d"), object("j", "CronJob/c/c"))
	f("two controllers of the owner", "Deployment", "d", web, object("r", "Deployment/d/d", "Rollout/x/x"), object("d"), object("x", "Platform/p/p"))
	f("a reference without a uid", "ReplicaSet", "r", pod("a", "1", "ReplicaSet/r/"), object("r", "Deployment/d/d"))

	f("a reference to itself", "Loop", "l", pod("a", "1", "Loop/l/l"), object("l", "Loop/l/l"))
	f("a reference to itself, further up", "Loop", "l", web, object("r", "Loop/l/l"), object("l", "Loop/l/l"))
	f("a cycle of two", "B", "b", pod("a", "1", "A/a/a"), object("a", "B/b/b"), object("b", "A/a/a"))
	f("a cycle of three, above one", "C", "c", pod("a", "1", "ReplicaSet/r/r"), object("r", "A/a/a"), object("a", "B/b/b"), object("b", "C/c/c"), object("c", "A/a/a"))

	chain := func(n int) (all []metav1.Object) {
		for i := range n {
			all = append(all, object(fmt.Sprint("u", i), fmt.Sprintf("K%d/n%d/u%d", i+1, i+1, i+1)))
		}
		return all
	}
	long := pod("a", "1", "K0/n0/u0")
	f("fifteen steps", "K15", "n15", long, chain(15)...)
	f("sixteen steps", "K16", "n16", long, chain(16)...)
	f("seventeen steps", "K16", "n16", long, chain(17)...)
}

// TestKindsOfAnyName has users who name kinds that do not exist.
func TestKindsOfAnyName(t *testing.T) {
	x := workloads.NewIndex()
	source, pods := x.Owners(), newPods(x)
	for i := range 5000 {
		source.Set("o", object("o", fmt.Sprintf("Owner%d/a/1", i)))
		pods.Set("1", pod("a", "1", fmt.Sprintf("Kind%d/a/1", i)))
	}
	if d := cmp.Diff([]string{line("n", "a", "1", "Kind4999", "a")}, pods.lines(t)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := x.Kinds(); n > 1000 {
		t.Errorf("%d kinds are remembered", n)
	}
}

// TestStaticPods has pods of the kubelet, with and without a reference to their node.
func TestStaticPods(t *testing.T) {
	f := func(kind, name string, change func(*corev1.Pod)) {
		t.Helper()
		p := pod("a", "1")
		p.Annotations, p.Spec.NodeName = map[string]string{corev1.MirrorPodAnnotationKey: "x"}, "one"
		change(p)
		pods := newPods(workloads.NewIndex())
		pods.fill(p)
		if d := cmp.Diff([]string{line("n", "a", "1", kind, name)}, pods.lines(t)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("Node", "one", func(*corev1.Pod) {})
	f("Node", "two", func(p *corev1.Pod) { p.OwnerReferences = references([]string{"Node/two/x"}) })
	f("Pod", "a", func(p *corev1.Pod) { p.Annotations = nil })
	f("Pod", "a", func(p *corev1.Pod) { p.Spec.NodeName = "" })
}

// TestChanges changes owners and pods of one index, and holds the lines after each change.
func TestChanges(t *testing.T) {
	x := workloads.NewIndex()
	owners, again, pods := x.Owners(), x.Owners(), newPods(x)
	pods.fill(pod("a", "1", "ReplicaSet/r/r"), pod("b", "2", "ReplicaSet/s/s"))
	set := func(s *workloads.Owners, o metav1.Object) func() { return func() { s.Set(string(o.GetUID()), o) } }
	f := func(about string, change func(), workloadOfA, workloadOfB string) {
		t.Helper()
		change()
		var want []string
		for i, of := range []string{workloadOfA, workloadOfB} {
			if of != "" {
				c := controller(of + "/")
				want = append(want, line("n", string(rune('a'+i)), fmt.Sprint(i+1), c.Kind, c.Name))
			}
		}
		if d := cmp.Diff(want, pods.lines(t)); d != "" {
			t.Errorf("%s (-want +got):\n%s", about, d)
		}
	}
	f("nothing", func() {}, "ReplicaSet/r", "ReplicaSet/s")
	f("owner", set(owners, object("r", "Deployment/d/d")), "Deployment/d", "ReplicaSet/s")
	f("adopted", set(owners, object("r", "Deployment/e/e")), "Deployment/e", "ReplicaSet/s")
	f("renamed reference", set(owners, object("r", "Deployment/f/e")), "Deployment/f", "ReplicaSet/s")
	f("controller above", set(owners, object("e", "Platform/p/p")), "Platform/p", "ReplicaSet/s")
	f("second owner", set(owners, object("s", "Deployment/e/e")), "Platform/p", "Platform/p")
	f("another source", set(again, object("e", "Platform/p/p")), "Platform/p", "Platform/p")
	f("deleted from one source", func() { owners.Delete("e") }, "Platform/p", "Platform/p")
	f("deleted from both", func() { again.Delete("e") }, "Deployment/f", "Deployment/e")
	f("deleted again", func() { again.Delete("e") }, "Deployment/f", "Deployment/e")
	f("orphaned", set(owners, object("r")), "ReplicaSet/r", "Deployment/e")
	f("orphaned again", set(owners, object("r")), "ReplicaSet/r", "Deployment/e")
	f("pod adopted", func() { pods.Set("1", pod("a", "1", "ReplicaSet/s/s")) }, "Deployment/e", "Deployment/e")
	f("pod orphaned", func() { pods.Set("1", pod("a", "1")) }, "Pod/a", "Deployment/e")
	f("old owner", set(owners, object("r", "Deployment/d/d")), "Pod/a", "Deployment/e")
	f("pod back", func() { pods.Set("1", pod("a", "1", "ReplicaSet/r/r")) }, "Deployment/d", "Deployment/e")
	f("list of owners", func() {
		b := owners.Begin()
		b.Set("r", object("r", "Rollout/x/x"))
		b.Set("t", object("t", "Rollout/x/x"))
		b.Commit(nil)
	}, "Rollout/x", "ReplicaSet/s")
	f("a part of a list", func() {
		b := owners.Begin()
		b.Set("r", object("r", "Rollout/x/x"))
		b.Set("s", object("s", "Rollout/x/x"))
		b.Commit(func(_, key string) bool { return key == "s" })
	}, "ReplicaSet/r", "Rollout/x")
	f("a list of objects by name, of which the last counts", func() {
		b := owners.Begin()
		b.Set("n/one", object("r", "Rollout/x/x"))
		b.Set("n/one", object("s", "Rollout/y/y"))
		b.Set("n/two", object("r", "Rollout/z/z"))
		b.Set("n/two", object("r"))
		b.Commit(nil)
	}, "ReplicaSet/r", "Rollout/y")
	f("closed", owners.Close, "ReplicaSet/r", "ReplicaSet/s")
	f("set after the end", set(owners, object("r", "Deployment/d/d")), "ReplicaSet/r", "ReplicaSet/s")
	f("committed after the end", func() {
		b := owners.Begin()
		b.Set("r", object("r", "Rollout/x/x"))
		b.Commit(nil)
	}, "ReplicaSet/r", "ReplicaSet/s")
	f("another source continues", set(again, object("s", "Deployment/e/e")), "ReplicaSet/r", "Deployment/e")
	f("pod deleted", func() { pods.Delete("1") }, "", "Deployment/e")
	f("unknown pod deleted", func() { pods.Delete("9") }, "", "Deployment/e")
	f("pod created again", func() { pods.Set("1", pod("a", "1", "ReplicaSet/s/s")) }, "Deployment/e", "Deployment/e")
	f("retained", func() { pods.Retain(func(key string) bool { return key == "1" }) }, "Deployment/e", "")
	f("retained pods follow", func() { again.Delete("s") }, "ReplicaSet/s", "")
}

// TestListOfPods changes owners while a list of pods is received: its lines are those of the owners
// at its end.
func TestListOfPods(t *testing.T) {
	x := workloads.NewIndex()
	owners, pods := x.Owners(), newPods(x)
	owners.Set("r", object("r", "Deployment/d/d"))
	pods.fill(pod("a", "1", "ReplicaSet/r/r"))
	b := pods.Begin()
	b.Set("1", pod("a", "1", "ReplicaSet/r/r"))
	b.Set("2", pod("b", "2", "ReplicaSet/s/s"))
	b.Set("3", pod("c", "3", "ReplicaSet/t/t"))
	b.Set("4", pod("d", "4"))
	owners.Set("s", object("s", "Deployment/d/d"))
	if d := cmp.Diff([]string{line("n", "a", "1", "Deployment", "d")}, pods.lines(t)); d != "" {
		t.Errorf("before the end (-want +got):\n%s", d)
	}
	owners.Set("r", object("r", "Deployment/e/e"))
	if d := cmp.Diff([]string{line("n", "a", "1", "Deployment", "e")}, pods.lines(t)); d != "" {
		t.Errorf("a change before the end (-want +got):\n%s", d)
	}
	b.Finish()
	owners.Set("t", object("t", "Deployment/f/f"))
	b.Commit(func(_, key string) bool { return key != "4" })
	want := []string{line("n", "a", "1", "Deployment", "e"), line("n", "b", "2", "Deployment", "d"), line("n", "c", "3", "Deployment", "f")}
	if d := cmp.Diff(want, pods.lines(t)); d != "" {
		t.Errorf("after the end (-want +got):\n%s", d)
	}
	if got := pods.lines(t, "other"); len(got) > 0 {
		t.Errorf("another namespace has %q", got)
	}
}

// TestKeys has pods by name, as in files: of copies the last one counts, and pods of one uid are
// several.
func TestKeys(t *testing.T) {
	x := workloads.NewIndex()
	owners, pods := x.Owners(), newPods(x)
	b := pods.Begin()
	b.Set("n/a", pod("a", "1", "ReplicaSet/r/r"))
	b.Set("n/a", pod("a", "2", "ReplicaSet/r/r"))
	b.Set("n/b", pod("b", "2", "ReplicaSet/r/r"))
	b.Set("n/c", pod("c", "3", "ReplicaSet/other/r"))
	elsewhere := pod("a", "4", "ReplicaSet/r/r")
	elsewhere.Namespace = "m"
	b.Set("m/a", elsewhere)
	owners.Set("r", object("r", "Deployment/d/d"))
	b.Finish()
	b.Commit(nil)
	f := func(kind, name, ofC string) {
		t.Helper()
		want := []string{line("m", "a", "4", kind, name), line("n", "a", "2", kind, name), line("n", "b", "2", kind, name), line("n", "c", "3", kind, ofC)}
		if d := cmp.Diff(want, pods.lines(t)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("Deployment", "d", "d")
	owners.Delete("r")
	f("ReplicaSet", "r", "other")
	for _, key := range []string{"m/a", "n/c", "n/a", "n/b"} {
		pods.Delete(key)
	}
	if got := x.Sizes(); got != [4]int{0, 0, 0, 1} {
		t.Errorf("sizes without pods: %v", got)
	}
}

// TestUnchangedPods holds that a change of a pod that does not concern its line costs no memory.
func TestUnchangedPods(t *testing.T) {
	x := workloads.NewIndex()
	owners, pods := x.Owners(), newPods(x)
	const uid = "11111111-2222-3333-4444-55555555555a"
	owners.Set("r", object("r", "Deployment/d/d"))
	p, o := pod("a", uid, "ReplicaSet/r/r"), object("r", "Deployment/d/d")
	pods.fill(p)
	r := rendered(uid, p)
	text, ends := r.Text, r.Ends
	set := func() {
		r.Text, r.Ends = text, ends
		pods.Pods.Set(p, r)
		text, ends = r.Text[:len(text)], r.Ends[:len(ends)]
	}
	if n := testing.AllocsPerRun(100, set); n > 0 {
		t.Errorf("a pod takes %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { owners.Set(uid, o) }); n > 0 {
		t.Errorf("an owner takes %v allocations", n)
	}
}
