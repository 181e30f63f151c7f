package server

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scraper is a client of the model.
type scraper struct {
	name      string
	group     uint64
	period    time.Duration
	timeout   time.Duration // 0 for one that does not say that it scrapes
	keepAlive bool

	conn   *life
	next   time.Time
	visits []time.Time // at equal times, since it came or changed last
}

// regular reports whether the client has come often enough to be known. A client that closes its
// connections is known by its period only, and one without the timeout header by two equal periods.
func (c *scraper) regular() bool {
	least := 2
	if !c.keepAlive {
		least++
	}
	if c.timeout == 0 {
		least += 2
	}
	return len(c.visits) >= least
}

// schedule is the model: some scrapers and their faults.
type schedule struct {
	*rand.Rand
	streams
	now     time.Time
	clients []*scraper
	log     []string
}

func newSchedule(seed uint64) *schedule {
	s := &schedule{Rand: rand.New(rand.NewPCG(seed, 7)), now: time.Unix(1e9, 0)}
	for i := range 1 + s.IntN(5) {
		c := &scraper{
			name: fmt.Sprint("client", i), group: uint64(s.IntN(3)), keepAlive: s.IntN(3) > 0,
			period: time.Duration(10+5*s.IntN(6)) * time.Second,
		}
		if s.IntN(4) > 0 {
			c.timeout = 10 * time.Second
		}
		// Of those who close each connection, one that looks like another cannot be told
		// from that.
		if !c.keepAlive {
			c.group = uint64(100 + i)
		}
		c.next = s.now.Add(s.within(c.period))
		s.clients = append(s.clients, c)
	}
	return s
}

// within is a random time up to d.
func (s *schedule) within(d time.Duration) time.Duration { return time.Duration(s.Int64N(int64(d))) }

func (s *schedule) say(format string, args ...any) {
	s.log = append(s.log, s.now.Format("04:05.000 ")+fmt.Sprintf(format, args...))
}

// step makes a random fault and the next visit.
func (s *schedule) step() {
	switch c := s.clients[s.IntN(len(s.clients))]; s.IntN(20) {
	case 0:
		if s.lookalikesStay(c) {
			s.say("%s loses its connection", c.name)
			s.hangUp(c)
		}
	case 1:
		if s.lookalikesStay(c) {
			s.say("%s starts anew", c.name)
			s.hangUp(c)
			c.next, c.visits = s.now.Add(s.within(c.period)), nil
		}
	case 2:
		looker := &scraper{group: uint64(s.IntN(4))}
		if s.lookalikesStay(looker) {
			s.say("somebody looks")
			s.note(visit{looker.group, nil, 0, s.now})
		}
	case 3:
		if n := len(c.visits); n > 2 && c.next.Sub(c.visits[n-1]) < c.period*3/2 { // who misses three is gone
			s.say("%s misses one", c.name)
			c.next = c.next.Add(c.period)
		}
	}
	c := slices.MinFunc(s.clients, func(a, b *scraper) int { return a.next.Compare(b.next) })
	s.now = c.next
	if c.conn == nil && c.keepAlive {
		c.conn = &life{}
	}
	s.say("%s", c.name)
	s.note(visit{c.group, c.conn, c.timeout, s.now})
	c.visits = append(c.visits, s.now)
	c.next = s.now.Add(c.period + s.within(c.period/50) - c.period/100)
}

// lookalikesStay reports whether all other clients of equal look have connections. Two without cannot be
// told apart when one comes in the period of the other.
func (s *schedule) lookalikesStay(c *scraper) bool {
	return !slices.ContainsFunc(s.clients, func(o *scraper) bool { return o != c && o.group == c.group && o.conn == nil })
}

func (s *schedule) hangUp(c *scraper) {
	if c.conn != nil {
		c.conn.closed.Store(true)
		c.conn = nil
	}
}

// unread is a regular client that has not come since t, if there is one.
func (s *schedule) unread(t time.Time) *scraper {
	for _, c := range s.clients {
		if c.regular() && !c.visits[len(c.visits)-1].After(t) {
			return c
		}
	}
	return nil
}

// TestScrapersOfModel runs scrapers with and without persistent connections, of equal and of different
// looks, which lose connections, restart and miss scrapes. Since never reports true while a regular
// one has not come, and does so in the end.
func TestScrapersOfModel(t *testing.T) {
	seeds := 300
	if more, err := strconv.Atoi(os.Getenv("KUBESTATE_SEEDS")); err == nil {
		seeds = more
	}
	said := 0
	for seed := range seeds {
		s := newSchedule(uint64(seed))
		since := s.now
		for range 200 {
			s.step()
			if s.since(since, s.now, 0) {
				said++
				if c := s.unread(since); c != nil {
					t.Fatalf("seed %d: %s has not come since %s\n%s", seed, c.name, since.Format("04:05.000"), strings.Join(s.log[max(0, len(s.log)-40):], "\n"))
				}
				since = s.now.Add(-s.within(20 * time.Second))
			}
		}
	}
	if said < 10*seeds {
		t.Errorf("said %d times in %d runs that all have come", said, seeds)
	}
}

// TestScrapersToTellApart has two scrapers of equal look with a connection each, and one that closes its
// connections.
func TestScrapersToTellApart(t *testing.T) {
	const period, timeout = 15 * time.Second, 10 * time.Second
	var s streams
	start := time.Unix(1e9, 0)
	one, two := &life{}, &life{}
	at := func(d time.Duration) time.Time { return start.Add(d) }
	f := func(d time.Duration, since time.Duration, others int, want bool) {
		t.Helper()
		if got := s.since(at(since), at(d), others); got != want {
			t.Errorf("after %v, since %v, of %d: %v, want %v", d, since, others, got, want)
		}
	}
	for i := range time.Duration(3) {
		s.note(visit{1, one, timeout, at(i * period)})
		s.note(visit{1, two, timeout, at(i*period + 5*time.Second)})
		s.note(visit{2, nil, timeout, at(i*period + 7*time.Second)})
	}
	if n := s.count(at(40 * time.Second)); n != 3 {
		t.Errorf("%d scrapers, want 3", n)
	}
	f(40*time.Second, 25*time.Second, 0, true)
	f(40*time.Second, 31*time.Second, 0, false)
	f(40*time.Second, 29*time.Second, 4, false)
	s.note(visit{1, one, timeout, at(3 * period)})
	f(46*time.Second, 44*time.Second, 0, false)
	s.note(visit{2, nil, timeout, at(3*period + 7*time.Second)})
	f(53*time.Second, 44*time.Second, 0, false)
	two.closed.Store(true)
	s.note(visit{1, &life{}, timeout, at(3*period + 5*time.Second)})
	f(53*time.Second, 44*time.Second, 0, true)
	if n := s.count(at(53 * time.Second)); n != 3 {
		t.Errorf("%d scrapers, want 3", n)
	}
}

// TestScrapersAreBounded has many clients that come once or twice. Few are remembered, and Since reports
// false while some are forgotten.
func TestScrapersAreBounded(t *testing.T) {
	for _, times := range []int{1, 2} {
		var s streams
		now := time.Unix(1e9, 0)
		start := now
		for i := range 5000 {
			for range times {
				now = now.Add(time.Millisecond)
				s.note(visit{uint64(i), nil, time.Microsecond, now})
			}
		}
		if n := s.once.Len() + s.again.Len(); n != 512 || len(s.looks) != 512 {
			t.Errorf("%d streams of %d looks are remembered, want 512", n, len(s.looks))
		}
		if s.since(start.Add(-time.Second), now, 0) {
			t.Error("all have come, though some were forgotten")
		}
		now = now.Add(11 * time.Minute)
		s.note(visit{1 << 20, &life{}, time.Second, now})
		if !s.since(now.Add(-time.Second), now, 0) {
			t.Error("the flood is not forgotten")
		}
	}
}

// TestLateScrapes holds that a scrape shortly after a late one does not shorten the time in which the
// stream is due: parts of a scrape are streams of one connection each.
func TestLateScrapes(t *testing.T) {
	var s streams
	start := time.Unix(1e9, 0)
	conns := map[uint64]*life{1: {}, 2: {}}
	come := func(group uint64, seconds float64) {
		s.note(visit{group, conns[group], 2 * time.Second, start.Add(time.Duration(seconds * float64(time.Second)))})
	}
	for _, seconds := range []float64{0, 2, 4} {
		come(1, seconds)
		come(2, seconds)
	}
	come(1, 6)
	come(2, 7.7)
	come(1, 8)
	come(2, 8) // on time again
	come(1, 10)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	if s.since(at(9), at(10.1), 0) {
		t.Error("the stream that was late is not waited for")
	}
	if n := s.count(at(10.1)); n != 2 {
		t.Errorf("%d streams, want 2", n)
	}
	come(2, 10.2)
	if !s.since(at(9), at(10.3), 0) {
		t.Error("both have come, and are waited for")
	}
	if s.since(at(10.3), at(15), 0) {
		t.Error("nobody has come")
	}
	if n := s.count(at(17)); n != 0 {
		t.Errorf("%d streams after three periods of silence", n)
	}
}
