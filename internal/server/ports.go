package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"runtime/pprof"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kubestate/kubestate/internal/store"
)

// A Source is the present content of both ports.
type Source interface {
	// Resources are the stores in the order of serving.
	Resources() []*store.Resource
	// Clusters are those of Resources, in order; nil if there is one without a name.
	Clusters() []Cluster
	// Checks are named by a resource, or by a resource, a space and a namespace.
	Checks() []Check
	// Shard describes the shard, empty for all objects.
	Shard() string
	// Open reports whether clients need no token.
	Open() bool
}

// A ScrapeConfig configures scrapes of the main port.
type ScrapeConfig struct {
	Limits Limits
	// Missing names the resources without a complete list, of the named clusters, or of all without a name.
	// Scrapes get 503 until there has been none once. Without Missing, scrapes are served from the start.
	Missing func(clusters []string) []string
	// DownFails has requests of one cluster get 503 while it is down.
	DownFails bool
	// Serves reports whether scrapes get series; otherwise they get 200 without any. It may wait until the
	// context ends. Without Serves, all scrapes get series.
	Serves func(context.Context) bool
	// Exceeded describes resources that are too old to be served.
	Exceeded Exceeded
	// Known is the names and aliases of all resources, served or not. Scrapes of other names get 400.
	// Without Known, any name passes.
	Known func() []string
	// Log receives warnings about duplicate series. It may be nil.
	Log *slog.Logger
}

// Main is the handler of the main port: scrapes, probes and a start page. Its self-metrics are registered
// with reg.
func Main(source Source, config ScrapeConfig, probes *Probes, reg prometheus.Registerer) Port {
	log, several := cmp.Or(config.Log, slog.New(slog.DiscardHandler)), source.Clusters() != nil
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_request_duration_seconds",
		Help:        "Duration of scrape requests, in seconds.",
		ConstLabels: prometheus.Labels{"handler": "metrics"},
		Buckets:     prometheus.DefBuckets,
	}, []string{"method"})
	reg.MustRegister(durations)
	if !several { // else each cluster has its own
		reg.MustRegister(StoreMetrics(source.Resources))
	}

	mux := http.NewServeMux()
	metrics := promhttp.InstrumentHandlerDuration(durations, checkNames(config.Known, checkClusters(source.Clusters,
		complete(config.Missing, several, limit(config.Limits, reg,
			serving(config.Serves, fresh(config.Exceeded, source.Resources, metricsOf(source, reg, log))))))))
	mux.Handle("/metrics", metrics)
	links := []landingLink{{"metrics", "series; ?resources=pods,nodes and ?namespace=shop select some"}}
	if several {
		mux.Handle(clusterPath+"{name}", oneCluster(source.Clusters, config.DownFails, metrics))
		links[0].About = "series; ?cluster=a, ?resources=pods,nodes and ?namespace=shop select some; metrics/cluster/a has those of one cluster"
	}
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	mux.HandleFunc("/readyz", probes.ready)
	mux.Handle("/{$}", landingOf(source, "State of Kubernetes objects for Prometheus.", append(links,
		landingLink{"healthz", "liveness"},
		landingLink{"livez", "liveness"},
		landingLink{"readyz", "readiness: every readable resource has been complete once"})...))
	return Port{boundURL(mux), mux}
}

// probePaths are the probes of both ports, which need no credentials.
var probePaths = []string{"/healthz", "/livez", "/readyz", "/startupz"}

// OpenPaths are the paths of both ports that never need a token: probes and start pages. Their responses
// must not describe single objects.
func OpenPaths() []string { return append([]string{"/"}, probePaths...) }

// otherProfiles are the pages below /debug/pprof/ that are not profiles of the runtime.
var otherProfiles = []string{"", "cmdline", "profile", "symbol", "trace"}

// A Port is the handler of one port.
type Port struct {
	http.Handler
	mux *http.ServeMux
}

// Serves reports whether a request has a response other than 404 or 405. Few paths and methods do.
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
	case strings.HasSuffix(path, "/{name}"): // which the multiplexer matches whole
		return true
	case strings.HasSuffix(path, "/{$}"):
		return r.URL.Path == strings.TrimSuffix(path, "{$}")
	case strings.HasSuffix(path, "/"): // of profiles
		return below && (slices.Contains(otherProfiles, name) || pprof.Lookup(name) != nil)
	default:
		return path != "" && r.URL.Path == path
	}
}
