package server

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/store"
)

// repeats shows the series that answers leave out because an earlier one has the same name and
// labels, by family: of families of which there have been any.
type repeats struct {
	series *prometheus.GaugeVec
	log    *slog.Logger

	mu    sync.Mutex
	shown map[string]bool
}

func newRepeats(reg prometheus.Registerer, log *slog.Logger) *repeats {
	series := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "kubestate_duplicate_series",
		Help: "Duplicate series omitted from the last response with the family.",
	}, []string{"family"})
	reg.MustRegister(series)
	return &repeats{series: series, log: log, shown: map[string]bool{}}
}

// observe takes the numbers of a complete answer, and the resources that there were. A family is
// logged when it is first shown.
func (m *repeats) observe(series map[string]int, resources []*store.Resource) {
	for _, family := range m.show(series, resources) {
		m.log.Warn("series left out of answers, since others have the same name and labels", "family", family, "series", series[family])
	}
}

// show sets the gauge and returns the families that are new in it. It removes those that no
// resource has any more.
func (m *repeats) show(series map[string]int, resources []*store.Resource) (added []string) {
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
