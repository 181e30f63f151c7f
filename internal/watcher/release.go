package watcher

import (
	"runtime"
	"runtime/debug"
)

// settling is how many rounds of packing after a list everything that it brought
// is packed.
const settling = 7

// A release gives memory back to the system some time after lists. They need more
// than what remains of them, and the runtime would keep that for as much again.
// The zero value is ready to use.
type release struct {
	lists int64 // that had been completed when it was last asked
	left  int   // rounds to wait
}

// round is to be called after each round of packing, with how many lists have been
// completed so far.
func (r *release) round(lists int64) {
	if r.due(lists) {
		runtime.GC() // pools keep what they hold through one
		debug.FreeOSMemory()
	}
}

func (r *release) due(lists int64) bool {
	if lists != r.lists {
		r.lists, r.left = lists, settling
		return false
	}
	if r.left == 0 {
		return false
	}
	r.left--
	return r.left == 0
}
