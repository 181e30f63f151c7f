package server

import (
	"fmt"
	"html/template"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/version"
)

// Main is the handler of the main port: the resources' metrics unless they exceed
// an age, health, and a page that leads there. Latencies are registered with reg.
func Main(resources func() []*store.Resource, exceeded Exceeded, reg prometheus.Registerer) http.Handler {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_request_duration_seconds",
		Help:        "How long answers to scrapes took, in seconds.",
		ConstLabels: prometheus.Labels{"handler": "metrics"},
		Buckets:     prometheus.DefBuckets,
	}, []string{"method"})
	reg.MustRegister(durations, storeMetrics{resources})

	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.InstrumentHandlerDuration(durations, fresh(exceeded, Metrics(resources, reg))))
	// Neither asks the API server: while it is away the last state is served,
	// and a restart would lose that.
	mux.HandleFunc("/healthz", ok)
	mux.HandleFunc("/livez", ok)
	mux.Handle("/{$}", landing("Series of the state of Kubernetes objects.", "metrics", "healthz", "livez"))
	return mux
}

// Telemetry is the handler of the telemetry port: the program's own metrics,
// readiness, health and profiles. The program is ready when missing names nothing;
// checks say more.
func Telemetry(resources func() []*store.Resource, own prometheus.Gatherer, missing func() []string, checks func() []Check) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(own, promhttp.HandlerOpts{}))
	mux.HandleFunc("/readyz", verbose(checks, ready(missing)))
	mux.HandleFunc("/livez", ok)
	mux.Handle("/debug/cardinality", cardinality(resources))
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux.Handle("/{$}", landing("What kubestate measures of itself.", "metrics", "readyz", "livez", "debug/cardinality", "debug/pprof/"))
	return mux
}

func ok(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "OK") }

func ready(missing func() []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if names := missing(); len(names) > 0 {
			http.Error(w, "not synced yet: "+strings.Join(names, ", "), http.StatusServiceUnavailable)
			return
		}
		ok(w, r)
	}
}

var landingPage = template.Must(template.New("landing").Parse(`<!DOCTYPE html>
<html lang="en">
<head><meta charset="UTF-8"><title>kubestate</title></head>
<body>
<h1>kubestate</h1>
<p>{{.Description}}</p>
<p>Version {{.Version.Version}}, revision {{.Version.Revision}}</p>
<ul>
{{- range .Paths}}
<li><a href="{{.}}">/{{.}}</a></li>
{{- end}}
</ul>
</body>
</html>
`))

// landing is a page that links to the paths of its port.
func landing(description string, paths ...string) http.Handler {
	var page strings.Builder
	data := struct {
		Description string
		Version     version.Info
		Paths       []string
	}{description, version.Get(), paths}
	if err := landingPage.Execute(&page, data); err != nil {
		panic("BUG: landing page: " + err.Error())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		fmt.Fprint(w, page.String())
	})
}
