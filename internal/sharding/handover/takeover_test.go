package handover_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// view is what the members of a layout of n see of each other when each serves its
// share.
type view struct {
	total    int
	pods     map[int]handover.Pod
	promises map[int]handover.Promise
}

func steady(total int, filtered bool) view {
	v := view{total, map[int]handover.Pod{}, map[int]handover.Promise{}}
	for n := range total {
		uid := fmt.Sprint("uid", n)
		v.pods[n] = handover.Pod{UID: uid, Ready: true}
		v.promises[n] = handover.Promise{Holder: uid, Serial: 1, Serves: sharding.Even(n, total), Filtered: filtered}
	}
	return v
}

// leaves has a member promise that it leaves.
func (v view) leaves(n int) {
	p := v.promises[n]
	p.Leaving = true
	v.promises[n] = p
	v.pods[n] = handover.Pod{UID: p.Holder, Ready: true, Ending: true}
}

// loses has the pod of a member not be ready.
func (v view) loses(n int) { v.pods[n] = handover.Pod{UID: v.promises[n].Holder, Since: "lost"} }

// member is one that sees all that.
func (v view) member(n int) *handover.Member {
	m := handover.New(n, fmt.Sprint("uid", n), 100, time.Minute)
	m.SetLayout(handover.Layout{Total: v.total})
	for i, pod := range v.pods {
		m.SetPod(i, &pod)
	}
	m.SetPromises(v.promises)
	return m
}

// more is what each of the members would have beyond its share, of those that
// would have anything, when it has seen the others for a while.
func (v view) more(after time.Duration) map[int]string {
	more := map[int]string{}
	for n := range v.total {
		if pod := v.pods[n]; !pod.Ready || pod.Ending {
			continue
		}
		m := v.member(n)
		began := time.Unix(1e9, 0)
		m.Decide(began)
		m.Decide(began.Add(after))
		if r := m.Target().Minus(sharding.Even(n, v.total)); !r.IsNone() {
			more[n] = r.String()
		}
	}
	return more
}

func wantMore(t *testing.T, what string, got map[int]string, want ...any) {
	t.Helper()
	wanted := map[int]string{}
	for i := 0; i < len(want); i += 2 {
		wanted[want[i].(int)] = want[i+1].(sharding.Ranges).String()
	}
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		t.Errorf("%s: more is wanted by %v, want %v", what, got, wanted)
	}
}

// TestSuccessor holds that one member lists what another leaves, another one for each,
// unless the API server filters.
func TestSuccessor(t *testing.T) {
	for leaving := range 4 {
		v := steady(4, false)
		v.leaves(leaving)
		wantMore(t, "one leaves", v.more(0), (leaving+1)%4, sharding.Even(leaving, 4))
	}
	v := steady(5, false)
	v.leaves(1)
	v.leaves(2)
	wantMore(t, "two leave", v.more(0), 3, sharding.Even(1, 5), 4, sharding.Even(2, 5))

	v = steady(3, true)
	v.leaves(1)
	part := sharding.Even(1, 3)
	wantMore(t, "the API server filters", v.more(0), 0, part.Part(0, 2), 2, part.Part(1, 2))

	// What another has taken over already is not for the next one.
	v = steady(4, false)
	v.loses(1)
	v.promises[3] = handover.Promise{Holder: "uid3", Serial: 2, Serves: sharding.Even(3, 4).Union(sharding.Even(1, 4))}
	wantMore(t, "it is taken over", v.more(time.Minute), 3, sharding.Even(1, 4))
}

// TestTakeover holds when a member that is not ready is taken over from.
func TestTakeover(t *testing.T) {
	v := steady(4, false)
	v.loses(1)
	wantMore(t, "too early", v.more(time.Minute-time.Nanosecond))
	wantMore(t, "after a minute", v.more(time.Minute), 2, sharding.Even(1, 4))
	wantMore(t, "nobody does", v.more(3*time.Minute), 2, sharding.Even(1, 4), 3, sharding.Even(1, 4))
	v.loses(2)
	wantMore(t, "half are lost", v.more(time.Minute), 0, sharding.Even(2, 4), 3, sharding.Even(1, 4))
	v.loses(3)
	wantMore(t, "most are lost", v.more(time.Hour))

	v = steady(2, false)
	delete(v.pods, 0)
	delete(v.promises, 0)
	wantMore(t, "one of two was never there", v.more(time.Minute), 1, sharding.Even(0, 2))

	// Time counts only while a member is ready and sees the others.
	v = steady(3, false)
	v.loses(0)
	m, now := v.member(1), time.Unix(1e9, 0)
	f := func(after time.Duration, what string, want sharding.Ranges) {
		t.Helper()
		now = now.Add(after)
		m.Decide(now)
		if got := m.Target().Minus(sharding.Even(1, 3)); !got.Equal(want) {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	f(0, "at first", sharding.None())
	m.SetBlind(true)
	f(time.Minute, "it is blind", sharding.None())
	m.SetBlind(false)
	f(time.Minute, "it sees again", sharding.None())
	m.SetPod(1, &handover.Pod{UID: "uid1"})
	f(time.Minute, "it is not ready", sharding.None())
	m.SetPod(1, &handover.Pod{UID: "uid1", Ready: true})
	f(time.Hour, "it is ready again", sharding.None())
	f(time.Minute, "for a minute", sharding.Even(0, 3))
	m.SetPod(0, &handover.Pod{UID: "uid0", Ready: true})
	f(0, "the other is back", sharding.None())
}

// TestResend holds that a promise that is seen by nobody is sent again, as the same.
func TestResend(t *testing.T) {
	m, now := handover.New(0, "uid0", 100, 0), time.Unix(1e9, 0)
	m.SetLayout(handover.Layout{Total: 1})
	first := m.Decide(now).Promise
	if first == nil {
		t.Fatal("nothing is promised")
	}
	if p := m.Decide(now.Add(29 * time.Second)).Promise; p != nil {
		t.Errorf("after 29 seconds %+v is sent", p)
	}
	if p := m.Decide(now.Add(30 * time.Second)).Promise; p == nil || p.Serial != first.Serial {
		t.Errorf("after 30 seconds %+v is sent, want %+v", p, first)
	}
	m.SetPromises(map[int]handover.Promise{0: *first})
	m.Lost(first.Serial) // it was not
	if p := m.Decide(now.Add(time.Hour)).Promise; p != nil {
		t.Errorf("%+v is sent, which is known", p)
	}
}

// TestGone holds whose promises may be taken away.
func TestGone(t *testing.T) {
	v := steady(4, false)
	v.total = 1 // as of now
	delete(v.pods, 2)
	m := v.member(0)
	if got := fmt.Sprint(m.Gone()); got != fmt.Sprint(map[int]handover.Promise{2: v.promises[2]}) {
		t.Errorf("%s", got)
	}
}
