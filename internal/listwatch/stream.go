package listwatch

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/sharding"
)

const (
	// stall bounds the time between two objects of a streamed list.
	stall = 30 * time.Second
	// silence bounds the time between two events of a watch. Bookmarks come about every minute.
	silence = 2 * time.Minute
	// briefly is the duration below which a watch that ends is short or brief.
	briefly = time.Second
)

// Why the loop ends a request.
var (
	errNoResponse = errors.New("no response from the API server")
	errSilent     = errors.New("the API server sends nothing")
	errNarrowed   = errors.New("the shard is smaller now")
	errDisorder   = errors.New("an event is older than one before it")
)

// A stream is the response to a watch request, which may begin with a list.
type stream struct {
	*apiclient.Stream
	ctx    context.Context
	end    context.CancelCauseFunc
	idle   *time.Timer
	limit  atomic.Int64 // of idle, in nanoseconds
	began  time.Time
	shard  sharding.Ranges // requested
	events int             // of the watch
	last   string          // version that later events must not be behind; empty while there is no order
}

// open sends a watch request. The server must begin to respond within the limit, from when the
// request is sent, and then send something in each such time.
func (l *Loop) open(ctx context.Context, options metav1.ListOptions, limit time.Duration) (*stream, error) {
	l.Shard.begin()
	s := &stream{shard: l.Shard.Present(), began: time.Now(), last: options.ResourceVersion}
	s.ctx, s.end = context.WithCancelCause(ctx)
	var opened atomic.Bool
	late := time.AfterFunc(limit, func() {
		if !opened.Load() {
			s.end(errNoResponse)
		}
	})
	// Connecting has limits of its own.
	ctx = httptrace.WithClientTrace(s.ctx, &httptrace.ClientTrace{
		GetConn:      func(string) { late.Stop() },
		WroteHeaders: func() { late.Reset(limit) },
	})
	// 5 to 10 minutes, so that not all watches end at once.
	options.AllowWatchBookmarks, options.TimeoutSeconds = true, new(int64(wait.Jitter(5*time.Minute, 1).Seconds()))
	var err error
	s.Stream, err = l.client.Watch(ctx, l.query(s.shard, options))
	opened.Store(true)
	late.Stop()
	if err != nil {
		err = cmp.Or(context.Cause(s.ctx), err)
		s.end(nil)
		return nil, err
	}
	s.idle = time.AfterFunc(time.Hour, func() { l.checkIdle(s) })
	s.allow(limit)
	return s, nil
}

// allow has the stream be idle for a limit from now on.
func (s *stream) allow(limit time.Duration) {
	s.limit.Store(int64(limit))
	s.idle.Reset(limit)
}

// checkIdle ends a stream that was idle for its limit. Objects of other shards are signs of
// life too, from which no event comes.
func (l *Loop) checkIdle(s *stream) {
	last, limit := time.Unix(0, l.Shard.last.Load()), time.Duration(s.limit.Load())
	if since := time.Since(last); since < limit {
		l.heard(last)
		s.idle.Reset(limit - since)
		return
	}
	s.end(errSilent)
}

// close ends the request.
func (s *stream) close() {
	s.idle.Stop()
	s.end(nil)
	s.Close()
}

// closeStream ends a list that was to go on as a watch.
func (l *Loop) closeStream() {
	if l.stream != nil {
		l.stream.close()
		l.stream = nil
	}
}

// streamList requests a watch that begins with the list, and keeps it for watch.
func (l *Loop) streamList(ctx context.Context) outcome {
	l.begin()
	s, err := l.open(ctx, metav1.ListOptions{
		SendInitialEvents: new(true), ResourceVersion: l.machine.version, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	}, stall)
	if err != nil {
		o := l.ended(outcomeOf(err), err)
		if o != unsupported {
			l.attempted(ctx, l.watches, &l.watchFailed, err, Syncing)
		}
		return o
	}
	l.attempted(ctx, l.watches, &l.watchFailed, nil, Syncing)
	s.last = "" // the objects of a list have no order
	b := l.Sink.Begin()
	o := l.receiveList(s, b)
	if o != listed {
		s.close()
		b.Abandon()
		if o == stalled && ctx.Err() == nil {
			l.Log.Warn("a streamed list does not come to its end; listing in pages for a while", "silent", stall)
		}
		return o
	}
	l.stream = s
	return o
}

// receiveList receives the events up to the end of the list, and commits b then.
func (l *Loop) receiveList(s *stream, b Batch) outcome {
	gone := map[string]bool{}
	for {
		event, err := s.Next()
		if err != nil {
			if errors.Is(context.Cause(s.ctx), errSilent) {
				return l.ended(stalled, errSilent)
			}
			return l.ended(incomplete, err)
		}
		o, keep, err := l.accept(s, event)
		switch {
		case err != nil:
			return l.rejected(err)
		case event.Type == watch.Added:
			s.allow(stall) // anything else is no progress
		}
		switch {
		case !keep:
		case event.Type == watch.Bookmark:
			if o.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
				l.commit(b, gone, o.GetResourceVersion())
				return listed
			}
		case event.Type == watch.Deleted:
			gone[Key(o)] = true
		default:
			delete(gone, Key(o))
			if err := b.Set(o); err != nil {
				return l.rejected(err)
			}
		}
	}
}

// watch receives changes from the last version on: by the stream that brought the list, or by
// a new one.
func (l *Loop) watch(ctx context.Context) outcome {
	s := l.stream
	l.stream, l.lastFailure = nil, nil
	if s == nil {
		var err error
		done := l.start(ctx)
		s, err = l.open(ctx, metav1.ListOptions{ResourceVersion: l.machine.version}, silence)
		done()
		l.attempted(ctx, l.watches, &l.watchFailed, err, Synced)
		if err != nil {
			return l.ended(outcomeOf(err), err)
		}
		l.machine.opened()
		l.heard(time.Now())
	} else {
		s.began, s.last = time.Now(), l.machine.version
	}
	s.Coalesce()
	defer s.close()
	l.content.Lock()
	l.interrupt = s.end
	if !l.Shard.Present().Equal(s.shard) {
		s.end(errNarrowed)
	}
	l.content.Unlock()
	return l.receive(s)
}

// receive applies the changes of a watch until it ends.
func (l *Loop) receive(s *stream) outcome {
	for {
		s.allow(silence)
		event, err := s.Next()
		if err != nil {
			return l.watchEnded(s, err)
		}
		o, keep, err := l.accept(s, event)
		if err != nil {
			return l.rejected(err)
		}
		s.events++
		l.machine.alive()
		if !keep {
			continue
		}
		if err := l.apply(event.Type, o); err != nil {
			return l.rejected(err)
		}
	}
}

// apply changes the content by one event.
func (l *Loop) apply(kind watch.EventType, o apiclient.Object) error {
	key, version := Key(o), o.GetResourceVersion()
	l.machine.version = version
	l.content.Lock()
	defer l.content.Unlock()
	stored := l.positions.have(sharding.Hash(key), version)
	l.positions = l.positions.reached(version)
	switch {
	case kind == watch.Bookmark, stored, !l.Shard.HasKey(key):
		return nil
	case kind == watch.Deleted:
		l.Sink.Delete(o)
		return nil
	default:
		return l.Sink.Set(o)
	}
}

// watchEnded gives the outcome of a watch that ended without an error event.
func (l *Loop) watchEnded(s *stream, err error) outcome {
	cause := context.Cause(s.ctx)
	early := cause == nil && time.Since(s.began) < briefly
	switch fruitful := s.events > 0 || l.Shard.dropped.Load() > 0; {
	case errors.Is(cause, errNarrowed):
		return narrowed
	case cause == nil && !errors.Is(err, io.EOF):
		return l.rejected(err)
	case fruitful && early:
		return short
	case fruitful:
		return ended
	case early:
		return brief
	default:
		return fruitless
	}
}

// accept gives the object of an event, and whether to keep the event. It fails for error
// events, for objects of another resource, and for changes in disorder.
func (l *Loop) accept(s *stream, event watch.Event) (o apiclient.Object, keep bool, err error) {
	if event.Type == watch.Error {
		return nil, false, apierrors.FromObject(event.Object)
	}
	o, err = l.client.Object(event.Object)
	if err != nil {
		return nil, false, err
	}
	l.heard(time.Now())
	if event.Type != watch.Bookmark {
		if !l.Shard.takes(o) {
			return o, false, nil
		}
		l.update(func(r *Report) { r.Event = r.Contact })
	}
	keep, err = s.inOrder(event.Type, o.GetResourceVersion())
	return o, keep, err
}

// inOrder reports whether to keep an event of a version, and fails if it comes too late. The
// objects of a list have no order; changes have. Equal versions are one change, told again, or
// several of one transaction.
func (s *stream) inOrder(kind watch.EventType, version string) (keep bool, err error) {
	behind, invalid := resourceversion.CompareResourceVersion(version, s.last)
	if s.last != "" && invalid == nil && behind < 0 {
		if kind == watch.Bookmark {
			return false, nil // nothing is lost without it
		}
		return false, errDisorder
	}
	// Any event but ADDED ends the initial list.
	if s.last != "" && s.last != "0" || kind != watch.Added {
		s.last = version
	}
	return true, nil
}
