package authfilter

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/cache"
)

// kept is how many answers are kept at the most, of those that say yes and of those
// that say no. At the rates of questions there are at most some 400 refusals of tokens
// that count, and whoever reads twice a minute has been used more recently than any
// kept answers of others: made-up questions push out nothing of use.
const kept = 1024

// remembered is how long an answer that says yes can be told to have been there,
// after it no longer counts.
const remembered = time.Hour

// answers are what the API server said to questions. The zero value of T is no,
// everything else yes. Questions are kept as digests, whose key is made for this
// process: they tell nothing, have one size, and nobody can choose two that meet.
type answers[T comparable] struct {
	key     []byte
	yes, no *cache.LRUExpireCache // of digests to answer[T]

	mu    sync.Mutex
	calls map[string]*call[T] // by digest
}

type answer[T comparable] struct {
	value T
	until time.Time
}

// A call is a question that is being asked. The one who came first asks it, in the
// name of all who wait for the answer, until none of them does any more.
type call[T comparable] struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{}
	value   T
	err     error
}

func newAnswers[T comparable]() *answers[T] {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it cannot fail
	return &answers[T]{
		key:   key,
		yes:   cache.NewLRUExpireCache(kept),
		no:    cache.NewLRUExpireCache(kept),
		calls: map[string]*call[T]{},
	}
}

// get gives the answer to a question: the one that counts still, or that of
// ask, which says how long it counts; 0 is not at all. What ask is given is the last
// answer, if that was yes and has expired since. Who asks the same meanwhile waits for
// the one answer. An error is for those that wait, and is not kept.
func (a *answers[T]) get(ctx context.Context, question []byte, ask func(ctx context.Context, last T) (T, time.Duration, error)) (T, error) {
	mac := hmac.New(sha256.New, a.key)
	mac.Write(question)
	digest := string(mac.Sum(nil))
	if value, counts := a.find(digest); counts {
		return value, nil
	}
	c, asking, first := a.join(ctx, digest)
	// The first one asks on when its own client has gone, if others wait.
	defer context.AfterFunc(ctx, func() { a.leave(digest, c) })()
	if first {
		a.ask(asking, digest, c, ask)
		return c.value, c.err
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var no T
		return no, ctx.Err()
	}
}

// join gives the call of a question, and to the one who comes first the context in
// which to ask it.
func (a *answers[T]) join(ctx context.Context, digest string) (c *call[T], asking context.Context, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c = a.calls[digest]
	if c == nil {
		first, c = true, &call[T]{done: make(chan struct{})}
		asking, c.cancel = context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // called when nobody waits any more, or the answer is there
		a.calls[digest] = c
	}
	c.waiting++
	return c, asking, first
}

// leave gives a call up when nobody waits for it any more.
func (a *answers[T]) leave(digest string, c *call[T]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.waiting--; c.waiting == 0 {
		c.cancel()
		a.forget(digest, c) // who comes now asks anew
	}
}

func (a *answers[T]) forget(digest string, c *call[T]) {
	if a.calls[digest] == c {
		delete(a.calls, digest)
	}
}

// ask answers a call.
func (a *answers[T]) ask(ctx context.Context, digest string, c *call[T], ask func(context.Context, T) (T, time.Duration, error)) {
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.forget(digest, c)
		c.cancel()
		close(c.done)
	}()
	last, counts := a.find(digest)
	if counts {
		c.value = last // it has come since
		return
	}
	var ttl time.Duration
	if c.value, ttl, c.err = ask(ctx, last); c.err == nil {
		a.keep(digest, c.value, ttl)
	}
}

// find gives the answer that is kept, and whether it counts.
func (a *answers[T]) find(digest string) (value T, counts bool) {
	found, ok := a.yes.Get(digest)
	if !ok {
		found, ok = a.no.Get(digest)
	}
	if !ok {
		return value, false
	}
	there := found.(answer[T])
	return there.value, time.Now().Before(there.until)
}

func (a *answers[T]) keep(digest string, value T, ttl time.Duration) {
	var no T
	switch {
	case ttl == 0:
	case value == no:
		a.yes.Remove(digest)
		a.no.Add(digest, answer[T]{value, time.Now().Add(ttl)}, ttl)
	default:
		a.yes.Add(digest, answer[T]{value, time.Now().Add(ttl)}, remembered)
	}
}
