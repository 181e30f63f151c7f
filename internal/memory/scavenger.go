package memory

import (
	"runtime"
	"runtime/debug"
)

// settleRounds is the number of compactions after which the content of a list is compressed.
const settleRounds = 7

// A Scavenger returns memory to the operating system after lists, whose peak exceeds their content.
// The zero value is ready to use.
type Scavenger struct {
	lists int64 // completed before the last Round
	wait  int   // rounds to wait
}

// Round is called after each compaction, with the number of lists completed so far.
func (s *Scavenger) Round(lists int64) {
	if s.due(lists) {
		runtime.GC() // pools keep their content through one run
		debug.FreeOSMemory()
	}
}

func (s *Scavenger) due(lists int64) bool {
	if lists != s.lists {
		s.lists, s.wait = lists, settleRounds
		return false
	}
	if s.wait == 0 {
		return false
	}
	s.wait--
	return s.wait == 0
}
