package main

import (
	"log/slog"

	"github.com/kubestate/kubestate/internal/memory"
)

// garbage is how many bytes of it may lie about before it is collected: that is
// memory for CPU, see docs/adr/0013-unpacking-and-collecting.md.
const garbage = 6 << 20

// limitMemory has the program live within a share of the memory there is, if that
// can be known.
func limitMemory(share float64, log *slog.Logger) {
	if share == 0 {
		return
	}
	limit, err := memory.Limit(share)
	if err != nil {
		log.Warn("going on without a limit of memory", "err", err)
		return
	}
	log.Debug("memory is limited", "bytes", limit)
}
