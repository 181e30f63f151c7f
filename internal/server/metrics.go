package server

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// Metrics answers with the text of the resources, in their order, in the format
// that the request's Accept header asks for, packed with gzip if the client
// accepts that. The query parameters resources and exclude_resources, lists of
// names, and namespace narrow the answer down.
//
// The views are taken before the first byte is written: an answer holds all
// that was known when it began, of every resource one state, however slowly
// the client reads.
func Metrics(resources func() []*store.Resource, reg prometheus.Registerer, log *slog.Logger) http.Handler {
	measured, repeated := newScrapeMetrics(reg), newRepeats(reg, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		format := exposition.Negotiate(strings.Join(r.Header.Values("Accept"), ","))
		present := resources()
		a := parseFilter(r.URL.Query()).answer(present, format)
		header := w.Header()
		header.Set("Content-Type", format.ContentType)
		header.Set("Vary", "Accept, Accept-Encoding")
		encoding, size, write := "identity", a.Size(), a.WriteText
		if acceptsGzip(r.Header.Values("Accept-Encoding")) {
			encoding, size, write = "gzip", a.GzipSize(), a.WriteGzip
			header.Set("Content-Encoding", encoding)
		}
		header.Set("Content-Length", strconv.FormatInt(size, 10))
		if r.Method == http.MethodHead {
			return
		}
		if write(w) == nil { // else the client is gone, or too slow
			measured.observe(encoding, size, time.Since(began))
			repeated.observe(a.Repeated(), present)
		}
	})
}

// filter is what the query parameters say of what is in the answer.
type filter struct {
	only       []string // resources
	limited    bool     // only counts
	excluded   []string // resources
	namespaces []string // none for all
}

func parseFilter(query url.Values) filter {
	return filter{
		only:       names(query["resources"]),
		limited:    query.Has("resources"),
		excluded:   names(query["exclude_resources"]),
		namespaces: names(query["namespace"]),
	}
}

// includes reports whether a resource is in the answer. is reports whether a name is one of
// the resource's.
func (f filter) includes(is func(name string) bool) bool {
	return (!f.limited || slices.ContainsFunc(f.only, is)) && !slices.ContainsFunc(f.excluded, is)
}

// answer is the text of what the filter lets through.
func (f filter) answer(resources []*store.Resource, format exposition.Format) *store.Response {
	var views []store.View
	for _, r := range resources {
		if f.includes(r.Is) {
			views = append(views, r.View(f.namespaces...))
		}
	}
	if format.Typed {
		return store.NewTypedResponse(views, format.End)
	}
	return store.NewResponse(views, format.End)
}

// names splits lists at commas, drops the spaces around and the empty parts.
func names(lists []string) []string {
	var all []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				all = append(all, name)
			}
		}
	}
	return all
}

// scrapeMetrics measure complete answers.
type scrapeMetrics struct {
	size    *prometheus.GaugeVec
	seconds *prometheus.HistogramVec
}

func newScrapeMetrics(reg prometheus.Registerer) scrapeMetrics {
	m := scrapeMetrics{
		size: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "kubestate_scrape_response_bytes",
			Help: "Size of the last complete scrape response on the wire, in bytes.",
		}, []string{"encoding"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "kubestate_scrape_duration_seconds",
			Help:    "Duration of complete scrape responses, in seconds.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"encoding"}),
	}
	reg.MustRegister(m.size, m.seconds)
	return m
}

func (m scrapeMetrics) observe(encoding string, size int64, took time.Duration) {
	m.size.WithLabelValues(encoding).Set(float64(size))
	m.seconds.WithLabelValues(encoding).Observe(took.Seconds())
}
