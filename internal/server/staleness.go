package server

import (
	"net/http"
	"slices"
	"sync"

	"github.com/kubestate/kubestate/internal/store"
)

// Exceeded gives a line that says which of the wanted resources are too old to be
// served, empty if there are none.
type Exceeded func(wanted func(resource string) bool) string

// fresh answers 503 where a resource that is asked for is too old, rather than a
// part: what is missing looks as if it had been deleted. next answers the rest.
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

// namesOf returns a function that reports whether clients select the named resource by a name.
func namesOf(resource string, present []*store.Resource) func(name string) bool {
	if i := slices.IndexFunc(present, func(r *store.Resource) bool { return r.Name() == resource }); i >= 0 {
		return present[i].Is
	}
	return func(name string) bool { return name == resource }
}
