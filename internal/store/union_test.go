package store_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// written is what a response writes, with what it says of itself.
type written struct {
	Text     string
	Repeated map[string]int
}

// write writes a response in both encodings, which must be of one text and have the sizes that
// the response says.
func write(t *testing.T, a *store.Response) written {
	t.Helper()
	var text, compressed bytes.Buffer
	if err := a.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := a.WriteGzip(&compressed); err != nil {
		t.Fatal(err)
	}
	if int64(text.Len()) != a.Size() || int64(compressed.Len()) != a.GzipSize() {
		t.Fatalf("wrote %d and %d bytes, said %d and %d", text.Len(), compressed.Len(), a.Size(), a.GzipSize())
	}
	if d := cmp.Diff(text.String(), gunzip(t, compressed.Bytes())); d != "" {
		t.Fatalf("text and gzip (-text +gzip):\n%s", d)
	}
	return written{text.String(), a.Repeated()}
}

// resourceOf makes a resource that is written as "family=lines|lines family=lines": each
// family with the lines of each object. Families that end in "?" may repeat series.
func resourceOf(t *testing.T, name, families string) *store.Resource {
	t.Helper()
	var all []store.Family
	var byFamily [][]string
	for word := range strings.FieldsSeq(families) {
		family, lines, _ := strings.Cut(word, "=")
		repeats := strings.HasSuffix(family, "?")
		family = strings.TrimSuffix(family, "?")
		all = append(all, store.Family{
			Name: family, Header: fmt.Appendf(nil, "# %s of %s\n", family, name),
			Typed: fmt.Appendf(nil, "# typed %s of %s\n", family, name), MayRepeat: repeats,
		})
		byFamily = append(byFamily, strings.Split(lines, "|"))
	}
	r := store.NewResource(name, all, 1)
	for object := range byFamily[0] {
		o := store.Rendered{UID: fmt.Sprint(name, object), Namespace: fmt.Sprint("n", object)}
		for _, lines := range byFamily {
			if object >= len(lines) || lines[object] == "" {
				o.Ends = append(o.Ends, len(o.Text))
				continue
			}
			for line := range strings.SplitSeq(lines[object], ",") {
				o.Text = append(o.Text, strings.Replace(line, ":", " ", 1)+"\n"...)
			}
			o.Ends = append(o.Ends, len(o.Text))
		}
		if lines := byFamily[0]; len(lines) > 1 || lines[0] != "" {
			r.Partitions()[0].Set(o)
		}
	}
	return r
}

// TestSharedFamilies holds where families of several resources stand and which of their headers
// they have. "x:1" stands for the line "x 1" here; a resource whose first family has no lines
// at all has no objects.
func TestSharedFamilies(t *testing.T) {
	f := func(want string, repeated map[string]int, resources ...string) {
		t.Helper()
		for _, packed := range []bool{false, true} {
			var views []store.View
			for i, families := range resources {
				r := resourceOf(t, fmt.Sprint("r", i), families)
				if packed {
					packAll(r)
				}
				views = append(views, r.View())
			}
			got := write(t, store.NewResponse(views, "# EOF\n"))
			got.Text = strings.ReplaceAll(strings.TrimSuffix(got.Text, "# EOF\n"), "\n", ";")
			if d := cmp.Diff(written{want, repeated}, got); d != "" {
				t.Errorf("%q, packed %v (-want +got):\n%s", resources, packed, d)
			}
			typed := write(t, store.NewTypedResponse(views, ""))
			typed.Text = strings.ReplaceAll(typed.Text, "\n", ";")
			if d := cmp.Diff(written{strings.ReplaceAll(want, "# ", "# typed "), repeated}, typed); d != "" {
				t.Errorf("typed, %q, packed %v (-want +got):\n%s", resources, packed, d)
			}
		}
	}
	f("", nil)
	f("# a of r0;a0 1;# b of r1;b0 1;", nil, "a=a0:1", "b=b0:1")
	// A family stands where its first resource has it, with its header.
	f("# a of r0;a0 1;a1 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1", "a=a1:1")
	f("# a of r0;a0 1;# b of r0;b0 1;b1 1;b2 1;# c of r1;c1 1;", nil, "a=a0:1 b=b0:1", "c=c1:1 b=b1:1", "b=b2:1")
	f("# a of r0;a0 1;a1 1;a2 1;# b of r0;b0 1;b1 1;# c of r1;c1 1;c2 1;", nil, "a=a0:1 b=b0:1", "b=b1:1 a=a1:1 c=c1:1", "c=c2:1 a=a2:1")
	f("# a of r0;x 1;y 1;z 1;x 2;", nil, "a=x:1|y:1", "a=z:1,x:2")
	// A resource without objects has no families, one with objects has all of them.
	f("# a of r1;a1 1;a2 1;# b of r1;# c of r2;c2 1;", nil, "c= a=", "a=a1:1 b=", "c=c2:1 a=a2:1")
	f("# a of r0;a0 1;# b of r0;b1 1;", nil, "a=a0:1 b=", "b=b1:1")
	f("# b of r0;b0 1;", nil, "b=b0:1", "a= b=")
	// One resource has a family twice.
	f("# a of r0;a0 1;a1 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1 a=a1:1")
	f("# a of r0;a0 1;a1 1;a2 1;# b of r0;b0 1;", nil, "a=a0:1 b=b0:1 a=a1:1", "a=a2:1")
	// Equal series of objects and resources stand once, with the first value, if one of them
	// may repeat any.
	f("# a of r0;x 1;y 1;", map[string]int{"a": 2}, "a?=x:1|x:2,y:1|y:2")
	f("# a of r0;x 1;y 1;z 3;# b of r0;x 1;x 1;", map[string]int{"a": 3}, "a?=x:1|x:2,y:1 b=x:1|x:1", "a=x:3,y:3,z:3")
	f("# a of r0;x 1;y 3;", map[string]int{"a": 2}, "a=x:1|x:2", "a?=x:3,y:3")
	f("# a of r0;x 1;y 1;# b of r0;y 1;# c of r1;y 1;z 1;", map[string]int{"a": 0, "b": 1, "c": 0}, "a?=x:1|y:1 b?=y:1|y:2", "c?=y:1|z:1")
	f("# a of r0;x 1;x 2;# b of r1;x 1;", nil, "a=x:1|x:2", "b=x:1", "b?=")
	f("# a of r0;# b of r0;", map[string]int{"b": 0}, "a=| b?=")
}

// TestRepeatedSeriesOfNamespaces chooses objects: what they repeat of others does not matter.
func TestRepeatedSeriesOfNamespaces(t *testing.T) {
	for _, packed := range []bool{false, true} {
		a, b := resourceOf(t, "r0", "a?=x:1|x:2|y:3"), resourceOf(t, "r1", "a=x:4|y:5|z:6")
		if packed {
			packAll(a)
			packAll(b)
		}
		f := func(want string, repeated map[string]int, namespaces ...string) {
			t.Helper()
			got := write(t, store.NewResponse([]store.View{a.View(namespaces...), b.View(namespaces...)}, ""))
			if d := cmp.Diff(written{want, repeated}, got); d != "" {
				t.Errorf("%q, packed %v (-want +got):\n%s", namespaces, packed, d)
			}
		}
		f("# a of r0\nx 1\ny 3\nz 6\n", map[string]int{"a": 3})
		f("# a of r0\nx 1\n", map[string]int{"a": 1}, "n0")
		f("# a of r0\nx 2\ny 5\n", map[string]int{"a": 0}, "n1")
		f("# a of r0\nx 2\ny 3\nz 6\n", map[string]int{"a": 1}, "n1", "n2")
		f("", nil, "n3")
	}
}

// A cast is resources that share families, and what they should hold.
type cast struct {
	resources []*store.Resource
	families  [][]store.Family
	shelves   [][]*shelf // by resource and partition
}

// newCast draws resources whose families have few names.
func newCast(rnd *rand.Rand) *cast {
	c := &cast{}
	for n := range 2 + rnd.IntN(3) {
		var families []store.Family
		for _, i := range rnd.Perm(6)[:1+rnd.IntN(5)] {
			families = append(families, store.Family{
				Name:   fmt.Sprint("f", i),
				Header: fmt.Appendf(nil, "# f%d of %d\n", i, n),
				Typed:  fmt.Appendf(nil, "# typed f%d of %d\n", i, n),
				// Families 0 and 1 never may, so that some are shared and not compared.
				MayRepeat: i > 1 && rnd.IntN(4) == 0,
			})
		}
		parts := 1 + rnd.IntN(2)
		r := store.NewResource(fmt.Sprint("r", n), families, parts)
		var shelves []*shelf
		for range parts {
			shelves = append(shelves, &shelf{objects: map[string]int{}})
		}
		c.resources, c.families, c.shelves = append(c.resources, r), append(c.families, families), append(c.shelves, shelves)
	}
	return c
}

// change sets or deletes an object. Objects of equal numbers have equal series.
func (c *cast) change(rnd *rand.Rand) {
	r := rnd.IntN(len(c.resources))
	part := rnd.IntN(len(c.shelves[r]))
	p, s := c.resources[r].Partitions()[part], c.shelves[r][part]
	uid := uidOf("object", rnd.IntN(150))
	if rnd.IntN(6) == 0 {
		p.Delete(uid)
		s.remove(uid)
		return
	}
	o := store.Rendered{UID: uid, Namespace: namespaceOf(uid)}
	var lines [][]byte
	for _, f := range c.families[r] {
		var text []byte
		for range rnd.IntN(3) {
			text = fmt.Appendf(text, "%s{n=\"%0*d\"} %d\n", f.Name, 60, rnd.IntN(300), rnd.IntN(100))
		}
		lines = append(lines, text)
		o.Text = append(o.Text, text...)
		o.Ends = append(o.Ends, len(o.Text))
	}
	p.Set(o)
	s.put(uid, lines)
}

// line is one that an answer should have, of a resource.
type line struct {
	resource int
	text     string
}

// want is the answer that the resources should give.
func (c *cast) want(typed bool, namespaces ...string) written {
	var order []string
	headers, lines, repeats := map[string]string{}, map[string][]line{}, map[string]bool{}
	for r, families := range c.families {
		objects := c.chosen(r, namespaces)
		if len(objects) == 0 {
			continue
		}
		for i, f := range families {
			if _, ok := headers[f.Name]; !ok {
				order = append(order, f.Name)
				if headers[f.Name] = string(f.Header); typed {
					headers[f.Name] = string(f.Typed)
				}
			}
			repeats[f.Name] = repeats[f.Name] || f.MayRepeat
			for _, object := range objects {
				for text := range strings.Lines(string(object[i])) {
					lines[f.Name] = append(lines[f.Name], line{r, text})
				}
			}
		}
	}
	var w written
	var text strings.Builder
	for _, name := range order {
		text.WriteString(headers[name])
		seen, removed := map[string]bool{}, 0
		for _, l := range lines[name] {
			series, _, _ := strings.Cut(l.text, " ")
			if repeats[name] && seen[series] {
				removed++
				continue
			}
			seen[series] = true
			text.WriteString(l.text)
		}
		if repeats[name] {
			if w.Repeated == nil {
				w.Repeated = map[string]int{}
			}
			w.Repeated[name] = removed
		}
	}
	w.Text = text.String()
	return w
}

// chosen are the lines of the objects of a resource that are in any of the namespaces.
func (c *cast) chosen(r int, namespaces []string) (objects [][][]byte) {
	for _, s := range c.shelves[r] {
		for i, lines := range s.lines {
			if lines != nil && (len(namespaces) == 0 || strings.Contains(strings.Join(namespaces, " "), namespaceOf(s.uids[i]))) {
				objects = append(objects, lines)
			}
		}
	}
	return objects
}

func (c *cast) views(namespaces ...string) (views []store.View) {
	for _, r := range c.resources {
		views = append(views, r.View(namespaces...))
	}
	return views
}

// TestSharedFamiliesAgainstModel changes resources that share families, of which some may
// repeat series, and holds each answer to be exactly that of the model.
func TestSharedFamiliesAgainstModel(t *testing.T) {
	for seed := range uint64(12) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		c := newCast(rnd)
		for round := range 12 {
			for range rnd.IntN(120) {
				c.change(rnd)
			}
			for _, r := range c.resources {
				switch rnd.IntN(4) {
				case 0:
					packAll(r)
				case 1:
					r.Compact()
				}
			}
			for _, namespaces := range [][]string{nil, {"even"}, {"odd", "elsewhere"}} {
				f := func(want, got written) {
					t.Helper()
					if d := cmp.Diff(want, got); d != "" {
						t.Fatalf("seed %d, round %d, namespaces %q (-want +got):\n%s", seed, round, namespaces, d)
					}
				}
				f(c.want(false, namespaces...), write(t, store.NewResponse(c.views(namespaces...), "")))
				f(c.want(true, namespaces...), write(t, store.NewTypedResponse(c.views(namespaces...), "")))
			}
		}
	}
}

// TestSharedFamiliesAreConcurrent has readers while writers and the compaction work: each
// answer has each family once, of families that may repeat each series once, and exactly the
// sizes that it says.
func TestSharedFamiliesAreConcurrent(t *testing.T) {
	const rounds = 1500
	family := func(name string, mayRepeat bool) store.Family {
		return store.Family{Name: name, Header: []byte("# " + name + "\n"), MayRepeat: mayRepeat}
	}
	resources := []*store.Resource{
		store.NewResource("one", []store.Family{family("a", false), family("b", false), family("c", true)}, 1),
		store.NewResource("two", []store.Family{family("c", true), family("a", false)}, 2),
	}
	set := func(p *store.Partition, rnd *rand.Rand, families ...string) {
		o := store.Rendered{UID: uidOf("object", rnd.IntN(200))}
		for _, name := range families {
			if rnd.IntN(3) > 0 {
				o.Text = fmt.Appendf(o.Text, "%s{n=\"%0*d\"} %d\n", name, 100, rnd.IntN(150), rnd.IntN(9))
			}
			o.Ends = append(o.Ends, len(o.Text))
		}
		p.Set(o)
	}
	done := make(chan struct{})
	var readers, writers sync.WaitGroup
	for n := range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				a := store.NewResponse([]store.View{resources[n].View(), resources[1-n].View()}, "")
				if err := once(write(t, a).Text, "c"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	writers.Go(func() {
		rnd := rand.New(rand.NewPCG(1, 1))
		for range rounds {
			set(resources[0].Partitions()[0], rnd, "a", "b", "c")
		}
	})
	for part := range 2 {
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(2, uint64(part)))
			for n := range rounds {
				set(resources[1].Partitions()[part], rnd, "c", "a")
				if n%20 == 0 {
					resources[part].Compact()
				}
			}
		})
	}
	writers.Wait()
	close(done)
	readers.Wait()
}

// once returns an error unless the lines of each family stand below its one header, and those
// of the unique one are of different series.
func once(text, unique string) error {
	headers, series, current := map[string]bool{}, map[string]bool{}, ""
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# "); ok {
			current = strings.TrimSpace(name)
			if headers[current] {
				return fmt.Errorf("the header of %s is there twice", current)
			}
			headers[current] = true
			continue
		}
		name, _, _ := strings.Cut(line, "{")
		of, _, _ := strings.Cut(line, " ")
		if name != current || name == unique && series[of] {
			return fmt.Errorf("%q below the header of %s, there before: %v", line, current, series[of])
		}
		series[of] = true
	}
	return nil
}

// FuzzSharedFamilies cuts a text into lines of objects of two resources, which have a family in
// common that may repeat series, and reads the answer back in both encodings.
func FuzzSharedFamilies(f *testing.F) {
	f.Add([]byte("a 1\nb 2\na 3\n"), uint64(1), true)
	f.Add([]byte("a{l=\" \"} 1\na{l=\"  \"} 1\n\n\n \n"), uint64(2), true)
	f.Add(bytes.Repeat([]byte("kube_pod_info{namespace=\"a\"} 1\n"), 300), uint64(3), true)
	f.Add(bytes.Repeat([]byte("kube_pod_info{namespace=\"a\"} 1\n"), 300), uint64(3), false)
	f.Add([]byte{0, 0xff, '\n', 0x1f, 0x8b}, uint64(4), true)
	f.Fuzz(func(t *testing.T, text []byte, seed uint64, mayRepeat bool) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		own := []*store.Resource{
			store.NewResource("one", []store.Family{{Name: "a", Header: []byte("# a\n")}, {Name: "b", Header: []byte("# b\n")}}, 1),
			store.NewResource("two", []store.Family{{Name: "b", MayRepeat: mayRepeat}}, 1),
		}
		var views []store.View
		want, seen := "", map[string]bool{}
		var shared []string
		for n, r := range own {
			i := 0
			for line := range strings.Lines(string(text)) {
				if rnd.IntN(3) == 0 || i == 200 {
					continue
				}
				line = strings.TrimSuffix(line, "\n") + "\n"
				o := store.Rendered{UID: fmt.Sprint(i), Text: []byte(line), Ends: []int{len(line)}}
				if n == 0 {
					want += line
					o.Text, o.Ends = append(o.Text, line...), append(o.Ends, 2*len(line))
				}
				r.Partitions()[0].Set(o)
				shared = append(shared, line)
				i++
			}
			if n == 0 && i > 0 {
				want = "# a\n" + want + "# b\n"
			}
			mayRepeat = mayRepeat && (n == 0 || i > 0) // else nothing is compared
			if rnd.IntN(2) == 0 {
				packAll(r)
			}
			views = append(views, r.View())
		}
		for _, line := range shared {
			series := line
			if end := strings.LastIndex(line, " "); end >= 0 {
				series = line[:end]
			}
			if !mayRepeat || !seen[series] {
				want += line
			}
			seen[series] = true
		}
		if d := cmp.Diff(want, write(t, store.NewResponse(views, "")).Text); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

// TestResponseAllocations holds that a response of which no family is shared allocates nothing
// per resource or family.
func TestResponseAllocations(t *testing.T) {
	allocations := func(resources, families int) float64 {
		var views []store.View
		for n := range resources {
			words := make([]string, families)
			for i := range words {
				words[i] = fmt.Sprintf("family_%d_%d=x:1", n, i)
			}
			views = append(views, resourceOf(t, fmt.Sprint("r", n), strings.Join(words, " ")).View())
		}
		return testing.AllocsPerRun(20, func() { store.NewResponse(views, "") })
	}
	if few, many := allocations(1, 1), allocations(50, 20); many > few {
		t.Errorf("%v allocations for a family, %v for 1000", few, many)
	}
}

// TestNamesOfResource holds by which names a resource is selected.
func TestNamesOfResource(t *testing.T) {
	r := store.NewResource("widgets.example.com", nil, 1, "widgets", "wd")
	got := map[string]bool{}
	for _, name := range []string{"widgets.example.com", "widgets", "wd", "widget", "", "Widgets"} {
		got[name] = r.Is(name)
	}
	want := map[string]bool{"widgets.example.com": true, "widgets": true, "wd": true, "widget": false, "": false, "Widgets": false}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
