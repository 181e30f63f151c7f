package server

import (
	"fmt"
	"net/http"
	"slices"

	"github.com/kubestate/kubestate/internal/nearest"
)

// checkNames answers 400 where a parameter names a resource that is not known: a
// misspelt name would filter in silence. Without known names it takes any.
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

// unknown describes the first name that is not known; empty if there is none.
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
