package watcher

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
)

// follow keeps the feed in step with the API server until ctx ends.
func (w *Watcher) follow(ctx context.Context, u *watched, f *Feed) {
	labels := prometheus.Labels{"resource": f.resource.TypeName()}
	source := &source{
		feed:      f,
		client:    u.client.receiver(newReception(f.resource, f.share, f.part, w.metrics)),
		resource:  f.resource.Resource,
		fields:    u.fieldSelector(),
		fromCache: u.fromCache,
		metrics:   w.metrics,
		lists:     w.metrics.lists.MustCurryWith(labels),
		watches:   w.metrics.watches.MustCurryWith(labels),
		log:       w.log.With("resource", f.resource.Name, "namespace", f.namespace),
	}
	reflector := cache.NewReflectorWithOptions(source, nil, f, cache.ReflectorOptions{
		Name:            f.name(),
		TypeDescription: f.resource.TypeName(),
		Backoff:         &retry,
		Clock:           impatient{ctx: ctx},
	})
	var pace pace
	for ctx.Err() == nil {
		began := time.Now()
		// What goes wrong with a list or a watch, the source has seen.
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			source.log.Debug("watch ended", "err", err)
		}
		again := time.NewTimer(pace.next(f.health.current(), time.Since(began)))
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
		}
	}
}

// impatient is a clock on which nothing waits longer than a context lasts:
// reflectors wait between attempts without a look at theirs.
type impatient struct {
	clock.RealClock
	ctx context.Context
}

// After is time.After, except that the end of the context is soon enough.
func (c impatient) After(d time.Duration) <-chan time.Time {
	over := make(chan time.Time, 2) // room for both
	unneeded := context.AfterFunc(c.ctx, func() { over <- time.Now() })
	time.AfterFunc(d, func() {
		unneeded()
		over <- time.Now()
	})
	return over
}
