package server

import (
	"cmp"
	"container/list"
	"hash/maphash"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Scrapers tell scrapers from other clients and record their scrapes. They are safe for concurrent use.
//
// A request is a scrape if it has the timeout header of Prometheus, or if its client comes at equal
// intervals. Clients are told apart by address, user agent, query and connection.
type Scrapers struct {
	seed maphash.Seed
	mu   sync.Mutex
	streams
}

// NewScrapers makes Scrapers without clients.
func NewScrapers() *Scrapers { return &Scrapers{seed: maphash.MakeSeed()} }

// Watch records the scrapes that next serves.
func (s *Scrapers) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &watched{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if (r.URL.Path == "/metrics" || strings.HasPrefix(r.URL.Path, clusterPath)) && r.Method == http.MethodGet && answer.whole(r) {
			timeout, _ := scrapeTimeout(r)
			v := visit{group: s.group(r), conn: lifeOf(r.Context()), timeout: timeout, at: began}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.note(v)
		}
	})
}

// group is a hash of a client's address, user agent, path and query. Its seed is random, so that no client can
// cause collisions.
func (s *Scrapers) group(r *http.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, part := range []string{hostOf(r.RemoteAddr), r.UserAgent(), r.URL.Path, r.URL.RawQuery} {
		_, _ = h.WriteString(part) // never fails
		_ = h.WriteByte(0)         // likewise
	}
	return h.Sum64()
}

// Since reports whether all scrapers have come since a time: those that are due, and at least as many as
// the other shards expect.
func (s *Scrapers) Since(t time.Time, others int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since(t, time.Now(), others)
}

// Count is the number of scrapers: of those that are expected to come again.
func (s *Scrapers) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(time.Now())
}

// watched records the status of a response, and whether a write failed.
type watched struct {
	http.ResponseWriter
	status int
	failed bool
}

// whole reports whether the response to r is a complete 200.
func (w *watched) whole(r *http.Request) bool {
	return cmp.Or(w.status, http.StatusOK) == http.StatusOK && !w.failed && r.Context().Err() == nil
}

// Write is part of http.ResponseWriter.
func (w *watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.failed = w.failed || err != nil
	return n, err
}

// WriteHeader is part of http.ResponseWriter.
func (w *watched) WriteHeader(status int) {
	w.status = cmp.Or(w.status, status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const (
	// maxRemembered limits the remembered streams.
	maxRemembered = 512
	// forgotten is the silence after which a stream is forgotten.
	forgotten = 10 * time.Minute
	// gone is the number of periods of silence after which a stream is not due any more.
	gone = 3
)

// A visit is a complete response to a request for /metrics.
type visit struct {
	// group is the hash of address, user agent and query.
	group uint64
	// conn is the life of the connection, nil for a closed one.
	conn *life
	// timeout is that of the scrape, 0 without the header.
	timeout time.Duration
	// at is the time of the request.
	at time.Time
}

// A look is what clients can be told apart by, besides connections.
type look struct {
	group uint64
	says  bool // that it scrapes
}

func (v visit) look() look { return look{v.group, v.timeout > 0} }

// A stream is the visits that seem to be of one client.
type stream struct {
	look
	conn    *life
	scrapes bool          // it says so, or comes at equal times
	first   bool          // it came once on its connection
	missed  bool          // the last time it came after more than one period
	last    time.Time     // visit
	period  time.Duration // between visits, 0 as long as there was one
	place   *list.Element // in streams.once or streams.again
}

// closed reports whether the stream has no open connection.
func (s *stream) closed() bool { return s.conn == nil || s.conn.closed.Load() }

// near is the number of periods in d, up to a tenth of one, and the difference; 0 if d is no multiple or
// of too many.
func near(d, period time.Duration) (n, off time.Duration) {
	n = (d + period/2) / period
	off = (d - n*period).Abs()
	if n > gone || off > period/10 {
		return 0, 0
	}
	return n, off
}

// isDue reports whether the stream is expected to come again.
func (s *stream) isDue(now time.Time) bool {
	if !s.scrapes {
		return false
	}
	if s.first && !s.closed() { // the period may be that of another client
		return true
	}
	return now.Sub(s.last) < gone*s.period
}

// streams tell clients apart. A stream has one connection at a time. Once that is closed, the next
// connection of an equal look continues the stream if it comes in its period, or if the period is
// unknown. Streams that came once and those that came again are limited together; of a request only
// a hash is kept.
//
// The zero value has none.
type streams struct {
	looks       map[look][]*stream
	once, again list.List // of *stream, the one that was silent longest in front
	overflowed  time.Time // when a stream was last not remembered
}

// note records a visit.
func (t *streams) note(v visit) {
	if t.looks == nil {
		t.looks = map[look][]*stream{}
	}
	t.forget(&t.once, v.at)
	t.forget(&t.again, v.at)
	s := t.find(v)
	if s == nil {
		if s = t.begin(v); s == nil {
			t.overflowed = v.at
			return
		}
	} else {
		t.continues(s, v)
	}
	s.first, s.conn = v.conn == nil || s.conn != v.conn, v.conn
	if v.at.After(s.last) {
		s.last = v.at
	}
}

// find is the stream of a visit, nil for a new one.
func (t *streams) find(v visit) *stream {
	var punctual, once, missed *stream // in its period; without a period; after more than one period
	var least time.Duration
	for _, s := range t.looks[v.look()] {
		if v.conn != nil && s.conn == v.conn {
			return s
		}
		if !s.closed() {
			continue
		}
		since := v.at.Sub(s.last)
		if s.period == 0 {
			// A period is no shorter than a timeout.
			if since >= v.timeout && (once == nil || s.last.Before(once.last)) {
				once = s
			}
			continue
		}
		switch n, off := near(since, s.period); {
		case n == 1 && (punctual == nil || off < least):
			punctual, least = s, off
		case n > 1:
			missed = s
		}
	}
	return cmp.Or(punctual, missed, once)
}

// begin adds a stream, nil if there is no room.
func (t *streams) begin(v visit) *stream {
	if t.once.Len()+t.again.Len() >= maxRemembered {
		first := t.once.Front()
		if first == nil {
			return nil
		}
		t.remove(&t.once, first.Value.(*stream))
		t.overflowed = v.at
	}
	s := &stream{look: v.look(), scrapes: v.timeout > 0}
	s.place = t.once.PushBack(s)
	t.looks[v.look()] = append(t.looks[v.look()], s)
	return s
}

// continues records a later visit of a stream.
func (t *streams) continues(s *stream, v visit) {
	if s.period == 0 {
		t.once.Remove(s.place)
		s.place = t.again.PushBack(s)
	} else {
		t.again.MoveToBack(s.place)
	}
	since := v.at.Sub(s.last)
	if since <= 0 { // concurrent visits
		return
	}
	if s.period > 0 {
		n, _ := near(since, s.period)
		s.scrapes = s.scrapes || n > 0
		guessed := s.first && v.conn != nil && s.conn == v.conn // the period may be that of another client
		if n > 1 && !s.missed && !guessed {
			s.missed = true
			return
		}
	}
	s.period, s.missed = max(since, v.timeout), false // a scrape on time after a late one comes early
}

// forget removes up to two silent streams.
func (t *streams) forget(l *list.List, now time.Time) {
	for range 2 {
		first := l.Front()
		if first == nil {
			return
		}
		s := first.Value.(*stream)
		if now.Sub(s.last) <= max(forgotten, gone*s.period) {
			return
		}
		t.remove(l, s)
	}
}

func (t *streams) remove(l *list.List, s *stream) {
	l.Remove(s.place)
	rest := t.looks[s.look]
	for i := range rest {
		if rest[i] == s {
			rest[i] = rest[len(rest)-1]
			rest[len(rest)-1] = nil
			rest = rest[:len(rest)-1]
			break
		}
	}
	if t.looks[s.look] = rest; len(rest) == 0 {
		delete(t.looks, s.look)
	}
}

// count is the number of streams that are due.
func (t *streams) count(now time.Time) (n int) {
	for _, alike := range t.looks {
		for _, s := range alike {
			if s.isDue(now) {
				n++
			}
		}
	}
	return n
}

// since reports whether all scrapers have come since a time: those that are due, and at least as many as
// others expect. It reports false while streams have been forgotten for lack of room.
func (t *streams) since(since, now time.Time, others int) bool {
	if !t.overflowed.IsZero() && now.Sub(t.overflowed) < forgotten {
		return false
	}
	came := 0
	for _, alike := range t.looks {
		sure, perhaps := 0, 0
		for _, s := range alike {
			switch {
			case !s.scrapes:
			case s.last.After(since):
				if s.period > 0 || !s.closed() {
					sure++
				} else {
					perhaps = 1 // closed connections may be of one client
				}
			case s.isDue(now):
				return false
			}
		}
		came += max(sure, perhaps)
	}
	return came >= max(others, 1)
}
