package server

import (
	"fmt"
	"net/http"
	"strings"
)

// A Check is one of the things that the program waits for until it is ready.
type Check struct {
	Name string
	// Passed says that there is nothing to wait for; Excluded, that it is not
	// waited for, since it may never come.
	Passed, Excluded bool
	// Detail is how things stand, in a few words.
	Detail string
}

// failing names what is still waited for.
func failing(checks []Check) (names []string) {
	for _, c := range checks {
		if !c.Passed && !c.Excluded {
			names = append(names, c.Name)
		}
	}
	return names
}

// verbose answers requests with the parameter verbose with a line for each
// check, as the components of Kubernetes do; next answers all others.
func verbose(checks func() []Check, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !r.URL.Query().Has("verbose") {
			next(w, r)
			return
		}
		var b strings.Builder
		status, result := http.StatusOK, "passed"
		for _, c := range checks() {
			switch {
			case c.Passed:
				fmt.Fprintf(&b, "[+]%s ok: %s\n", c.Name, c.Detail)
			case c.Excluded:
				fmt.Fprintf(&b, "[+]%s excluded: %s\n", c.Name, c.Detail)
			default:
				fmt.Fprintf(&b, "[-]%s failed: %s\n", c.Name, c.Detail)
				status, result = http.StatusServiceUnavailable, "failed"
			}
		}
		fmt.Fprintf(&b, "readyz check %s\n", result)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(b.String())) // the client may be gone
	}
}
