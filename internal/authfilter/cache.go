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

// cacheSize bounds the positive and the negative results of a cache. At the rates of reviews
// at most some 400 rejected tokens are valid at a time, and a client that scrapes twice a minute
// is more recent than any 1024 results of others: made-up tokens evict nothing of use.
const cacheSize = 1024

// retention is how long an expired positive result can still be told from none.
const retention = time.Hour

// A reviewCache holds results of reviews, with one review at a time for equal requests. The zero
// value of T is negative, all others are positive. Keys are HMAC digests under a key of this
// process: they reveal nothing, have one size, and nobody can produce a collision.
type reviewCache[T comparable] struct {
	key                []byte
	positive, negative *cache.LRUExpireCache // of digests to entry[T]

	mu    sync.Mutex
	calls map[string]*call[T] // by digest
}

type entry[T comparable] struct {
	value   T
	expires time.Time
}

// A call is a review in progress. The first caller runs it for all that wait for the result, until
// none of them waits.
type call[T comparable] struct {
	cancel  context.CancelFunc
	waiting int
	done    chan struct{}
	value   T
	err     error
}

func newReviewCache[T comparable]() *reviewCache[T] {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // never fails
	return &reviewCache[T]{
		key:      key,
		positive: cache.NewLRUExpireCache(cacheSize),
		negative: cache.NewLRUExpireCache(cacheSize),
		calls:    map[string]*call[T]{},
	}
}

// A reviewFunc returns a result and its time to live, 0 to not store it. last is the last positive
// result, expired, or the zero value.
type reviewFunc[T comparable] func(ctx context.Context, last T) (result T, ttl time.Duration, err error)

// get returns the stored result for a request, or else that of review, which concurrent equal
// requests share. Errors are not stored.
func (a *reviewCache[T]) get(ctx context.Context, request []byte, review reviewFunc[T]) (T, error) {
	mac := hmac.New(sha256.New, a.key)
	mac.Write(request)
	digest := string(mac.Sum(nil))
	if value, valid := a.lookup(digest); valid {
		return value, nil
	}
	c, running, first := a.join(ctx, digest)
	// The first caller continues after its client has gone, if others wait.
	defer context.AfterFunc(ctx, func() { a.leave(digest, c) })()
	if first {
		a.run(running, digest, c, review)
		return c.value, c.err
	}
	select {
	case <-c.done:
		return c.value, c.err
	case <-ctx.Done():
		var zero T
		return zero, ctx.Err()
	}
}

// join returns the call for a digest, and to the first caller the context to run it in.
func (a *reviewCache[T]) join(ctx context.Context, digest string) (c *call[T], running context.Context, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c = a.calls[digest]
	if c == nil {
		first, c = true, &call[T]{done: make(chan struct{})}
		running, c.cancel = context.WithCancel(context.WithoutCancel(ctx)) //nolint:gosec // leave and run call it
		a.calls[digest] = c
	}
	c.waiting++
	return c, running, first
}

// leave cancels a call that nobody waits for.
func (a *reviewCache[T]) leave(digest string, c *call[T]) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.waiting--; c.waiting == 0 {
		c.cancel()
		a.forget(digest, c) // the next caller starts another one
	}
}

func (a *reviewCache[T]) forget(digest string, c *call[T]) {
	if a.calls[digest] == c {
		delete(a.calls, digest)
	}
}

// run sets the result of a call and stores it.
func (a *reviewCache[T]) run(ctx context.Context, digest string, c *call[T], review reviewFunc[T]) {
	defer func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.forget(digest, c)
		c.cancel()
		close(c.done)
	}()
	last, valid := a.lookup(digest)
	if valid {
		c.value = last // stored since the lookup of get
		return
	}
	var ttl time.Duration
	if c.value, ttl, c.err = review(ctx, last); c.err == nil {
		a.store(digest, c.value, ttl)
	}
}

// lookup returns the stored result and whether it is valid, which is no longer so once it expired.
func (a *reviewCache[T]) lookup(digest string) (value T, valid bool) {
	found, ok := a.positive.Get(digest)
	if !ok {
		found, ok = a.negative.Get(digest)
	}
	if !ok {
		return value, false
	}
	e := found.(entry[T])
	return e.value, time.Now().Before(e.expires)
}

func (a *reviewCache[T]) store(digest string, value T, ttl time.Duration) {
	var zero T
	switch e := (entry[T]{value, time.Now().Add(ttl)}); {
	case ttl == 0:
	case value == zero:
		a.positive.Remove(digest)
		a.negative.Add(digest, e, ttl)
	default:
		a.positive.Add(digest, e, retention)
	}
}
