package server

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"strconv"
)

// longestProfile is how many seconds a profile may take.
const longestProfile = 300

// profiles serves the profiles of the runtime, one at a time: each costs CPU and
// memory. Whoever comes meanwhile has a turn, or is refused.
func profiles(m turnMetrics) http.Handler {
	taken := http.NewServeMux()
	taken.HandleFunc("GET /debug/pprof/", pprof.Index)
	taken.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	taken.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux := http.NewServeMux()
	mux.Handle("/debug/pprof/", boundSeconds(newLimiter(Limits{Scrapes: 1, Answer: telemetryAnswer}, "another profile is being taken", m, taken)))
	// These take no time.
	mux.HandleFunc("/debug/pprof/{$}", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return mux
}

// boundSeconds refuses profiles that take longer than others should wait.
func boundSeconds(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := r.URL.Query().Get("seconds")
		if seconds, err := strconv.ParseFloat(given, 64); given != "" && (err != nil || !(seconds > 0 && seconds <= longestProfile)) {
			http.Error(w, fmt.Sprintf("seconds=%.20q: want a number above 0 and at most %d", given, longestProfile), http.StatusBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// noProfiles says why there are none.
func noProfiles(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "profiles are off: --profiling=on serves them", http.StatusForbidden)
}
