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
	// listIdleTimeout bounds the time between two objects of a streamed list, and between the last one and
	// the bookmark that ends the list.
	listIdleTimeout = 30 * time.Second
	// watchIdleTimeout bounds the time between two events of a watch. Bookmarks arrive about every
	// minute.
	watchIdleTimeout = 2 * time.Minute
	// minWatch is the duration below which a watch is short or brief.
	minWatch = time.Second
)

// Reasons for which the loop ends a request.
var (
	errNoResponse = errors.New("no response from the API server")
	errIdle       = errors.New("the API server sends nothing")
	errNarrowed   = errors.New("the shard is smaller now")
	errDisorder   = errors.New("an event is older than one before it")
)

// A stream is the response to a watch request, which may begin with a list.
type stream struct {
	*apiclient.Stream
	ctx     context.Context
	end     context.CancelCauseFunc
	idle    *time.Timer
	limit   atomic.Int64 // of idle, in nanoseconds
	allowed atomic.Int64 // the time of the last reset of idle, in Unix nanoseconds
	listing atomic.Bool  // the list has not ended
	began   time.Time
	shard   sharding.Ranges // requested
	events  int             // of the watch
	version string          // of the last event; empty during a list, which has no order
}

// open sends a watch request. limit bounds the time from the request to the response, and the time
// between events.
func (l *Loop) open(ctx context.Context, options metav1.ListOptions, limit time.Duration) (*stream, error) {
	l.Shard.begin()
	s := &stream{shard: l.Shard.Present(), began: time.Now(), version: options.ResourceVersion}
	s.listing.Store(options.SendInitialEvents != nil)
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

// allow resets the idle timeout to a limit.
func (s *stream) allow(limit time.Duration) {
	s.limit.Store(int64(limit))
	s.allowed.Store(time.Now().UnixNano())
	s.idle.Reset(limit)
}

// checkIdle ends a stream that was idle for its limit. An object of another shard counts, although it
// is no event.
//
// The API server sends all objects of a list before any change. After the first change, only the end of the
// list is progress. On a slow connection, changes queue up behind the objects: the end may take as long as the
// objects did.
func (l *Loop) checkIdle(s *stream) {
	dropped, limit := time.Unix(0, l.Shard.lastDropped.Load()), time.Duration(s.limit.Load())
	last := dropped
	if changed, ok := s.Changed(); ok && s.listing.Load() {
		if last = time.Unix(0, max(dropped.UnixNano(), s.allowed.Load())); last.After(changed) {
			last = changed
		}
		limit = max(limit, last.Sub(s.began))
	}
	if since := time.Since(last); since < limit {
		l.recordContact(dropped)
		s.idle.Reset(limit - since)
		return
	}
	s.end(errIdle)
}

// close ends the request.
func (s *stream) close() {
	s.idle.Stop()
	s.end(nil)
	s.Close()
}

// closeStream ends a list that was to continue as a watch.
func (l *Loop) closeStream() {
	if l.stream != nil {
		l.stream.close()
		l.stream = nil
	}
}

// streamList requests a watch that begins with the list, and leaves the stream to watch.
func (l *Loop) streamList(ctx context.Context) outcome {
	l.begin()
	s, err := l.open(ctx, metav1.ListOptions{
		SendInitialEvents: new(true), ResourceVersion: l.machine.version, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan,
	}, listIdleTimeout)
	if err != nil {
		o := l.ended(outcomeOf(err), err)
		if o != unsupported {
			l.attempted(ctx, l.watches, &l.watchFailed, err, Syncing)
		}
		return o
	}
	l.attempted(ctx, l.watches, &l.watchFailed, nil, Syncing)
	s.version = "" // the objects of a list have no order
	b := l.beginBatch()
	o := l.receiveList(s, b)
	if o != listed {
		s.close()
		l.abandon(b)
		if o == stalled && ctx.Err() == nil {
			l.Log.Warn("a streamed list does not come to its end; listing in pages for a while", "silent", listIdleTimeout)
		}
		return o
	}
	l.stream = s
	return o
}

// receiveList receives the events up to the end of the list and commits b.
func (l *Loop) receiveList(s *stream, b Batch) outcome {
	deleted := map[string]bool{}
	for {
		event, err := s.Next()
		if err != nil {
			if errors.Is(context.Cause(s.ctx), errIdle) {
				return l.ended(stalled, errIdle)
			}
			return l.ended(incomplete, err)
		}
		o, keep, err := l.accept(s, event)
		switch {
		case err != nil:
			return l.rejected(err)
		case event.Type == watch.Added:
			if _, changed := s.Changed(); !changed {
				s.allow(listIdleTimeout)
			}
		}
		switch {
		case !keep:
		case event.Type == watch.Bookmark:
			if o.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
				s.listing.Store(false)
				l.commit(b, deleted, o.GetResourceVersion())
				return listed
			}
		case event.Type == watch.Deleted:
			deleted[Key(o)] = true
		default:
			delete(deleted, Key(o))
			if err := b.Set(o); err != nil {
				return l.rejected(err)
			}
		}
	}
}

// watch receives changes after the last version, by the stream of the list or a new one.
func (l *Loop) watch(ctx context.Context) outcome {
	s := l.stream
	l.stream, l.lastFailure = nil, nil
	if s == nil {
		var err error
		done := l.start(ctx)
		s, err = l.open(ctx, metav1.ListOptions{ResourceVersion: l.machine.version}, watchIdleTimeout)
		done()
		l.attempted(ctx, l.watches, &l.watchFailed, err, Synced)
		if err != nil {
			return l.ended(outcomeOf(err), err)
		}
		l.machine.opened()
		l.recordContact(time.Now())
	} else {
		s.began, s.version = time.Now(), l.machine.version
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
		s.allow(watchIdleTimeout)
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
	stored := l.positions.contain(sharding.Hash(key), o.GetNamespace(), version)
	l.positions = l.positions.advance(version)
	if taken, err := l.applyMember(kind, o); taken {
		return err
	}
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

// watchEnded returns the outcome of a watch that ended without an error event.
func (l *Loop) watchEnded(s *stream, err error) outcome {
	cause := context.Cause(s.ctx)
	early := cause == nil && time.Since(s.began) < minWatch
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

// accept returns the object of an event and whether to keep the event. It fails for error events,
// objects of another resource and events out of order.
func (l *Loop) accept(s *stream, event watch.Event) (o apiclient.Object, keep bool, err error) {
	if event.Type == watch.Error {
		return nil, false, apierrors.FromObject(event.Object)
	}
	o, err = l.client.Object(event.Object)
	if err != nil {
		return nil, false, err
	}
	l.recordContact(time.Now())
	if event.Type != watch.Bookmark {
		if !l.Shard.wantsObject(o) {
			return o, false, nil
		}
		l.update(func(r *Report) { r.Event = r.Contact })
	}
	keep, err = s.inOrder(event.Type, o.GetResourceVersion())
	return o, keep, err
}

// inOrder reports whether to keep an event of a version, and fails for an event out of order. The
// objects of a list have no order. Events of equal versions are repeats, or of one transaction.
func (s *stream) inOrder(kind watch.EventType, version string) (keep bool, err error) {
	behind, invalid := resourceversion.CompareResourceVersion(version, s.version)
	if s.version != "" && invalid == nil && behind < 0 {
		if kind == watch.Bookmark {
			return false, nil // a bookmark may be dropped
		}
		return false, errDisorder
	}
	// Any event but ADDED ends the initial list.
	if s.version != "" && s.version != "0" || kind != watch.Added {
		s.version = version
	}
	return true, nil
}
