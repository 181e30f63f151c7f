package server

import (
	"fmt"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// A ScrapeConfig says when the main port answers scrapes.
type ScrapeConfig struct {
	Limits Limits
	// Missing names what has not been complete once. Scrapes get status 503 until it
	// has named nothing; nil answers them from the start on.
	Missing func() []string
	// Exceeded names the resources that are too old to be served.
	Exceeded Exceeded
}

// Main is the handler of the main port: the resources' metrics, health, readiness,
// and a page with links to them. Its self-metrics are registered with reg.
func Main(source Source, config ScrapeConfig, probes *Probes, reg prometheus.Registerer) http.Handler {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_request_duration_seconds",
		Help:        "How long answers to scrapes took, in seconds.",
		ConstLabels: prometheus.Labels{"handler": "metrics"},
		Buckets:     prometheus.DefBuckets,
	}, []string{"method"})
	reg.MustRegister(durations, storeMetrics{source.Resources})

	mux := http.NewServeMux()
	metrics := complete(config.Missing, limit(config.Limits, reg, fresh(config.Exceeded, Metrics(source.Resources, reg))))
	mux.Handle("/metrics", promhttp.InstrumentHandlerDuration(durations, metrics))
	// Neither asks the API server: while it is away the last state is served,
	// and a restart would lose that.
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	mux.HandleFunc("/readyz", probes.ready)
	mux.Handle("/{$}", landingOf(source, "The state of Kubernetes objects, for Prometheus.",
		landingLink{"metrics", "the series; ?resources=pods,nodes and ?namespace=shop narrow them down"},
		landingLink{"healthz", "whether the program runs"},
		landingLink{"livez", "the same"},
		landingLink{"readyz", "whether everything that may be read has been complete once"}))
	return boundURL(mux)
}

// ownRequests is how many requests for the program's own metrics are answered
// at the same time; more are refused.
const ownRequests = 20

// Telemetry is the handler of the telemetry port: the program's own metrics,
// readiness, health and profiles.
func Telemetry(source Source, own prometheus.Gatherer, probes *Probes) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(own, promhttp.HandlerOpts{MaxRequestsInFlight: ownRequests}))
	mux.HandleFunc("/readyz", probes.ready)
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
	return boundURL(mux)
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
