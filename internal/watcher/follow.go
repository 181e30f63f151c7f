package watcher

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
)

// retry is the wait between attempts at a resource: longer each time up to a
// limit, spread so that resources do not try all at once, and short again after
// calm has passed without a failure.
var retry = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 1, Steps: 6, Cap: 15 * time.Second}

const calm = 2 * time.Minute

// follow keeps the feed in step with the API server until ctx ends.
func (w *Watcher) follow(ctx context.Context, f *Feed) {
	source := &source{
		feed:     f,
		client:   w.client,
		selector: f.fieldSelector(w.denied),
		lists:    w.metrics.lists.MustCurryWith(prometheus.Labels{"resource": f.resource.GoType}),
		watches:  w.metrics.watches.MustCurryWith(prometheus.Labels{"resource": f.resource.GoType}),
		log:      w.log.With("resource", f.resource.Key, "namespace", f.namespace),
	}
	reflector := cache.NewReflectorWithOptions(source, nil, f, cache.ReflectorOptions{
		Name:            f.name(),
		TypeDescription: f.resource.GoType,
		Backoff:         &retry,
		Clock:           impatient{ctx: ctx},
	})
	_ = retry.DelayWithReset(clock.RealClock{}, calm).Until(ctx, true, true, func(ctx context.Context) (bool, error) {
		// What goes wrong with a list or a watch, the source has seen.
		if err := reflector.ListAndWatchWithContext(ctx); err != nil {
			source.log.Debug("watch ended", "err", err)
		}
		return false, nil
	})
}

// fieldSelector keeps the denied namespaces away from the feed.
func (f *Feed) fieldSelector(denied []string) string {
	if !f.resource.Namespaced {
		return ""
	}
	var terms []string
	for _, namespace := range denied {
		terms = append(terms, "metadata.namespace!="+namespace)
	}
	return strings.Join(terms, ",")
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

// source lists and watches for one feed. It counts every attempt and logs when
// things begin to fail, fail in another way, or work again. Its reflector uses
// it from one goroutine.
type source struct {
	feed           *Feed
	client         *Client
	selector       string
	lists, watches *prometheus.CounterVec
	log            *slog.Logger
	// Why the last attempts failed, empty if they did not.
	listFailed, watchFailed metav1.StatusReason
}

// List makes source a cache.ListerWatcher; reflectors call ListWithContext.
func (s *source) List(options metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), options)
}

// Watch makes source a cache.ListerWatcher; reflectors call WatchWithContext.
func (s *source) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), options)
}

// ListWithContext lists the feed's objects.
func (s *source) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.FieldSelector = s.selector
	s.feed.startOver()
	list, err := s.client.list(ctx, s.feed.resource.Resource, s.feed.namespace, options)
	s.observe(ctx, s.lists, &s.listFailed, err)
	return list, err
}

// WatchWithContext watches the feed's objects.
func (s *source) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.FieldSelector = s.selector
	if options.SendInitialEvents != nil {
		s.feed.startOver()
	}
	changes, err := s.client.watch(ctx, s.feed.resource.Resource, s.feed.namespace, options)
	if options.SendInitialEvents != nil && apierrors.IsInvalid(err) {
		s.log.Debug("the API server does not stream lists", "err", err)
		return changes, err // the reflector lists instead
	}
	s.observe(ctx, s.watches, &s.watchFailed, err)
	return changes, err
}

// observe notes the outcome of an attempt.
func (s *source) observe(ctx context.Context, attempts *prometheus.CounterVec, failed *metav1.StatusReason, err error) {
	if ctx.Err() != nil {
		return // the end of the program, not a failure
	}
	if err == nil {
		attempts.WithLabelValues("success").Inc()
		s.succeeded(failed)
		return
	}
	attempts.WithLabelValues("error").Inc()
	s.feed.refused.Store(apierrors.IsForbidden(err) || apierrors.IsNotFound(err))
	reason := reasonFor(err)
	known := reason == s.listFailed || reason == s.watchFailed
	*failed = reason
	if !known {
		s.log.Warn("the API server does not answer as wanted; trying on", "err", err)
	}
}

// succeeded notes a success. A list is of no use without a watch; a watch makes
// up for a list.
func (s *source) succeeded(failed *metav1.StatusReason) {
	failing := s.listFailed != "" || s.watchFailed != ""
	*failed = ""
	if failed == &s.watchFailed {
		s.listFailed = ""
	}
	if s.watchFailed == "" {
		s.feed.refused.Store(false)
		if failing {
			s.log.Info("the API server answers again")
		}
	}
}

// reasonFor tells kinds of failure apart: by the reason that the server gives,
// or as unreachable.
func reasonFor(err error) metav1.StatusReason {
	if reason := apierrors.ReasonForError(err); reason != metav1.StatusReasonUnknown {
		return reason
	}
	return "Unreachable"
}
