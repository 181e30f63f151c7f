package watcher

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
)

// How long the API server may be silent.
const (
	// stall is how long a streamed list may take to its next object, however
	// long it takes as a whole.
	stall = 30 * time.Second
	// silence is how long a watch may be. Bookmarks come about every minute.
	silence = 2 * time.Minute
	// streamAgain is when lists are streamed again after that was of no use.
	streamAgain = 10 * time.Minute
)

// maxResumes is how often a watch that the API server answers with an error is
// tried again before there is a new list.
const maxResumes = 4

// source lists and watches for one feed. It counts every attempt and logs when
// things begin to fail, fail in another way, or work again. Its reflector uses
// it from one goroutine; events report to it from another while that one reads
// them.
type source struct {
	feed           *Feed
	client         *receiver
	resource       schema.GroupVersionResource // as the API server has it
	fields         string                      // selector
	chooseFrom     time.Time                   // the API server is not asked to choose the shard before
	fromCache      bool                        // lists may be
	metrics        *Metrics
	lists, watches *prometheus.CounterVec
	log            *slog.Logger

	// Why the last attempts failed, empty if they did not.
	listFailed, watchFailed metav1.StatusReason
	refusal                 error     // of a streamed list: a list need not be asked for
	streamFrom              time.Time // lists are not streamed before
	resumes                 int       // failed, one after another
	unused                  int       // watches that ended without an event, one after another
	ended                   string    // why the last watch did, see relists
}

// List makes source a cache.ListerWatcher; reflectors call ListWithContext.
func (s *source) List(options metav1.ListOptions) (runtime.Object, error) {
	return s.ListWithContext(context.Background(), options)
}

// Watch makes source a cache.ListerWatcher; reflectors call WatchWithContext.
func (s *source) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return s.WatchWithContext(context.Background(), options)
}

// WatchWithContext watches the feed's objects, from a version on, or beginning
// with a streamed list.
func (s *source) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	options.FieldSelector = s.fields
	if options.SendInitialEvents != nil {
		return s.stream(ctx, options)
	}
	changes, err := s.open(ctx, options, silence)
	s.observe(ctx, s.watches, &s.watchFailed, err, Synced)
	if err == nil {
		s.resumes = 0
		s.feed.health.heard()
		return changes, nil
	}
	if s.resumable(err) {
		// That is the error on which reflectors resume a watch.
		return nil, apierrors.NewTooManyRequests(err.Error(), 0)
	}
	s.endedBy(err)
	return nil, err
}

// stream watches with a streamed list at the beginning. Where that is of no
// use, the reflector lists instead.
func (s *source) stream(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	if s.feed.adopted || s.feed.limit > 0 || time.Now().Before(s.streamFrom) {
		return nil, errNotStreamed
	}
	s.begin()
	changes, err := s.open(ctx, options, stall)
	if apierrors.IsInvalid(err) {
		s.log.Debug("the API server does not stream lists", "err", err)
		s.streamFrom = time.Now().Add(streamAgain)
		return nil, err
	}
	s.observe(ctx, s.watches, &s.watchFailed, err, Syncing)
	if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) {
		s.refusal = err
	}
	return changes, err
}

// begin notes that a list begins. If that is because a watch could not go on, it
// is counted.
func (s *source) begin() {
	s.feed.startOver()
	if s.feed.fresh {
		s.feed.fresh = false
		s.metrics.relists.WithLabelValues(s.feed.resource.Name, cmp.Or(s.ended, "error")).Inc()
	}
	s.ended = ""
	if s.feed.health.current() == Synced {
		s.feed.health.enter(Syncing, "")
	}
}

// endedBy notes why a watch has ended, or could not be resumed.
func (s *source) endedBy(err error) {
	switch {
	case errors.Is(err, errStalled):
		s.log.Warn("a streamed list does not come to its end; listing in pages for a while", "silent", stall)
		s.streamFrom = time.Now().Add(streamAgain)
	case errors.Is(err, errDisorder):
		s.ended = "disorder"
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		s.ended = "expired"
	default:
		s.ended = "error"
	}
	s.log.Debug("the watch cannot go on", "err", err)
}

// open begins a watch. The API server must begin to answer within the limit,
// and then not be silent for longer.
func (s *source) open(ctx context.Context, options metav1.ListOptions, limit time.Duration) (watch.Interface, error) {
	s.feed.share.begin()
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(limit, func() { cancel(errNoAnswer) })
	reading := &batching{}
	from, err := served(ctx, s, options, func(options metav1.ListOptions) (watch.Interface, error) {
		return s.client.watch(reading.with(ctx), s.resource, s.feed.namespace, options)
	})
	late.Stop()
	if err != nil {
		err = cmp.Or(context.Cause(ctx), err)
		cancel(nil)
		return nil, err
	}
	// A connection that is cut off at once is to client-go a watch without events.
	var first watch.Event
	select {
	case event, more := <-from.ResultChan():
		if !more {
			cancel(nil)
			return nil, errCutOff
		}
		first = event
	default:
	}
	return newEvents(s, from, first, limit, options, reading, cancel), nil
}

// resumable says whether a watch that failed with err should be tried again from
// where it ended, rather than after a new list. A failure that comes with an
// answer may be about the version from which to resume.
func (s *source) resumable(err error) bool {
	status, answered := err.(apierrors.APIStatus)
	if !answered {
		return true
	}
	s.resumes++
	code := status.Status().Code
	later := code == http.StatusTooManyRequests || code == http.StatusUnauthorized ||
		code >= http.StatusInternalServerError && !apierrors.IsTimeout(err) // that can mean a version of the future
	return later && s.resumes <= maxResumes
}

// observe notes the outcome of an attempt, and the state that it leads to if it
// succeeds.
func (s *source) observe(ctx context.Context, attempts *prometheus.CounterVec, failed *metav1.StatusReason, err error, next State) {
	if ctx.Err() != nil {
		return // the end of the program, not a failure
	}
	if err == nil {
		attempts.WithLabelValues("success").Inc()
		s.succeeded(failed, next)
		return
	}
	attempts.WithLabelValues("error").Inc()
	reason := reasonFor(err)
	s.feed.health.enter(stateFor(err), string(reason))
	known := reason == s.listFailed || reason == s.watchFailed
	*failed = reason
	if !known {
		s.log.Warn("the API server does not answer as wanted; trying on", "state", s.feed.health.current(), "err", err)
	}
}

// succeeded notes a success. A list is of no use without a watch; a watch makes
// up for a list.
func (s *source) succeeded(failed *metav1.StatusReason, next State) {
	failing := s.listFailed != "" || s.watchFailed != ""
	*failed = ""
	if failed == &s.watchFailed {
		s.listFailed = ""
	}
	if s.watchFailed != "" {
		return
	}
	s.feed.health.enter(next, "")
	if failing {
		s.log.Info("the API server answers again")
	}
}

// stateFor is the state after a failure.
func stateFor(err error) State {
	switch {
	case apierrors.IsForbidden(err):
		return Forbidden
	case apierrors.IsNotFound(err):
		return Absent
	default:
		return Failing
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
