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

// A Sink has the content that a loop keeps current. One goroutine at a time calls it. The sink
// releases objects that are *apiclient.Lazy. After an error, the loop relists.
type Sink interface {
	// Begin opens a batch, the next content.
	Begin() Batch
	// Set creates or replaces an object.
	Set(metav1.Object) error
	// Delete removes an object.
	Delete(metav1.Object)
}

// A Batch is the next content. It is abandoned if the list fails.
type Batch interface {
	// Set adds or replaces an object.
	Set(metav1.Object) error
	// Finish ends the list. Finish may take long; Commit does not.
	Finish()
	// Commit replaces the sink's content by the objects for whose namespaces and keys keep returns
	// true; nil keeps all.
	Commit(keep func(namespace, key string) bool)
	// Abandon ends a batch without a commit.
	Abandon()
}

// Key returns the key of an object: the uid, or namespace and name without one.
func Key(o metav1.Object) string {
	if uid := o.GetUID(); uid != "" {
		return string(uid)
	}
	return o.GetNamespace() + "/" + o.GetName()
}

// Config configures a loop.
type Config struct {
	Resource                     string // the resource's key
	GoType                       string // of its objects, such as "*v1.Pod"
	Namespace                    string // metav1.NamespaceAll for all
	FieldSelector, LabelSelector string
	FromCache                    bool  // lists come from the server's cache, which may be stale
	Limit                        int64 // of objects; 0 for none
	Shard                        *Shard
	// Starts bounds, by its capacity, the loops that list or open a watch at a time; nil does not.
	Starts chan struct{}
	// Tentative says that the caller requests something else if this is forbidden.
	Tentative bool
	Sink      Sink
	// Namespaces is the sink if Select changes its namespaces, nil otherwise.
	Namespaces NamespaceSink
	OnListed   func() // called after each complete list
	Metrics    *Metrics
	// Outages are those of all loops of the API server; nil logs each failure of this one.
	Outages *Outages
	Log     *slog.Logger
}

// A Loop keeps a sink current. One goroutine calls Run; the other methods may be used concurrently.
type Loop struct {
	Config
	status

	client         *apiclient.ResourceClient
	machine        machine
	pacer          pacer
	lists, watches *prometheus.CounterVec
	listLen        atomic.Int64 // of the last limited list, -1 before

	content sync.Mutex // guards the consistency of content, shard and positions
	// positions are the versions of the content.
	positions positions
	committed int64  // lists that have become the content
	listed    string // the version of the list that becomes the content
	members   membership
	// interrupt ends the present watch, so that it is resumed for the present shard.
	interrupt context.CancelCauseFunc

	// For the goroutine of Run.
	stream      *stream // of a list, which continues as a watch
	complete    bool    // the content is complete, and no relist has begun
	listFailed  metav1.StatusReason
	watchFailed metav1.StatusReason
	overLimit   bool  // logged
	lastFailure error // since the last watch or list began
}

// New returns a loop, which does nothing before Run.
func New(config Config) *Loop {
	l := &Loop{Config: config, machine: newMachine(config.Limit == 0)}
	if config.Namespaces != nil {
		l.members.lacking = make(chan struct{}, 1)
	}
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
	defer l.Outages.stop(l)
	for ctx.Err() == nil && !l.Shard.Present().IsNone() {
		o := l.request(ctx)
		switch now := time.Now(); l.machine.next(o, now) {
		case backoff:
			sleep(ctx, l.pacer.next(l.Report().State, l.lastFailure, now))
		case oneSecond:
			sleep(ctx, time.Second)
		}
	}
	if ctx.Err() != nil {
		return
	}
	// The shard is empty, for which no selector exists.
	l.closeStream()
	l.commit(l.beginBatch(), nil, "")
	l.update(func(r *Report) {
		r.enter(Synced, "")
		r.Contact = time.Time{} // an empty content does not age
	})
	<-ctx.Done()
}

// request sends the request of the present state and returns its outcome.
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

// begin begins a list. It counts a relist, with the reason for which the watch could not be resumed.
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

// commit makes a batch the content, without deleted objects and those outside the present shard.
// Namespaces that have joined the shard since the list began are lacking.
func (l *Loop) commit(b Batch, deleted map[string]bool, version string) {
	b.Finish()
	l.content.Lock()
	held := l.members.listing
	keep := func(namespace, key string) bool {
		return !deleted[key] && l.Shard.HasKey(key) && (l.Namespaces == nil || held[namespace])
	}
	if len(deleted) == 0 && l.Shard.All() && !l.members.changed {
		keep = nil
	}
	l.listed = version
	b.Commit(keep)
	l.committed++
	l.positions = positions{{ranges: sharding.All(), version: version}}
	if l.Namespaces != nil {
		l.members.held, l.members.listing = held, nil
		l.recordLacking()
	}
	l.content.Unlock()
	l.machine.version = version
	l.MarkComplete()
}

// MarkComplete marks the content as complete, by a list or by other means.
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

// Narrow removes ranges from the shard and has the watch resumed without them. The caller removes the
// objects.
func (l *Loop) Narrow(lost sharding.Ranges) {
	l.content.Lock()
	defer l.content.Unlock()
	l.Shard.drop(lost)
	if l.interrupt != nil {
		l.interrupt(errNarrowed)
	}
}

// ListLen returns the number of objects of the last list, and false without a limit.
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

// rejected returns the outcome of an unusable event: an error, an object of another resource, an event
// out of order, an error of the sink.
func (l *Loop) rejected(err error) outcome {
	o := outcomeOf(err)
	if status, ok := err.(apierrors.APIStatus); !ok || status.Status().Code >= http.StatusInternalServerError {
		o = unusable // a watch from the same version would fail again
	}
	return l.ended(o, err)
}

// ended records why a request ended and returns its outcome.
func (l *Loop) ended(o outcome, err error) outcome {
	l.lastFailure = err
	l.Log.Debug("the request ended", "state", string(l.machine.state), "outcome", string(o), "err", err)
	return o
}

// attempted counts a request and enters the state after it: next if err is nil.
func (l *Loop) attempted(ctx context.Context, attempts *prometheus.CounterVec, failure *metav1.StatusReason, err error, next State) {
	if ctx.Err() != nil {
		return // shutdown is no failure
	}
	if err != nil {
		attempts.WithLabelValues("error").Inc()
		reason := cmp.Or(apierrors.ReasonForError(err), "Unreachable")
		if reason == metav1.StatusReasonBadRequest && l.FieldSelector != "" {
			reason = badSelector
		}
		known := reason == l.listFailed || reason == l.watchFailed || l.Tentative && reason == metav1.StatusReasonForbidden
		*failure = reason
		l.update(func(r *Report) { r.enter(stateFor(err), string(reason)) })
		if !known && l.Outages.begin(l, err) {
			l.Log.Warn("requests to the API server fail; retrying", "state", stateFor(err), "err", err)
		}
		return
	}
	attempts.WithLabelValues("success").Inc()
	failing := l.listFailed != "" || l.watchFailed != ""
	*failure = ""
	if failure == &l.watchFailed {
		l.listFailed = "" // a watch replaces a list
	}
	if l.watchFailed != "" {
		return // a list is useless without a watch
	}
	l.update(func(r *Report) { r.enter(next, "") })
	if failing && l.Outages.end(l) {
		l.Log.Info("requests to the API server succeed again")
	}
}

// stateFor returns the state after a failure.
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
