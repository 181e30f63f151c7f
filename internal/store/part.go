package store

import "github.com/cespare/xxhash/v2"

// MaxParts is the largest number of parts of a response.
const MaxParts = 64

// A Part is one of several parts of a response. Each object belongs to one of them by the hash of
// its uid, in all processes the same. The zero value is the whole.
type Part struct{ Index, Of int }

// class returns the class of an object, of n classes. The class of n divided by any d is the class
// of n/d. The hash is none of those that sharding divides objects by: a shard has objects of all
// classes.
func (k *key) class(n int) int {
	if n <= 1 {
		return 0
	}
	var hash uint64
	if k.isID {
		text := k.id.text()
		hash = xxhash.Sum64(text[:])
	} else {
		hash = xxhash.Sum64String(k.other)
	}
	return int(hash >> 32 * uint64(n) >> 32)
}

// slots returns the slots of a page with objects of the part, given the page's class, of several
// classes. If each class belongs to one part, all slots of a page do.
func (p Part) slots(pg *page, class, classes int) (slots uint64) {
	switch {
	case p.Of <= 1:
		return ^uint64(0)
	case classes%p.Of == 0 && class*p.Of/classes == p.Index:
		return ^uint64(0)
	case classes%p.Of == 0:
		return 0
	}
	for slot := range pageSlots {
		k := pg.uids.key(slot)
		if pg.used&(1<<slot) != 0 && k.class(p.Of) == p.Index {
			slots |= 1 << slot
		}
	}
	return slots
}

// compared returns the names of families that may repeat series of objects of other parts.
func (p Part) compared(resources []*Resource) (names nameSet) {
	if p.Of <= 1 {
		return nil
	}
	for _, r := range resources {
		for i, f := range r.families {
			if f.MayRepeat {
				names.add(r.numbers[i])
			}
		}
	}
	return names
}

// An otherPage is a page of any part.
type otherPage struct {
	pageView        // of all slots, with the lengths of lines
	part     uint64 // slots of the part
}

func newOtherPage(pg *page, all, part uint64) otherPage {
	o := otherPage{pg.view(all), part}
	pg.shareFingerprints()
	o.fingerprints = pg.fingerprints
	return o
}

// deduplicate returns the part's lines of a family that are not in seen, adds all lines of the page
// to seen, and returns the numbers of lines left out of the part and of the others.
func (o *otherPage) deduplicate(family int, seen map[uint64]struct{}, text, scratch *[]byte) (kept []byte, removed, removedOthers int) {
	c := o.chunk(family)
	*text = c.appendText((*text)[:0], scratch)
	rest := *text
	for slot := range pageSlots {
		if o.selected&(1<<slot) == 0 {
			continue
		}
		n := o.fingerprints.length(slot, family)
		lines, duplicates := deduplicateLines(rest[:n], seen)
		rest = rest[n:]
		if o.part&(1<<slot) != 0 {
			kept = append(kept, lines...)
			removed += duplicates
		} else {
			removedOthers += duplicates
		}
	}
	return kept, removed, removedOthers
}
