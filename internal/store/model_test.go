package store_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// model is what a part should hold: the value of each object by uid.
type model map[string]int

// The families of the tests: every object has its value in a line of the first and,
// in one of the second, what of it is steady, unless that is a multiple of 3. For one
// steady value that line is long. Lines are as long as those of an exporter: a page of
// short ones would never have deltas.
var families = []store.Family{{Name: "a", Header: []byte("# a\n")}, {Name: "b", Header: []byte("# b\n")}}

func render(uid string, v int) store.Rendered {
	text := fmt.Appendf(nil, "a{%s} %0*d\n", uid, 150+v%5, v)
	ends := []int{len(text)}
	if steady(v)%3 != 0 {
		width := 100 + steady(v)%7
		if steady(v) == longest {
			width = 1<<16 - 1
		}
		text = fmt.Appendf(text, "b{%s} %0*d\n", uid, width, steady(v))
	}
	return store.Rendered{UID: uid, Namespace: namespaceOf(uid), Text: text, Ends: append(ends, len(text)), Fingerprint: basis(v)}
}

// longest is the steady value of which the line is long.
const longest = 97

// steady is what of a value the second family shows.
func steady(v int) int { return v / 10 }

// basis stands for what is steady of a value, of which it is known for every second
// value.
func basis(v int) uint64 { return uint64(steady(v)+1) * uint64(1-v%2) }

// renderKept is render without the lines of the second family.
func renderKept(uid string, v int) store.Rendered {
	r := render(uid, v)
	r.Text = r.Text[:r.Ends[0]]
	r.Ends[1] = r.Ends[0]
	r.Unchanged = []bool{false, true}
	return r
}

// setKept gives set some object without its second family. That must be taken if, and
// only if, the object that was there has the same lines there and that is known.
func (m model) setKept(t *testing.T, rnd *rand.Rand, set func(store.Rendered) bool, before model, uid string) {
	t.Helper()
	was, ok := m[uid]
	if !ok {
		was, ok = before[uid]
	}
	v := was/10*10 + rnd.IntN(12) // the steady value is the same, mostly
	fits := ok && basis(v) != 0 && basis(v) == basis(was)
	if got := set(renderKept(uid, v)); got != fits {
		t.Fatalf("%d without lines after %d (there: %v): taken %v", v, was, ok, got)
	}
	if fits {
		m[uid] = v
	}
}

// set gives set a whole object.
func (m model) set(t *testing.T, set func(store.Rendered) bool, uid string, v int) {
	t.Helper()
	if !set(render(uid, v)) {
		t.Fatalf("%s = %d was not taken", uid, v)
	}
	m[uid] = v
}

// namespaceOf spreads uids over two namespaces.
func namespaceOf(uid string) string {
	if (len(uid)+int(uid[len(uid)/4]))%2 == 0 {
		return "even"
	}
	return "odd"
}

// read is the text of r, or of namespaces of it. It is read in both encodings,
// and each has to have the size it said.
func read(t *testing.T, r *store.Resource, namespaces ...string) string {
	t.Helper()
	answer := store.NewResponse([]store.View{r.View(namespaces...)}, "")
	var text, compressed bytes.Buffer
	if err := answer.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := answer.WriteGzip(&compressed); err != nil {
		t.Fatal(err)
	}
	if int64(text.Len()) != answer.Size() || int64(compressed.Len()) != answer.GzipSize() {
		t.Fatalf("wrote %d and %d bytes, said %d and %d", text.Len(), compressed.Len(), answer.Size(), answer.GzipSize())
	}
	if got := gunzip(t, compressed.Bytes()); got != text.String() {
		t.Fatalf("text %q and compressed %q", text.String(), got)
	}
	return text.String()
}

// gunzip reads one gzip member, after which there must be nothing.
func gunzip(t *testing.T, compressed []byte) string {
	t.Helper()
	in := bytes.NewReader(compressed)
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	z.Multistream(false)
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if in.Len() > 0 {
		t.Fatalf("%d bytes after the gzip member", in.Len())
	}
	return string(text)
}

// parse gives the families of an answer back as models. It fails on a line out
// of its family's place and on a series that is there twice.
func parse(text string) (a, b model, err error) {
	families := map[string]model{"a": {}, "b": {}}
	current := ""
	for line := range strings.Lines(text) {
		if header, ok := strings.CutPrefix(line, "# "); ok {
			current = strings.TrimSpace(header)
			continue
		}
		name, rest, _ := strings.Cut(line, "{")
		uid, number, _ := strings.Cut(rest, "} ")
		v, err := strconv.Atoi(strings.TrimSpace(number))
		if err != nil || name != current {
			return nil, nil, fmt.Errorf("line %q under %q: %w", line, current, err)
		}
		if _, ok := families[name][uid]; ok {
			return nil, nil, fmt.Errorf("%s{%s} twice", name, uid)
		}
		families[name][uid] = v
	}
	return families["a"], families["b"], nil
}

// check compares the text of r with what m says it is.
func check(t *testing.T, r *store.Resource, m model) {
	t.Helper()
	checkText(t, read(t, r), m)
	even := maps.Clone(m)
	maps.DeleteFunc(even, func(uid string, _ int) bool { return namespaceOf(uid) != "even" })
	checkText(t, read(t, r, "even", "elsewhere"), even)
	checkStats(t, r, m)
	checkInvariants(t, r)
}

func checkInvariants(t *testing.T, r *store.Resource) {
	t.Helper()
	if err := r.CheckInvariants(); err != nil {
		t.Fatal(err)
	}
}

func checkText(t *testing.T, text string, m model) {
	t.Helper()
	a, b, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]model{m, m.inB()}, []model{a, b}); d != "" {
		t.Fatalf("content (-want +got):\n%s", d)
	}
	if len(m) == 0 && text != "" {
		t.Fatalf("text without objects: %q", text)
	}
}

func checkStats(t *testing.T, r *store.Resource, m model) {
	t.Helper()
	s := r.Stats()
	got := []int{s.Objects, s.Families[0].Series, s.Families[1].Series}
	if d := cmp.Diff([]int{len(m), len(m), len(m.inB())}, got); d != "" {
		t.Fatalf("objects, series of a, series of b (-want +got):\n%s", d)
	}
}

// inB is what of m is in the second family.
func (m model) inB() model {
	b := model{}
	for uid, v := range m {
		if steady(v)%3 != 0 {
			b[uid] = steady(v)
		}
	}
	return b
}

func TestRandomOperationsAgainstModel(t *testing.T) {
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := store.NewResource("things", families, 2)
		models := []model{{}, {}}
		for range 600 {
			part := rnd.IntN(2)
			mutate(t, rnd, r.Partitions()[part], models[part], fmt.Sprintf("part%d-", part))
			if rnd.IntN(5) == 0 {
				r.Compact()
			}
			if rnd.IntN(50) == 0 {
				packAll(r)
			}
			if rnd.IntN(10) == 0 {
				check(t, r, union(models...))
			}
		}
		check(t, r, union(models...))
	}
}

// packAll packs all that is open: it has been quiet for so many rounds then.
func packAll(r *store.Resource) {
	for range 16 {
		r.Compact()
	}
}

// uidOf makes a uid, of which some are UUIDs.
func uidOf(prefix string, n int) string {
	if n%3 == 0 {
		return fmt.Sprint(prefix, n)
	}
	return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, []byte(prefix[:min(len(prefix), 6)]))
}

// mutate does the same to p and m.
func mutate(t *testing.T, rnd *rand.Rand, p *store.Partition, m model, prefix string) {
	t.Helper()
	uid := uidOf(prefix, rnd.IntN(120))
	switch n := rnd.IntN(100); {
	case n < 40:
		m.set(t, p.Set, uid, rnd.IntN(1000))
	case n < 60:
		m.setKept(t, rnd, p.Set, nil, uid)
	case n < 65:
		if got, want := p.Fingerprint([]byte(uid)), m.basis(uid); got != want {
			t.Fatalf("basis %d, want %d", got, want)
		}
	case n < 94:
		p.Delete(uid)
		delete(m, uid)
	case n < 96:
		m.retain(rnd, p.Retain)
	default:
		g := p.Begin()
		before := maps.Clone(m)
		clear(m)
		for range rnd.IntN(200) {
			uid := uidOf(prefix, rnd.IntN(150))
			if rnd.IntN(2) == 0 {
				m.setKept(t, rnd, g.Set, before, uid)
			} else {
				m.set(t, g.Set, uid, rnd.IntN(1000))
			}
		}
		if rnd.IntN(2) == 0 {
			g.Finish()
		}
		if rnd.IntN(4) == 0 {
			m.retain(rnd, g.Retain)
		}
		p.Replace(g)
	}
}

// retain has retain remove about a third of the objects.
func (m model) retain(rnd *rand.Rand, retain func(func(uid string) bool)) {
	remainder := rnd.IntN(3)
	keep := func(uid string) bool { return (len(uid)+int(uid[len(uid)-1]))%3 != remainder }
	retain(keep)
	maps.DeleteFunc(m, func(uid string, _ int) bool { return !keep(uid) })
}

// basis is that of an object, if there is one.
func (m model) basis(uid string) uint64 {
	if v, ok := m[uid]; ok {
		return basis(v)
	}
	return 0
}

func union(models ...model) model {
	all := model{}
	for _, m := range models {
		maps.Copy(all, m)
	}
	return all
}

// TestReadersSeeOneGeneration lets writers replace whole generations while
// readers look: all objects of a view have the value of one generation, and
// both families of a view show the same.
func TestReadersSeeOneGeneration(t *testing.T) {
	const objects, generations = 50, 300
	r := store.NewResource("things", families, 1)
	part := r.Partitions()[0]
	replace := func(v int) {
		g := part.Begin()
		for i := range objects {
			g.Set(render(fmt.Sprint("uid-", i), v))
		}
		part.Replace(g)
	}
	replace(0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				a, b, err := parse(read(t, r))
				if err != nil || !oneGeneration(a, b, objects) {
					t.Errorf("not one generation: %v, a %v, b %v", err, a, b)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for v := range generations {
		replace(v)
		r.Compact()
	}
	close(done)
	readers.Wait()
}

func oneGeneration(a, b model, objects int) bool {
	values := map[int]bool{}
	for _, v := range a {
		values[v] = true
	}
	v := steady(a["uid-0"])
	return len(a) == objects && len(values) == 1 && (v%3 == 0 && len(b) == 0 || len(b) == objects && b["uid-0"] == v)
}

// TestReadersAndPackAreConcurrent lets a writer, readers and Compact work
// on one part. Readers look for what can be known whatever the moment: every
// line in its place, no series twice, and of the uids that are always there all.
func TestReadersAndPackAreConcurrent(t *testing.T) {
	const lasting, rounds = 100, 3000
	r := store.NewResource("things", families, 1)
	part, m := r.Partitions()[0], model{}
	for i := range lasting {
		uid := uidOf("lasting-", i)
		part.Set(render(uid, 1))
		m[uid] = 1
	}
	done := make(chan struct{})
	var others sync.WaitGroup
	until := func(work func()) {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					work()
				}
			}
		})
	}
	for range 3 {
		until(func() {
			a, _, err := parse(read(t, r))
			for i := range lasting {
				if _, ok := a[uidOf("lasting-", i)]; !ok || err != nil {
					t.Errorf("lasting-%d there: %v, err %v", i, ok, err)
					return
				}
			}
		})
	}
	until(r.Compact)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range rounds {
		uid := uidOf("passing-", rnd.IntN(60))
		switch n := rnd.IntN(100); {
		case n < 50:
			uid = uidOf("lasting-", rnd.IntN(lasting))
			fallthrough
		case n < 70:
			m.set(t, part.Set, uid, n)
		case n < 80:
			uid = uidOf("lasting-", rnd.IntN(lasting))
			m.setKept(t, rnd, part.Set, nil, uid)
		case n < 99:
			part.Delete(uid)
			delete(m, uid)
		default:
			g := part.Begin()
			for uid, v := range m {
				g.Set(render(uid, v))
			}
			part.Replace(g)
		}
	}
	close(done)
	others.Wait()
	check(t, r, m)
}

// TestOrderIsKept holds that objects stay where they are through updates and
// replacements, and that gaps are filled.
func TestOrderIsKept(t *testing.T) {
	r := store.NewResource("things", families[:1], 1)
	p := r.Partitions()[0]
	set := func(set func(store.Rendered) bool, uids ...string) {
		for _, uid := range uids {
			text := []byte(uid + " ")
			set(store.Rendered{UID: uid, Text: text, Ends: []int{len(text)}})
		}
	}
	f := func(want string) {
		t.Helper()
		if got := strings.TrimPrefix(read(t, r), "# a\n"); got != want {
			t.Fatalf("order %q, want %q", got, want)
		}
	}
	f("")
	set(p.Set, "a", "b", "c", "d")
	f("a b c d ")
	set(p.Set, "b")
	f("a b c d ")
	p.Delete("b")
	p.Delete("b")
	f("a c d ")
	set(p.Set, "e")
	f("a e c d ")
	g := p.Begin()
	set(g.Set, "z", "a", "y", "d", "x")
	p.Replace(g)
	f("a d z y x ")
	p.Replace(p.Begin())
	f("")
	if n := p.Len(); n != 0 {
		t.Fatalf("%d objects left", n)
	}
}

// TestViewStays holds that a view is what was there when it was made, whatever
// becomes of its objects.
func TestViewStays(t *testing.T) {
	r := store.NewResource("r", families, 1)
	part := r.Partitions()[0]
	for v := range 10 {
		part.Set(render(strings.Repeat("o", v+1), v))
	}
	want := read(t, r, "odd")
	view := r.View("odd")
	part.Set(render("o", 9999))
	part.Set(render("oo", 10*longest))
	part.Delete("ooo")
	var text bytes.Buffer
	if err := store.NewResponse([]store.View{view}, "").WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, text.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestGenerationLeavesPartAlone holds that what is being built takes nothing from
// what is there, whether that is compressed or not.
func TestGenerationLeavesPartAlone(t *testing.T) {
	r := store.NewResource("things", families, 1)
	part, m := r.Partitions()[0], model{}
	set := func(set func(store.Rendered) bool, from, to, v int) {
		for i := range to - from {
			uid := uidOf("one", from+i)
			set(render(uid, v))
			m[uid] = v
		}
	}
	set(part.Set, 0, 200, 1)
	want := read(t, r)
	g := part.Begin()
	set(g.Set, 0, 200, 1) // packs what the part has open
	set(g.Set, 200, 1000, 2)
	if d := cmp.Diff(want, read(t, r)); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	part.Replace(g)
	check(t, r, m)
}

// TestNamespaceOfObject holds that a view of a namespace has the objects that were last set
// in it: of those set again in another, deleted and listed, none.
func TestNamespaceOfObject(t *testing.T) {
	r := store.NewResource("things", families, 1)
	part := r.Partitions()[0]
	in := func(namespace, uid string) store.Rendered {
		o := render(uid, 1)
		o.Namespace = namespace
		return o
	}
	f := func(objects int, namespaces ...string) {
		t.Helper()
		a, _, err := parse(read(t, r, namespaces...))
		if err != nil || len(a) != objects {
			t.Errorf("%d objects in %q, want %d, %v", len(a), namespaces, objects, err)
		}
	}
	for i := range 100 {
		part.Set(in("shop", uidOf("one", i)))
	}
	f(100, "shop")
	f(0, "")
	for i := range 50 {
		part.Set(in("bank", uidOf("one", i)))
	}
	f(50, "shop")
	f(50, "bank", "elsewhere")
	f(100, "shop", "bank")
	part.Delete(uidOf("one", 7))
	part.Set(in("", uidOf("one", 200)))
	f(49, "bank")
	f(1, "")
	g := part.Begin()
	g.Set(in("bank", uidOf("one", 70)))
	f(0, "one")
	part.Replace(g)
	f(0, "shop")
	f(1, "bank")
}
