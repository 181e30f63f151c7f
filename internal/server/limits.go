package server

import (
	"context"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits bound what scrapes may take.
type Limits struct {
	// Scrapes is how many are answered at the same time, 0 for any number.
	Scrapes int
	// Answer is how long answering one may take, 0 for any time.
	Answer time.Duration
}

const (
	// maxHeaderBytes bounds the header of a request, URL included. A bearer token
	// has some kilobytes.
	maxHeaderBytes = 32 << 10
	// maxURLBytes bounds the path and query of a request: the names of all
	// resources and of some hundred namespaces fit.
	maxURLBytes = 8 << 10
	// maxStreams bounds the requests at the same time on a connection of HTTP/2. A
	// scraper has one. Each may keep a header of maxHeaderBytes, some 130 KB, for as
	// long as the client takes nothing of the answer.
	maxStreams = 2
	// turn is how long a scrape waits until others are done.
	turn = 5 * time.Second
)

// boundURL refuses requests with a long URL.
func boundURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxURLBytes {
			http.Error(w, "the URL has more than "+strconv.Itoa(maxURLBytes)+" bytes", http.StatusRequestURITooLong)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withoutBody refuses requests with a body. Nobody would read it, and the server waits
// for some of it in the middle of the answer, so that a client that does not send it
// could hold the turn of a scrape.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close") // else the server waits for it here
			http.Error(w, "a request has no body here", http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A limiter answers scrapes, so many at a time. As many again wait for their
// turn; the rest is refused at once. A client that takes nothing of its answer
// loses its turn to one that waits.
type limiter struct {
	Limits
	turnMetrics
	turns   turns
	refusal string // what is said to who is refused
	answers answers
	next    http.Handler
}

// turnMetrics measure how limits are made use of.
type turnMetrics struct {
	waiting      prometheus.Gauge
	refused, cut prometheus.Counter
}

func newLimiter(l Limits, refusal string, m turnMetrics, next http.Handler) *limiter {
	return &limiter{
		Limits:      l,
		turnMetrics: m,
		turns:       turns{limit: l.Scrapes, askers: map[string]*asker{}, crowds: map[netip.Prefix]*crowd{}},
		refusal:     refusal,
		answers:     answers{all: map[*answer]bool{}},
		next:        next,
	}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// telemetryTurns are those of the telemetry port.
func telemetryTurns(reg prometheus.Registerer) turnMetrics {
	m := turnMetrics{
		waiting: gauge("kubestate_telemetry_requests_waiting", "Telemetry requests queued."),
		refused: counter("kubestate_telemetry_requests_refused_total", "Telemetry requests refused because of too many concurrent ones."),
		cut:     counter("kubestate_telemetry_requests_aborted_total", "Telemetry responses aborted because the client stalled while others waited."),
	}
	reg.MustRegister(m.waiting, m.refused, m.cut)
	return m
}

// limit is next within the limits of scrapes, which are registered with reg as they
// are made use of.
func limit(l Limits, reg prometheus.Registerer, next http.Handler) http.Handler {
	m := newLimiter(l, "too many scrapes at the same time", turnMetrics{
		waiting: gauge("kubestate_scrapes_waiting", "Scrapes queued."),
		refused: counter("kubestate_scrapes_refused_total", "Scrapes refused because of too many concurrent ones."),
		cut:     counter("kubestate_scrapes_aborted_total", "Scrape responses aborted because the client stalled while others waited."),
	}, next)
	serving := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kubestate_scrapes_in_flight",
		Help: "Scrapes in flight.",
	}, m.answers.count)
	reg.MustRegister(m.waiting, serving, m.refused, m.cut)
	return m
}

func (l *limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, patience := time.Now(), turn
	if bound, ok := l.deadline(r); ok {
		// A writer that knows no deadlines is none of a connection's.
		_ = http.NewResponseController(w).SetWriteDeadline(began.Add(bound))
		patience = min(turn, bound/2) // the other half is for the answer
	}
	if l.Scrapes > 0 {
		from := hostOf(r.RemoteAddr)
		if !l.enter(r.Context(), from, patience) {
			l.refused.Inc()
			w.Header().Set("Retry-After", strconv.Itoa(int(turn.Seconds())))
			http.Error(w, l.refusal, http.StatusServiceUnavailable)
			return
		}
		defer l.turns.leave(from)
	}
	a := l.answers.add(w, r)
	defer l.answers.remove(a)
	l.next.ServeHTTP(a, r)
}

// deadline is how long the scraper says that it will wait for the answer, if
// that is sooner than the server's own bound.
func (l *limiter) deadline(r *http.Request) (time.Duration, bool) {
	d, ok := scrapeTimeout(r)
	return d, ok && (l.Answer == 0 || d < l.Answer)
}

// scrapeTimeout is the timeout that scrapers send.
func scrapeTimeout(r *http.Request) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0 && seconds < time.Hour.Seconds()) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// enter waits for a turn and reports whether it got one.
func (l *limiter) enter(ctx context.Context, from string, patience time.Duration) bool {
	granted, ticket := l.turns.enter(from)
	if ticket == nil {
		return granted
	}
	l.waiting.Inc()
	defer l.waiting.Dec()
	return l.wait(ctx, ticket, patience)
}

// wait waits for a turn while others have all of them, and sees to it that nobody
// has one for nothing.
func (l *limiter) wait(ctx context.Context, t *ticket, patience time.Duration) bool {
	over := time.NewTimer(patience)
	defer over.Stop()
	look := time.NewTicker(lookAround)
	defer look.Stop()
	for {
		select {
		case granted := <-t.decided:
			return granted
		case <-look.C:
			if l.answers.cutOffOne() {
				l.cut.Inc()
			}
		case <-over.C:
			return l.turns.giveUp(t)
		case <-ctx.Done():
			return l.turns.giveUp(t)
		}
	}
}
