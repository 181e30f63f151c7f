package server

import (
	"fmt"
	"net/http"
	"net/http/pprof"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/version"
)

const (
	// ownRequests limits concurrent requests for self-metrics.
	ownRequests = 20
	// telemetryAnswer is the time for a response of the telemetry port, from the end of the profile if it
	// is one.
	telemetryAnswer = 30 * time.Second
)

// A TelemetryConfig configures the telemetry port.
type TelemetryConfig struct {
	// Own gathers the self-metrics.
	Own prometheus.Gatherer
	// Profiling enables profiles of the runtime.
	Profiling bool
	// Sparse reports whether --metric-sparse can drop series of a family. Without it no family is sparse.
	Sparse func(family string) bool
	// Kept reports whether finished objects keep their series of a family. Without it they keep none.
	Kept func(family string) bool
	// AnswerContent returns the content of answers about some objects. Without it, that is all of the source,
	// as of the newest time in it.
	AnswerContent func(AnswerFilter) answers.Content
}

// Telemetry is the handler of the telemetry port: self-metrics, probes, and profiles if enabled. The
// metrics of its queue are registered with reg.
func Telemetry(source Source, config TelemetryConfig, probes *Probes, reg prometheus.Registerer) Port {
	m := telemetryQueue(reg)
	limit := func(requests int, refusal string, next http.Handler) http.Handler {
		return newLimiter(Limits{Scrapes: requests, Answer: telemetryAnswer}, refusal, m, next)
	}
	views := cardinalityViews{source: source, sparse: config.Sparse, kept: config.Kept}
	asked := config.AnswerContent
	if asked == nil {
		asked = func(f AnswerFilter) answers.Content {
			return answers.Content{Resources: source.Resources(), Namespaces: f.Namespaces}
		}
	}
	pages := http.NewServeMux()
	pages.Handle("/metrics", promhttp.HandlerFor(config.Own, promhttp.HandlerOpts{}))
	pages.Handle("/debug/cardinality", http.HandlerFunc(views.serve))
	limited := limit(ownRequests, "too many requests at the same time", pages)

	mux := http.NewServeMux()
	mux.Handle("/metrics", limited)
	mux.Handle("/debug/cardinality", views.split(limited, limit(1, "another view is being counted", http.HandlerFunc(views.serve))))
	mux.Handle("/answers", limit(1, "other answers are being computed", answersViews{asked, source}))
	mux.HandleFunc("/readyz", probes.ready)
	mux.HandleFunc("/startupz", probes.startup)
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	links := []landingLink{
		{"answers", "problems of the objects, and since when; ?namespace=shop selects"},
		{"metrics", "self-metrics"},
		{"readyz", "readiness: every readable resource has been complete once"},
		{"startupz", "startup: readiness, once reached"},
		{"healthz", "liveness"},
		{"livez", "liveness"},
		{"debug/cardinality", "series and bytes by family, resource, namespace and label, and what options save"},
	}
	if config.Profiling {
		mux.Handle("/debug/pprof/", profiles(m))
		links = append(links, landingLink{"debug/pprof/", "profiles, one at a time"})
	} else {
		mux.HandleFunc("/debug/pprof/", noProfiles)
	}
	mux.Handle("/{$}", landingOf(source, "Self-metrics of kubestate.", links...))
	return Port{boundURL(mux), mux}
}

// longestProfile limits the duration of a profile, in seconds.
const longestProfile = 300

// profiles serves profiles of the runtime, one at a time because of their CPU and memory.
func profiles(m queueMetrics) http.Handler {
	taken := http.NewServeMux()
	taken.HandleFunc("GET /debug/pprof/", pprof.Index)
	taken.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	taken.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux := http.NewServeMux()
	mux.Handle("/debug/pprof/", boundSeconds(newLimiter(Limits{Scrapes: 1, Answer: telemetryAnswer}, "another profile is being taken", m, taken)))
	// These are not profiles.
	mux.HandleFunc("/debug/pprof/{$}", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	return mux
}

// boundSeconds refuses durations beyond longestProfile.
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

// noProfiles responds that profiles are disabled.
func noProfiles(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "profiles are off: --profiling=on serves them", http.StatusForbidden)
}

// NewRegistry makes the registry of self-metrics, with those of the runtime, the process and the build.
// The names that begin with kube_state_metrics are those that alert rules in the field read.
func NewRegistry() *prometheus.Registry {
	v := version.Get()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "kube_state_metrics_build_info",
		Help: "Build information (always 1).",
		ConstLabels: prometheus.Labels{
			"branch": v.Branch, "client_go_version": v.ClientGo, "goarch": v.Arch, "goos": v.OS,
			"goversion": v.GoVersion, "revision": v.Revision, "tags": v.Tags, "version": v.Version,
		},
	})
	build.Set(1)
	registry := prometheus.NewRegistry()
	registry.MustRegister(build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// StoreMetrics returns a collector of the sizes of stores.
func StoreMetrics(resources func() []*store.Resource) prometheus.Collector {
	return storeMetrics{resources}
}

type storeMetrics struct{ resources func() []*store.Resource }

var (
	storedObjects = prometheus.NewDesc("kubestate_store_objects", "Objects stored.", []string{"resource"}, nil)
	storedSeries  = prometheus.NewDesc("kubestate_store_series", "Series stored.", []string{"resource"}, nil)
	storedText    = prometheus.NewDesc("kubestate_store_text_bytes", "Uncompressed size of the stored series, in bytes.", []string{"resource"}, nil)
	storedBytes   = prometheus.NewDesc("kubestate_store_memory_bytes", "Memory of the stored series, in bytes, by block state: packed or open.", []string{"resource", "state"}, nil)
	storedBlocks  = prometheus.NewDesc("kubestate_store_blocks", "Blocks of stored series, by block state: packed or open.", []string{"resource", "state"}, nil)
)

func (m storeMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{storedObjects, storedSeries, storedText, storedBytes, storedBlocks} {
		to <- d
	}
}

func (m storeMetrics) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for _, r := range m.resources() {
		s, series, text := r.Stats(), 0, 0
		for _, f := range s.Families {
			series, text = series+f.Series, text+f.Bytes
		}
		gauge(storedObjects, s.Objects, r.Name())
		gauge(storedSeries, series, r.Name())
		gauge(storedText, text, r.Name())
		gauge(storedBytes, s.CompressedBytes, r.Name(), "packed")
		gauge(storedBytes, s.OpenBytes, r.Name(), "open")
		gauge(storedBlocks, s.CompressedBlocks, r.Name(), "packed")
		gauge(storedBlocks, s.OpenBlocks, r.Name(), "open")
	}
}
