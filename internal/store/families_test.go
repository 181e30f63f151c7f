package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// shelf is what a resource of one part should hold: texts by family of the objects
// in the order of their places. Without an object there is a nil.
type shelf struct {
	uids    []string
	lines   [][][]byte
	objects map[string]int // which one has a uid
}

// put stores an object in its place, or in the first free one.
func (s *shelf) put(uid string, lines [][]byte) {
	i := slices.Index(s.uids, uid)
	if i < 0 {
		if i = slices.Index(s.uids, ""); i < 0 {
			i = len(s.uids)
			s.uids, s.lines = append(s.uids, ""), append(s.lines, nil)
		}
	}
	s.uids[i], s.lines[i] = uid, lines
}

func (s *shelf) remove(uid string) {
	if i := slices.Index(s.uids, uid); i >= 0 {
		s.uids[i], s.lines[i] = "", nil
	}
}

// text is that of all, and what there is of each family.
func (s *shelf) text() (text string, stats []store.FamilyStats) {
	var b strings.Builder
	objects := 0
	for f, family := range manyFamilies() {
		b.Write(family.Header)
		counts := store.FamilyStats{Name: family.Name}
		for _, lines := range s.lines {
			if lines != nil {
				objects++
				b.Write(lines[f])
				counts.Bytes += len(lines[f])
				counts.Series += strings.Count(string(lines[f]), "\n")
			}
		}
		stats = append(stats, counts)
	}
	if objects == 0 {
		return "", stats
	}
	return b.String(), stats
}

// TestManyFamilies sets, deletes, packs and relists objects with some lines in each
// of several families, of which some change often, and holds text and counts to be
// exactly those of a shelf.
func TestManyFamilies(t *testing.T) {
	for seed := range uint64(2) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		r, want := store.NewResource("things", manyFamilies(), 1), &shelf{objects: map[string]int{}}
		for round := range 40 {
			for range rnd.IntN(80) {
				want.change(rnd, r.Partitions()[0])
			}
			if rnd.IntN(3) == 0 {
				packAll(r)
			}
			if round%15 == 14 {
				want.relist(rnd, r.Partitions()[0])
			}
			checkInvariants(t, r)
			text, stats := want.text()
			if d := cmp.Diff(text, read(t, r)); d != "" {
				t.Fatalf("seed %d, round %d (-want +got):\n%s", seed, round, d)
			}
			if d := cmp.Diff(stats, r.Stats().Families); d != "" {
				t.Fatalf("seed %d, round %d (-want +got):\n%s", seed, round, d)
			}
		}
	}
}

// Of the families the last ones change with an object's state.
const steadyFamilies, busyFamilies = 8, 5

func manyFamilies() (families []store.Family) {
	for f := range steadyFamilies + busyFamilies {
		families = append(families, store.Family{Name: fmt.Sprint("f", f), Header: fmt.Appendf(nil, "# %d\n", f)})
	}
	return families
}

// manyLines is the n-th object, and its lines by family.
func manyLines(n, state int) (r store.Rendered, lines [][]byte) {
	r = store.Rendered{UID: uidOf("object", n), Namespace: fmt.Sprint(n % 3)}
	lines = make([][]byte, steadyFamilies+busyFamilies)
	for f := range lines {
		version, count := n, (n+f)%3
		if f >= steadyFamilies {
			version, count = state, 1+state/7%2*f%3
		}
		for i := range count {
			lines[f] = fmt.Appendf(lines[f], "f%d{n=%q,i=\"%d\",x=\"%d\"} %d\n", f, r.UID, i, uint64(n*n+f)*0x9e3779b97f4a7c15, version)
		}
		r.Text = append(r.Text, lines[f]...)
		r.Ends = append(r.Ends, len(r.Text))
	}
	return r, lines
}

// change sets or deletes an object in p as well as in s.
func (s *shelf) change(rnd *rand.Rand, p *store.Partition) {
	n := rnd.IntN(150)
	uid := uidOf("object", n)
	if rnd.IntN(20) == 0 {
		p.Delete(uid)
		s.remove(uid)
		return
	}
	object, lines := manyLines(n, rnd.IntN(1000))
	p.Set(object)
	s.put(uid, lines)
	s.objects[uid] = n
}

// relist gives p a list of what is there, some of it in another state.
func (s *shelf) relist(rnd *rand.Rand, p *store.Partition) {
	g := p.Begin()
	for i, uid := range s.uids {
		if uid != "" {
			object, lines := manyLines(s.objects[uid], rnd.IntN(2))
			g.Set(object)
			s.lines[i] = lines
		}
	}
	p.Replace(g)
}
