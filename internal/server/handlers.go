package server

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Main is the handler of the main port: the resources' metrics, unless they exceed
// an age, within the limits; health; and a page that leads there. What it measures
// is registered with reg.
func Main(source Source, limits Limits, exceeded Exceeded, reg prometheus.Registerer) Port {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_request_duration_seconds",
		Help:        "How long answers to scrapes took, in seconds.",
		ConstLabels: prometheus.Labels{"handler": "metrics"},
		Buckets:     prometheus.DefBuckets,
	}, []string{"method"})
	reg.MustRegister(durations, storeMetrics{source.Resources})

	mux := http.NewServeMux()
	metrics := limit(limits, reg, fresh(exceeded, Metrics(source.Resources, reg)))
	mux.Handle("/metrics", promhttp.InstrumentHandlerDuration(durations, metrics))
	// Neither asks the API server: while it is away the last state is served,
	// and a restart would lose that.
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	mux.Handle("/{$}", landingOf(source, "The state of Kubernetes objects, for Prometheus.",
		landingLink{"metrics", "the series; ?resources=pods,nodes and ?namespace=shop narrow them down"},
		landingLink{"healthz", "whether the program runs"},
		landingLink{"livez", "the same"}))
	return Port{boundURL(mux), mux}
}

// ownRequests is how many requests for the program's own metrics are answered
// at the same time; more are refused.
const ownRequests = 20

// Telemetry is the handler of the telemetry port: the program's own metrics,
// readiness, health and profiles. The program is ready when the source's checks
// pass, until the probes stop.
func Telemetry(source Source, own prometheus.Gatherer, probes *Probes) Port {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(own, promhttp.HandlerOpts{MaxRequestsInFlight: ownRequests}))
	mux.HandleFunc("/readyz", probes.ready(verbose(source.Checks, ready(source.Checks))))
	mux.HandleFunc("/startupz", probes.startup)
	mux.HandleFunc("/livez", ok)
	mux.Handle("/debug/cardinality", cardinality(source.Resources))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/{$}", landingOf(source, "What kubestate measures of itself.",
		landingLink{"metrics", "its own series"},
		landingLink{"readyz", "whether everything that may be read has been complete once"},
		landingLink{"startupz", "the same, and from then on always yes"},
		landingLink{"livez", "whether the program runs"},
		landingLink{"debug/cardinality", "series and bytes of each family"},
		landingLink{"debug/pprof/", "profiles"}))
	return Port{boundURL(mux), mux}
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") }

func ready(checks func() []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if names := failing(checks()); len(names) > 0 {
			http.Error(w, "not synced yet: "+strings.Join(names, ", "), http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	}
}
