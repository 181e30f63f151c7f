package watcher

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/kubestate/kubestate/internal/store"
)

// handOver bounds how long a Relay waits for a new Watcher to be complete: a
// resource that may not be read never is.
const handOver = time.Minute

// A Relay stands for one Watcher after another: readers see the content of one
// until the next is complete, then that of the next.
type Relay struct {
	serving atomic.Pointer[Watcher]
	log     *slog.Logger
}

// NewRelay makes a relay that begins with first.
func NewRelay(first *Watcher, log *slog.Logger) *Relay {
	r := &Relay{log: log}
	r.serving.Store(first)
	return r
}

// Resources gives the store of the Watcher that is being served.
func (r *Relay) Resources() []*store.Resource { return r.serving.Load().Resources() }

// Unsynced names what that Watcher has not been complete of once yet.
func (r *Relay) Unsynced() []string { return r.serving.Load().Unsynced() }

// Run runs the watcher that is being served, and each that comes from next,
// until ctx ends.
func (r *Relay) Run(ctx context.Context, next <-chan *Watcher) error {
	stop := running(ctx, r.serving.Load())
	for {
		select {
		case <-ctx.Done():
			stop()
			return nil
		case w := <-next:
			stopNext := running(ctx, w)
			r.awaitComplete(ctx, w)
			r.serving.Store(w)
			stop()
			stop = stopNext
		}
	}
}

func (r *Relay) awaitComplete(ctx context.Context, w *Watcher) {
	patience := time.NewTimer(handOver)
	defer patience.Stop()
	select {
	case <-w.Complete():
	case <-ctx.Done():
	case <-patience.C:
		r.log.Warn("taking up a configuration that is not complete", "missing", w.Unsynced())
	}
}

// running runs w in the background. The result ends that and waits for it.
func running(ctx context.Context, w *Watcher) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.Run(ctx)
	}()
	return func() {
		cancel()
		<-ended
	}
}
