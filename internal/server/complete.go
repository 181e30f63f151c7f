package server

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// retryAfter is the Retry-After of an answer that waits for the first lists, in
// seconds.
const retryAfter = "5"

// complete answers 503 until missing has returned no name once; next answers from
// then on. A scrape of some of the objects looks as if the others had been deleted.
func complete(missing func() []string, next http.Handler) http.Handler {
	if missing == nil {
		return next
	}
	var once atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !once.Load() {
			if names := missing(); len(names) > 0 {
				w.Header().Set("Retry-After", retryAfter)
				http.Error(w, "not complete yet: "+listed(names), http.StatusServiceUnavailable)
				return
			}
			once.Store(true)
		}
		next.ServeHTTP(w, r)
	})
}

// listedBytes is how long a list of names in an answer may become.
const listedBytes = 1000

// listed joins the names; those that would make it too long are only counted.
func listed(names []string) string {
	var b strings.Builder
	for i, name := range names {
		if i > 0 && b.Len()+len(name) > listedBytes {
			fmt.Fprintf(&b, " and %d more", len(names)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(name)
	}
	return b.String()
}
