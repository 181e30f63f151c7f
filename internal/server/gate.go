package server

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/nearest"
	"github.com/kubestate/kubestate/internal/store"
)

// retryAfter is the Retry-After of responses before the first lists are complete, in seconds.
const retryAfter = "5"

// complete responds 503 until missing has been empty once: in a partial scrape the other objects look
// deleted. With several clusters, requests of some wait for those.
func complete(missing func(clusters []string) []string, several bool, next http.Handler) http.Handler {
	if missing == nil {
		return next
	}
	var once atomic.Bool
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var some []string
		if several {
			some = parseFilter(r.URL.Query()).clusters
		}
		if len(some) > 0 || !once.Load() {
			if names := missing(some); len(names) > 0 {
				w.Header().Set("Retry-After", retryAfter)
				http.Error(w, "not complete yet: "+listed(names), http.StatusServiceUnavailable)
				return
			}
			if len(some) == 0 {
				once.Store(true)
			}
		}
		next.ServeHTTP(w, r)
	})
}

// checkNames responds 400 if a parameter names an unknown resource, which would filter silently. If known
// is nil, any name passes.
func checkNames(known func() []string, next http.Handler) http.Handler {
	if known == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		for _, parameter := range []string{"resources", "exclude_resources"} {
			if asked := names(query[parameter]); len(asked) > 0 {
				if wrong := unknown(asked, known()); wrong != "" {
					http.Error(w, parameter+": "+wrong, http.StatusBadRequest)
					return
				}
			}
		}
		next.ServeHTTP(w, r)
	})
}

// unknown describes the first unknown name, empty if there is none.
func unknown(names, known []string) string {
	for _, name := range names {
		if slices.Contains(known, name) {
			continue
		}
		if near, ok := nearest.To(name, known); ok {
			return fmt.Sprintf("there is no resource %.64q; the nearest is %q", name, near)
		}
	}
	return ""
}

// Exceeded describes the wanted resources that are too old to be served, empty if there are none.
type Exceeded func(wanted func(resource string) bool) string

// fresh responds 503 if a selected resource is too old: in a partial scrape its objects look deleted.
func fresh(exceeded Exceeded, resources func() []*store.Resource, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked, present := parseFilter(r.URL.Query()), sync.OnceValue(resources)
		if line := exceeded(func(name string) bool { return asked.includes(namesOf(name, present())) }); line != "" {
			http.Error(w, line, http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// serving responds without series while serves reports false. Without serves, next always responds.
func serving(serves func(context.Context) bool, next http.Handler) http.Handler {
	if serves == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if serves(r.Context()) {
			next.ServeHTTP(w, r)
			return
		}
		format := exposition.Negotiate(strings.Join(r.Header.Values("Accept"), ","))
		w.Header().Set("Content-Type", format.ContentType)
		w.Header().Set("Vary", "Accept")
		_, _ = io.WriteString(w, format.End) // the client may be gone
	})
}

// namesOf returns a predicate for the names by which clients select a resource.
func namesOf(resource string, present []*store.Resource) func(name string) bool {
	if i := slices.IndexFunc(present, func(r *store.Resource) bool { return r.Name() == resource }); i >= 0 {
		return present[i].Is
	}
	return func(name string) bool { return name == resource }
}
