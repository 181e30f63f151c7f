package server

import (
	"cmp"
	"container/list"
	"time"
)

const (
	// maxRemembered bounds the streams that are remembered.
	maxRemembered = 512
	// forgotten is after how long without a scrape a stream is forgotten.
	forgotten = 10 * time.Minute
	// gone is after how many periods without a scrape a stream is thought not to come
	// again.
	gone = 3
)

// A visit is a request for the metrics, and a whole answer to it.
type visit struct {
	// group is what the client shows of itself: address, user agent and query.
	group uint64
	// conn is the life of the connection, nil for one that is closed.
	conn *life
	// timeout is that of a scrape, as a scraper says it; 0 for who does not.
	timeout time.Duration
	// at is when the request came.
	at time.Time
}

// A look is what a client shows.
type look struct {
	group uint64
	says  bool // that it scrapes
}

func (v visit) look() look { return look{v.group, v.timeout > 0} }

// A stream is the visits of one client, as far as can be told.
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

// closed says whether the stream has no connection on which it could come again.
func (s *stream) closed() bool { return s.conn == nil || s.conn.closed.Load() }

// near says of how many periods d is, but for a tenth of one, and how far off; 0 if it is of
// none, or of too many.
func near(d, period time.Duration) (n, off time.Duration) {
	n = (d + period/2) / period
	off = (d - n*period).Abs()
	if n > gone || off > period/10 {
		return 0, 0
	}
	return n, off
}

// isDue says whether the stream may be expected to come again, sooner or later.
func (s *stream) isDue(now time.Time) bool {
	if !s.scrapes {
		return false
	}
	if s.first && !s.closed() { // the period may be that of another one
		return true
	}
	return now.Sub(s.last) < gone*s.period
}

// streams tell clients apart. A stream has one connection at a time. When that is closed,
// the next connection of a client that looks the same takes the stream over if it comes in its period, or if
// the period is not known yet. Streams that came once and those that came again are
// bounded together; nothing that a client sends is kept but a hash.
//
// The zero value has none.
type streams struct {
	looks       map[look][]*stream
	once, again list.List // of *stream, the one that was silent longest in front
	overflowed  time.Time // when a stream was last not remembered
}

// note takes a visit in.
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

// find gives the stream that a visit belongs to, nil if it is a new one.
func (t *streams) find(v visit) *stream {
	var punctual, once, missed *stream // has its period, has none yet and was silent longest, has left some out
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

// begin makes room for a new stream, if there is any.
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

// continues has a stream come again.
func (t *streams) continues(s *stream, v visit) {
	if s.period == 0 {
		t.once.Remove(s.place)
		s.place = t.again.PushBack(s)
	} else {
		t.again.MoveToBack(s.place)
	}
	since := v.at.Sub(s.last)
	if since <= 0 { // two at the same time
		return
	}
	if s.period > 0 {
		n, _ := near(since, s.period)
		s.scrapes = s.scrapes || n > 0
		guessed := s.first && v.conn != nil && s.conn == v.conn // the period may be that of another one
		if n > 1 && !s.missed && !guessed {
			s.missed = true
			return
		}
	}
	s.period, s.missed = since, false
}

// forget forgets what was silent for long, a few at a time.
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

// count is how many streams come again and again.
func (t *streams) count(now time.Time) (n int) {
	for e := t.again.Front(); e != nil; e = e.Next() {
		if e.Value.(*stream).isDue(now) {
			n++
		}
	}
	return n
}

// since says whether every scraper has come since a time: those who may be expected, and
// as many as others see at least. Where there are too many to remember, nobody knows.
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
					perhaps = 1 // connections that are closed may be of one client
				}
			case s.isDue(now):
				return false
			}
		}
		came += max(sure, perhaps)
	}
	return came >= max(others, 1)
}
