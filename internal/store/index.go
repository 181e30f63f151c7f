package store

import (
	"encoding/hex"
	"maps"
)

// An id is a uid in the form of RFC 9562, as nearly all are. It has no pointers.
type id [16]byte

// The length of a UUID and the bounds of its groups.
const uuidLength = 36

var uuidGroups = [...][2]int{{0, 8}, {9, 13}, {14, 18}, {19, 23}, {24, uuidLength}}

// parseID parses a uid. It accepts exactly what String returns.
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
		return id{}, false // upper case, or no hyphens
	}
	return i, true
}

// String returns the uid.
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

// A key is a uid as the key of an index: an id, or the uid itself if that is no UUID.
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

// A slotRef refers to a slot: page*pageSlots + slot + 1. 0 refers to none.
type slotRef uint32

func slotRefOf(page, slot int) slotRef { return slotRef(page*pageSlots + slot + 1) }

func (r slotRef) page() int { return int(r-1) / pageSlots }
func (r slotRef) slot() int { return int(r-1) % pageSlots }

// An index maps uids to slots.
type index struct {
	ids    map[id]slotRef
	others map[string]slotRef
}

func newIndex(objects int) index {
	return index{ids: make(map[id]slotRef, objects), others: map[string]slotRef{}}
}

// clone returns a copy of minimal size: maps do not shrink.
func (x *index) clone() index {
	c := newIndex(len(x.ids))
	maps.Copy(c.ids, x.ids)
	maps.Copy(c.others, x.others)
	return c
}

func (x *index) len() int { return len(x.ids) + len(x.others) }

// find returns the slot of an object, 0 if there is none.
func (x *index) find(k *key) slotRef {
	if k.isID {
		return x.ids[k.id]
	}
	return x.others[k.other]
}

func (x *index) put(k key, at slotRef) {
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
