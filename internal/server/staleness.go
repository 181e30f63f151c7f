package server

import "net/http"

// Exceeded gives a line that says which of the wanted resources are too old to be
// served, empty if there are none.
type Exceeded func(wanted func(resource string) bool) string

// fresh answers 503 where a resource that is asked for is too old, rather than a
// part: what is missing looks as if it had been deleted. next answers the rest.
func fresh(exceeded Exceeded, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if line := exceeded(parseFilter(r.URL.Query()).includes); line != "" {
			http.Error(w, line, http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}
