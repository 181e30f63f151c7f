// Package memory tunes the Go runtime: the memory limit by the process's control group, the garbage
// collector's percentage by the live heap, and the return of memory after lists.
package memory

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Limit sets the runtime's soft memory limit (GOMEMLIMIT) to a share of the control group's limit, or
// of the machine's memory if there is none, unless the environment sets a limit. The share is above 0
// and at most 1. Limit returns the limit in bytes.
func Limit(share float64) (int64, error) {
	limit, err := memlimit.Set(memlimit.WithRatio(share),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	if err != nil {
		return 0, fmt.Errorf("memory limit: %w", err)
	}
	return limit, nil
}

// TuneGC has the collector run after about headroom bytes of allocation, or a fifth of the live heap
// if that is more, unless the environment sets GOGC. A heap of mostly bytes has little to scan: the
// default percentage would mean many runs for a small heap and much garbage for a large one.
func TuneGC(headroom uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	t := &gcTuner{headroom: headroom, liveHeap: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	t.adjust()
	t.afterNextGC()
}

// A gcTuner adjusts the collector's percentage after each run.
type gcTuner struct {
	headroom uint64
	liveHeap []metrics.Sample
	percent  int
}

// afterNextGC has the percentage adjusted after the next run, which finds the object unreachable.
func (t *gcTuner) afterNextGC() {
	runtime.AddCleanup(&[64]byte{}, func(t *gcTuner) {
		t.adjust()
		t.afterNextGC()
	}, t)
}

func (t *gcTuner) adjust() {
	metrics.Read(t.liveHeap)
	percent := gcPercent(t.headroom, t.liveHeap[0].Value.Uint64())
	// SetGCPercent stops the world, so that small differences are ignored.
	if difference := percent - t.percent; difference*difference*100 > t.percent*t.percent {
		t.percent = percent
		debug.SetGCPercent(percent)
	}
}

// Limits of the percentage. The runtime does not collect below 4 MiB times the percentage.
const (
	minPercent = 20
	maxPercent = 100
)

// gcPercent returns headroom as a percentage of the live heap.
func gcPercent(headroom, live uint64) int {
	return int(min(max(headroom*100/max(live, 1), minPercent), maxPercent))
}
