package jsonobject

import (
	"strconv"
	"strings"
	"testing"
)

// TestTreeMemory checks that a tree lets go of the memory of a large object when it reads the next
// one, and uses that of a small object again.
func TestTreeMemory(t *testing.T) {
	everything := &Fields{}
	everything.Whole()
	everything.Seal()
	var large strings.Builder
	large.WriteString(`{"x":{"a":1`)
	for i := range 100000 {
		large.WriteString(`,"key` + strconv.Itoa(i) + `":"value"`)
	}
	large.WriteString(`}}`)
	var tree Tree
	read := func(text string) {
		t.Helper()
		if _, err := tree.Read([]byte(text), everything); err != nil {
			t.Fatal(err)
		}
	}
	read(large.String())
	if len(tree.nodes) < 100000 {
		t.Fatalf("%d nodes", len(tree.nodes))
	}
	read(`{"a":"b"}`)
	if cap(tree.nodes) > maxReusedNodes || cap(tree.text) > maxReusedText {
		t.Errorf("after a large object and a small one, the tree has room for %d nodes and %d bytes", cap(tree.nodes), cap(tree.text))
	}
	if n := testing.AllocsPerRun(100, func() { read(`{"a":"b","c":["d",1]}`) }); n > 1 { // the copy of the text
		t.Errorf("a small object takes %v allocations", n)
	}
}
