// Package memory tells the Go runtime how much memory it may use: a limit, from
// the control group that the process is in, how much garbage may lie about
// below that, and when to return what lists needed.
package memory

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Limit sets the runtime's soft limit (GOMEMLIMIT) to a share of the memory that
// the control group allows, or the machine has if that is unlimited. The share is
// above 0 and at most 1. A limit that the environment sets stays. Limit gives the
// limit in bytes.
func Limit(share float64) (int64, error) {
	limit, err := memlimit.Set(memlimit.WithRatio(share),
		memlimit.WithProvider(memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)))
	if err != nil {
		return 0, fmt.Errorf("memory limit: %w", err)
	}
	return limit, nil
}

// KeepRoom has the collector run whenever about room bytes have been allocated
// since it last ran, or a fifth of what is in use if that is more, unless the
// environment says by GOGC when it is to run. That is for a heap of mostly bytes, in
// which the collector has little to look at: what a run costs grows slowly with the
// heap. The usual share of what is in use would be many runs for a small heap, and much
// garbage for a large one; no share at all would be more and more work for each object.
func KeepRoom(room uint64) {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pace{room: room, live: []metrics.Sample{{Name: "/gc/heap/live:bytes"}}}
	p.adjust()
	p.again()
}

// pace adjusts the collector's percentage after each of its runs.
type pace struct {
	room    uint64
	live    []metrics.Sample
	percent int
}

// again has the pace adjusted once the collector has run: it finds the object
// unused then.
func (p *pace) again() {
	runtime.AddCleanup(&[64]byte{}, func(p *pace) {
		p.adjust()
		p.again()
	}, p)
}

func (p *pace) adjust() {
	metrics.Read(p.live)
	percent := percentFor(p.room, p.live[0].Value.Uint64())
	// Setting it stops the program for a moment: not for nothing.
	if difference := percent - p.percent; difference*difference*100 > p.percent*p.percent {
		p.percent = percent
		debug.SetGCPercent(percent)
	}
}

// The percentage's limits. The runtime does not collect below 4 MiB times the
// percentage anyway.
const (
	minPercent = 20
	maxPercent = 100
)

// percentFor is which percentage of the live bytes room is.
func percentFor(room, live uint64) int {
	return int(min(max(room*100/max(live, 1), minPercent), maxPercent))
}
