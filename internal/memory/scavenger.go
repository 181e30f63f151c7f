package memory

import (
	"runtime"
	"runtime/debug"
)

// settling is how many rounds of compaction it takes until the content of a list is compressed.
const settling = 7

// A Scavenger returns memory to the system some time after lists, which need more than what
// remains of them. The runtime would keep it for as much again. The zero value is ready to use.
type Scavenger struct {
	lists int64 // that had been completed when it was last asked
	left  int   // rounds to wait
}

// Round is called after each round of compaction, with the number of lists completed so far.
func (s *Scavenger) Round(lists int64) {
	if s.due(lists) {
		runtime.GC() // pools keep what they hold through one
		debug.FreeOSMemory()
	}
}

func (s *Scavenger) due(lists int64) bool {
	if lists != s.lists {
		s.lists, s.left = lists, settling
		return false
	}
	if s.left == 0 {
		return false
	}
	s.left--
	return s.left == 0
}
