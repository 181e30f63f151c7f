package watcher

import (
	"runtime"
	"runtime/debug"
)

// settling is how many rounds of packing it takes until the content of a list is packed.
const settling = 7

// A scavenger returns memory to the system some time after lists, which need more than what
// remains of them. The runtime would keep it for as much again. The zero value is ready to use.
type scavenger struct {
	lists int64 // that had been completed when it was last asked
	left  int   // rounds to wait
}

// round is called after each round of packing, with the number of lists completed so far.
func (r *scavenger) round(lists int64) {
	if r.due(lists) {
		runtime.GC() // pools keep what they hold through one
		debug.FreeOSMemory()
	}
}

func (r *scavenger) due(lists int64) bool {
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
