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

// key is that of a slot with an object.
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

// clone is a copy that may be changed without u changing.
func (u *uids) clone() uids {
	c := *u
	c.others = slices.Clone(u.others)
	return c
}

// namespaces numbers those that a part's objects are in. Their names lie in one piece
// of memory: each by itself would keep some from being given back that is many times
// as large.
type namespaces struct {
	names   []byte   // one after the other
	ends    []uint32 // of the names, by number
	objects []int32  // that are in it, by number; 0 if the number is free
	sorted  []uint32 // the numbers that are not free, by name
	free    []uint32
	last    uint32 // that was entered: objects come sorted
}

// name is that of a number, until names change.
func (n *namespaces) name(number uint32) []byte { return n.names[n.start(number):n.ends[number]] }

func (n *namespaces) start(number uint32) uint32 {
	if number == 0 {
		return 0
	}
	return n.ends[number-1]
}

// is says whether the number is that of a name.
func (n *namespaces) is(number uint32, name string) bool { return string(n.name(number)) == name }

// search gives the place in sorted of a name, and whether it is there.
func (n *namespaces) search(name string) (int, bool) {
	return slices.BinarySearchFunc(n.sorted, name, func(number uint32, name string) int {
		return strings.Compare(string(n.name(number)), name)
	})
}

// enter gives the number of the namespace that an object comes into.
func (n *namespaces) enter(name string) uint32 {
	if len(n.sorted) == 0 || n.objects[n.last] == 0 || !n.is(n.last, name) {
		i, found := n.search(name)
		if !found {
			n.sorted = slices.Insert(n.sorted, i, n.add(name))
		}
		n.last = n.sorted[i]
	}
	n.objects[n.last]++
	return n.last
}

// add gives a namespace a number.
func (n *namespaces) add(name string) (number uint32) {
	if last := len(n.free) - 1; last >= 0 {
		number, n.free = n.free[last], n.free[:last]
	} else {
		number = uint32(len(n.ends))
		n.ends, n.objects = append(n.ends, n.start(number)), append(n.objects, 0)
	}
	start, end := n.start(number), n.ends[number]
	n.names = slices.Replace(n.names, int(start), int(end), []byte(name)...)
	for i := int(number); i < len(n.ends); i++ {
		n.ends[i] += uint32(len(name)) - (end - start)
	}
	return number
}

// leave takes note that an object has left its namespace. After the last has, the
// number may come to stand for another.
func (n *namespaces) leave(number uint32) {
	if n.objects[number]--; n.objects[number] == 0 {
		i, _ := n.search(string(n.name(number)))
		n.sorted, n.free = slices.Delete(n.sorted, i, i+1), append(n.free, number)
	}
}

// find gives the numbers of those of the names that objects are in.
func (n *namespaces) find(names []string) (numbers []uint32) {
	for _, name := range names {
		if i, found := n.search(name); found {
			numbers = append(numbers, n.sorted[i])
		}
	}
	return numbers
}

// clone is a copy that may be changed without n changing.
func (n *namespaces) clone() namespaces {
	c := *n
	c.names, c.ends, c.objects = slices.Clone(n.names), slices.Clone(n.ends), slices.Clone(n.objects)
	c.sorted, c.free = slices.Clone(n.sorted), slices.Clone(n.free)
	return c
}
