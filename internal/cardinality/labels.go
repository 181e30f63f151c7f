package cardinality

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
)

const (
	// maxLabels bounds the labels that are counted one by one.
	maxLabels = 1000
	// maxName bounds the length of their names.
	maxName = 1 << 10
	// maxValues bounds the values of all labels that are counted, and with it the memory: some 30 bytes
	// each.
	maxValues = 1 << 19
	// maxListed is the length of the lists of values of a label.
	maxListed = 10
)

// A labelCounter counts the labels of lines, by the hashes of their names.
type labelCounter struct {
	labels map[uint64]*label
	order  []*label
	rest   *label
	// row has the labels of the last line, by position.
	row []*label
	// values is the number of values of all labels, and limit its bound.
	values, limit int
}

// A label is a row of labels.
type label struct {
	name string
	// key is the name in lines.
	key           []byte
	series, bytes int
	values        values
	longest, most []listed
}

// A listed value is one of the longest, or of those with the most series.
type listed struct {
	hash  uint64
	count int
	text  []byte // the beginning of the value
}

// values is a set of hashes with a count each. If it is too large, it keeps those that end in a number of
// zero bits, as a sample.
type values struct {
	index    map[uint64]uint32
	counts   []uint32
	zeroBits int
	// last is the last value, and at its index, -1 if it is not in the sample.
	last uint64
	at   int
}

func newLabelCounter(limit int) *labelCounter {
	return &labelCounter{labels: map[uint64]*label{}, rest: newLabel(others), limit: limit}
}

func newLabel(name string) *label {
	return &label{name: name, values: values{index: map[uint64]uint32{}, at: -1}}
}

// line counts the labels of a line.
func (c *labelCounter) line(line []byte) {
	rest := labelsOf(line)
	for i := 0; ; i++ {
		p, after, ok := nextPair(rest)
		if !ok {
			return
		}
		rest = after
		switch {
		case i >= maxLabels:
			c.pair(c.label(p.name), p)
			continue
		case i == len(c.row):
			c.row = append(c.row, c.label(p.name))
		case string(c.row[i].key) != string(p.name):
			c.row[i] = c.label(p.name)
		}
		c.pair(c.row[i], p)
	}
}

// label returns the counter of a label.
func (c *labelCounter) label(name []byte) *label {
	hash := maphash.Bytes(seed, name)
	l, ok := c.labels[hash]
	switch {
	case ok:
		return l
	case len(c.order) == maxLabels, len(name) > maxName:
		return c.rest
	}
	l = newLabel(shorten(name))
	l.key = slices.Clone(name)
	c.labels[hash] = l
	c.order = append(c.order, l)
	return l
}

// pair counts a pair of a label.
func (c *labelCounter) pair(l *label, p pair) {
	l.series++
	l.bytes += p.bytes()
	hash := maphash.Bytes(seed, p.value)
	if least := leastOf(l.longest); len(p.value) > least { // with escapes it is longer in the line
		if size := len(p.value) - countEscapes(p.value); size > least {
			l.longest = list(l.longest, listed{hash, size, p.value})
		}
	}
	v := &l.values
	if hash != v.last || len(v.counts) == 0 {
		if v.find(hash) {
			if c.values++; c.values > c.limit {
				c.thin()
			}
		}
	}
	if v.at < 0 {
		return
	}
	v.counts[v.at]++
	if n := int(v.counts[v.at]); n > leastOf(l.most) {
		l.most = list(l.most, listed{hash, n, p.value})
	}
}

// find makes a value the last one. It adds a new one that is in the sample, and reports whether it did.
func (v *values) find(hash uint64) (added bool) {
	v.last = hash
	at, ok := v.index[hash]
	if ok {
		v.at = int(at)
		return false
	}
	if !v.samples(hash) {
		v.at = -1
		return false
	}
	v.at = len(v.counts)
	v.index[hash] = uint32(v.at)
	v.counts = append(v.counts, 0)
	return true
}

func (v *values) samples(hash uint64) bool { return hash&(1<<v.zeroBits-1) == 0 }

// thin halves the sample of the label with the most values, and keeps the values with the most series.
func (c *labelCounter) thin() {
	l := c.rest
	for _, other := range c.order {
		if len(other.values.counts) > len(l.values.counts) {
			l = other
		}
	}
	old := l.values
	l.values = values{index: map[uint64]uint32{}, zeroBits: old.zeroBits + 1, at: -1}
	v := &l.values
	for hash, at := range old.index {
		if v.samples(hash) || slices.ContainsFunc(l.most, func(o listed) bool { return o.hash == hash }) {
			v.index[hash] = uint32(len(v.counts))
			v.counts = append(v.counts, old.counts[at])
		}
	}
	v.find(old.last)
	c.values -= len(old.counts) - len(v.counts)
}

// number returns the number of values, and whether it is an estimate.
func (v *values) number() (n int, estimated bool) {
	for hash := range v.index {
		if v.samples(hash) {
			n++
		}
	}
	return n << v.zeroBits, v.zeroBits > 0
}

// leastOf returns the count that a value needs more than to be listed.
func leastOf(l []listed) int {
	if len(l) < maxListed {
		return -1
	}
	return l[len(l)-1].count
}

// list puts a value that exceeds leastOf into a list in descending order, in place of itself or of the
// last one.
func list(l []listed, v listed) []listed {
	at := slices.IndexFunc(l, func(o listed) bool { return o.hash == v.hash })
	switch {
	case at >= 0:
		l[at].count = v.count
	case len(l) < maxListed:
		at = len(l)
		l = append(l, listed{v.hash, v.count, keep(nil, v.text)})
	default:
		at = maxListed - 1
		l[at] = listed{v.hash, v.count, keep(l[at].text[:0], v.text)}
	}
	for ; at > 0 && l[at].count > l[at-1].count; at-- {
		l[at], l[at-1] = l[at-1], l[at]
	}
	return l
}

// keep copies of a value what is shown of it. With escapes it takes at most twice its length.
func keep(dst, value []byte) []byte { return append(dst, value[:min(len(value), 2*maxShown+2)]...) }

// countLabels adds a row per label.
func (t *Table) countLabels(ctx context.Context, c Content) {
	counter := newLabelCounter(maxValues)
	c.eachLine(ctx, counter.line)
	t.addLabels(counter)
}

func (t *Table) addLabels(c *labelCounter) {
	if c.rest.series > 0 {
		c.order = append(c.order, c.rest)
	}
	slices.SortFunc(c.order, func(a, b *label) int { return cmp.Compare(a.name, b.name) })
	for _, l := range c.order {
		n, estimated := l.values.number()
		t.add([]string{l.name}, n, l.series, l.bytes)
		r := &t.Rows[len(t.Rows)-1]
		r.Estimated, r.Longest, r.Most = estimated, shownOf(l.longest), shownOf(l.most)
	}
}

func shownOf(l []listed) []Value {
	all := []Value{}
	for _, v := range l {
		text := unescaped(v.text)
		all = append(all, Value{text, v.count})
	}
	return all
}
