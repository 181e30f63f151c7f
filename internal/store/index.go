package store

import (
	"encoding/hex"
	"maps"
)

// An id is a uid without its form. Nearly all uids are UUIDs as RFC 9562 writes
// them, and of those the collector has nothing to look at.
type id [16]byte

// The length of a UUID, and where its groups of digits begin and end.
const uuidLength = 36

var uuidGroups = [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, uuidLength}}

// parseID gives the id of a uid, and false if it is not what String gives of one.
func parseID[S string | []byte](uid S) (i id, ok bool) {
	if len(uid) != uuidLength {
		return id{}, false
	}
	rest := i[:]
	for _, g := range uuidGroups {
		n, err := hex.Decode(rest, []byte(uid[g[0]:g[1]]))
		if err != nil {
			return id{}, false
		}
		rest = rest[n:]
	}
	if text := i.text(); string(text[:]) != string(uid) {
		return id{}, false // other letters, or no hyphens
	}
	return i, true
}

// String is the uid.
func (i id) String() string {
	text := i.text()
	return string(text[:])
}

func (i id) text() (s [uuidLength]byte) {
	rest := i[:]
	for _, g := range uuidGroups {
		n := hex.Encode(s[g[0]:g[1]], rest[:(g[1]-g[0])/2])
		if g[1] < uuidLength {
			s[g[1]] = '-'
		}
		rest = rest[n/2:]
	}
	return s
}

// A key is a uid as it is looked for: its id, or, if it has none, itself.
type key struct {
	id    id
	other string
	isID  bool
}

func keyOf[S string | []byte](uid S) key {
	if i, ok := parseID(uid); ok {
		return key{id: i, isID: true}
	}
	return key{other: string(uid)}
}

// A place is where an object is: one more than its page's number times pageSlots
// plus its slot. 0 is nowhere.
type place uint32

func placeOf(page, slot int) place { return place(page*pageSlots + slot + 1) }

func (p place) page() int { return int(p-1) / pageSlots }
func (p place) slot() int { return int(p-1) % pageSlots }

// An index finds the place of an object by its uid.
type index struct {
	ids    map[id]place
	others map[string]place
}

func newIndex(objects int) index {
	return index{ids: make(map[id]place, objects), others: map[string]place{}}
}

// clone is a copy without the room that removed objects leave in a map.
func (x *index) clone() index {
	c := newIndex(len(x.ids))
	maps.Copy(c.ids, x.ids)
	maps.Copy(c.others, x.others)
	return c
}

func (x *index) len() int { return len(x.ids) + len(x.others) }

// find gives the place of an object, 0 if it has none.
func (x *index) find(k *key) place {
	if k.isID {
		return x.ids[k.id]
	}
	return x.others[k.other]
}

func (x *index) put(k key, at place) {
	if k.isID {
		x.ids[k.id] = at
		return
	}
	x.others[k.other] = at
}

func (x *index) remove(k key) {
	if k.isID {
		delete(x.ids, k.id)
		return
	}
	delete(x.others, k.other)
}
