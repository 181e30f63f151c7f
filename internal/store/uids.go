package store

import (
	"slices"
	"strings"
)

// uids has the uids of a page's objects, by slot.
type uids struct {
	others []string // by slot, uids that are no UUIDs; nil if there never was one
	other  uint64   // slots of others
	ids    [pageSlots]id
}

func (u *uids) get(slot int) string {
	if u.other&(1<<slot) != 0 {
		return u.others[slot]
	}
	return u.ids[slot].String()
}

// key returns the key of a slot.
func (u *uids) key(slot int) key {
	if u.other&(1<<slot) != 0 {
		return key{other: u.others[slot]}
	}
	return key{id: u.ids[slot], isID: true}
}

func (u *uids) set(slot int, k *key) {
	if k.isID {
		u.ids[slot] = k.id
		return
	}
	if u.others == nil {
		u.others = make([]string, pageSlots)
	}
	u.others[slot], u.other = strings.Clone(k.other), u.other|1<<slot
}

func (u *uids) remove(slot int) {
	if u.other&(1<<slot) != 0 {
		u.others[slot], u.other = "", u.other&^(1<<slot)
	}
}

// clone returns an independent copy.
func (u *uids) clone() uids {
	c := *u
	c.others = slices.Clone(u.others)
	return c
}
