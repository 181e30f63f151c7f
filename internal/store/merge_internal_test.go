package store

import (
	"fmt"
	"testing"
)

// TestMergeBoundsPages merges hundreds of partitions whose objects are removed again: pages without
// objects do not accumulate.
func TestMergeBoundsPages(t *testing.T) {
	p := newPartition(1, &defaults)
	set := func(p *Partition, round, n int) {
		for i := range n {
			text := []byte("x 1\n")
			p.Set(Rendered{UID: fmt.Sprintf("%d-%d", round, i), Namespace: fmt.Sprint("n", round), Text: text, Ends: []int{len(text)}})
		}
	}
	set(p, 0, 100)
	for round := range 400 {
		added, merged := newPartition(1, &defaults), newPartition(1, &defaults)
		set(added, round+1, 300)
		merged.Merge(p, added)
		if n := merged.Len(); n != 400 {
			t.Fatalf("%d objects", n)
		}
		merged.Retain(func(uid string) bool { return uid[:2] == "0-" })
		p = merged
	}
	if len(p.pages) > 7 || p.Len() != 100 {
		t.Errorf("%d pages, %d objects", len(p.pages), p.Len())
	}
}
