package clusters

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// A Content is what runs for a cluster.
type Content interface {
	// Run keeps the content current until ctx ends.
	Run(ctx context.Context)
	// Complete reports whether all that can be read has been listed once.
	Complete() bool
	// Failing reports whether requests fail, except by permanent refusals.
	Failing() bool
	// Listed reports whether anything has been listed, and not all refused.
	Listed() bool
}

// A Spec specifies a cluster.
type Spec[C Content] struct {
	Name string
	// Connection tells connections apart: the address and the credentials. Err is set if it is unusable.
	Connection string
	Err        error
	// Make returns content that does not run yet.
	Make func() (C, error)
	// Change applies the rest of the Spec to content of the same connection.
	Change func(C) error
}

// A Member is a cluster of the list.
type Member[C Content] struct {
	Name string
	// Content is nil if it could never be made.
	Content *C
	// Complete says that the content has been complete once.
	Complete bool
	// Awaited says that readiness waits for the content: the cluster was in the first list, and has neither
	// failed nor been complete since.
	Awaited bool
	// Replaced says that other content replaces this one once complete.
	Replaced bool
	// Err is the reason why the last specification is not in force, Since the time of the first such error.
	Err   error
	Since time.Time
}

// patience is the time in which failures of a new cluster do not count: a starting API server refuses
// requests for some seconds.
const patience = 10 * time.Second

// A Set has the clusters of a list. It is safe for concurrent use.
type Set[C Content] struct {
	log     *slog.Logger
	signals chan struct{} // to reconcile

	applying sync.Mutex // held by Apply

	mu      sync.Mutex
	members []*member[C] // in the order of their names
	begun   bool         // Apply has been called
}

// A member is a cluster of the list. Set.mu guards it.
type member[C Content] struct {
	name    string
	served  *instance[C] // nil if none could be made
	next    *instance[C] // replaces served once complete; nil for none
	err     error
	since   time.Time
	awaited bool
}

// An instance is content that runs, or is about to.
type instance[C Content] struct {
	content    C
	connection string
	began      time.Time
	complete   bool
}

// New returns a set without clusters, which does nothing before Run.
func New[C Content](log *slog.Logger) *Set[C] {
	return &Set[C]{log: log, signals: make(chan struct{}, 1)}
}

// Apply replaces the list. Specs are sorted by name. Readers see the earlier clusters until all new content
// has been made.
func (s *Set[C]) Apply(specs []Spec[C]) {
	s.applying.Lock()
	defer s.applying.Unlock()
	var next []*member[C]
	for _, spec := range specs {
		next = append(next, s.started(spec))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		if !slices.Contains(next, m) {
			s.log.Info("cluster removed", "cluster", m.name)
		}
	}
	s.members, s.begun = next, true
	s.signal()
}

// started returns the member of a specification, whose content it makes or changes.
func (s *Set[C]) started(spec Spec[C]) *member[C] {
	m, running := s.find(spec)
	var made *instance[C]
	err := spec.Err
	switch {
	case err != nil:
	case running != nil:
		err = spec.Change(running.content)
	default:
		var content C
		if content, err = spec.Make(); err == nil {
			made = &instance[C]{content: content, connection: spec.Connection, began: time.Now()}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case made == nil && running != nil && running == m.served:
		m.next = nil
	case made == nil:
	case m.served == nil || !m.served.complete:
		m.served, m.next = made, nil
	default:
		m.next = made
	}
	if err != nil && (m.err == nil || m.err.Error() != err.Error()) {
		s.log.Error("specification of the cluster not usable", "cluster", m.name, "err", err)
	}
	switch {
	case err == nil:
		m.since = time.Time{}
	case m.err == nil:
		m.since = time.Now()
	}
	m.err = err
	return m
}

// find returns the member of a specification, a new one if there is none, and the instance of its
// connection, nil if there is none.
func (s *Set[C]) find(spec Spec[C]) (*member[C], *instance[C]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.members, func(m *member[C]) bool { return m.name == spec.Name })
	if i < 0 {
		s.log.Info("cluster added", "cluster", spec.Name)
		return &member[C]{name: spec.Name, awaited: !s.begun}, nil
	}
	m := s.members[i]
	for _, running := range []*instance[C]{m.next, m.served} {
		if running != nil && running.connection == spec.Connection {
			return m, running
		}
	}
	return m, nil
}

// signal makes Run reconcile.
func (s *Set[C]) signal() {
	select {
	case s.signals <- struct{}{}:
	default:
	}
}

// Members returns the clusters of the list, in order.
func (s *Set[C]) Members() []Member[C] {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Member[C]
	for _, m := range s.members {
		m.update()
		shown := Member[C]{Name: m.name, Awaited: m.awaited, Replaced: m.next != nil, Err: m.err, Since: m.since}
		if m.served != nil {
			shown.Content, shown.Complete = &m.served.content, m.served.complete
		}
		all = append(all, shown)
	}
	return all
}

// update updates what depends on the content: whether it is complete, awaited, or to be replaced.
func (m *member[C]) update() {
	for _, i := range []*instance[C]{m.served, m.next} {
		if i != nil && !i.complete {
			i.complete = i.content.Complete()
		}
	}
	if m.next != nil && m.next.complete && m.next.content.Listed() { // a refusal must not replace content
		m.served, m.next = m.next, nil
	}
	switch {
	case !m.awaited:
	case m.served == nil, m.served.complete:
		m.awaited = false
	case time.Since(m.served.began) >= patience && m.served.content.Failing():
		m.awaited = false
	}
}

// Run runs the clusters until ctx ends, and returns once all have ended.
func (s *Set[C]) Run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	stops := map[*instance[C]]context.CancelFunc{}
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		needed := s.reconcile()
		for _, i := range needed {
			if stops[i] == nil {
				var own context.Context
				own, stops[i] = context.WithCancel(ctx)
				running.Go(func() { i.content.Run(own) })
			}
		}
		for i, stop := range stops {
			if !slices.Contains(needed, i) {
				stop()
				delete(stops, i)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.signals:
		case <-ticker.C:
		}
	}
}

// reconcile replaces content, and returns the instances that should run.
func (s *Set[C]) reconcile() (needed []*instance[C]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.members {
		m.update()
		for _, i := range []*instance[C]{m.served, m.next} {
			if i != nil {
				needed = append(needed, i)
			}
		}
	}
	return needed
}
