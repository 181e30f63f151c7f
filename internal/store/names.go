package store

import (
	"slices"
	"strings"
)

// uids are those of a page's objects, by slot.
type uids struct {
	others []string // by slot, of those that are no UUIDs; nil if there are none
	other  uint64   // the slots of those
	ids    [pageSlots]id
}

func (u *uids) get(slot int) string {
	if u.other&(1<<slot) != 0 {
		return u.others[slot]
	}
	return u.ids[slot].String()
}

func (u *uids) set(slot int, uid string) {
	if i, ok := parseID(uid); ok {
		u.ids[slot] = i
		return
	}
	if u.others == nil {
		u.others = make([]string, pageSlots)
	}
	u.others[slot], u.other = strings.Clone(uid), u.other|1<<slot
}

func (u *uids) remove(slot int) {
	if u.other&(1<<slot) != 0 {
		u.others[slot], u.other = "", u.other&^(1<<slot)
	}
}

// clone is a copy that may be changed without u changing.
func (u *uids) clone() uids {
	c := *u
	c.others = slices.Clone(u.others)
	return c
}

// namespaces are those of a page's objects. Most pages have few: each is there
// once.
type namespaces struct {
	names []string
	of    [pageSlots]uint8 // by slot, index in names
}

func (n *namespaces) set(slot int, name string) {
	if len(n.names) > 0 && n.names[n.of[slot]] == name {
		return
	}
	i := slices.Index(n.names, name)
	if i < 0 {
		i = n.free(slot)
		n.names[i] = strings.Clone(name)
	}
	n.of[slot] = uint8(i)
}

// free is a place in names which no slot but the given one needs.
func (n *namespaces) free(slot int) int {
	needed := make([]bool, len(n.names))
	for s, i := range n.of {
		if s != slot && int(i) < len(needed) {
			needed[i] = true
		}
	}
	if i := slices.Index(needed, false); i >= 0 {
		return i
	}
	n.names = append(n.names, "")
	return len(n.names) - 1
}

// clone is a copy that may be changed without n changing.
func (n *namespaces) clone() namespaces {
	c := *n
	c.names = slices.Clone(n.names)
	return c
}

// choose gives those of the slots of which the namespace is one of the given.
func (n *namespaces) choose(slots uint64, given []string) uint64 {
	var wanted [pageSlots + 1]bool
	for i, name := range n.names {
		wanted[i] = slices.Contains(given, name)
	}
	var chosen uint64
	for slot, i := range n.of {
		if slots&(1<<slot) != 0 && wanted[i] {
			chosen |= 1 << slot
		}
	}
	return chosen
}
