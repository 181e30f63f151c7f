package server

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/store"
)

// Metrics serves the text of the resources, in order, in the format negotiated by the Accept header,
// compressed if the client accepts gzip. The query parameters resources, exclude_resources and
// namespace, lists of names, select objects; shard=i/n selects one of n parts.
//
// All views are taken before the first byte is written, so that a slow client gets one state of each
// resource.
func Metrics(resources func() []*store.Resource, reg prometheus.Registerer, log *slog.Logger) http.Handler {
	return metricsBy(func(filter) (selected, all []*store.Resource) {
		all = resources()
		return all, all
	}, reg, log)
}

// metricsOf is Metrics of a source. The query parameter cluster selects clusters, too.
func metricsOf(source Source, reg prometheus.Registerer, log *slog.Logger) http.Handler {
	return metricsBy(func(f filter) (selected, all []*store.Resource) { return f.resourcesOf(source) }, reg, log)
}

// metricsBy is Metrics of the resources that a request selects by cluster, out of all.
func metricsBy(resources func(filter) (selected, all []*store.Resource), reg prometheus.Registerer, log *slog.Logger) http.Handler {
	measured, duplicate := newScrapeMetrics(reg), newDuplicates(reg, log)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		format := exposition.Negotiate(strings.Join(r.Header.Values("Accept"), ","))
		query := r.URL.Query()
		part, err := parsePart(query["shard"])
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		asked := parseFilter(query)
		selected, present := resources(asked)
		a := asked.answer(selected, part, format)
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
		if write(w) == nil { // else the client is gone or too slow
			measured.observe(encoding, size, time.Since(began))
			duplicate.observe(a.Repeated(), present)
		}
	})
}

// A filter is the selection by query parameters.
type filter struct {
	only       []string // resources
	limited    bool     // only counts
	excluded   []string // resources
	namespaces []string // none for all
	clusters   []string // none for all
}

func parseFilter(query url.Values) filter {
	return filter{
		only:       names(query["resources"]),
		limited:    query.Has("resources"),
		excluded:   names(query["exclude_resources"]),
		namespaces: names(query["namespace"]),
		clusters:   names(query["cluster"]),
	}
}

// parsePart parses the values of the parameter shard, of which there is at most one.
func parsePart(values []string) (part store.Part, err error) {
	if len(values) == 0 {
		return store.Part{}, nil
	}
	index, of, _ := strings.Cut(values[0], "/")
	i, errIndex := strconv.ParseUint(index, 10, 8)
	n, errOf := strconv.ParseUint(of, 10, 8)
	if len(values) > 1 || errIndex != nil || errOf != nil || n > store.MaxParts || i >= n {
		return store.Part{}, fmt.Errorf("shard=%.20q: want one value i/n, with n from 1 to %d and i from 0 to n-1", strings.Join(values, "&shard="), store.MaxParts)
	}
	return store.Part{Index: int(i), Of: int(n)}, nil
}

// includes reports whether a resource is selected, given a predicate for its names.
func (f filter) includes(is func(name string) bool) bool {
	return (!f.limited || slices.ContainsFunc(f.only, is)) && !slices.ContainsFunc(f.excluded, is)
}

// answer is the response with a part of the selected resources.
func (f filter) answer(resources []*store.Resource, part store.Part, format exposition.Format) *store.Response {
	var selected []*store.Resource
	for _, r := range resources {
		if f.includes(r.Is) {
			selected = append(selected, r)
		}
	}
	views := store.Views(selected, store.Selection{Namespaces: f.namespaces, Part: part})
	if format.Typed {
		return store.NewTypedResponse(views, format.End)
	}
	return store.NewResponse(views, format.End)
}

// names splits lists at commas, and drops spaces around names and empty names.
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

// scrapeMetrics measure complete responses.
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

// acceptsGzip reports whether the Accept-Encoding fields of a request (RFC 9110, section 12.5.3) accept
// gzip and do not prefer identity. A malformed quality counts as 0.
func acceptsGzip(fields []string) bool {
	qualities := map[string]float64{}
	for _, e := range exposition.ParseList(strings.Join(fields, ",")) {
		qualities[e.Value] = e.Quality
	}
	gzip, ok := qualities["gzip"]
	if !ok {
		gzip, ok = qualities["x-gzip"]
	}
	if !ok {
		gzip = qualities["*"]
	}
	identity, named := qualities["identity"]
	return gzip > 0 && (!named || gzip >= identity)
}

// duplicates export the duplicate series that responses omit, by family, for families that have had any.
type duplicates struct {
	series *prometheus.GaugeVec
	log    *slog.Logger

	mu    sync.Mutex
	shown map[string]bool
}

func newDuplicates(reg prometheus.Registerer, log *slog.Logger) *duplicates {
	series := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kubestate_duplicate_series",
		Help: "Duplicate series omitted from the last response with the family.",
	}, []string{"family"})
	reg.MustRegister(series)
	return &duplicates{series: series, log: log, shown: map[string]bool{}}
}

// observe records the duplicates of a complete response, and logs families that are new.
func (m *duplicates) observe(series map[string]int, resources []*store.Resource) {
	for _, family := range m.show(series, resources) {
		m.log.Warn("duplicate series omitted", "family", family, "series", series[family])
	}
}

// show sets the gauge and returns the new families, sorted. It deletes families that no resource has.
func (m *duplicates) show(series map[string]int, resources []*store.Resource) (added []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for family, n := range series {
		if n > 0 && !m.shown[family] {
			m.shown[family] = true
			added = append(added, family)
		}
		if m.shown[family] {
			m.series.WithLabelValues(family).Set(float64(n))
		}
	}
	for family := range m.shown {
		if !slices.ContainsFunc(resources, func(r *store.Resource) bool { return r.HasFamily(family) }) {
			m.series.DeleteLabelValues(family)
			delete(m.shown, family)
		}
	}
	slices.Sort(added)
	return added
}
