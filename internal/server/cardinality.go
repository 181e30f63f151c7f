package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/store"
)

// familyCount is a row of /debug/cardinality: a family of a resource.
type familyCount struct {
	Family   string `json:"family"`
	Resource string `json:"resource"`
	Series   int    `json:"series"`
	Bytes    int    `json:"bytes"`
}

// cardinality answers with the series and bytes of each family of each resource, those with the
// most series first: as a table, or as JSON if that is what the request accepts
// or has the parameter format=json.
func cardinality(resources func() []*store.Resource) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counts := countFamilies(resources())
		if r.URL.Query().Get("format") == "json" || strings.Contains(r.Header.Get("Accept"), "application/json") {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(counts) // the client may be gone
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		row := func(series, bytes any, names string) { fmt.Fprintf(w, "%10v %12v  %s\n", series, bytes, names) }
		longest := len("family")
		for _, c := range counts {
			longest = max(longest, len(c.Family))
		}
		row("series", "bytes", fmt.Sprintf("%-*s  %s", longest, "family", "resource"))
		series, bytes := 0, 0
		for _, c := range counts {
			row(c.Series, c.Bytes, fmt.Sprintf("%-*s  %s", longest, c.Family, c.Resource))
			series, bytes = series+c.Series, bytes+c.Bytes
		}
		row(series, bytes, "in all")
	})
}

func countFamilies(resources []*store.Resource) []familyCount {
	counts := []familyCount{}
	for _, r := range resources {
		for _, f := range r.Stats().Families {
			counts = append(counts, familyCount{Family: f.Name, Resource: r.Name(), Series: f.Series, Bytes: f.Bytes})
		}
	}
	return mostSeries(counts)
}

// mostSeries sorts the counts: those with the most series first.
func mostSeries(counts []familyCount) []familyCount {
	slices.SortStableFunc(counts, func(a, b familyCount) int { return cmp.Compare(b.Series, a.Series) })
	return counts
}

// storeMetrics collect what the store holds.
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
