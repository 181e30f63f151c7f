package memory

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercentFor(t *testing.T) {
	f := func(room, live uint64, want int) {
		t.Helper()
		if got := percentFor(room, live); got != want {
			t.Errorf("room of %d beside %d: %d %%, want %d", room, live, got, want)
		}
	}
	f(16<<20, 64<<20, 25)
	f(16<<20, 16<<20, 100)
	f(16<<20, 1<<20, 100)
	f(16<<20, 0, 100)
	f(16<<20, 160<<20, 20)
	f(16<<20, 1<<40, 20)
}

var kept []byte

// TestKeepRoom holds that the percentage follows what is in use.
func TestKeepRoom(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer func() { kept = nil }()
	KeepRoom(16 << 20)
	for _, f := range []struct {
		size     int
		low, top int
	}{{1, 100, 100}, {64 << 20, 15, 30}, {1, 100, 100}} {
		kept = make([]byte, f.size)
		var percent int
		for end := time.Now().Add(time.Minute); time.Now().Before(end); {
			runtime.GC() // whose end is what it waits for
			percent = debug.SetGCPercent(100)
			debug.SetGCPercent(percent)
			if percent >= f.low && percent <= f.top {
				break
			}
		}
		if percent < f.low || percent > f.top {
			t.Errorf("%d bytes in use: %d %%", f.size, percent)
		}
	}
}

// TestKeepRoomOfEnvironment holds that GOGC counts more.
func TestKeepRoomOfEnvironment(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(77))
	t.Setenv("GOGC", "77")
	KeepRoom(16 << 20)
	runtime.GC()
	runtime.GC()
	if percent := debug.SetGCPercent(77); percent != 77 {
		t.Errorf("%d %%", percent)
	}
}

func TestLimit(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
	whole, err := Limit(1)
	if err != nil {
		t.Fatal(err)
	}
	if now := debug.SetMemoryLimit(-1); now != whole || whole <= 0 {
		t.Errorf("limit %d, in force %d", whole, now)
	}
	half, err := Limit(0.5)
	if err != nil || half < whole/2-1 || half > whole/2+1 && whole != math.MaxInt64 {
		t.Errorf("half of %d is %d: %v", whole, half, err)
	}
	if _, err := Limit(2); err == nil {
		t.Error("a share of 2 is no error")
	}
}

// TestLimitOfEnvironment holds that GOMEMLIMIT counts more.
func TestLimitOfEnvironment(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(12345 << 20))
	t.Setenv("GOMEMLIMIT", "12345MiB")
	if limit, err := Limit(0.5); err != nil || limit != 12345<<20 {
		t.Errorf("%d: %v", limit, err)
	}
}
