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

// place is where an object is.
type place struct{ page, slot int32 }

// An index says where the objects of a part are.
type index struct {
	ids    map[id]place
	others map[string]place // of uids that are no UUIDs; nil as long as there are none
}

func newIndex() index { return index{ids: map[id]place{}} }

func (x *index) clone() index { return index{maps.Clone(x.ids), maps.Clone(x.others)} }

func (x *index) len() int { return len(x.ids) + len(x.others) }

func (x *index) get(uid string) (at place, ok bool) { return find(x, uid) }

func (x *index) find(uid []byte) (at place, ok bool) { return find(x, uid) }

func find[S string | []byte](x *index, uid S) (at place, ok bool) {
	if i, isID := parseID(uid); isID {
		at, ok = x.ids[i]
	} else {
		at, ok = x.others[string(uid)]
	}
	return at, ok
}

func (x *index) put(uid string, at place) {
	if i, ok := parseID(uid); ok {
		x.ids[i] = at
		return
	}
	if x.others == nil {
		x.others = map[string]place{}
	}
	x.others[uid] = at
}

func (x *index) remove(uid string) {
	if i, ok := parseID(uid); ok {
		delete(x.ids, i)
	} else {
		delete(x.others, uid)
	}
}
