package server

import (
	"context"
	"net/http"
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

// A limiter answers scrapes, so many at a time. As many again wait for their
// turn; the rest is refused at once.
type limiter struct {
	Limits
	places, slots    chan struct{} // of all who wait or are answered, and of the latter
	waiting, serving prometheus.Gauge
	refused          prometheus.Counter
	next             http.Handler
}

// limit is next within the limits, which are registered with reg as they are
// made use of.
func limit(l Limits, reg prometheus.Registerer, next http.Handler) http.Handler {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m := &limiter{
		Limits:  l,
		places:  make(chan struct{}, 2*l.Scrapes),
		slots:   make(chan struct{}, l.Scrapes),
		waiting: gauge("kubestate_scrapes_waiting", "Scrapes that wait until others are answered."),
		serving: gauge("kubestate_scrapes_in_flight", "Scrapes that are being answered."),
		refused: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "kubestate_scrapes_refused_total",
			Help: "Scrapes refused because too many were being answered.",
		}),
		next: next,
	}
	reg.MustRegister(m.waiting, m.serving, m.refused)
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
		if !l.enter(r.Context(), patience) {
			l.refused.Inc()
			w.Header().Set("Retry-After", strconv.Itoa(int(turn.Seconds())))
			http.Error(w, "too many scrapes at the same time", http.StatusServiceUnavailable)
			return
		}
		defer l.leave()
	}
	l.serving.Inc()
	defer l.serving.Dec()
	l.next.ServeHTTP(w, r)
}

// deadline is how long the scraper says that it will wait for the answer, if
// that is sooner than the server's own bound.
func (l *limiter) deadline(r *http.Request) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || !(seconds > 0 && seconds < time.Hour.Seconds()) {
		return 0, false
	}
	d := time.Duration(seconds * float64(time.Second))
	return d, l.Answer == 0 || d < l.Answer
}

// enter waits for a slot and reports whether it got one.
func (l *limiter) enter(ctx context.Context, patience time.Duration) bool {
	select {
	case l.places <- struct{}{}:
	default:
		return false
	}
	select {
	case l.slots <- struct{}{}:
		return true
	default:
	}
	l.waiting.Inc()
	defer l.waiting.Dec()
	over := time.NewTimer(patience)
	defer over.Stop()
	select {
	case l.slots <- struct{}{}:
		return true
	case <-over.C:
	case <-ctx.Done():
	}
	<-l.places
	return false
}

func (l *limiter) leave() {
	<-l.slots
	<-l.places
}
