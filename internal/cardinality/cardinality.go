// Package cardinality counts the series and bytes of the store by family, resource, namespace and label,
// and what options would save: stores → tables → text or JSON.
//
// Families and resources are counted by the store's own statistics. All other views, and those of some
// namespaces, read the text block by block, and hold one block. Maps are bounded: of namespaces and
// labels beyond a bound the sum is counted, of the values of labels a sample, from which their number is
// estimated.
package cardinality

import (
	"context"
	"hash/maphash"
	"strings"

	"github.com/kubestate/kubestate/internal/store"
)

// A Content is what is counted.
type Content struct {
	Resources []*store.Resource
	// Cluster returns the name of the cluster of a resource; nil for one cluster.
	Cluster func(*store.Resource) string
	// Namespaces select objects, none for all.
	Namespaces []string
	// Sparse reports whether --metric-sparse can drop series of a family.
	Sparse func(family string) bool
	// Kept reports whether finished objects keep their series of a family.
	Kept func(family string) bool
}

// A Table is a view of a content.
type Table struct {
	Query
	// Texts and Numbers are the columns.
	Texts, Numbers []Column
	Rows           []Row
	// Total is the sum of the rows; nil if the rows have no sum.
	Total []float64
}

// A Row has a cell for each column.
type Row struct {
	Texts   []string
	Numbers []float64
	// Estimated says that the first number is an estimate.
	Estimated bool
	// Longest are the longest values of a label, Most those with the most series.
	Longest, Most []Value
}

// A Value is the beginning of a value of a label, and its length or number of series.
type Value struct {
	Text  string
	Count int
}

// Count counts a content. It ends early with the error of ctx.
func Count(ctx context.Context, q Query, c Content) (Table, error) {
	l := layouts[q.By]
	t := Table{Query: q, Texts: l.texts, Numbers: l.numbers, Rows: []Row{}}
	switch q.By {
	case ByNamespace:
		t.countNamespaces(ctx, c)
	case ByLabel:
		t.countLabels(ctx, c)
	case ByOption:
		t.countOptions(ctx, c)
	default:
		t.countResources(ctx, c)
	}
	if q.By == ByFamily || q.By == ByResource || q.By == ByCluster || q.By == ByNamespace {
		t.Total = make([]float64, len(t.Numbers))
		for _, r := range t.Rows {
			for i, n := range r.Numbers {
				t.Total[i] += n
			}
		}
	}
	t.sort()
	return t, ctx.Err()
}

func (t *Table) add(texts []string, numbers ...int) {
	r := Row{Texts: texts}
	for _, n := range numbers {
		r.Numbers = append(r.Numbers, float64(n))
	}
	t.Rows = append(t.Rows, r)
}

// countResources adds a row per family, per resource or per cluster.
func (t *Table) countResources(ctx context.Context, c Content) {
	for _, r := range c.Resources {
		stats := c.stats(ctx, r)
		series, bytes := 0, 0
		for _, f := range stats.Families {
			series, bytes = series+f.Series, bytes+f.Bytes
			if t.By == ByFamily {
				t.add([]string{f.Name, r.Name()}, f.Series, f.Bytes)
			}
		}
		if t.By == ByResource {
			t.add([]string{r.Name()}, stats.Objects, series, bytes)
		}
		if t.By == ByCluster && c.Cluster != nil {
			t.add([]string{c.Cluster(r)}, stats.Objects, series, bytes)
		}
	}
	if c.Cluster != nil {
		t.join()
	}
}

// join joins rows of equal texts, which several clusters have.
func (t *Table) join() {
	indexes := map[string]int{}
	joined := t.Rows[:0]
	for _, r := range t.Rows {
		key := strings.Join(r.Texts, "\x00")
		i, known := indexes[key]
		if !known {
			indexes[key] = len(joined)
			joined = append(joined, r)
			continue
		}
		for n := range r.Numbers {
			joined[i].Numbers[n] += r.Numbers[n]
		}
	}
	t.Rows = joined
}

// stats are the store's statistics of a resource, or those of some namespaces.
func (c Content) stats(ctx context.Context, r *store.Resource) store.Stats {
	if len(c.Namespaces) == 0 {
		return r.Stats()
	}
	v := r.View(c.Namespaces...)
	stats := store.Stats{Objects: v.Objects()}
	for _, name := range r.Families() {
		stats.Families = append(stats.Families, store.FamilyStats{Name: name})
	}
	eachText(ctx, v, indexes(r.Families()), func(family int, text []byte) {
		f := &stats.Families[family]
		f.Bytes += len(text)
		lines(text, func([]byte) { f.Series++ })
	})
	return stats
}

// indexes returns the indexes of families.
func indexes(families []string) []int {
	var all []int
	for i := range families {
		all = append(all, i)
	}
	return all
}

// eachText calls yield with the text of some families of a view, block by block, until ctx ends. yield must
// not keep it.
func eachText(ctx context.Context, v store.View, families []int, yield func(family int, text []byte)) {
	var text []byte
	for page := range v.Pages() {
		if ctx.Err() != nil {
			return
		}
		for _, family := range families {
			if text = page.AppendText(text[:0], family); len(text) > 0 {
				yield(family, text)
			}
		}
	}
}

// eachLine calls yield with the lines of all views.
func (c Content) eachLine(ctx context.Context, yield func(line []byte)) {
	for _, r := range c.Resources {
		eachText(ctx, r.View(c.Namespaces...), indexes(r.Families()), func(_ int, text []byte) { lines(text, yield) })
	}
}

// seed is that of the hashes which stand for names and values.
var seed = maphash.MakeSeed()

// maxNamespaces bounds the namespaces that are counted one by one.
const maxNamespaces = 10_000

// others is the row of namespaces or labels beyond their bound.
const others = "(others)"

// A namespaceCount is a row of namespaces.
type namespaceCount struct {
	name          string
	series, bytes int
}

// A namespaceCounter counts the lines of namespaces, by their hashes.
type namespaceCounter struct {
	counts map[uint64]*namespaceCount
	order  []*namespaceCount
	rest   namespaceCount
}

func (n *namespaceCounter) get(hash uint64, namespace []byte) *namespaceCount {
	count, ok := n.counts[hash]
	switch {
	case ok:
		return count
	case len(n.order) == maxNamespaces:
		return &n.rest
	}
	count = &namespaceCount{name: unescaped(namespace)}
	n.counts[hash] = count
	n.order = append(n.order, count)
	return count
}

// countNamespaces adds a row per value of the label namespace.
func (t *Table) countNamespaces(ctx context.Context, c Content) {
	n := namespaceCounter{counts: map[uint64]*namespaceCount{}, rest: namespaceCount{name: others}}
	var current *namespaceCount
	var last uint64
	c.eachLine(ctx, func(line []byte) {
		namespace, _, _ := find(labelsOf(line), "namespace")
		if hash := maphash.Bytes(seed, namespace); current == nil || hash != last {
			current, last = n.get(hash, namespace), hash
		}
		current.series++
		current.bytes += len(line) + 1
	})
	for _, count := range n.order {
		t.add([]string{count.name}, count.series, count.bytes)
	}
	if n.rest.series > 0 {
		t.add([]string{others}, n.rest.series, n.rest.bytes)
	}
}
