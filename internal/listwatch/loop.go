package listwatch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/sharding"
)

// A Sink has the content that a loop keeps current. It is called from one goroutine at a time.
// Objects may be *apiclient.Lazy; the sink releases those. An error has the loop list again.
type Sink interface {
	// Begin opens a batch, which becomes the content once it is complete.
	Begin() Batch
	// Set creates or replaces an object.
	Set(metav1.Object) error
	// Delete removes an object.
	Delete(metav1.Object)
}

// A Batch is the content to be. It is abandoned if its list fails.
type Batch interface {
	// Set adds or replaces an object.
	Set(metav1.Object) error
	// Finish ends the list. It may take long, Commit does not.
	Finish()
	// Commit replaces the sink's content by what was set and keep chooses by key; nil chooses all.
	Commit(keep func(key string) bool)
	// Abandon ends a batch that is not to be committed.
	Abandon()
}

// Key identifies an object: its uid, or namespace and name where it has none.
func Key(o metav1.Object) string {
	if uid := o.GetUID(); uid != "" {
		return string(uid)
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// Config says what a loop lists and watches.
type Config struct {
	Resource                     string // the resource's key
	GoType                       string // of its objects, such as "*v1.Pod"
	Namespace                    string // metav1.NamespaceAll for all
	FieldSelector, LabelSelector string
	FromCache                    bool  // lists may be answered from the server's cache, which may be behind
	Limit                        int64 // objects at most; 0 for any number
	Shard                        *Shard
	// Starts bounds, by its capacity, the loops that list or open a watch at a time; nil does not.
	Starts chan struct{}
	// Tentative says that the caller requests something else if this is forbidden.
	Tentative bool
	Sink      Sink
	OnListed  func() // called after each complete list
	Metrics   *Metrics
	Log       *slog.Logger
}

// A Loop keeps a sink current. Run is for one goroutine; the other methods may be used
// concurrently.
type Loop struct {
	Config
	status

	client         *apiclient.ResourceClient
	machine        machine
	pacer          pacer
	lists, watches *prometheus.CounterVec
	listLen        atomic.Int64 // objects kept of the last limited list, -1 before

	content sync.Mutex // held while content, shard and positions have to agree
	// positions say up to which versions changes are in the content.
	positions positions
	// interrupt ends the watch that is under way, so that it is resumed for the present shard.
	interrupt context.CancelCauseFunc

	// For the goroutine of Run.
	stream      *stream // of a list, that goes on as a watch
	complete    bool    // the content is that of a complete list, and none has begun since
	listFailed  metav1.StatusReason
	watchFailed metav1.StatusReason
	overLimit   bool  // and that was logged
	lastFailure error // since the last watch or list began
}

// New makes a loop. It does nothing before Run.
func New(config Config) *Loop {
	l := &Loop{Config: config, machine: newMachine(config.Limit == 0)}
	l.report = Report{Resource: config.Resource, State: Syncing, Since: time.Now(), tentative: config.Tentative}
	labels := prometheus.Labels{"resource": config.GoType}
	l.lists, l.watches = config.Metrics.lists.MustCurryWith(labels), config.Metrics.watches.MustCurryWith(labels)
	l.listLen.Store(-1)
	return l
}

// Run lists and watches until ctx ends.
func (l *Loop) Run(ctx context.Context, client *apiclient.ResourceClient) {
	l.client = client
	defer l.closeStream()
	for ctx.Err() == nil && !l.Shard.Present().IsNone() {
		o := l.request(ctx)
		switch now := time.Now(); l.machine.next(o, now) {
		case backoff:
			sleep(ctx, l.pacer.next(l.Report().State, l.lastFailure, now))
		case second:
			sleep(ctx, time.Second)
		}
	}
	if ctx.Err() != nil {
		return
	}
	// The shard is empty. Nothing is requested for it: no selector chooses no objects.
	l.closeStream()
	l.commit(l.Sink.Begin(), nil, "")
	l.update(func(r *Report) {
		r.enter(Synced, "")
		r.Contact = time.Time{} // nothing becomes older
	})
	<-ctx.Done()
}

// request sends the request of the present state and gives its outcome.
func (l *Loop) request(ctx context.Context) outcome {
	if l.machine.state == watching {
		return l.watch(ctx)
	}
	defer l.start(ctx)()
	switch l.machine.state {
	case streaming:
		return l.streamList(ctx)
	case paging, pagingAgain:
		return l.list(ctx, pageSize)
	default: // unpaged
		return l.list(ctx, 0)
	}
}

// start waits until the loop may begin a request. The caller calls done once the request has
// begun to bring changes, or has ended.
func (l *Loop) start(ctx context.Context) (done func()) {
	if l.Starts == nil {
		return func() {}
	}
	select {
	case l.Starts <- struct{}{}:
		return func() { <-l.Starts }
	case <-ctx.Done():
		return func() {}
	}
}

// begin notes that a list begins. If the content was complete before, the list is counted, with
// the reason for which the watch could not go on.
func (l *Loop) begin() {
	if l.complete {
		l.complete = false
		reason := "error"
		switch {
		case errors.Is(l.lastFailure, errDisorder):
			reason = "disorder"
		case outcomeOf(l.lastFailure) == expired:
			reason = "expired"
		}
		l.Metrics.relists.WithLabelValues(l.Resource, reason).Inc()
	}
	l.lastFailure = nil
	l.update(func(r *Report) {
		if r.State == Synced {
			r.enter(Syncing, "")
		}
	})
}

// commit makes a batch the content, without the keys in gone and what the shard has lost
// since.
func (l *Loop) commit(b Batch, gone map[string]bool, version string) {
	b.Finish()
	l.content.Lock()
	keep := func(key string) bool { return !gone[key] && l.Shard.HasKey(key) }
	if len(gone) == 0 && l.Shard.All() {
		keep = nil
	}
	b.Commit(keep)
	l.positions = positions{{sharding.All(), version}}
	l.content.Unlock()
	l.machine.version = version
	l.MarkComplete()
}

// MarkComplete notes that the content is that of a complete list, or came from elsewhere.
func (l *Loop) MarkComplete() {
	l.complete = true
	l.update(func(r *Report) {
		r.Complete = true
		if r.State == Syncing {
			r.enter(Synced, "")
		}
	})
	l.OnListed()
}

// Narrow removes ranges from the shard, and has the watch go on without them. The caller
// removes the objects.
func (l *Loop) Narrow(gone sharding.Ranges) {
	l.content.Lock()
	defer l.content.Unlock()
	l.Shard.drop(gone)
	if l.interrupt != nil {
		l.interrupt(errNarrowed)
	}
}

// ListLen gives the number of objects kept of the last list, and false if that is not limited.
func (l *Loop) ListLen() (n int64, limited bool) {
	n = l.listLen.Load()
	return n, n >= 0
}

// outcomeOf classifies a failed request.
func outcomeOf(err error) outcome {
	status, answered := err.(apierrors.APIStatus)
	var dial *net.OpError
	switch {
	case !answered && (errors.Is(err, syscall.ECONNREFUSED) || errors.As(err, &dial) && dial.Op == "dial"):
		return unreachable
	case !answered:
		return broken
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err), apierrors.HasStatusCause(err, metav1.CauseTypeResourceVersionTooLarge):
		return expired
	case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
		return refused
	case apierrors.IsInvalid(err):
		return unsupported
	case apierrors.IsTimeout(err): // of a request for a version that the server does not have yet
		return unusable
	}
	switch code := status.Status().Code; {
	case code == http.StatusTooManyRequests:
		return throttled
	case code == http.StatusUnauthorized, code >= http.StatusInternalServerError:
		return failing
	default:
		return unusable
	}
}

// rejected gives the outcome of a response whose content cannot be used: an error event, an
// object of another resource, a change in disorder, one that the sink does not take.
func (l *Loop) rejected(err error) outcome {
	o := outcomeOf(err)
	if status, ok := err.(apierrors.APIStatus); !ok || status.Status().Code >= http.StatusInternalServerError {
		o = unusable // to watch from the same version would end in the same way
	}
	return l.ended(o, err)
}

// ended notes why a request ended, and gives its outcome.
func (l *Loop) ended(o outcome, err error) outcome {
	l.lastFailure = err
	l.Log.Debug("the request ended", "state", string(l.machine.state), "outcome", string(o), "err", err)
	return o
}

// attempted counts a request, and notes the state that it leads to if it succeeds.
func (l *Loop) attempted(ctx context.Context, attempts *prometheus.CounterVec, failure *metav1.StatusReason, err error, next State) {
	if ctx.Err() != nil {
		return // the end of the program, not a failure
	}
	if err != nil {
		attempts.WithLabelValues("error").Inc()
		reason := cmp.Or(apierrors.ReasonForError(err), "Unreachable")
		if reason == metav1.StatusReasonBadRequest && l.FieldSelector != "" {
			reason = badSelector
		}
		known := reason == l.listFailed || reason == l.watchFailed
		*failure = reason
		l.update(func(r *Report) { r.enter(stateFor(err), string(reason)) })
		if !known {
			l.Log.Warn("requests to the API server fail; retrying", "state", stateFor(err), "err", err)
		}
		return
	}
	attempts.WithLabelValues("success").Inc()
	failing := l.listFailed != "" || l.watchFailed != ""
	*failure = ""
	if failure == &l.watchFailed {
		l.listFailed = "" // a watch makes up for a list
	}
	if l.watchFailed != "" {
		return // a list is of no use without a watch
	}
	l.update(func(r *Report) { r.enter(next, "") })
	if failing {
		l.Log.Info("requests to the API server succeed again")
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
