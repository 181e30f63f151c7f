package counters

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A Config configures a ledger.
type Config struct {
	// Resources are the counted resources. Others have no counters.
	Resources []generators.Resource
	Selection generators.Selection
	// Bounds are the sorted upper bounds of the buckets of histograms, in seconds.
	Bounds []float64
	// Parts is the number of parts that scrapers fetch.
	Parts int
}

// IsEmpty reports whether the ledger counts nothing.
func (l *Ledger) IsEmpty() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.resources) == 0
}

// Configure replaces the configuration. Counters of resources that stay counted keep their values, and
// histograms if the bounds stay.
func (l *Ledger) Configure(c Config) {
	l.mu.Lock()
	defer l.mu.Unlock()
	reset := !slices.Equal(l.bounds, c.Bounds)
	l.bounds = slices.Clone(c.Bounds)
	var next []*resource
	for _, counted := range c.Resources {
		if !c.Selection.Counts(counted) {
			continue
		}
		key := counted.Describe().Key
		r := l.resource(key)
		if r == nil {
			r = &resource{key: key, owners: map[Owner]*account{}, changed: map[Owner]struct{}{}}
		}
		isNew := r.rows == nil || !r.rows.isOf(counted, c)
		if isNew {
			r.rows = newRows(counted, c)
		}
		for o, a := range r.owners {
			if reset {
				a.histograms = nil
			}
			if reset || isNew {
				r.changed[o] = struct{}{}
			}
		}
		next = append(next, r)
	}
	l.resources = next
}

// Resources renders the counters that have changed, and returns the resources of the store that have
// them, in the order of the configuration.
func (l *Ledger) Resources() []*store.Resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.resources {
		r.render(l.bounds)
	}
	return l.stored()
}

// Stored is Resources without rendering.
func (l *Ledger) Stored() []*store.Resource {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.stored()
}

func (l *Ledger) stored() (all []*store.Resource) {
	for _, r := range l.resources {
		all = append(all, r.rows.resource)
	}
	return all
}

// rows are the series of a resource's counters.
type rows struct {
	effect   generators.Effect
	parts    int
	resource *store.Resource
	renderer *generators.Renderer
	// Scratch memory.
	counts generators.Counts
	text   []byte
	ends   []int
}

// newRows returns the rows of a resource, which has none yet.
func newRows(counted generators.Resource, c Config) *rows {
	d, renderer := counted.Describe(), counted.Recipe().Memo.Counts.Compile(c.Selection)
	var families []store.Family
	headers, formats := renderer.Headers(), renderer.Formats()
	for i, name := range renderer.Names() {
		families = append(families, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed, Format: formatOf[formats[i]]})
	}
	names := append(slices.Clone(d.Aliases), d.Name)
	return &rows{
		effect: effectOn(counted, c), parts: c.Parts,
		resource: store.NewResourceInParts(max(c.Parts, 1), "counters-"+d.Name, families, 1, names...), renderer: renderer,
	}
}

// isOf reports whether newRows would return equal rows.
func (r *rows) isOf(counted generators.Resource, c Config) bool {
	return r.parts == c.Parts && r.effect.Equal(effectOn(counted, c))
}

// effectOn returns the effect of a configuration on the counters of a resource.
func effectOn(counted generators.Resource, c Config) generators.Effect {
	return c.Selection.EffectOn(counted.Recipe().Memo.Counts.Describe())
}

var formatOf = map[generators.Format]store.Format{
	generators.AnyFormat: store.AnyFormat, generators.TextFormat: store.TextFormat, generators.TypedFormat: store.TypedFormat,
}

// render renders the owners that have changed, in the order of their names.
func (r *resource) render(bounds []float64) {
	if len(r.changed) == 0 {
		return
	}
	p := r.rows.resource.Partitions()[0]
	for _, o := range slices.SortedFunc(maps.Keys(r.changed), Owner.compare) {
		a := r.owners[o]
		if a == nil {
			p.Delete(o.key())
			continue
		}
		a.changed = false
		r.rows.setCounts(o, a, bounds)
		r.rows.text, r.rows.ends = r.rows.renderer.Render(r.rows.text[:0], r.rows.ends[:0], &r.rows.counts)
		p.Set(store.Rendered{UID: o.key(), Namespace: o.Namespace, Text: r.rows.text, Ends: r.rows.ends})
	}
	clear(r.changed)
}

// setCounts sets the counters to render.
func (r *rows) setCounts(o Owner, a *account, bounds []float64) {
	c := &r.counts
	c.ObjectMeta = metav1.ObjectMeta{Namespace: o.Namespace, Name: o.Name}
	c.OwnerKind, c.Bounds = o.Kind, bounds
	c.Counters, c.Histograms = c.Counters[:0], c.Histograms[:0]
	for _, n := range a.counts {
		c.Counters = append(c.Counters, generators.Count{Series: n.series.Value(), Value: n.value, Created: n.created})
	}
	for _, h := range a.histograms {
		c.Histograms = append(c.Histograms, generators.Histogram{Series: h.series.Value(), Buckets: h.buckets, Sum: h.sum, Created: h.created})
	}
}

func (o Owner) compare(p Owner) int {
	return cmp.Or(cmp.Compare(o.Namespace, p.Namespace), cmp.Compare(o.Kind, p.Kind), cmp.Compare(o.Name, p.Name))
}

// key is the uid of the owner's rows. Kind and name may be any text: they come from controller references.
func (o Owner) key() string { return o.Namespace + "/" + strconv.Quote(o.Kind) + "/" + o.Name }
