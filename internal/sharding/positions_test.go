package sharding_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/sharding"
)

// TestPositions compares positions of resources that both have, and that one lacks.
func TestPositions(t *testing.T) {
	type p = sharding.Positions
	f := func(a, b p, reaches, covers bool, join p) {
		t.Helper()
		if a.Reaches(b) != reaches || a.Covers(b) != covers {
			t.Errorf("%v reaches %v: %v, covers it: %v", a, b, a.Reaches(b), a.Covers(b))
		}
		if d := cmp.Diff(join, a.Join(b)); d != "" {
			t.Errorf("%v and %v (-want +got):\n%s", a, b, d)
		}
	}
	f(nil, nil, true, true, nil)
	f(p{"pods": "9"}, nil, true, true, p{"pods": "9"})
	f(nil, p{"pods": "9"}, true, false, p{"pods": "9"})
	f(p{"pods": "9"}, p{"pods": "9"}, true, true, p{"pods": "9"})
	f(p{"pods": "9"}, p{"pods": "10"}, false, false, p{"pods": "10"})
	f(p{"pods": "10"}, p{"pods": "9"}, true, true, p{"pods": "10"})
	f(p{"pods": "10", "jobs": "5"}, p{"pods": "9", "jobs": "6"}, false, false, p{"pods": "10", "jobs": "6"})
	f(p{"pods": "10"}, p{"jobs": "6"}, true, false, p{"pods": "10", "jobs": "6"})
}

// TestPositionHas holds which changes are up to a position. One of an unknown version is later.
func TestPositionHas(t *testing.T) {
	f := func(resource, version string, want bool) {
		t.Helper()
		if got := (sharding.Positions{"pods": "18446744073709551617"}).Has(resource, version); got != want {
			t.Errorf("%s %s: %v, want %v", resource, version, got, want)
		}
	}
	f("pods", "18446744073709551617", true)
	f("pods", "18446744073709551618", false)
	f("pods", "9", true)
	f("pods", "", false)
	f("jobs", "9", false)
}

// TestCuts divides cuts by ranges.
func TestCuts(t *testing.T) {
	quarter := func(i int) sharding.Ranges { return sharding.Even(i, 4) }
	at := func(version string) sharding.Positions { return sharding.Positions{"pods": version} }
	f := func(got sharding.Cuts, want ...sharding.Cut) {
		t.Helper()
		if d := cmp.Diff(sharding.Cuts(want), got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	c := sharding.Cuts(nil).With(sharding.Even(0, 2), at("5")).With(quarter(2), at("7"))
	f(c, sharding.Cut{Ranges: sharding.Even(0, 2), At: at("5")}, sharding.Cut{Ranges: quarter(2), At: at("7")})
	f(c.Within(quarter(1).Union(quarter(3))), sharding.Cut{Ranges: quarter(1), At: at("5")})
	f(c.Minus(quarter(0)), sharding.Cut{Ranges: quarter(1), At: at("5")}, sharding.Cut{Ranges: quarter(2), At: at("7")})
	f(c.With(quarter(1), at("6")), sharding.Cut{Ranges: quarter(0), At: at("5")}, sharding.Cut{Ranges: quarter(2), At: at("7")}, sharding.Cut{Ranges: quarter(1), At: at("6")})
	f(c.With(sharding.None(), at("6")), c...)
	if got := c.Ranges(); !got.Equal(quarter(0).Union(quarter(1)).Union(quarter(2))) {
		t.Errorf("the cuts have %s", got)
	}
	if d := cmp.Diff(at("7"), c.Last()); d != "" {
		t.Errorf("last (-want +got):\n%s", d)
	}
}
