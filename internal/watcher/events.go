package watcher

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
)

// Why a watch is ended that the API server would have gone on with, or has
// ended itself at the wrong time.
var (
	errNoAnswer   = errors.New("no answer from the API server")
	errCutOff     = errors.New("the watch was cut off at its beginning")
	errStalled    = errors.New("the streamed list makes no progress and has no end")
	errIncomplete = errors.New("the streamed list broke off before its end")
	errDisorder   = errors.New("an event is older than one before it")
)

// events hands on what a watch sends, as long as that can be relied on: a
// streamed list has an end, changes come in their order, objects are of the
// right type, and nothing is silent for long. It is a watch.Interface, and
// looks at each event before its reader does.
type events struct {
	source  *source
	from    watch.Interface
	limit   time.Duration // of silence
	reading *batching     // set when there is no list, or no more
	to      chan watch.Event
	done    chan struct{}
	stop    sync.Once

	streaming bool   // a list, whose end has not come
	used      bool   // events have been handed on since there was no list
	last      string // version that later events must not be behind; empty while there is no order
}

// newEvents hands on the events of a watch, which ends with them. first is an
// event of it that was taken already, if it has a type.
func newEvents(s *source, from watch.Interface, first watch.Event, limit time.Duration, options metav1.ListOptions, reading *batching, cancel context.CancelCauseFunc) *events {
	e := &events{
		source: s, from: from, limit: limit, reading: reading,
		to: make(chan watch.Event, 32), done: make(chan struct{}),
		streaming: options.SendInitialEvents != nil,
	}
	if !e.streaming {
		e.last = options.ResourceVersion
		reading.Store(true)
	}
	go func() {
		defer cancel(nil)
		defer from.Stop()
		defer close(e.to)
		if first.Type == "" || e.pass(first) {
			e.run()
		}
	}()
	return e
}

// ResultChan gives the events.
func (e *events) ResultChan() <-chan watch.Event { return e.to }

// Stop ends the watch.
func (e *events) Stop() { e.stop.Do(func() { close(e.done) }) }

// run hands on events until there are no more.
func (e *events) run() {
	silent := time.NewTimer(e.limit)
	defer silent.Stop()
	for {
		dropped := e.source.feed.dropped
		if e.streaming {
			dropped = nil // a list is not to begin again for that
		}
		select {
		case <-e.done:
			return
		case <-dropped:
			if !e.used {
				e.rest()
			}
			return // to be resumed for the share as it is now
		case <-silent.C:
			if since := e.sinceForeign(); since < e.limit {
				silent.Reset(e.limit - since)
				continue
			}
			// A watch is resumed, which shows whether the API server is there: it
			// sends bookmarks more often than this, or has nothing to send.
			if e.streaming {
				e.fail(errStalled)
			}
			return
		case event, more := <-e.from.ResultChan():
			if !more {
				e.over()
				return
			}
			if !e.pass(event) {
				return
			}
			silent.Reset(e.limit) // not while the reader has it
		}
	}
}

// sinceForeign is the time since the API server sent an object of another shard,
// which is a sign of life from which no event comes.
func (e *events) sinceForeign() time.Duration {
	last := time.Unix(0, e.source.feed.share.last.Load())
	e.source.feed.health.heardAt(last)
	return time.Since(last)
}

// brief is the time within which a watch that ends without an event is broken to
// reflectors, which list then.
const brief = time.Second

// over sees to the end of a watch that the API server, or the network, has ended.
// That may come at once, as when an API server goes down: then it is a little
// delayed, if that is not the rule, since all that there is to do is to resume.
func (e *events) over() {
	if e.streaming {
		e.fail(errIncomplete)
		return
	}
	if e.used {
		return
	}
	if e.source.unused++; e.source.unused <= maxResumes {
		e.rest()
	}
}

// rest waits for so long that a watch without an event is not taken for broken.
func (e *events) rest() {
	select {
	case <-time.After(brief):
	case <-e.done:
	}
}

// pass hands on one event. It says whether there is a next.
func (e *events) pass(event watch.Event) bool {
	if event.Type == watch.Error {
		e.source.endedBy(apierrors.FromObject(event.Object))
		e.send(event)
		return false
	}
	object, err := e.source.feed.understand(event.Object)
	if err != nil {
		return e.fail(err)
	}
	event.Object = object
	if event.Type != watch.Bookmark && !e.source.feed.share.takes(object) {
		e.source.feed.health.heard()
		return true
	}
	keep, err := e.inOrder(event.Type, object.GetResourceVersion())
	switch {
	case err != nil:
		return e.fail(err)
	case !keep:
		return true
	case event.Type == watch.Bookmark:
		e.source.feed.health.heard()
		if object.GetAnnotations()[metav1.InitialEventsAnnotationKey] == "true" {
			e.streaming, e.limit = false, silence
			e.reading.Store(true)
			return e.send(event)
		}
	default:
		e.source.feed.health.changed()
	}
	e.used, e.source.unused = !e.streaming, 0
	return e.send(event)
}

// inOrder says whether to keep an event of the given version, and fails if it
// comes too late. The objects of a list have no order; changes do. Equal
// versions are one change, told again, or several of one transaction.
func (e *events) inOrder(kind watch.EventType, version string) (keep bool, err error) {
	behind, invalid := resourceversion.CompareResourceVersion(version, e.last)
	if e.last != "" && invalid == nil && behind < 0 {
		if kind == watch.Bookmark {
			return false, nil // nothing is lost without it
		}
		return false, errDisorder
	}
	// What is not created was there before: the list is over, if there was one.
	if e.last != "" && e.last != "0" || kind != watch.Added {
		e.last = version
	}
	return true, nil
}

// fail has the reader end the watch and list. It says that there is no next event.
func (e *events) fail(err error) bool {
	e.source.endedBy(err)
	e.send(watch.Event{Type: watch.Error, Object: &metav1.Status{
		Status: metav1.StatusFailure, Reason: "Unreliable", Message: err.Error(), // no code that reflectors know
	}})
	return false
}

// send hands an event to the reader, if there is one still.
func (e *events) send(event watch.Event) bool {
	select {
	case e.to <- event:
		return true
	case <-e.done:
		return false
	}
}

// apiObject is what the API server sends.
type apiObject interface {
	runtime.Object
	metav1.Object
}
