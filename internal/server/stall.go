package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// stalled is how long a client may take nothing of an answer while others wait
	// for its turn. It takes some hundred kilobytes at a time.
	stalled = 2 * time.Second
	// lookAround is how often who waits looks for one that takes nothing.
	lookAround = 250 * time.Millisecond
)

// An answer is one that is being written, and can be cut off.
type answer struct {
	http.ResponseWriter
	conn *connectionState // nil if there is none

	mu    sync.Mutex
	tried time.Time // when it was last to be cut off
	since time.Time // when what is being written began to be; zero if nothing is
}

// Write notes that the client is waited for.
func (a *answer) Write(p []byte) (int, error) {
	a.note(time.Now())
	defer a.note(time.Time{})
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) note(since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since = since
}

// standing is how long the client has taken nothing; 0 while it is being cut off.
func (a *answer) standing(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() || now.Sub(a.tried) < lookAround {
		return 0
	}
	return now.Sub(a.since)
}

// cutOff ends the write that is under way, if there is one. It says whether it has
// not tried before: a connection of which the client takes nothing keeps also the
// end of a stream of HTTP/2 or TLS, and ends itself the next time.
func (a *answer) cutOff() (first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() { // it has gone on meanwhile
		return false
	}
	// A writer that knows no deadlines is none of a connection's.
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now())
	first = a.tried.IsZero()
	if !first && a.conn != nil {
		_ = a.conn.SetWriteDeadline(time.Now())
	}
	a.tried = time.Now()
	return first
}

// connection is the key of the *connectionState of a request's connection in its
// context, and in that of the handshake.
type connection struct{}

type connectionState struct {
	net.Conn
	wants certificateWish // written before the first request
}

func withConnection(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connection{}, &connectionState{Conn: c})
}

// answers are those being written.
type answers struct {
	mu  sync.Mutex
	all map[*answer]bool
}

func (s *answers) add(w http.ResponseWriter, r *http.Request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	conn, _ := r.Context().Value(connection{}).(*connectionState)
	a := &answer{ResponseWriter: w, conn: conn}
	s.all[a] = true
	return a
}

func (s *answers) remove(a *answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, a)
}

// count is how many there are.
func (s *answers) count() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return float64(len(s.all))
}

// cutOffOne cuts the answer off of which the client has taken nothing for the
// longest time, if that is too long. It says whether that is one more.
func (s *answers) cutOffOne() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	var slowest *answer
	longest, now := stalled, time.Now()
	for a := range s.all {
		if d := a.standing(now); d >= longest {
			slowest, longest = a, d
		}
	}
	return slowest != nil && slowest.cutOff()
}
