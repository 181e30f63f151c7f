package server

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/kubestate/kubestate/internal/nearest"
)

// checkNames answers 400 where a parameter names a resource that is not known: a
// misspelt name would filter in silence. Without known names it takes any.
func checkNames(known []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		for _, parameter := range []string{"resources", "exclude_resources"} {
			for _, name := range names(query[parameter]) {
				if slices.Contains(known, name) {
					continue
				}
				near, ok := nearest.To(name, known)
				if !ok {
					continue
				}
				http.Error(w, fmt.Sprintf("%s: there is no resource %.64q; the nearest is %q", parameter, name, near), http.StatusBadRequest)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}
