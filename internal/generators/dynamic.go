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
	// known are the names that keys have or had before they collided, and states what
	// is known of each.
	known  spanSet
	states []nameState
}

// nameState is the state of one name.
type nameState struct {
	owner     int // the number of the key that has the name, free if none has
	conflicts int // the last suffix given out to keys that would have the name
}

// free is the owner of a name that no key has.
const free = -1

// name sets names for the keys, which are sorted: prefix and the key with each
// character that a name cannot have replaced by _, in snake case.
func (d *dynamicLabels) name(prefix string, keys []string) {
	d.text, d.names, d.states = d.text[:0], d.names[:0], d.states[:0]
	d.known.reset()
	for i, key := range keys {
		start := len(d.text)
		d.text = appendSnake(append(d.text, prefix...), key)
		d.names = append(d.names, span{})
		d.resolve(i, start)
	}
}

// resolve names the next key, number i, which alone would be named text[start:]. The
// key that has this name is renamed when it is the first to collide.
func (d *dynamicLabels) resolve(i, start int) {
	n, name := d.lookUp(start)
	state := &d.states[n]
	if state.conflicts == 0 && state.owner == free {
		state.owner, d.names[i] = i, name
		return
	}
	if first := state.owner; state.conflicts == 0 {
		state.owner = free
		d.suffix(first, n)
	}
	d.suffix(i, n)
}

// suffix names key number i after the known name n, with the next suffix that makes
// a name which no key has.
func (d *dynamicLabels) suffix(i, n int) {
	for {
		d.states[n].conflicts++
		start := len(d.text)
		d.text = append(d.text, d.known.spans[n].of(d.text)...)
		d.text = append(d.text, "_conflict"...)
		d.text = strconv.AppendInt(d.text, int64(d.states[n].conflicts), 10)
		m, name := d.lookUp(start)
		if state := &d.states[m]; state.owner == free {
			state.owner, d.names[i] = i, name
			return
		}
	}
}

// lookUp gives the number and the place of the name text[start:], which is cut off if
// the name is known.
func (d *dynamicLabels) lookUp(start int) (int, span) {
	n, isNew := d.known.add(d.text, span{start, len(d.text)})
	if isNew {
		d.states = append(d.states, nameState{owner: free})
	} else {
		d.text = d.text[:start]
	}
	return n, d.known.spans[n]
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
