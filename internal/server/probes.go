package server

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
)

// A Check is one condition of readiness.
type Check struct {
	Name string
	// Passed says that the condition holds, and Excluded that readiness does not depend on it.
	Passed, Excluded bool
	// Detail is the state in a few words.
	Detail string
}

// Probes serve the probes of a kubelet. None of them asks the API server: while it is away the last
// content is served, and a restart would lose that.
type Probes struct {
	checks            func() []Check
	started, stopping atomic.Bool
}

// NewProbes makes the probes of a program that is ready when all checks pass.
func NewProbes(checks func() []Check) *Probes { return &Probes{checks: checks} }

// Stop makes the program unready.
func (p *Probes) Stop() { p.stopping.Store(true) }

// ready reports whether the checks pass, and 503 after Stop.
func (p *Probes) ready(w http.ResponseWriter, r *http.Request) {
	if p.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	verbose(p.checks, ready(p.checks))(w, r)
}

// startup reports 200 once all checks have passed, and forever after: a change of configuration must
// not restart the program.
func (p *Probes) startup(w http.ResponseWriter, r *http.Request) {
	if !p.started.Load() && len(failing(p.checks())) > 0 {
		ready(p.checks)(w, r)
		return
	}
	p.started.Store(true)
	ok(w, r)
}

// failing names the checks that do not pass.
func failing(checks []Check) (names []string) {
	for _, c := range checks {
		if !c.Passed && !c.Excluded {
			names = append(names, c.Name)
		}
	}
	return names
}

// verbose responds to requests with the parameter verbose with one line per check, in the format of
// Kubernetes components. next serves the others.
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

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") }

func ready(checks func() []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if names := failing(checks()); len(names) > 0 {
			http.Error(w, "not synced yet: "+listed(names), http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	}
}

// listedBytes limits the length of a list of names.
const listedBytes = 1000

// listed joins names up to listedBytes and counts the others.
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
