package server

import (
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"
)

// probePaths are the paths of probes on both ports. A kubelet has no credentials.
var probePaths = []string{"/healthz", "/livez", "/readyz", "/startupz"}

// OpenPaths are the paths of both ports that need no token where others do: probes,
// and the pages that say what there is. They must tell nothing of single objects.
func OpenPaths() []string { return append([]string{"/"}, probePaths...) }

// otherProfiles are the pages of profiles that the runtime does not keep: the index,
// and what is made when it is asked for.
var otherProfiles = []string{"", "cmdline", "profile", "symbol", "trace"}

// A Port is the handler of one.
type Port struct {
	http.Handler
	mux *http.ServeMux
}

// Serves says whether there is more than an error for the request. Of the requests for
// which there is, paths and methods are few.
func (p Port) Serves(r *http.Request) bool {
	if !slices.Contains([]string{http.MethodGet, http.MethodHead, http.MethodPost}, r.Method) {
		return false
	}
	_, pattern := p.mux.Handler(r)
	_, path, found := strings.Cut(pattern, " ") // after a method
	if !found {
		path = pattern
	}
	name, below := strings.CutPrefix(r.URL.Path, path)
	switch {
	case strings.HasSuffix(path, "/{$}"):
		return r.URL.Path == strings.TrimSuffix(path, "{$}")
	case strings.HasSuffix(path, "/"): // of profiles
		return below && (slices.Contains(otherProfiles, name) || pprof.Lookup(name) != nil)
	default:
		return path != "" && r.URL.Path == path
	}
}
