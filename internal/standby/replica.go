package standby

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/rest"
)

// Config configures a replica.
type Config struct {
	// Namespace and Lease name the Lease, and Identity is this replica's in it.
	Namespace, Lease, Identity string
	// Duration is the time without a renewal after which another replica takes the Lease.
	Duration time.Duration
	// Complete reports whether there is everything to serve: only then the replica takes the Lease. Run
	// alone calls it.
	Complete func() bool
	// Scraped reports whether all scrapers, at least as many as expected, have come since a time.
	Scraped func(since time.Time, expected int) bool
	// Scrapers is the number of scrapers.
	Scrapers func() int
}

// A Replica holds the Lease, or stands by.
type Replica struct {
	Config
	api     *api
	metrics metrics
	log     *slog.Logger

	events  chan func()   // for the goroutine of Run
	leaving chan struct{} // closed by Leave
	leave   func()
	exit    chan struct{} // closed when the replica may exit
	status  atomic.Pointer[status]

	// For the goroutine of Run.
	machine *Machine
	record  Record
	since   time.Time // when the replica began to serve
	seen    bool      // the Lease has been read
	missing bool      // there is no Lease
	failing bool      // the last read or write failed
}

// A status is what other goroutines see of a replica.
type status struct {
	serve  bool
	until  time.Time
	leads  bool
	epoch  int64
	seen   bool
	detail string
	next   chan struct{} // closed when another status follows
}

// New makes a replica. Run runs it.
func New(config Config, to *rest.Config, reg prometheus.Registerer, log *slog.Logger) (*Replica, error) {
	m := NewMachine(config.Identity, config.Duration)
	a, err := newAPI(to, config.Namespace, config.Lease, m.period())
	if err != nil {
		return nil, err
	}
	r := &Replica{
		Config: config, api: a, log: log.With("lease", config.Namespace+"/"+config.Lease), machine: m,
		events: make(chan func(), 100), leaving: make(chan struct{}), exit: make(chan struct{}),
	}
	r.metrics = newMetrics(reg, config.Namespace+"/"+config.Lease, func() bool { return r.status.Load().serve })
	r.leave = sync.OnceFunc(func() { close(r.leaving) })
	r.status.Store(&status{detail: "waiting for Lease " + config.Namespace + "/" + config.Lease, next: make(chan struct{})})
	return r, nil
}

// Known reports whether the replica has seen the Lease, and describes it.
func (r *Replica) Known() (seen bool, detail string) {
	s := r.status.Load()
	return s.seen, s.detail
}

// Serves reports whether a scrape gets series. A holder that was suspended for the duration of the Lease
// waits until it knows the present holder, or ctx ends.
func (r *Replica) Serves(ctx context.Context) bool {
	for {
		s := r.status.Load()
		if !s.serve || s.until.IsZero() || time.Now().Before(s.until) {
			return s.serve
		}
		select {
		case <-s.next:
		case <-ctx.Done():
			return false
		}
	}
}

// Leads reports whether this replica serves and no other one has been elected, and the number of the
// election.
func (r *Replica) Leads() (leads bool, epoch int64) {
	s := r.status.Load()
	return s.leads, s.epoch
}

// Leave hands over to another replica. The channel is closed when this one may exit.
func (r *Replica) Leave() <-chan struct{} {
	r.leave()
	return r.exit
}

// tick is the interval for polling whether the replica is complete and has been scraped, and for waiting
// for the Lease to expire.
const tick = 100 * time.Millisecond

// Run follows the Lease until ctx ends, and then releases it.
func (r *Replica) Run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { r.follow(ctx) })
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	leaving := r.leaving
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-leaving:
			leaving = nil
			r.machine.Leave()
		case f := <-r.events:
			f()
		case <-ticks.C:
		}
		if w := r.act(time.Now()); w != nil {
			running.Go(func() { r.write(ctx, *w) })
		}
	}
	running.Wait()
	if r.machine.Release() == nil {
		return
	}
	if err := r.release(context.WithoutCancel(ctx)); err != nil {
		r.log.Warn("cannot release the Lease", "err", err)
	}
}

// release releases the present version of the Lease, which Run may not have seen.
func (r *Replica) release(ctx context.Context) error {
	record, err := r.api.get(ctx)
	if err != nil {
		return err
	}
	r.machine.Observe(time.Now(), record)
	if last := r.machine.Release(); last != nil {
		_, err = r.api.write(ctx, *last)
	}
	return err
}

// act updates the machine and returns the record to write, nil for none.
func (r *Replica) act(now time.Time) *Record {
	m := r.machine
	m.SetComplete(r.Complete())
	m.SetScrapers(r.Scrapers())
	before := r.status.Load()
	if before.serve && m.Unread() && r.Scraped(r.since, m.Expected()) {
		m.SetScraped()
	}
	d := m.Decide(now)
	r.show(d, before)
	if d.Serve && !before.serve {
		r.since = time.Now() // an earlier scrape may have got nothing
	}
	if d.Exit {
		select {
		case <-r.exit:
		default:
			close(r.exit)
		}
	}
	return d.Write
}

// show publishes a decision.
func (r *Replica) show(d Decision, before *status) {
	now := status{serve: d.Serve, until: d.Until, seen: r.seen, detail: r.detail(d.Serve), next: before.next}
	now.leads, now.epoch = d.Serve && (r.record.Holder == "" || r.record.Holder == r.Identity), int64(r.record.Transitions)
	switch {
	case d.Serve && !before.serve:
		r.log.Info("serving series", "holder", r.record.Holder)
	case !d.Serve && before.serve:
		r.log.Info("standing by", "holder", r.record.Holder)
	}
	if now != *before {
		now.next = make(chan struct{})
		r.status.Store(&now)
		close(before.next)
	}
}

func (r *Replica) detail(serves bool) string {
	text := "stands by"
	switch {
	case serves && r.machine.holds():
		text = "serves and holds the Lease"
	case serves:
		text = "serves until another replica does"
	}
	switch {
	case r.missing:
		text += ", there is no Lease " + r.Namespace + "/" + r.Lease
	case !r.seen:
		text += ", cannot read Lease " + r.Namespace + "/" + r.Lease
	case !r.machine.holds():
		text += fmt.Sprintf(", the holder is %q", r.record.Holder)
	}
	if r.failing {
		text += ", requests for the Lease fail"
	}
	return text
}

// send runs f in the goroutine of Run, unless ctx ends before.
func (r *Replica) send(ctx context.Context, f func()) {
	select {
	case r.events <- f:
	case <-ctx.Done():
	}
}

// follow passes on the versions of the Lease until ctx ends.
func (r *Replica) follow(ctx context.Context) {
	for ctx.Err() == nil {
		record, err := r.api.get(ctx)
		if apierrors.IsNotFound(err) {
			if made, refused := r.api.create(ctx); refused == nil {
				record, err = made, nil
			} else {
				r.log.Debug("cannot create the Lease", "err", refused)
			}
		}
		r.send(ctx, func() { r.saw(record, err) })
		if err == nil {
			err = r.api.watch(ctx, record.Version, r.Duration, func(next *Record) {
				r.send(ctx, func() {
					if next == nil {
						r.lost()
						return
					}
					r.saw(*next, nil)
				})
			})
		}
		if err != nil && ctx.Err() == nil {
			r.log.Debug("watch of the Lease ended", "err", err)
		}
		select {
		case <-time.After(r.api.timeout / 4):
		case <-ctx.Done():
		}
	}
}

// saw adopts a version of the Lease, or notes why it cannot be read. It ignores older versions, from an
// API server that lags behind.
func (r *Replica) saw(record Record, err error) {
	r.note("read", err)
	switch {
	case apierrors.IsNotFound(err):
		r.lost()
	case err != nil:
		r.machine.Blind()
	case !r.older(record):
		r.adopt(record)
		r.machine.Observe(time.Now(), record)
	}
}

func (r *Replica) older(record Record) bool {
	order, err := resourceversion.CompareResourceVersion(record.Version, r.record.Version)
	return r.record.Version != "" && err == nil && order < 0
}

func (r *Replica) adopt(record Record) {
	if r.record.Holder != record.Holder {
		r.log.Info("Lease has another holder", "holder", record.Holder, "before", r.record.Holder)
	}
	r.record, r.seen, r.missing = record, true, false
}

// lost notes that there is no Lease.
func (r *Replica) lost() {
	if !r.missing {
		r.log.Warn("Lease missing: create it from the manifest, or from kubestate rbac --lease")
	}
	r.missing = true
	r.machine.Missing()
}

// write writes a record, and reads the Lease if that fails.
func (r *Replica) write(ctx context.Context, record Record) {
	next, err := r.api.write(ctx, record)
	if err == nil {
		r.send(ctx, func() {
			r.note("write", nil)
			r.adopt(next)
			r.machine.Wrote(time.Now(), next)
		})
		return
	}
	r.send(ctx, func() {
		if apierrors.IsConflict(err) {
			r.machine.Refused()
			return
		}
		r.note("write", err)
		r.machine.Failed()
	})
	present, err := r.api.get(ctx)
	r.send(ctx, func() { r.saw(present, err) })
}

// note counts errors and logs the first of several.
func (r *Replica) note(what string, err error) {
	if err != nil {
		r.metrics.errors.Inc()
		if !r.failing && !apierrors.IsNotFound(err) {
			r.log.Warn("requests for the Lease fail, retrying", "request", what, "err", err)
		}
	}
	r.failing = err != nil
}
