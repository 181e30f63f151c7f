package server

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Limits bound the scrapes of a port.
type Limits struct {
	// Scrapes is the number of concurrent scrapes, 0 for any number.
	Scrapes int
	// Answer is the time for a response, 0 for any time.
	Answer time.Duration
}

const (
	// queueTimeout is how long a scrape waits in the queue.
	queueTimeout = 5 * time.Second
	// stallTimeout is how long a client may read nothing of a response while others wait. A client
	// reads some hundred kilobytes at a time.
	stallTimeout = 2 * time.Second
	// stallCheck is the interval in which a waiter looks for stalled clients.
	stallCheck = 250 * time.Millisecond
)

// A limiter serves a limited number of scrapes at a time and queues as many more. It refuses further
// ones, and aborts the response to a stalled client while others wait.
type limiter struct {
	Limits
	queueMetrics
	queue     *queue
	refusal   string // body of a refusal
	responses responses
	next      http.Handler
}

type queueMetrics struct {
	waiting          prometheus.Gauge
	refused, aborted prometheus.Counter
}

func newLimiter(l Limits, refusal string, m queueMetrics, next http.Handler) *limiter {
	return &limiter{Limits: l, queueMetrics: m, queue: newQueue(l.Scrapes), refusal: refusal, responses: responses{all: map[*response]bool{}}, next: next}
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
}

func gauge(name, help string) prometheus.Gauge {
	return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
}

// telemetryQueue registers the metrics of the telemetry port's queue with reg.
func telemetryQueue(reg prometheus.Registerer) queueMetrics {
	m := queueMetrics{
		waiting: gauge("kubestate_telemetry_requests_waiting", "Telemetry requests queued."),
		refused: counter("kubestate_telemetry_requests_refused_total", "Telemetry requests refused because of too many concurrent ones."),
		aborted: counter("kubestate_telemetry_requests_aborted_total", "Telemetry responses aborted because the client stalled while others waited."),
	}
	reg.MustRegister(m.waiting, m.refused, m.aborted)
	return m
}

// limit limits the scrapes of next, with metrics registered with reg.
func limit(l Limits, reg prometheus.Registerer, next http.Handler) http.Handler {
	m := newLimiter(l, "too many scrapes at the same time", queueMetrics{
		waiting: gauge("kubestate_scrapes_waiting", "Scrapes queued."),
		refused: counter("kubestate_scrapes_refused_total", "Scrapes refused because of too many concurrent ones."),
		aborted: counter("kubestate_scrapes_aborted_total", "Scrape responses aborted because the client stalled while others waited."),
	}, next)
	inFlight := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "kubestate_scrapes_in_flight",
		Help: "Scrapes in flight.",
	}, m.responses.count)
	reg.MustRegister(m.waiting, inFlight, m.refused, m.aborted)
	return m
}

func (l *limiter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, wait := time.Now(), queueTimeout
	if bound, ok := l.deadline(r); ok {
		// A writer without deadlines has no connection.
		_ = http.NewResponseController(w).SetWriteDeadline(began.Add(bound))
		wait = min(queueTimeout, bound/2) // the other half is for the response
	}
	if l.Scrapes > 0 {
		from := hostOf(r.RemoteAddr)
		if !l.enter(r.Context(), from, wait) {
			l.refused.Inc()
			w.Header().Set("Retry-After", strconv.Itoa(int(queueTimeout.Seconds())))
			http.Error(w, l.refusal, http.StatusServiceUnavailable)
			return
		}
		defer l.queue.leave(from)
	}
	a := l.responses.add(w, r)
	defer l.responses.remove(a)
	l.next.ServeHTTP(a, r)
}

// deadline is the timeout of the scraper, if it is shorter than Answer.
func (l *limiter) deadline(r *http.Request) (time.Duration, bool) {
	d, ok := scrapeTimeout(r)
	return d, ok && (l.Answer == 0 || d < l.Answer)
}

// scrapeTimeout is the timeout in the header of a scrape.
func scrapeTimeout(r *http.Request) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0 && seconds < time.Hour.Seconds()) {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// enter reports whether a scrape is admitted, after a wait of a limited time.
func (l *limiter) enter(ctx context.Context, from string, wait time.Duration) bool {
	admitted, w := l.queue.enter(from)
	if w == nil {
		return admitted
	}
	l.waiting.Inc()
	defer l.waiting.Dec()
	return l.wait(ctx, w, wait)
}

// wait waits for admission, and aborts responses to stalled clients meanwhile.
func (l *limiter) wait(ctx context.Context, w *waiter, wait time.Duration) bool {
	over := time.NewTimer(wait)
	defer over.Stop()
	check := time.NewTicker(stallCheck)
	defer check.Stop()
	for {
		select {
		case admitted := <-w.admitted:
			return admitted
		case <-check.C:
			if l.responses.abortStalled() {
				l.aborted.Inc()
			}
		case <-over.C:
			return l.queue.giveUp(w)
		case <-ctx.Done():
			return l.queue.giveUp(w)
		}
	}
}

// A response is being written and can be aborted.
type response struct {
	http.ResponseWriter
	conn *conn // nil if unknown

	mu      sync.Mutex
	aborted time.Time // the last attempt
	since   time.Time // the beginning of the current write, zero if there is none
}

// Write is part of http.ResponseWriter.
func (a *response) Write(p []byte) (int, error) {
	a.note(time.Now())
	defer a.note(time.Time{})
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *response) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *response) note(since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = since
}

// stalledFor is how long the client has read nothing, 0 while an attempt to abort is recent.
func (a *response) stalledFor(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() || now.Sub(a.aborted) < stallCheck {
		return 0
	}
	return now.Sub(a.since)
}

// abort fails the current write, if there is one. It reports whether this is the first attempt. The
// first attempt ends a response; the next one ends the connection, on which a stalled client also
// blocks the end of a stream of HTTP/2 or TLS.
func (a *response) abort() (first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() { // the write is done
		return false
	}
	// A writer without deadlines has no connection.
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now())
	first = a.aborted.IsZero()
	if !first && a.conn != nil {
		_ = a.conn.SetWriteDeadline(time.Now())
	}
	a.aborted = time.Now()
	return first
}

// responses are those being written.
type responses struct {
	mu  sync.Mutex
	all map[*response]bool
}

func (s *responses) add(w http.ResponseWriter, r *http.Request) *response {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &response{ResponseWriter: w, conn: connectionOf(r.Context())}
	s.all[a] = true
	return a
}

func (s *responses) remove(a *response) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, a)
}

func (s *responses) count() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return float64(len(s.all))
}

// abortStalled aborts the response that has been stalled for the longest time, if that is longer than
// stallTimeout. It reports whether the response had not been aborted before.
func (s *responses) abortStalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var slowest *response
	longest, now := stallTimeout, time.Now()
	for a := range s.all {
		if d := a.stalledFor(now); d >= longest {
			slowest, longest = a, d
		}
	}
	return slowest != nil && slowest.abort()
}
