package store

import (
	"encoding/hex"
	"hash/maphash"
	"slices"
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

func (k *key) hash() uint32 {
	if k.isID {
		return uint32(maphash.Bytes(seed, k.id[:]))
	}
	return uint32(maphash.String(seed, k.other))
}

// A place is where an object is: one more than its page's number times pageSlots
// plus its slot. 0 is nowhere.
type place uint32

func placeOf(page, slot int) place { return place(page*pageSlots + slot + 1) }

func (p place) page() int { return int(p-1) / pageSlots }
func (p place) slot() int { return int(p-1) % pageSlots }

// An index finds the places of a part's objects by the hashes of their keys. The keys
// are in the pages: with them here too, it would take five times the memory.
type index struct {
	entries []entry // a power of two of them, each as near after its hash as there was room
	taken   int
}

type entry struct {
	hash  uint32
	place place
}

// The index has room for a third more than it holds at the least, and is made
// smaller when it holds an eighth.
const (
	leastEntries = 8
	fullQuarters = 3
	emptyShare   = 8
)

func (x *index) clone() index { return index{slices.Clone(x.entries), x.taken} }

func (x *index) after(i uint32) uint32 { return (i + 1) & x.mask() }
func (x *index) mask() uint32          { return uint32(len(x.entries) - 1) }

// find gives the place with the hash for which is says true, 0 if there is none.
func (x *index) find(hash uint32, is func(place) bool) place {
	if x.taken == 0 {
		return 0
	}
	for i := hash & x.mask(); x.entries[i].place != 0; i = x.after(i) {
		if e := x.entries[i]; e.hash == hash && is(e.place) {
			return e.place
		}
	}
	return 0
}

// put adds a place.
func (x *index) put(hash uint32, at place) {
	if (x.taken+1)*4 > len(x.entries)*fullQuarters {
		x.resize(max(leastEntries, 2*len(x.entries)))
	}
	x.taken++
	x.insert(entry{hash, at})
}

func (x *index) insert(e entry) {
	i := e.hash & x.mask()
	for x.entries[i].place != 0 {
		i = x.after(i)
	}
	x.entries[i] = e
}

// remove takes out a place that is there.
func (x *index) remove(hash uint32, at place) {
	gap := hash & x.mask()
	for x.entries[gap].place != at {
		gap = x.after(gap)
	}
	// What comes after moves up, unless it would stand before its hash.
	for i := x.after(gap); x.entries[i].place != 0; i = x.after(i) {
		if fromHash := (i - x.entries[i].hash) & x.mask(); fromHash >= (i-gap)&x.mask() {
			x.entries[gap], gap = x.entries[i], i
		}
	}
	x.entries[gap] = entry{}
	if x.taken--; x.taken*emptyShare < len(x.entries) && len(x.entries) > leastEntries {
		x.resize(len(x.entries) / 2)
	}
}

// resize makes room for n entries, which must be enough.
func (x *index) resize(n int) {
	old := x.entries
	x.entries = make([]entry, n)
	for _, e := range old {
		if e.place != 0 {
			x.insert(e)
		}
	}
}
