package members

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// Content is what is served. It begins with nothing.
type Content interface {
	// Reshard begins to complete a share, and serves it once it is complete.
	Reshard(sharding.Ranges)
	// Drop takes away a part of it at once.
	Drop(sharding.Ranges)
	// Complete says whether all of the last share is served.
	Complete() bool
	// Filtered says whether the API server sends a share alone.
	Filtered() bool
}

// Config says which pod this is, and what it works with.
type Config struct {
	Pod, Namespace string
	Content        Content
	// Scraped says whether everybody who reads has read since a time.
	Scraped func(since time.Time) bool
	// Place shows the layout.
	Place *sharding.Place
	// TakeoverAfter is how long the pod of another member may not be ready until others
	// take over from it; 0 for ever.
	TakeoverAfter time.Duration
	// Delay is how long the pod goes on serving in any case when it is to end, and Drain
	// how long it may take after that.
	Delay, Drain time.Duration
}

// A Shard has the content follow the layout of the StatefulSet that the pod is of.
type Shard struct {
	Config
	api     *api
	metrics metrics
	log     *slog.Logger

	events  chan func()   // for the goroutine of Run
	leaving chan struct{} // closed by Leave
	leave   func()
	end     chan struct{} // closed when the others have taken over
	limit   atomic.Int64  // on waiting for that, as a time.Duration
	status  atomic.Pointer[Status]

	// For the goroutine of Run.
	member     *handover.Member
	layout     handover.Layout
	generation int64
	version    string          // of the StatefulSet
	share      sharding.Ranges // that the content is to have
	complete   bool            // and has
	more       time.Time       // since when readers get as much
	overdue    bool
	unseen     map[string]bool // resources
	leaseless  bool            // the Lease is missing
	unreadable string          // what is wrong with promises
	mute       bool            // the last promise could not be written
}

// Status is how things stand.
type Status struct {
	// Ready says that the shard has all of its share.
	Ready bool
	// Open says that readers are to get what there is, and nothing before.
	Open bool
	// Detail is how things stand, in words.
	Detail string
}

// New makes the shard. Nothing runs yet.
func New(config Config, to *rest.Config, reg prometheus.Registerer, log *slog.Logger) (*Shard, error) {
	a, err := newAPI(to, config.Namespace)
	if err != nil {
		return nil, err
	}
	s := &Shard{
		Config: config, api: a, metrics: newMetrics(reg), log: log.With("pod", config.Pod),
		events: make(chan func(), 100), leaving: make(chan struct{}), end: make(chan struct{}),
		share: sharding.None(), complete: true, unseen: map[string]bool{},
	}
	s.leave = sync.OnceFunc(func() { close(s.leaving) })
	s.status.Store(&Status{Detail: "looking for the StatefulSet of pod " + config.Namespace + "/" + config.Pod})
	return s, nil
}

// Status gives how things stand.
func (s *Shard) Status() Status { return *s.status.Load() }

// Leave has the others take over. The channel is closed when they have.
func (s *Shard) Leave() <-chan struct{} {
	s.leave()
	return s.end
}

// margin is what a pod has of its grace period for everything that has no time of its
// own: to hear of its end, and to end.
const margin = 5 * time.Second

// Limit is how long to wait for the others at most: as long as the pod may take to end,
// less what it needs after that. It is 0 as long as there is nothing to hand over.
func (s *Shard) Limit() time.Duration { return time.Duration(s.limit.Load()) }

// send has the goroutine of Run do something, if ctx lasts.
func (s *Shard) send(ctx context.Context, f func()) {
	select {
	case s.events <- f:
	case <-ctx.Done():
	}
}

// tick is how often to look at what does not tell of itself: whether the content is
// complete and has been read.
const tick = 100 * time.Millisecond

// Run follows the layout until ctx ends. It fails if the pod cannot be a shard.
func (s *Shard) Run(ctx context.Context) error {
	own, err := s.find(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	limit, err := s.limitOf(own.grace)
	if err != nil {
		return err
	}
	s.limit.Store(int64(limit))
	s.member = handover.New(own.number, own.uid, time.Now().UnixNano(), s.TakeoverAfter)
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	running.Go(func() { s.watch(ctx, own) })
	ticks := time.NewTicker(tick)
	defer ticks.Stop()
	leaving := s.leaving
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-leaving:
			leaving = nil
			s.member.Leave()
		case f := <-s.events:
			f()
		case <-ticks.C:
		}
		if p := s.act(); p != nil {
			gone := s.member.Gone()
			running.Go(func() { s.promise(ctx, own, *p, gone) })
		}
	}
}

// limitOf is how long a pod with a grace period may wait for the others. The period
// must have room for what the pod does in any case.
func (c Config) limitOf(grace time.Duration) (time.Duration, error) {
	if need := c.Delay + c.Drain + margin; grace < need {
		return 0, fmt.Errorf("--shutdown-delay %s does not fit: with %s for answers under way and %s to spare, pod %s/%s needs a terminationGracePeriodSeconds of %.0f, and has %.0f",
			c.Delay, c.Drain, margin, c.Namespace, c.Pod, math.Ceil(need.Seconds()), grace.Seconds())
	}
	return grace - c.Drain - margin, nil
}

// find tries until there is an answer to what the own pod is.
func (s *Shard) find(ctx context.Context) (self, error) {
	for said := false; ; said = true {
		own, err := s.api.self(ctx, s.Pod)
		var wrong wrongError
		if err == nil || errors.As(err, &wrong) {
			return own, err
		}
		if !said {
			s.log.Warn("cannot find the own StatefulSet; trying on", "err", err)
		}
		select {
		case <-ctx.Done():
			return self{}, nil
		case <-s.leaving:
			close(s.end)
			<-ctx.Done()
			return self{}, nil
		case <-time.After(pause):
		}
	}
}

// pause is the time between attempts.
const pause = time.Second

// unread is how long to wait for readers, of whom there may be none.
const unread = time.Minute

// act tells the member how things stand and does what it decides, except for the
// promise to be made.
func (s *Shard) act() *handover.Promise {
	now := time.Now()
	if !s.complete && s.Content.Complete() {
		s.complete, s.more = true, time.Now() // it may have become so since now
		s.member.Completed(s.share)
	}
	if s.Scraped(s.more) || now.Sub(s.more) > unread {
		s.member.Scraped()
	}
	s.member.SetFiltered(s.Content.Filtered())
	d := s.member.Decide(now)
	if !d.Drop.IsNone() {
		s.Content.Drop(d.Drop)
		s.share = s.share.Minus(d.Drop)
		s.log.Info("let go of what another shard serves now", "ranges", d.Drop.String())
	}
	if !d.Want.Equal(s.share) {
		s.share, s.complete = d.Want, false
		s.log.Info("completing a share", "ranges", d.Want.String())
		s.Content.Reshard(d.Want)
	}
	opening := d.Open && !s.Status().Open
	s.show(d)
	if opening {
		s.more = time.Now() // a scrape that began before may have had nothing
	}
	if d.End {
		s.ended()
	}
	return d.Promise
}

func (s *Shard) ended() {
	select {
	case <-s.end:
	default:
		close(s.end)
	}
}

// promise tells the others, or the member that this may not have worked.
func (s *Shard) promise(ctx context.Context, own self, p handover.Promise, gone map[int]handover.Promise) {
	err := s.api.keep(ctx, own.set.Name, own.number, p, gone)
	if ctx.Err() != nil {
		return
	}
	s.send(ctx, func() { s.told(err) })
	if err == nil {
		return
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
	s.send(ctx, func() { s.member.Lost(p.Serial) })
}

// told notes what became of a promise. A Lease that is missing is reported by those
// who watch it.
func (s *Shard) told(err error) {
	if err != nil && !s.mute && !errors.Is(err, errNoLease) {
		s.log.Warn("cannot tell the other shards; trying on", "err", err)
	}
	s.mute = err != nil
}

// show says how things stand.
func (s *Shard) show(d handover.Decision) {
	serves := s.member.Serves()
	ordinal := max(0, s.member.Number()-s.layout.Start)
	s.Place.Set(sharding.Layout{Ordinal: ordinal, Total: s.layout.Total, Owned: serves, Generation: s.generation})
	s.metrics.awaited.Set(d.Awaited.Share())
	if d.Overdue && !s.overdue {
		s.metrics.overdue.Inc()
		s.log.Warn("nobody takes over what this shard has to let go; serving it on", "ranges", d.Awaited.String())
	}
	s.overdue = d.Overdue
	detail := fmt.Sprintf("shard %d of %d serves %.1f %% of all objects", ordinal, s.layout.Total, 100*serves.Share())
	switch {
	case s.version == "":
		detail = "waiting for the StatefulSet"
	case !s.complete:
		detail += fmt.Sprintf(", completing %.1f %%", 100*s.share.Share())
	case !d.Open:
		detail += fmt.Sprintf(", has %.1f %% and waits for its pod to be ready", 100*s.share.Share())
	}
	if !d.Awaited.IsNone() {
		detail += fmt.Sprintf(", waits for others to serve %.1f %%", 100*d.Awaited.Share())
	}
	if s.leaseless {
		detail += ", cannot tell others: the StatefulSet has no Lease"
	}
	s.status.Store(&Status{Ready: d.Ready, Open: d.Open, Detail: detail})
}
