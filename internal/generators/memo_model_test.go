package generators_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// A life is the log of all states of a pod, and of the reason of each termination by container.
type life struct {
	states  []*corev1.Pod
	reasons map[string][]string
}

var modelReasons = []string{"OOMKilled", "Error", "Completed", "ContainerCannotRun", "DeadlineExceeded", "Strange"}

var waits = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}

// randomLife returns the log of a pod whose containers run, end, wait for their restart and run again.
func randomLife(rnd *rand.Rand) life {
	l := life{reasons: map[string][]string{}}
	p := podOf()
	for range 1 + rnd.IntN(30) {
		p = p.DeepCopy()
		n := len(p.Status.ContainerStatuses)
		if n < 3 && rnd.IntN(8) == 0 || n == 0 {
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, running(fmt.Sprint("c", n), 0))
		} else {
			s := &p.Status.ContainerStatuses[rnd.IntN(n)]
			switch {
			case s.State.Terminated != nil && rnd.IntN(2) == 0:
				s.LastTerminationState, s.State = s.State, waits
			case s.State.Terminated != nil:
				*s = running(s.Name, s.RestartCount+1, s.State.Terminated.Reason)
			case s.State.Waiting != nil && rnd.IntN(3) == 0: // for a moment, before it waits again
				s.State = s.LastTerminationState
			case s.State.Waiting != nil:
				*s = running(s.Name, s.RestartCount+1, s.LastTerminationState.Terminated.Reason)
			default:
				reason := modelReasons[rnd.IntN(len(modelReasons))]
				*s = exited(s.Name, s.RestartCount, reason, lastReason(s)...)
				l.reasons[s.Name] = append(l.reasons[s.Name], reason)
			}
		}
		l.states = append(l.states, p)
	}
	return l
}

// lastReason returns the reason of a container's last termination, if any.
func lastReason(s *corev1.ContainerStatus) []string {
	if t := s.LastTerminationState.Terminated; t != nil {
		return []string{t.Reason}
	}
	return nil
}

// ended returns the number of terminations of a container in a state.
func ended(p *corev1.Pod, name string) (n int) {
	for _, s := range p.Status.ContainerStatuses {
		if s.Name != name {
			continue
		}
		if n = int(s.RestartCount); s.State.Terminated != nil || s.State.Waiting != nil {
			n++
		}
	}
	return n
}

// terminationsOf are the counted terminations of a container by reason, and their sum.
func terminationsOf(c *counter, name string) (byReason map[string]int, sum int) {
	byReason = map[string]int{}
	for _, reason := range append([]string{"unobserved", "other"}, modelReasons...) {
		if n := int(c.total["workload_container_terminations_total,container="+name+",reason="+reason]); n > 0 {
			byReason[reason] = n
			sum += n
		}
	}
	return byReason, sum
}

// naive counts reasons.
func naive(reasons []string) map[string]int {
	byReason := map[string]int{}
	for _, r := range reasons {
		if r == "Strange" {
			r = "other"
		}
		byReason[r]++
	}
	return byReason
}

// TestTerminations counts random lives of pods: all states in order, and states that are skipped,
// repeated and out of order. The sum over reasons is that of restarts and containers that do not run
// in the latest state of those seen, and no reason is counted that no container had.
func TestTerminations(t *testing.T) {
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		l := randomLife(rnd)
		all, some := newCounter(&generators.Pods), newCounter(&generators.Pods)
		for _, s := range l.states {
			all.add(s, true)
		}
		created := rnd.IntN(2) == 0
		first, latest := -1, map[string]int{}
		for i := 0; i < len(l.states); i += rnd.IntN(4) {
			at := max(0, min(len(l.states)-1, i+rnd.IntN(3)-1))
			if first < 0 {
				first = at
			}
			some.add(l.states[at], created)
			for name := range l.reasons {
				latest[name] = max(latest[name], ended(l.states[at], name))
			}
		}
		for name, reasons := range l.reasons {
			truth := naive(reasons)
			if got, _ := terminationsOf(all, name); !cmp.Equal(got, truth) {
				t.Errorf("seed %d, container %s: all states count %v, want %v", seed, name, got, truth)
			}
			got, sum := terminationsOf(some, name)
			want := latest[name]
			if !created {
				want -= ended(l.states[first], name)
			}
			if sum != want {
				t.Errorf("seed %d, container %s: some states count %d of %d", seed, name, sum, want)
			}
			for reason, n := range got {
				if reason != "unobserved" && n > truth[reason] {
					t.Errorf("seed %d, container %s: %s is counted %d times, want at most %d", seed, name, reason, n, truth[reason])
				}
			}
		}
	}
}

// TestMemosJoin has two memos of a pod, the second from a state of the first on, of different states:
// counts up to the join are those of the later one. Joins are in any order, and repeat.
func TestMemosJoin(t *testing.T) {
	for seed := range uint64(500) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		l := randomLife(rnd)
		a := newCounter(&generators.Pods)
		cut := rnd.IntN(len(l.states))
		for _, s := range l.states[:cut+1] {
			a.add(s, true)
		}
		b := *a
		b.total = increments{}
		last := 0
		for _, c := range []*counter{a, &b} {
			end := cut + rnd.IntN(len(l.states)-cut)
			for i := cut; i <= end; i += 1 + rnd.IntN(2) {
				c.add(l.states[i], true)
				last = max(last, i)
			}
		}
		join := string(a.memo.Join(nil, a.text, b.text))
		if again := string(a.memo.Join(nil, join, b.text)); again != join {
			t.Errorf("seed %d: a repeated join is %q, want %q", seed, again, join)
		}
		if self := string(a.memo.Join(nil, join, join)); self != join {
			t.Errorf("seed %d: a join with itself is %q, want %q", seed, self, join)
		}
		a.move(join)
		for name := range l.reasons {
			if _, sum := terminationsOf(a, name); sum != ended(l.states[last], name) {
				t.Errorf("seed %d, container %s: %d terminations, want %d", seed, name, sum, ended(l.states[last], name))
			}
		}
		if again := a.memo.Append(nil, join, l.states[last], false); string(again) != join {
			t.Errorf("seed %d: an old state changes the join", seed)
		}
	}
}

// TestOtherJoins has joins of memos of jobs and nodes.
func TestOtherJoins(t *testing.T) {
	f := func(r generators.Resource, a, b *counter, want ...string) {
		t.Helper()
		join := r.Recipe().Memo.Join(nil, a.text, b.text)
		a.move(string(join))
		if d := cmp.Diff(want, a.total.beyondZero()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	node := func(from *counter, states ...*corev1.Node) *counter {
		c := newCounter(&generators.Nodes)
		if from != nil {
			c.text = from.text
		}
		for _, s := range states {
			c.add(s, true)
		}
		return c
	}
	const changes = "node_condition_changes_total,condition="
	first := node(nil, nodeOf("1", "True"))
	f(&generators.Nodes, node(first, nodeOf("2", "False")), node(first, nodeOf("2", "False"), nodeOf("3", "True")), changes+"Ready,status=false 1", changes+"Ready,status=true 1")
	f(&generators.Nodes, node(first, nodeOf("2", "False"), nodeOf("3", "True")), node(first, nodeOf("2", "False")), changes+"Ready,status=false 1", changes+"Ready,status=true 1")
	f(&generators.Nodes, node(first, nodeOf("2", "False"), nodeOf("3", "True")), node(first, nodeOf("3", "True")), changes+"Ready,status=false 1", changes+"Ready,status=true 1")
	f(&generators.Nodes, node(first), node(first, nodeOf("2", "True", "True"), nodeOf("3", "True", "False")), changes+"Other,status=false 1")
	f(&generators.Nodes, node(first, nodeOf("2", "True", "True"), nodeOf("3", "True", "False")), node(first), changes+"Other,status=false 1")

	job := func(states ...bool) *counter {
		c := newCounter(&generators.Jobs)
		for _, done := range states {
			c.add(jobOf(done), false)
		}
		return c
	}
	const succeeded = "job_results_total,result=succeeded,reason=Complete 1"
	f(&generators.Jobs, job(false), job(false, true), succeeded)
	f(&generators.Jobs, job(false, true), job(false), succeeded)
	f(&generators.Jobs, job(false), job(true), succeeded)
	f(&generators.Jobs, job(true), job(true))
}

// FuzzMemos has texts that are no memos.
func FuzzMemos(f *testing.F) {
	f.Add("", "\x01\x00\x00\x01a\x02\x02\x03", "\x00\x00")
	f.Add("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\xffa", "\x80")
	f.Fuzz(func(_ *testing.T, a, b, c string) {
		for _, r := range []generators.Resource{&generators.Pods, &generators.Jobs, &generators.Nodes} {
			m := r.Recipe().Memo
			m.Count(a, b, func(generators.Increment) {})
			m.Count(a, string(m.Join(nil, b, c)), func(generators.Increment) {})
			m.Append(nil, a, podOf(running("a", 1)), true)
			m.Append(nil, b, jobOf(true), true)
			m.Append(nil, c, nodeOf("1", "True"), true)
		}
	})
}
