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

// Content is what the shard serves, initially nothing.
type Content interface {
	// Reshard lists the ranges that are missing, and serves all of them once the lists are complete.
	Reshard(sharding.Ranges)
	// Drop removes ranges at once.
	Drop(sharding.Ranges)
	// Complete reports whether the ranges of the last Reshard are served.
	Complete() bool
	// Filtered reports whether the API server filters by hash range.
	Filtered() bool
}

// Increments are the increments of the content, all of which are journaled initially.
type Increments interface {
	// Any reports whether anything is counted.
	Any() bool
	// Positions returns the versions up to which the content has all changes, the versions after which it
	// has none, and the number of complete lists.
	Positions() (low, high sharding.Positions, lists int64)
	// Resume counts those of ranges that are later than a position, including journaled ones. Hold journals
	// those of ranges from now on. Settle counts those of held ranges up to a position, including those that
	// arrive later. Discard drops the journaled ones of ranges.
	Resume(sharding.Cut)
	Hold(sharding.Ranges)
	Settle(sharding.Cut)
	Discard(sharding.Ranges)
}

// Config configures a shard.
type Config struct {
	Pod, Namespace string
	Content        Content
	Increments     Increments
	// Scraped reports whether all scrapers, at least as many as the other members expect, have
	// read the content since a time.
	Scraped func(since time.Time, others int) bool
	// Scrapers is the number of periodic scrapers.
	Scrapers func() int
	// Status exports the assignment.
	Status *sharding.Status
	// TakeoverAfter is how long the pod of another member may be unready until its ranges are taken
	// over; 0 for ever.
	TakeoverAfter time.Duration
	// Delay is how long a terminating pod keeps serving in any case, and Drain how long it takes to
	// stop after that.
	Delay, Drain time.Duration
}

// A Shard adapts the content to the assignment of the StatefulSet and to the other shards.
type Shard struct {
	Config
	api     *api
	metrics metrics
	log     *slog.Logger

	events   chan func()   // for the goroutine of Run
	leaving  chan struct{} // closed by Leave
	leave    func()
	exit     chan struct{} // closed when the others have taken over
	limit    atomic.Int64  // a time.Duration: of the wait for exit
	progress atomic.Pointer[Progress]

	// For the goroutine of Run.
	member     *handover.Member
	assignment handover.Assignment
	generation int64
	version    string          // of the StatefulSet
	wanted     sharding.Ranges // as given to the content
	complete   bool            // the content has wanted
	extended   time.Time       // when readers got more for the last time
	overdue    bool
	unseen     map[string]bool // resources
	leaseless  bool            // the Lease is missing
	unreadable string          // the error of unreadable claims
	failing    bool            // the last write of a claim failed
	scrapers   int             // as the member knows
	counted    time.Time       // when the member got scrapers
	terms      handover.Terms  // in the Lease
	seen       string          // version of the Lease
	uid        string
	pods       map[int]handover.Pod   // by ordinal
	claims     map[int]handover.Claim // by number
	shown      map[int]bool           // numbers whose pods the member knows
	copies     int                    // pods of a number
	election   Election               // nil if each number has one pod
	leads      bool
	fresh      bool      // the claims were read after the election
	unread     bool      // the claims have to be read
	going      bool      // told to leave
	last       time.Time // when the time to leave nears its end
	left       bool      // others have taken over
	counting   bool      // the member counts increments; that does not end
	endWrite   func()    // of the last claim
}

// New makes a shard. Run runs it.
func New(config Config, to *rest.Config, reg prometheus.Registerer, log *slog.Logger) (*Shard, error) {
	a, err := newAPI(to, config.Namespace)
	if err != nil {
		return nil, err
	}
	s := &Shard{
		Config: config, api: a, metrics: newMetrics(reg), log: log.With("pod", config.Pod),
		events: make(chan func(), 100), leaving: make(chan struct{}), exit: make(chan struct{}),
		wanted: sharding.None(), complete: true, unseen: map[string]bool{}, pods: map[int]handover.Pod{}, copies: 1, endWrite: func() {},
	}
	s.leave = sync.OnceFunc(func() { close(s.leaving) })
	s.progress.Store(&Progress{Detail: "looking for the StatefulSet of pod " + config.Namespace + "/" + config.Pod})
	return s, nil
}

// Progress returns the present progress.
func (s *Shard) Progress() Progress { return *s.progress.Load() }

// Leave makes the others take over. The channel is closed when they have.
func (s *Shard) Leave() <-chan struct{} {
	s.leave()
	return s.exit
}

// margin is the part of the grace period for everything else: the signal and the end of the process.
const margin = 5 * time.Second

// Limit is how long Leave may take: the grace period of the pod less the time to stop. It is 0 while
// there is nothing to hand over.
func (s *Shard) Limit() time.Duration { return time.Duration(s.limit.Load()) }

// send runs f in the goroutine of Run, unless ctx ends before.
func (s *Shard) send(ctx context.Context, f func()) {
	select {
	case s.events <- f:
	case <-ctx.Done():
	}
}

// tick is the interval for polling whether the content is complete and has been scraped.
const tick = 100 * time.Millisecond

// Run follows the assignment until ctx ends. It fails if the pod cannot be a shard. With an election, two
// pods have one number.
func (s *Shard) Run(ctx context.Context, election Election) error {
	if s.election = election; election != nil {
		s.copies, s.api.prefix = copies, ofPairs
	}
	own, err := s.find(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	limit, err := s.limitOf(own.grace)
	if err != nil {
		return err
	}
	s.limit.Store(int64(limit))
	s.uid, own.number = own.uid, own.number/s.copies
	s.member = handover.New(own.number, own.uid, time.Now().UnixNano(), s.TakeoverAfter)
	if election != nil {
		s.member.Follow()
	}
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
			s.last = time.Now().Add(limit - lastPart(limit))
			if s.going = true; election == nil {
				s.member.Leave(s.last)
			}
		case f := <-s.events:
			f()
		case <-ticks.C:
		}
		d := s.act()
		if s.unread {
			s.unread = false
			running.Go(func() { s.readLease(ctx, own.set.Name) })
		}
		if d.Claim != nil {
			stale := s.member.Stale()
			one := s.nextWrite(ctx)
			running.Go(func() { s.write(one, own, *d.Claim, stale) })
		}
		if d.Terms != nil {
			running.Go(func() { s.writeTerms(ctx, own, *d.Terms, d.Replaces) })
		}
	}
}

// limitOf is how long a pod with a grace period may wait for the others. It fails if the period is
// too short for Delay and Drain.
func (c Config) limitOf(grace time.Duration) (time.Duration, error) {
	if need := c.Delay + c.Drain + margin; grace < need {
		return 0, fmt.Errorf("--shutdown-delay %s does not fit: with %s for responses in progress and %s to spare, pod %s/%s needs a terminationGracePeriodSeconds of %.0f, and has %.0f",
			c.Delay, c.Drain, margin, c.Namespace, c.Pod, math.Ceil(need.Seconds()), grace.Seconds())
	}
	return grace - c.Drain - margin, nil
}

// lastPart is the last part of a limit of Leave, in which the member opens the terms of what nobody has claimed: long
// enough for a scrape.
func lastPart(limit time.Duration) time.Duration { return min(limit/3, unscraped) }

// find retries until it finds the own pod and its StatefulSet.
func (s *Shard) find(ctx context.Context) (self, error) {
	for said := false; ; said = true {
		own, err := s.api.self(ctx, s.Pod)
		var wrong wrongError
		if err == nil || errors.As(err, &wrong) {
			return own, err
		}
		if !said {
			s.log.Warn("cannot find the StatefulSet of this pod, retrying", "err", err)
		}
		select {
		case <-ctx.Done():
			return self{}, nil
		case <-s.leaving:
			close(s.exit)
			<-ctx.Done()
			return self{}, nil
		case <-time.After(pause):
		}
	}
}

// pause is the time between retries.
const pause = time.Second

// unscraped is how long to wait for scrapers: there may be none.
const unscraped = time.Minute

const (
	// recount is how long the member has a number of scrapers until it may get a smaller one: a scraper
	// may be late.
	recount = 20 * time.Second
	// countMore is that time for a larger one: the next member has to wait for all of them.
	countMore = time.Second
)

// countScrapers tells the member how many scrapers there are.
func (s *Shard) countScrapers(now time.Time) {
	n, age := s.Scrapers(), now.Sub(s.counted)
	if age >= recount || n > s.scrapers && age >= countMore {
		s.scrapers, s.counted = n, now
		s.member.SetScrapers(n)
	}
}

// act updates the member and carries out its decision, except for the writes.
func (s *Shard) act() handover.Decision {
	now := time.Now()
	if !s.complete && s.Content.Complete() {
		s.complete, s.extended = true, time.Now() // later than now
		s.member.Completed(s.wanted)
	}
	s.countScrapers(now)
	if s.Scraped(s.extended, s.member.OthersScrapers()) || now.Sub(s.extended) > unscraped {
		s.member.Scraped()
	}
	s.member.SetFiltered(s.Content.Filtered())
	if !s.counting && s.Increments.Any() {
		s.counting = true
		s.member.CountIncrements()
		s.member.SetTerms(s.terms)
	}
	if s.counting {
		s.member.SetPositions(s.Increments.Positions())
	}
	s.elect()
	d := s.member.Decide(now)
	s.left = s.left || d.Exit
	if !d.Release.IsNone() {
		s.Content.Drop(d.Release)
		s.wanted = s.wanted.Minus(d.Release)
		s.discard(d.Release)
		s.log.Info("released hash ranges that another shard claims", "ranges", d.Release.String())
	}
	if !d.Want.Equal(s.wanted) {
		s.wanted, s.complete = d.Want, false
		s.log.Info("listing hash ranges", "ranges", d.Want.String())
		s.discard(sharding.All().Minus(d.Want))
		s.Content.Reshard(d.Want)
	}
	s.count(d)
	starting := d.Serve && !s.Progress().Serving
	s.show(d)
	if starting {
		s.extended = time.Now() // an earlier scrape may have got nothing
	}
	if s.left {
		select {
		case <-s.exit:
		default:
			close(s.exit)
		}
	}
	return d
}

// count carries out what a decision says about increments.
func (s *Shard) count(d handover.Decision) {
	for _, cut := range d.Resume {
		s.Increments.Resume(cut)
		s.log.Info("counting hash ranges", "ranges", cut.Ranges.String(), "after", map[string]string(cut.At))
	}
	if !d.Hold.IsNone() {
		s.Increments.Hold(d.Hold)
	}
	for _, cut := range d.Settle {
		s.Increments.Settle(cut)
		s.log.Info("not counting hash ranges that another shard can count", "ranges", cut.Ranges.String(), "after", map[string]string(cut.At))
		s.extended = time.Now() // an earlier scrape may lack increments that were kept
	}
}

// discard forgets the increments of ranges that are not in the content any more.
func (s *Shard) discard(r sharding.Ranges) {
	if s.counting {
		s.Increments.Discard(r)
	}
}

// writeTerms writes terms into the Lease, and tells the member if that failed.
func (s *Shard) writeTerms(ctx context.Context, own self, terms handover.Terms, replaces int64) {
	lease, err := s.api.writeTerms(ctx, own.set.Name, terms, replaces)
	if err == nil {
		s.send(ctx, func() { s.sawOwn(lease) })
	}
	if err == nil || errors.Is(err, errOutdated) || ctx.Err() != nil { // a later version is to come
		return
	}
	s.send(ctx, func() { s.written(err) })
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
	s.send(ctx, func() { s.member.TermsFailed(terms.Serial) })
}

// nextWrite returns the context of the write of a claim. It ends the write of the claim before, which would
// replace the next one if it were tried again.
func (s *Shard) nextWrite(ctx context.Context) context.Context {
	s.endWrite()
	ctx, s.endWrite = context.WithCancel(ctx)
	return ctx
}

// write writes a claim into the Lease, and tells the member if that failed.
func (s *Shard) write(ctx context.Context, own self, c handover.Claim, stale map[int]handover.Claim) {
	lease, err := s.api.write(ctx, own.set.Name, own.number, c, stale)
	if ctx.Err() != nil {
		return
	}
	s.send(ctx, func() { s.written(err) })
	if err == nil {
		s.send(ctx, func() { s.sawOwn(lease) })
		return
	}
	select {
	case <-time.After(pause):
	case <-ctx.Done():
	}
	s.send(ctx, func() { s.member.WriteFailed(c.Serial) })
}

// written logs the first of several failures to write a claim. sawLease logs a missing Lease.
func (s *Shard) written(err error) {
	if err != nil && !s.failing && !errors.Is(err, errNoLease) && !errors.Is(err, errSuperseded) {
		s.log.Warn("cannot write the claim of this shard, retrying", "err", err)
	}
	s.failing = err != nil
}
