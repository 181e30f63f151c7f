package server

import (
	"cmp"
	"maps"
	"net"
	"net/http"
	"sync"
	"time"
)

// Scrapers know who scrapes and when. They may be used concurrently.
type Scrapers struct {
	mu   sync.Mutex
	last map[string]scrapes
}

// scrapes are those of one client: when the last one began that had an answer, how
// long that was after the one before, if there was one.
type scrapes struct {
	began  time.Time
	period time.Duration
}

// gone is after how many periods without a scrape a client is thought not to come
// again.
const gone = 3

// forgotten is how long a client that came once is remembered.
const forgotten = 10 * time.Minute

// Watch notes the scrapes that next answers.
func (s *Scrapers) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &watched{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if r.URL.Path == "/metrics" && r.Method == http.MethodGet && answer.whole(r) {
			host, _, _ := net.SplitHostPort(r.RemoteAddr)
			s.note(host+" "+r.UserAgent()+" "+r.URL.RawQuery, began)
		}
	})
}

// watched notes the status of an answer, and whether it could be written.
type watched struct {
	http.ResponseWriter
	status int
	failed bool
}

// whole says whether the answer to r is what r asks for, and has been sent to
// somebody who still waits for it.
func (w *watched) whole(r *http.Request) bool {
	return cmp.Or(w.status, http.StatusOK) == http.StatusOK && !w.failed && r.Context().Err() == nil
}

// Write notes a failure.
func (w *watched) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.failed = w.failed || err != nil
	return n, err
}

// WriteHeader notes the status.
func (w *watched) WriteHeader(status int) {
	w.status = cmp.Or(w.status, status)
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find what the answer can do.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (s *Scrapers) note(client string, began time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.last, func(_ string, c scrapes) bool { return began.Sub(c.began) > forgotten })
	if s.last == nil {
		s.last = map[string]scrapes{}
	}
	next := scrapes{began: began}
	if before, ok := s.last[client]; ok {
		next.period = began.Sub(before.began)
	}
	s.last[client] = next
}

// Since says whether there was a scrape that began after a time, and one of each
// client that comes again and again.
func (s *Scrapers) Since(t time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := false
	for _, c := range s.last {
		switch {
		case c.began.After(t):
			found = true
		case c.period > 0 && time.Since(c.began) < gone*c.period:
			return false
		}
	}
	return found
}
