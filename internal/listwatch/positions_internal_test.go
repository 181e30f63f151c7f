package listwatch

import (
	"testing"

	"github.com/kubestate/kubestate/internal/sharding"
)

// TestPositions checks what is known of changes by where each range is.
func TestPositions(t *testing.T) {
	first, second := sharding.Even(0, 2), sharding.Even(1, 2)
	one := positions{{sharding.All(), "", "7"}}
	if one.contain(0, "a", "5") || one.lowest() != "7" {
		t.Error("a single position contains a change")
	}
	two := append(positions{{sharding.All(), "", "9"}}.intersect(first), positions{{sharding.All(), "", "10"}}.intersect(second)...)
	if got := two.lowest(); got != "9" {
		t.Errorf("lowest is %s", got)
	}
	const inSecond = 1 << 63
	if !two.contain(0, "a", "9") || two.contain(0, "a", "10") || !two.contain(inSecond, "a", "10") || two.contain(inSecond, "a", "11") || two.contain(0, "a", "odd") {
		t.Error("contain is wrong by range")
	}
	two = two.advance("8")
	if two.lowest() != "9" || len(two) != 2 {
		t.Errorf("advance to an earlier version: %v", two)
	}
	two = two.advance("10")
	if len(two) != 1 || two.lowest() != "10" || !two[0].ranges.IsAll() {
		t.Errorf("advance of all to one version: %v", two)
	}
	if got := (positions{{first, "", "9"}, {second, "", "odd"}}).lowest(); got != "" {
		t.Errorf("lowest of versions without an order is %s", got)
	}
	if got := positions(nil).advance("5"); got != nil || got.lowest() != "" {
		t.Errorf("advance of no position: %v", got)
	}
	if got := one.intersect(sharding.None()); got != nil {
		t.Errorf("intersect with no range: %v", got)
	}
	added := append(positions{{sharding.All(), "", "9"}}, position{sharding.All(), "b", "11"})
	if added.contain(0, "a", "10") || !added.contain(0, "b", "10") || !added.contain(0, "b", "11") || added.contain(0, "b", "12") {
		t.Error("contain is wrong by namespace")
	}
	if got := added.intersect(first); got.lowest() != "9" || !got.contain(0, "b", "11") || got.contain(inSecond, "b", "11") {
		t.Errorf("intersect: %v", got)
	}
	if got := added.advance("12"); len(got) != 1 || got.contain(0, "b", "12") {
		t.Errorf("advance beyond an added namespace: %v", got)
	}
}
