package server

import (
	"net/http"
	"sync/atomic"
)

// Probes answer what a kubelet asks. None of them asks the API server: while it
// is away the last state is served, and a restart would lose that.
type Probes struct {
	checks            func() []Check
	started, stopping atomic.Bool
}

// NewProbes makes probes of a program that is ready when the checks pass.
func NewProbes(checks func() []Check) *Probes { return &Probes{checks: checks} }

// Stop has the program be ready no more, so that nobody is sent to it.
func (p *Probes) Stop() { p.stopping.Store(true) }

// ready answers whether the checks pass, and 503 from Stop on.
func (p *Probes) ready(w http.ResponseWriter, r *http.Request) {
	if p.stopping.Load() {
		http.Error(w, "stopping", http.StatusServiceUnavailable)
		return
	}
	verbose(p.checks, ready(p.checks))(w, r)
}

// startup answers 200 once nothing is missing, and then always: what is missing
// after a change of configuration does not start the program anew.
func (p *Probes) startup(w http.ResponseWriter, r *http.Request) {
	if !p.started.Load() && len(failing(p.checks())) > 0 {
		ready(p.checks)(w, r)
		return
	}
	p.started.Store(true)
	ok(w, r)
}
