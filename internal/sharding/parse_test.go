package sharding_test

import (
	"math"
	"testing"

	"github.com/kubestate/kubestate/internal/sharding"
)

func TestParse(t *testing.T) {
	for _, r := range []sharding.Ranges{
		sharding.All(), sharding.None(), sharding.Even(0, 3), sharding.Even(1, 3), sharding.Even(2, 3),
		sharding.All().Minus(sharding.Even(1, 3)), sharding.All().Minus(sharding.Even(0, 7)).Minus(sharding.Even(3, 7)),
	} {
		if got, err := sharding.Parse(r.String()); err != nil || !got.Equal(r) {
			t.Errorf("%s: %s, %v", r, got, err)
		}
	}
	f := func(text, want string) {
		t.Helper()
		if got, err := sharding.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
	f("", `"": want all, none or ranges`)
	f("some", `"some" is no range`)
	f("[0x1,0x2)", `"[0x1,0x2)" is no range`)
	f("[0x0000000000000002,0x0000000000000001)", `"[0x0000000000000002,0x0000000000000001)" is no range`)
	f("[0x0000000000000001,0x0000000000000001)", `"[0x0000000000000001,0x0000000000000001)" is no range`)
	f("[0x0000000000000000,0x8000000000000000) x", `"x" is no range`)
	f("[0x0000000000000000,0x10000000000000001)", `"[0x0000000000000000,0x10000000000000001)" is no range`)
}

func TestPart(t *testing.T) {
	for _, r := range []sharding.Ranges{
		sharding.All(), sharding.None(), sharding.Even(2, 3), sharding.All().Minus(sharding.Even(1, 3)),
		sharding.All().Minus(sharding.Even(0, 7)).Minus(sharding.Even(3, 7)),
	} {
		for _, n := range []int{1, 2, 3, 5, 8} {
			union := sharding.None()
			for i := range n {
				part := r.Part(i, n)
				if !part.Intersection(union).IsNone() || math.Abs(part.Share()-r.Share()/float64(n)) > 1e-15 {
					t.Errorf("part %d of %d of %s: %s", i, n, r, part)
				}
				union = union.Union(part)
			}
			if !union.Equal(r) {
				t.Errorf("%d parts of %s are %s", n, r, union)
			}
		}
	}
	tiny := sharding.Even(0, math.MaxInt).Part(0, math.MaxInt)
	if !tiny.IsNone() && tiny.Share() > 1e-15 {
		t.Errorf("a part of hardly anything is %s", tiny)
	}
}
