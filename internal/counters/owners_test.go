package counters_test

import (
	"slices"
	"testing"
)

// TestEnd has owners that were deleted. A controller of a later object of their name does not get their counters.
func TestEnd(t *testing.T) {
	l, _ := newLedger()
	addPod(l, deployment("a"), podIncrements(0, 3))
	addPod(l, deployment("b"), podIncrements(0, 3))
	l.End(deployment("a"), true)
	l.EndAll(map[uint64]struct{}{deployment("b").Hash(): {}, deployment("unknown").Hash(): {}})
	l.EndAll(nil)
	for _, o := range []string{"a", "b"} {
		l.Move(deployment(o), deployment("z"))
		if got := l.Resolve(deployment(o), deployment(o)); got != deployment("z") {
			t.Errorf("objects of the later %s count for %v", o, got)
		}
	}
	expect(t, slices.Sorted(slices.Values(podsOf(answer(l, false)))), slices.Sorted(slices.Values(slices.Concat(created("a", 1), created("b", 1))))...)
	l.End(deployment("a"), false) // there is one again, and it is adopted
	l.Move(deployment("a"), deployment("z"))
	expect(t, slices.Sorted(slices.Values(podsOf(answer(l, false)))), slices.Sorted(slices.Values(slices.Concat(created("b", 1), created("z", 1))))...)
}
