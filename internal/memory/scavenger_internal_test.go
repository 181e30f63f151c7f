package memory

import "testing"

// TestScavengerIsDue expects memory to be returned once, settleRounds after the last list.
func TestScavengerIsDue(t *testing.T) {
	var s Scavenger
	due := func(lists int64, rounds int) (times int) {
		for range rounds {
			if s.due(lists) {
				times++
			}
		}
		return times
	}
	f := func(lists int64, rounds, want int) {
		t.Helper()
		if got := due(lists, rounds); got != want {
			t.Errorf("due %d times in %d rounds after %d lists, want %d", got, rounds, lists, want)
		}
	}
	f(0, 100, 0)
	f(1, settleRounds, 0)
	f(1, 1, 1)
	f(1, 100, 0)
	f(2, settleRounds, 0)
	f(3, settleRounds, 0)
	f(3, 1, 1)
	f(3, 100, 0)
}
