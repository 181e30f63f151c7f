package store

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unique"

	"github.com/google/go-cmp/cmp"
)

// randomNote draws one of few notes.
func randomNote(rnd *rand.Rand) Note {
	n := Note{Input: rnd.Uint64N(3)}
	if i := rnd.IntN(5); i > 1 {
		n.Owner = unique.Make(fmt.Sprint("owner ", i))
	}
	if i := rnd.IntN(5); i > 1 {
		n.State = unique.Make(fmt.Sprint("state ", i))
	}
	return n
}

// textOf returns a note as text.
func textOf(n Note, found bool) string {
	value := func(h unique.Handle[string]) string {
		if h == (unique.Handle[string]{}) {
			return "none"
		}
		return h.Value()
	}
	return fmt.Sprintf("%v: %d, %s, %s\n", found, n.Input, value(n.Owner), value(n.State))
}

// listOf returns objects with their notes as text, sorted.
func listOf(all iter.Seq2[Object, Note]) string {
	var lines []string
	for o, n := range all {
		lines = append(lines, fmt.Sprint(o, textOf(n, true)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// notes returns the objects for which which returns true, as listOf does.
func (s slots) notes(which func(*modelObject) bool) string {
	return listOf(func(yield func(Object, Note) bool) {
		for _, x := range s.all() {
			if which(x) && !yield(Object{x.uid, x.namespace}, x.note) {
				return
			}
		}
	})
}

// TestNotesTakeNothing expects owners and states only in pages with any, and none of removed objects.
func TestNotesTakeNothing(t *testing.T) {
	p := newPartition(1, &defaults)
	set := func(n int, note Note) {
		o := object(n, 1, 10)
		o.Note = note
		p.Set(o)
	}
	for n := range 2*pageSlots + 1 {
		set(n, Note{Input: 1})
	}
	set(pageSlots, Note{Owner: unique.Make("owner")})
	set(2*pageSlots, Note{State: unique.Make("state")})
	f := func(about string, p *Partition, want ...[2]bool) {
		t.Helper()
		var got [][2]bool
		for _, pg := range p.pages {
			got = append(got, [2]bool{pg.notes.owners != nil, pg.notes.states != nil})
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: owners and states by page (-want +got):\n%s", about, d)
		}
	}
	f("set", p, [2]bool{}, [2]bool{true, false}, [2]bool{false, true})
	s := p.Begin()
	f("staging copy", s.next, [2]bool{}, [2]bool{true, false}, [2]bool{false, true})
	s.next.pages[1].notes.set(0, Note{})
	if n, _ := p.Note(fmt.Sprint(pageSlots)); n.Owner != unique.Make("owner") {
		t.Errorf("a note of the present content is %+v", n)
	}
	pg := p.pages[1]
	p.Delete(fmt.Sprint(pageSlots))
	if n := pg.notes.get(0); n != (Note{}) {
		t.Errorf("a free slot has the note %+v", n)
	}
}

// TestNotesWhileUsed changes the partition while its objects are iterated.
func TestNotesWhileUsed(t *testing.T) {
	p := newPartition(1, &defaults)
	for n := range 3 {
		p.Set(object(n, 1, 10))
	}
	var seen []string
	for o := range p.Notes() {
		seen = append(seen, o.UID)
		p.Delete(o.UID)
		if len(seen) == 2 {
			break
		}
	}
	if d := cmp.Diff([]string{"0", "1"}, seen); d != "" || p.Len() != 1 {
		t.Errorf("%d objects left; iterated (-want +got):\n%s", p.Len(), d)
	}
}
