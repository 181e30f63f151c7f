package store

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestIDs holds which uids are kept as numbers, and that they come back as they were.
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

// TestUIDs holds that a slot has the uid that was set last and no other.
func TestUIDs(t *testing.T) {
	var u uids
	texts := []string{"", "web", "01234567-89ab-cdef-0123-456789abcdef", "00000000-0000-0000-0000-000000000000"}
	for _, set := range append(texts, texts...) {
		k := keyOf(set)
		u.set(3, &k)
		for _, text := range texts {
			k := keyOf(text)
			if has := u.key(3) == k; has != (text == set) {
				t.Errorf("set to %q: has %q: %v", set, text, has)
			}
		}
		if got := u.get(3); got != set {
			t.Errorf("%q is given as %q", set, got)
		}
		u.remove(3)
	}
}

// FuzzIDs holds that only one uid has an id.
func FuzzIDs(f *testing.F) {
	f.Add("01234567-89ab-cdef-0123-456789abcdef")
	f.Fuzz(func(t *testing.T, uid string) {
		if i, ok := parseID(uid); ok && i.String() != uid {
			t.Errorf("%q is read as %q", uid, i)
		}
	})
}

// TestIndex compares an index with a map, of keys of which many have one hash or
// hashes near to each other, and holds that its size goes up and down with what is in it.
func TestIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	// With so few bits the first and the last entries are in one cluster at times.
	hash := func(at place) uint32 { return uint32(at) * 2654435761 >> 16 & 0x103f }
	var x index
	there := map[place]bool{}
	step := func(at place) {
		switch got := x.find(hash(at), func(p place) bool { return p == at }); {
		case there[at] != (got == at) || !there[at] && got != 0:
			t.Fatalf("%d, which is there: %v: found at %d", at, there[at], got)
		case there[at]:
			x.remove(hash(at), at)
			delete(there, at)
		default:
			x.put(hash(at), at)
			there[at] = true
		}
		if x.taken != len(there) || x.taken*4 > len(x.entries)*fullQuarters {
			t.Fatalf("%d of %d entries for %d places", x.taken, len(x.entries), len(there))
		}
	}
	all := func() {
		t.Helper()
		for at := range place(1000) {
			if got := x.find(hash(at), func(p place) bool { return p == at }); there[at] != (got == at && at != 0) {
				t.Fatalf("%d, which is there: %v: found at %d", at, there[at], got)
			}
		}
	}
	for range 20000 {
		step(1 + place(random.IntN(999)))
	}
	all()
	before := x.clone()
	for at := range there {
		step(at)
	}
	all()
	if len(x.entries) > leastEntries {
		t.Errorf("%d entries for nothing", len(x.entries))
	}
	if x = before; x.taken < 100 {
		t.Errorf("the copy has %d", x.taken)
	}
}

// TestPlaces holds that the place of no object is that of nowhere.
func TestPlaces(t *testing.T) {
	f := func(page, slot int) {
		t.Helper()
		if at := placeOf(page, slot); at == 0 || at.page() != page || at.slot() != slot {
			t.Errorf("page %d, slot %d: %d is page %d, slot %d", page, slot, at, at.page(), at.slot())
		}
	}
	f(0, 0)
	f(0, pageSlots-1)
	f(1, 0)
	f(1<<20, 17)
}

// TestNamespaces holds that a name has one number for as long as an object is in
// it, and that numbers are used again.
func TestNamespaces(t *testing.T) {
	var n namespaces
	a, b := n.enter("a"), n.enter("b")
	if again := n.enter("a"); again != a || a == b {
		t.Errorf("a is %d and %d, b is %d", a, again, b)
	}
	f := func(n *namespaces, names []string, want ...uint32) {
		t.Helper()
		if d := cmp.Diff(want, n.find(names)); d != "" {
			t.Errorf("%q (-want +got):\n%s", names, d)
		}
	}
	f(&n, nil)
	f(&n, []string{"b", "c", "a"}, b, a)
	n.leave(a)
	f(&n, []string{"a"}, a)
	before := n.clone()
	n.leave(a)
	f(&n, []string{"a", "b"}, b)
	f(&before, []string{"a", "b"}, a, b)
	for i := range 1000 {
		n.leave(n.enter(strconv.Itoa(i)))
	}
	if len(n.ends) != 2 {
		t.Errorf("%d numbers", len(n.ends))
	}
	for i := range uint32(1000) {
		n.enter(strconv.Itoa(int(i*7919) % 1000))
	}
	for i := range uint32(1000) {
		f(&n, []string{"x", strconv.Itoa(int(i))}, n.enter(strconv.Itoa(int(i))))
	}
	for i := range uint32(1000) {
		number := n.enter(strconv.Itoa(int(i)))
		n.leave(number)
		n.leave(number)
		n.leave(number)
		f(&n, []string{strconv.Itoa(int(i))})
	}
	if len(n.ends) != 1001 || len(n.free) != 1000 {
		t.Errorf("%d numbers, %d free", len(n.ends), len(n.free))
	}
	long, short := n.enter("a longer name"), n.enter("c")
	n.leave(b)
	for _, name := range []string{"", "another", "c", "a longer name", "x"} {
		number := n.enter(name)
		f(&n, []string{name}, number)
		f(&n, []string{"a longer name"}, long)
		f(&n, []string{"c"}, short)
		n.leave(number)
	}
}

// TestNamespacesOfPart holds that a part knows those namespaces that its objects are in.
func TestNamespacesOfPart(t *testing.T) {
	p := newPart(1)
	set := func(uid, namespace string) { p.Set(Rendered{UID: uid, Namespace: namespace, Ends: []int{0}}) }
	f := func(uids, names, objects int) {
		t.Helper()
		if inAll := int(slices.Max(p.namespaces.objects)); p.Len() != uids || len(p.namespaces.ends) != names || inAll != objects {
			t.Errorf("%d objects, %d names, %d objects in one", p.Len(), len(p.namespaces.ends), inAll)
		}
	}
	for i := range 10 * pageSlots {
		set(strconv.Itoa(i), "shop")
	}
	f(10*pageSlots, 1, 10*pageSlots)
	for i := range 10 * pageSlots {
		set(strconv.Itoa(i), "other")
	}
	f(10*pageSlots, 2, 10*pageSlots)
	for i := range 10 * pageSlots {
		set(strconv.Itoa(i), "namespace-"+strconv.Itoa(i))
		p.Delete(strconv.Itoa(i))
	}
	f(0, 2, 0)
	set("m", "m")
	next := p.Begin()
	next.Set(Rendered{UID: "b", Namespace: "b", Ends: []int{0}})
	if got := p.namespaces.find([]string{"m", "b", "shop"}); len(got) != 1 || !p.namespaces.is(got[0], "m") {
		t.Errorf("namespaces %d of %q before the next", got, p.namespaces.names)
	}
	p.Replace(next)
	if got := p.namespaces.find([]string{"m", "b", "shop"}); len(got) != 1 || !p.namespaces.is(got[0], "b") {
		t.Errorf("namespaces %d of %q", got, p.namespaces.names)
	}
}
