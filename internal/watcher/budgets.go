package watcher

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// Budgets limit the series of resources.
type Budgets struct {
	// Series are limits by the key of a resource, by an alias of a custom one, or by the name of a
	// family.
	Series map[string]int
	// Namespace is the limit of each namespace of each resource; 0 for none.
	Namespace int
}

// of returns the budgets of a resource with the given families, and whether there are any.
func (b Budgets) of(d generators.Description, families []string) (store.Budgets, bool) {
	of := store.Budgets{Families: map[string]int{}}
	for _, name := range slices.Backward(append([]string{d.Key}, d.Aliases...)) {
		if limit := b.Series[name]; limit > 0 {
			of.Series = limit // the key comes last and counts
		}
	}
	if d.Namespaced {
		of.Namespace = b.Namespace
	}
	for _, name := range families {
		if limit := b.Series[name]; limit > 0 {
			of.Families[name] = limit
		}
	}
	return of, of.Series > 0 || of.Namespace > 0 || len(of.Families) > 0
}

// sameCounts reports whether the budgets of both plans need the same counts, so that a change of
// limits needs no list.
func (p *plan) sameCounts(o *plan) bool {
	return p.limited == o.limited && slices.Equal(slices.Sorted(maps.Keys(p.budgets.Families)), slices.Sorted(maps.Keys(o.budgets.Families)))
}

// limitSeries sets the limits of config for a target whose series are counted.
func (t *target) limitSeries(config Config) {
	if t.limited {
		d := t.resource.Describe()
		b, _ := config.Budgets.of(d, config.Selection.EffectOn(d).Families())
		t.LimitSeries(b)
	}
}

// logBudgets logs each budget of a resource that has become nearly used up.
func (w *Watcher) logBudgets(r *store.Resource) {
	for _, c := range r.Crossings() {
		args := []any{"resource", r.Name(), "series", c.Used, "budget", c.Limit}
		if c.Family != "" {
			args = append(args, "family", c.Family)
		}
		if c.Namespace != "" {
			args = append(args, "namespace", c.Namespace)
		}
		w.log.Warn("80 % of a series budget are used; beyond it, the newest objects are withheld", args...)
	}
}

var (
	budgetDesc = prometheus.NewDesc("kubestate_series_budget",
		"Limit of series of a resource, of one of its families, or of one of its namespaces; of namespaces only those near the limit.",
		[]string{"resource", "family", "namespace"}, nil)
	budgetUsedDesc = prometheus.NewDesc("kubestate_series_budget_used",
		"Series that count against a limit of series.",
		[]string{"resource", "family", "namespace"}, nil)
	seriesWithheldDesc = prometheus.NewDesc("kubestate_series_withheld",
		"Series of objects withheld by limits of series; with a namespace, by the limit of that namespace.",
		[]string{"resource", "namespace"}, nil)
	objectsWithheldDesc = prometheus.NewDesc("kubestate_objects_withheld",
		"Objects withheld by limits of series; with a namespace, by the limit of that namespace.",
		[]string{"resource", "namespace"}, nil)
)

// collectBudgets collects the state of the target's budgets.
func (t *target) collectBudgets(gauge func(desc *prometheus.Desc, value float64, labels ...string)) {
	report, limited := t.Budgets()
	if !limited {
		return
	}
	for _, u := range report.Uses {
		gauge(budgetDesc, float64(u.Limit), t.Name(), u.Family, u.Namespace)
		gauge(budgetUsedDesc, float64(u.Used), t.Name(), u.Family, u.Namespace)
	}
	for _, held := range report.Withheld {
		gauge(seriesWithheldDesc, float64(held.Series), t.Name(), held.Namespace)
		gauge(objectsWithheldDesc, float64(held.Objects), t.Name(), held.Namespace)
	}
}
