package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
)

func TestGCPercent(t *testing.T) {
	f := func(room, live uint64, want int) {
		t.Helper()
		if got := gcPercent(room, live); got != want {
			t.Errorf("headroom %d, live heap %d: %d %%, want %d", room, live, got, want)
		}
	}
	f(16<<20, 64<<20, 25)
	f(16<<20, 16<<20, 100)
	f(16<<20, 1<<20, 100)
	f(16<<20, 0, 100)
	f(16<<20, 160<<20, 20)
	f(16<<20, 1<<40, 20)
}

var ballast []byte

// TestTuneGC expects the percentage to follow the live heap.
func TestTuneGC(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer func() { ballast = nil }()
	TuneGC(16 << 20)
	for _, f := range []struct {
		size     int
		low, top int
	}{{1, 100, 100}, {64 << 20, 15, 30}, {1, 100, 100}} {
		ballast = make([]byte, f.size)
		for percent := -1; percent < f.low || percent > f.top; {
			runtime.GC()
			percent = debug.SetGCPercent(100)
			debug.SetGCPercent(percent)
		}
	}
}

// TestTuneGCByEnvironment expects GOGC to override TuneGC.
func TestTuneGCByEnvironment(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	t.Setenv("GOGC", "77")
	TuneGC(16 << 20)
	runtime.GC()
	runtime.GC()
	if percent := debug.SetGCPercent(77); percent != 77 {
		t.Errorf("%d %%", percent)
	}
}

func TestLimit(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	all, err := Limit(1)
	if err != nil {
		t.Fatal(err)
	}
	if now := debug.SetMemoryLimit(-1); now != all || all <= 0 {
		t.Errorf("limit %d, in force %d", all, now)
	}
	half, err := Limit(0.5)
	if err != nil || half < all/2-1 || half > all/2+1 && all != math.MaxInt64 {
		t.Errorf("half of %d is %d: %v", all, half, err)
	}
	if _, err := Limit(2); err == nil {
		t.Error("no error for a share of 2")
	}
}

// TestLimitByEnvironment expects GOMEMLIMIT to override Limit.
func TestLimitByEnvironment(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(12345 << 20))
	t.Setenv("GOMEMLIMIT", "12345MiB")
	if limit, err := Limit(0.5); err != nil || limit != 12345<<20 {
		t.Errorf("%d: %v", limit, err)
	}
}
