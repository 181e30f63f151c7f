package generators

import (
	"slices"
	"strconv"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Allowed adds one sample whose labels are the entries of m that the family's
// allowlist lets through, or nothing if there is no allowlist.
func (s *Samples) Allowed(m map[string]string) {
	if s.family.allowed != nil {
		s.addMap(m, s.family.allowed)
	}
}

// All adds one sample whose labels are the entries of m.
func (s *Samples) All(m map[string]string) { s.addMap(m, &allowedKeys{all: true}) }

func (s *Samples) addMap(m map[string]string, allowed *allowedKeys) {
	s.keys = sortedKeys(s.keys[:0], m)
	if !allowed.all {
		s.keys = slices.DeleteFunc(s.keys, func(key string) bool { return !allowed.allows(key) })
	}
	s.dynamic.name(s.family.prefix, s.keys)
	s.openIdentity()
	for i, key := range s.keys {
		s.dst = append(s.dst, ',')
		s.dst = append(s.dst, s.dynamic.names[i].of(s.dynamic.text)...)
		s.dst = append(s.dst, `="`...)
		s.dst = exposition.AppendLabelValue(s.dst, m[key])
		s.dst = append(s.dst, '"')
	}
	s.dst = append(s.dst, "} 1\n"...)
}

// dynamicLabels makes label names from the keys of a map. Different keys can
// make the same name; each of those gets a suffix _conflictN.
type dynamicLabels struct {
	text  []byte
	names []span // of text, one for each key
	bases []base
}

// base is a name that more than one key made.
type base struct {
	name    span
	counter int // the last suffix given out
}

// name sets names for the keys, which are sorted: prefix and the key with each
// character that a name cannot have replaced by _, in snake case.
func (d *dynamicLabels) name(prefix string, keys []string) {
	d.text, d.names, d.bases = d.text[:0], d.names[:0], d.bases[:0]
	for _, key := range keys {
		start := len(d.text)
		d.text = appendSnake(append(d.text, prefix...), key)
		d.names = append(d.names, d.resolve(span{start, len(d.text)}))
	}
}

// resolve gives the name for the next key, which alone would be named wanted.
// The name in use before is renamed when it is the first to collide.
func (d *dynamicLabels) resolve(wanted span) span {
	if i := d.indexBase(wanted); i >= 0 {
		return d.nextFree(&d.bases[i])
	}
	i := d.indexName(wanted)
	if i < 0 {
		return wanted
	}
	d.bases = append(d.bases, base{name: wanted})
	b := &d.bases[len(d.bases)-1]
	d.names[i] = d.nextFree(b)
	return d.nextFree(b)
}

func (d *dynamicLabels) indexBase(name span) int {
	return slices.IndexFunc(d.bases, func(b base) bool { return d.equal(b.name, name) })
}

func (d *dynamicLabels) indexName(name span) int {
	return slices.IndexFunc(d.names, func(n span) bool { return d.equal(n, name) })
}

func (d *dynamicLabels) equal(a, b span) bool {
	return string(a.of(d.text)) == string(b.of(d.text))
}

// nextFree is the base with the next suffix that makes a name not in use.
func (d *dynamicLabels) nextFree(b *base) span {
	for {
		b.counter++
		start := len(d.text)
		d.text = append(d.text, b.name.of(d.text)...)
		d.text = append(d.text, "_conflict"...)
		d.text = strconv.AppendInt(d.text, int64(b.counter), 10)
		if name := (span{start, len(d.text)}); d.indexName(name) < 0 {
			return name
		}
		d.text = d.text[:start]
	}
}

// appendSnake appends key as part of a label name: every character but letters,
// digits and _ becomes _, a capital after a small letter or digit gets _ before
// it, and capitals become small.
func appendSnake(dst []byte, key string) []byte {
	small := false // the character before is a small letter or a digit
	for _, r := range key {
		switch {
		case 'A' <= r && r <= 'Z':
			if small {
				dst = append(dst, '_')
			}
			dst = append(dst, byte(r)+'a'-'A')
			small = false
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			dst = append(dst, byte(r))
			small = true
		default:
			dst = append(dst, '_')
			small = false
		}
	}
	return dst
}
