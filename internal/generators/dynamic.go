package generators

import (
	"slices"
	"strconv"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Allowed adds one sample with a label for each entry of m that the family's allowlist
// selects, or nothing without an allowlist.
func (s *Samples) Allowed(m map[string]string) {
	if s.family.allowed != nil {
		s.addMap(m, s.family.allowed)
	}
}

// All adds one sample with a label for each entry of m.
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

// dynamicLabels makes label names from the keys of a map. Keys whose names collide get a
// suffix _conflictN.
type dynamicLabels struct {
	text  []byte
	names []span // of text, one for each key
	// known are the names seen so far, and states their states by number.
	known  spanSet
	states []nameState
}

// nameState is the state of one name.
type nameState struct {
	owner     int // the number of the key with the name, or free
	conflicts int // the last suffix in use
}

// free is the owner of a name without a key.
const free = -1

// name names the keys, which are sorted: the prefix and the key in snake case, with _
// for each character that is not valid in a name.
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

// resolve names key i, whose name without a collision is text[start:]. The first
// collision renames the owner of that name, too.
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

// suffix returns key i the known name n with the next suffix that makes a free name.
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

// lookUp returns the number and the span of the name text[start:]. It truncates the text
// again if the name is known.
func (d *dynamicLabels) lookUp(start int) (int, span) {
	n, isNew := d.known.add(d.text, span{start, len(d.text)})
	if isNew {
		d.states = append(d.states, nameState{owner: free})
	} else {
		d.text = d.text[:start]
	}
	return n, d.known.spans[n]
}

// appendSnake appends key in snake case as part of a label name: an upper-case letter
// after a lower-case letter or digit gets a _ before it, letters become lower-case, and
// all other characters but digits become _.
func appendSnake(dst []byte, key string) []byte {
	small := false // the character before is a lower-case letter or a digit
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
