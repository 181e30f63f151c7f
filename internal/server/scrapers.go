package server

import (
	"cmp"
	"hash/maphash"
	"net/http"
	"sync"
	"time"
)

// Scrapers know who scrapes and when. They may be used concurrently.
//
// A request is a scrape if it says so, by a timeout as Prometheus sends it, or if its
// client comes at equal times. Clients are told apart by address, user agent, query and
// connection.
type Scrapers struct {
	seed maphash.Seed
	mu   sync.Mutex
	streams
}

// NewScrapers makes Scrapers of whom nobody came yet.
func NewScrapers() *Scrapers { return &Scrapers{seed: maphash.MakeSeed()} }

// Watch notes the scrapes that next answers.
func (s *Scrapers) Watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), &watched{ResponseWriter: w}
		next.ServeHTTP(answer, r)
		if r.URL.Path == "/metrics" && r.Method == http.MethodGet && answer.whole(r) {
			timeout, _ := scrapeTimeout(r)
			v := visit{group: s.group(r), conn: lifeOf(r.Context()), timeout: timeout, at: began}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.note(v)
		}
	})
}

// group is a hash of what a client shows of itself. Its seed is made for this process:
// nobody can choose two that meet.
func (s *Scrapers) group(r *http.Request) uint64 {
	var h maphash.Hash
	h.SetSeed(s.seed)
	for _, part := range []string{hostOf(r.RemoteAddr), r.UserAgent(), r.URL.RawQuery} {
		_, _ = h.WriteString(part) // it cannot fail
		_ = h.WriteByte(0)         // likewise
	}
	return h.Sum64()
}

// Since says whether every scraper has come since a time: those who come again and again,
// and as many as others see at least.
func (s *Scrapers) Since(t time.Time, others int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.since(t, time.Now(), others)
}

// Count is how many come again and again.
func (s *Scrapers) Count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(time.Now())
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
