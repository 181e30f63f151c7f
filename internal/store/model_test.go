package store_test

import (
	"fmt"
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

// The families of the tests: every object has one line in the first and one
// line in the second unless its value is a multiple of 3.
var headers = [][]byte{[]byte("# a\n"), []byte("# b\n")}

func render(uid string, v int) (text []byte, ends []int) {
	text = fmt.Appendf(text, "a{%s} %d\n", uid, v)
	ends = append(ends, len(text))
	if v%3 != 0 {
		text = fmt.Appendf(text, "b{%s} %d\n", uid, v)
	}
	return text, append(ends, len(text))
}

// read is the text of r.
func read(r *store.Resource) string {
	var b strings.Builder
	r.View().Chunks(func(chunk []byte) bool { b.Write(chunk); return true })
	return b.String()
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
	a, b, err := parse(read(r))
	if err != nil {
		t.Fatal(err)
	}
	withB := model{}
	for uid, v := range m {
		if v%3 != 0 {
			withB[uid] = v
		}
	}
	if d := cmp.Diff([]model{m, withB}, []model{a, b}); d != "" {
		t.Fatalf("content (-want +got):\n%s", d)
	}
}

func TestRandomOperationsAgainstModel(t *testing.T) {
	for seed := range uint64(20) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		r := store.NewResource("things", headers, 2)
		models := []model{{}, {}}
		for range 1000 {
			part := rnd.IntN(2)
			mutate(rnd, r.Parts()[part], models[part], fmt.Sprintf("part%d-", part))
			if rnd.IntN(10) == 0 {
				check(t, r, union(models...))
			}
		}
		check(t, r, union(models...))
	}
}

// mutate does the same to p and m.
func mutate(rnd *rand.Rand, p *store.Part, m model, prefix string) {
	uid := fmt.Sprint(prefix, rnd.IntN(40))
	switch n := rnd.IntN(100); {
	case n < 60:
		v := rnd.IntN(100)
		text, ends := render(uid, v)
		p.Set(uid, text, ends)
		m[uid] = v
	case n < 95:
		p.Delete(uid)
		delete(m, uid)
	default:
		g := store.NewGeneration(0)
		clear(m)
		for range rnd.IntN(60) {
			uid, v := fmt.Sprint(prefix, rnd.IntN(60)), rnd.IntN(100)
			text, ends := render(uid, v)
			g.Set(uid, text, ends)
			m[uid] = v
		}
		p.Replace(g)
	}
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
	r := store.NewResource("things", headers, 1)
	part := r.Parts()[0]
	replace := func(v int) {
		g := store.NewGeneration(objects)
		for i := range objects {
			uid := fmt.Sprint("uid-", i)
			text, ends := render(uid, v)
			g.Set(uid, text, ends)
		}
		part.Replace(g)
	}
	replace(0)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for {
				a, b, err := parse(read(r))
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
	}
	close(done)
	readers.Wait()
}

func oneGeneration(a, b model, objects int) bool {
	values := map[int]bool{}
	for _, v := range a {
		values[v] = true
	}
	v := a["uid-0"]
	return len(a) == objects && len(values) == 1 && (v%3 == 0 && len(b) == 0 || len(b) == objects && b["uid-0"] == v)
}

// TestConcurrentWriters lets each writer own some uids of one part.
func TestConcurrentWriters(t *testing.T) {
	r := store.NewResource("things", headers, 1)
	part := r.Parts()[0]
	models := make([]model, 4)
	var writers sync.WaitGroup
	for w := range models {
		models[w] = model{}
		writers.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 2))
			for range 2000 {
				uid := fmt.Sprintf("writer%d-%d", w, rnd.IntN(30))
				if v := rnd.IntN(100); v < 70 {
					text, ends := render(uid, v)
					part.Set(uid, text, ends)
					models[w][uid] = v
				} else {
					part.Delete(uid)
					delete(models[w], uid)
				}
			}
		})
	}
	for range 200 {
		if _, _, err := parse(read(r)); err != nil {
			t.Fatal(err)
		}
	}
	writers.Wait()
	check(t, r, union(models...))
}

// TestOrderIsKept holds that objects stay where they are through updates and
// replacements, and that gaps are filled.
func TestOrderIsKept(t *testing.T) {
	r := store.NewResource("things", headers[:1], 1)
	p := r.Parts()[0]
	set := func(set func(string, []byte, []int), uids ...string) {
		for _, uid := range uids {
			text := []byte(uid + " ")
			set(uid, text, []int{len(text)})
		}
	}
	f := func(want string) {
		t.Helper()
		if got := strings.TrimPrefix(read(r), "# a\n"); got != want {
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
	g := store.NewGeneration(4)
	set(g.Set, "z", "a", "y", "d", "x")
	p.Replace(g)
	f("a z y d x ")
	p.Replace(store.NewGeneration(0))
	f("")
	if n := p.Len(); n != 0 {
		t.Fatalf("%d objects left", n)
	}
}
