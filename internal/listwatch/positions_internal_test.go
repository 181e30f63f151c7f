package listwatch

import (
	"testing"

	"github.com/kubestate/kubestate/internal/sharding"
)

// TestPositions holds what is known of changes by where each range is.
func TestPositions(t *testing.T) {
	first, second := sharding.Even(0, 2), sharding.Even(1, 2)
	one := positions{{sharding.All(), "7"}}
	if one.have(0, "5") || one.lowest() != "7" {
		t.Error("one position: what comes is news")
	}
	two := append(positions{{sharding.All(), "9"}}.within(first), positions{{sharding.All(), "10"}}.within(second)...)
	if got := two.lowest(); got != "9" {
		t.Errorf("the lowest is %s", got)
	}
	const inSecond = 1 << 63
	if !two.have(0, "9") || two.have(0, "10") || !two.have(inSecond, "10") || two.have(inSecond, "11") || two.have(0, "odd") {
		t.Error("what is stored is not known by range")
	}
	two = two.reached("8")
	if two.lowest() != "9" || len(two) != 2 {
		t.Errorf("a version that was reached before changes something: %v", two)
	}
	two = two.reached("10")
	if len(two) != 1 || two.lowest() != "10" || !two[0].of.IsAll() {
		t.Errorf("in the same place: %v", two)
	}
	if got := (positions{{first, "9"}, {second, "odd"}}).lowest(); got != "" {
		t.Errorf("of versions without an order the lowest is %s", got)
	}
	if got := positions(nil).reached("5"); got != nil || got.lowest() != "" {
		t.Errorf("nowhere, and then at %v", got)
	}
	if got := one.within(sharding.None()); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}
