package server

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"

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
	// Known gives the names of the resources that there are, with their aliases, also of
	// those that are not served. A scrape of any other gets status 400; nil lets any pass.
	Known func() []string
	// Log takes what is wrong with the series that are served; nil drops it.
	Log *slog.Logger
}

// Main is the handler of the main port: the resources' metrics, health, readiness,
// and a page with links to them. Its self-metrics are registered with reg.
func Main(source Source, config ScrapeConfig, probes *Probes, reg prometheus.Registerer) Port {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_request_duration_seconds",
		Help:        "Duration of scrape requests, in seconds.",
		ConstLabels: prometheus.Labels{"handler": "metrics"},
		Buckets:     prometheus.DefBuckets,
	}, []string{"method"})
	reg.MustRegister(durations, storeMetrics{source.Resources})

	mux := http.NewServeMux()
	log := cmp.Or(config.Log, slog.New(slog.DiscardHandler))
	metrics := checkNames(config.Known, complete(config.Missing, limit(config.Limits, reg,
		fresh(config.Exceeded, source.Resources, Metrics(source.Resources, reg, log)))))
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
	return Port{boundURL(mux), mux}
}

const (
	// ownRequests is how many requests for the program's own metrics are answered
	// at the same time.
	ownRequests = 20
	// telemetryAnswer is how long an answer of the telemetry port may take to be
	// written; that of a profile begins when the profile has been taken.
	telemetryAnswer = 30 * time.Second
)

// A TelemetryConfig says what the telemetry port serves.
type TelemetryConfig struct {
	// Own are the program's own metrics.
	Own prometheus.Gatherer
	// Profiling says whether profiles of the runtime are served.
	Profiling bool
}

// Telemetry is the handler of the telemetry port: the program's own metrics,
// readiness, health, and profiles if config says so. Its self-metrics are registered
// with reg.
func Telemetry(source Source, config TelemetryConfig, probes *Probes, reg prometheus.Registerer) Port {
	m := telemetryTurns(reg)
	pages := http.NewServeMux()
	pages.Handle("/metrics", promhttp.HandlerFor(config.Own, promhttp.HandlerOpts{}))
	pages.Handle("/debug/cardinality", cardinality(source.Resources))
	limited := newLimiter(Limits{Scrapes: ownRequests, Answer: telemetryAnswer}, "too many requests at the same time", m, pages)

	mux := http.NewServeMux()
	mux.Handle("/metrics", limited)
	mux.Handle("/debug/cardinality", limited)
	mux.HandleFunc("/readyz", probes.ready)
	mux.HandleFunc("/startupz", probes.startup)
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	links := []landingLink{
		{"metrics", "its own series"},
		{"readyz", "whether everything that may be read has been complete once"},
		{"startupz", "the same, and from then on always yes"},
		{"healthz", "whether the program runs"},
		{"livez", "the same"},
		{"debug/cardinality", "series and bytes of each family"},
	}
	if config.Profiling {
		mux.Handle("/debug/pprof/", profiles(m))
		links = append(links, landingLink{"debug/pprof/", "profiles, one at a time"})
	} else {
		mux.HandleFunc("/debug/pprof/", noProfiles)
	}
	mux.Handle("/{$}", landingOf(source, "What kubestate measures of itself.", links...))
	return Port{boundURL(mux), mux}
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
