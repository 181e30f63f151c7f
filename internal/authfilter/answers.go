package authfilter

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"golang.org/x/sync/singleflight"
	"k8s.io/apimachinery/pkg/util/cache"
)

// kept is how many answers are kept at the most. One takes less than a kilobyte.
const kept = 1024

// remembered is how long an answer that says yes can be told to have been there,
// after it no longer counts.
const remembered = time.Hour

// answers are what the API server said to questions. The zero value of T is no,
// everything else yes. Questions are kept as digests, whose key is made for this
// process: they tell nothing, and nobody can choose two that meet.
type answers[T comparable] struct {
	key  []byte
	kept *cache.LRUExpireCache // of digests to answer[T]
	asks singleflight.Group
}

type answer[T comparable] struct {
	value T
	until time.Time
}

func newAnswers[T comparable]() *answers[T] {
	key := make([]byte, sha256.Size)
	_, _ = rand.Read(key) // it cannot fail
	return &answers[T]{key: key, kept: cache.NewLRUExpireCache(kept)}
}

// get gives the answer to a question: the one that counts still, or that of
// ask, which says how long it counts. What ask is given is the last answer, if
// that was yes and has expired since. Who asks the same meanwhile waits for the
// one answer. An error is for those that wait, and is not kept.
func (a *answers[T]) get(question []byte, ask func(last T) (T, time.Duration, error)) (T, error) {
	mac := hmac.New(sha256.New, a.key)
	mac.Write(question)
	digest := string(mac.Sum(nil))
	if value, counts := a.find(digest); counts {
		return value, nil
	}
	value, err, _ := a.asks.Do(digest, func() (any, error) {
		last, counts := a.find(digest)
		if counts {
			return last, nil // it has come since
		}
		value, ttl, err := ask(last)
		if err == nil {
			a.keep(digest, value, ttl)
		}
		return value, err
	})
	return value.(T), err
}

// find gives the answer that is kept, and whether it counts.
func (a *answers[T]) find(digest string) (value T, counts bool) {
	found, ok := a.kept.Get(digest)
	if !ok {
		return value, false
	}
	there := found.(answer[T])
	return there.value, time.Now().Before(there.until)
}

func (a *answers[T]) keep(digest string, value T, ttl time.Duration) {
	var no T
	keep := ttl
	if value != no {
		keep = remembered
	}
	a.kept.Add(digest, answer[T]{value, time.Now().Add(ttl)}, keep)
}
