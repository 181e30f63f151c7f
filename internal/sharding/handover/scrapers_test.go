package handover_test

import (
	"maps"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// TestOthersScrapers holds whose word counts of how many scrapers there are, and that a
// member gives its own.
func TestOthersScrapers(t *testing.T) {
	m := handover.New(0, "uid0", 0, time.Minute)
	m.SetLayout(handover.Layout{Total: 4})
	f := func(want int) {
		t.Helper()
		if got := m.OthersScrapers(); got != want {
			t.Errorf("others have %d scrapers, want %d", got, want)
		}
	}
	promises := map[int]handover.Promise{}
	promise := func(n int, p handover.Promise) {
		p.Serves = sharding.None()
		promises[n] = p
		m.SetPromises(maps.Clone(promises))
	}
	f(0)
	m.SetPod(1, &handover.Pod{UID: "uid1", Ready: true})
	promise(1, handover.Promise{Holder: "uid1", Scrapers: 2})
	f(2)
	m.SetPod(2, &handover.Pod{UID: "uid2", Ready: true})
	promise(2, handover.Promise{Holder: "uid2", Scrapers: 3})
	f(3)
	promise(2, handover.Promise{Holder: "uid2", Scrapers: 3, Leaving: true})
	f(2)
	promise(2, handover.Promise{Holder: "the one before", Scrapers: 3})
	f(2)
	promise(0, handover.Promise{Holder: "uid0", Scrapers: 5})
	f(2)

	now := time.Unix(1e9, 0)
	if p := m.Decide(now).Promise; p == nil || p.Scrapers != 0 {
		t.Errorf("the first promise: %+v", p)
	}
	m.SetScrapers(2)
	promise(0, handover.Promise{Holder: "uid0", Serial: 1}) // it has arrived
	if p := m.Decide(now).Promise; p == nil || p.Scrapers != 2 {
		t.Errorf("with two scrapers: %+v", p)
	}
}
