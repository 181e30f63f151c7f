package store

import (
	"bytes"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unique"

	"github.com/google/go-cmp/cmp"
)

var someOwners = [5]*Owner{2: {Name: "2"}, 3: {Name: "3"}, 4: {Name: "4"}}

// randomNote draws one of few notes.
func randomNote(rnd *rand.Rand) Note {
	n := Note{Input: rnd.Uint64N(3)}
	if i := rnd.IntN(5); i > 1 {
		n.Owner = someOwners[i]
	}
	if i := rnd.IntN(5); i > 1 {
		n.State = unique.Make(fmt.Sprint("state ", i))
	}
	return n
}

// textOf returns a note as text.
func textOf(n Note, found bool) string {
	owner, state := "none", "none"
	if n.Owner != nil {
		owner = n.Owner.Name
	}
	if n.State != (unique.Handle[string]{}) {
		state = n.State.Value()
	}
	return fmt.Sprintf("%v: %d, %s, %s\n", found, n.Input, owner, state)
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

// rewrite replaces the lines of a family of the objects of some owners.
func (s slots) rewrite(o operation) {
	for _, x := range s.all() {
		if owner := x.note.Owner; owner != nil && o.owners[owner] && x.lines[o.family] != "" {
			c := *x
			c.lines, c.counts = slices.Clone(x.lines), slices.Clone(x.counts)
			c.lines[o.family] = string(o.rewrite(nil, []byte(x.lines[o.family]), owner))
			c.counts[o.family] = strings.Count(c.lines[o.family], "\n")
			s.replace(x, &c)
		}
	}
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
	owner := &Owner{}
	set(pageSlots, Note{Owner: owner})
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
	if n, _ := p.Note(fmt.Sprint(pageSlots)); n.Owner != owner {
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

// TestSetState replaces states of objects with and without one, beside a staging copy.
func TestSetState(t *testing.T) {
	p := NewResource("things", []Family{{Name: "a"}}, 1).Partitions()[0]
	set := func(uid string, n Note) {
		p.Set(Rendered{UID: uid, Text: []byte("a\n"), Ends: []int{2}, Note: n})
	}
	set("1", Note{Input: 7, Owner: &Owner{Name: "o"}})
	set("2", Note{State: unique.Make("old")})
	s := p.Begin()
	p.SetState("1", unique.Make("x"))
	p.SetState("2", unique.Make("new"))
	p.SetState("3", unique.Make("unknown"))
	f := func(uid, want string, note func(string) (Note, bool)) {
		t.Helper()
		if got := textOf(note(uid)); got != want {
			t.Errorf("%s has %q, want %q", uid, got, want)
		}
	}
	f("1", "true: 7, o, x\n", p.Note)
	f("2", "true: 0, none, new\n", p.Note)
	f("3", "false: 0, none, none\n", p.Note)
	f("1", "true: 7, o, none\n", s.Note)
	f("2", "true: 0, none, old\n", s.Note)
	p.SetState("2", unique.Handle[string]{})
	f("2", "true: 0, none, none\n", p.Note)
	s.Abandon()
}

// rewrite is the argument of Rewrite: it repeats the last line, and removes three lines.
func (o operation) rewrite(dst, lines []byte, owner *Owner) []byte {
	if countLines(lines) > 2 {
		return dst
	}
	last := bytes.LastIndexByte(lines[:len(lines)-1], '\n') + 1
	dst = append(dst, lines...)
	return append(bytes.TrimSuffix(append(dst, lines[last:]...), newline), owner.Name+"\n"...)
}
