package store

import "testing"

// TestIDs expects which uids have an id, and the uid of the id.
func TestIDs(t *testing.T) {
	f := func(uid string, want bool) {
		t.Helper()
		i, ok := parseID(uid)
		if ok != want || ok && i.String() != uid {
			t.Errorf("%q: %v, %q", uid, ok, i)
		}
	}
	f("01234567-89ab-cdef-0123-456789abcdef", true)
	f("00000000-0000-0000-0000-000000000000", true)
	f("01234567-89AB-cdef-0123-456789abcdef", false)
	f("01234567-89ab-cdef-0123-456789abcdeg", false)
	f("0123456789ab-cdef-0123-4567-89abcdef", false)
	f("01234567089ab-cdef-0123-456789abcdef", false)
	f("01234567-89ab-cdef-0123-456789abcde", false)
	f("01234567-89ab-cdef-0123-456789abcdef0", false)
	f("default/web", false)
	f("", false)
}

// TestUIDs sets and removes uids of a slot.
func TestUIDs(t *testing.T) {
	var u uids
	texts := []string{"", "web", "01234567-89ab-cdef-0123-456789abcdef", "00000000-0000-0000-0000-000000000000"}
	for _, set := range append(texts, texts...) {
		k := keyOf(set)
		u.set(3, &k)
		for _, text := range texts {
			k := keyOf(text)
			if has := u.key(3) == k; has != (text == set) {
				t.Errorf("uid %q: equal to %q: %v", set, text, has)
			}
		}
		if got := u.get(3); got != set {
			t.Errorf("uid %q, want %q", got, set)
		}
		u.remove(3)
	}
}

// FuzzIDs expects an id to have one uid.
func FuzzIDs(f *testing.F) {
	f.Add("01234567-89ab-cdef-0123-456789abcdef")
	f.Fuzz(func(t *testing.T, uid string) {
		if i, ok := parseID(uid); ok && i.String() != uid {
			t.Errorf("%q has the id of %q", uid, i)
		}
	})
}

func TestSlotRef(t *testing.T) {
	f := func(page, slot int) {
		t.Helper()
		if at := slotRefOf(page, slot); at == 0 || at.page() != page || at.slot() != slot {
			t.Errorf("page %d, slot %d: %d is page %d, slot %d", page, slot, at, at.page(), at.slot())
		}
	}
	f(0, 0)
	f(0, pageSlots-1)
	f(1, 0)
	f(1<<20, 17)
}
