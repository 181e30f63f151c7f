package main

import (
	"log/slog"

	"github.com/kubestate/kubestate/internal/memory"
)

// minGarbage is how many bytes of garbage may accumulate before a collection. It trades memory for
// CPU, see docs/adr/0013-inflate-and-garbage-collection.md.
const minGarbage = 6 << 20

// limitMemory sets the memory limit of the Go runtime to a share of the available memory.
func limitMemory(share float64, log *slog.Logger) {
	if share == 0 {
		return
	}
	limit, err := memory.Limit(share)
	if err != nil {
		log.Warn("no memory limit set", "err", err)
		return
	}
	log.Debug("memory limit set", "bytes", limit)
}
