package store

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestAdditionsAreWhole adds and removes namespaces beside compaction and readers: a view has none or
// all objects of a namespace, and the lines of others stay equal, in their order.
func TestAdditionsAreWhole(t *testing.T) {
	const others, joining, lineBytes = 100, 150, 60
	r := NewResource("r", []Family{{Name: "f", Header: []byte("# f\n")}}, 1)
	p := r.Partitions()[0]
	render := func(namespace string, n int) Rendered {
		line := fmt.Appendf(nil, "f{namespace=%q,n=\"%d\"} %0*d\n", namespace, n, lineBytes, n)
		return Rendered{UID: fmt.Sprint(namespace, n), Namespace: namespace, Text: line, Ends: []int{len(line)}}
	}
	lines := func() (all map[string][]string) {
		all = map[string][]string{}
		var b strings.Builder
		if err := NewResponse([]View{r.View()}, "").WriteText(&b); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(b.String()) {
			if _, namespace, ok := strings.Cut(line, "namespace=\""); ok {
				namespace, _, _ = strings.Cut(namespace, "\"")
				all[namespace] = append(all[namespace], line)
			}
		}
		return all
	}
	for n := range others {
		p.Set(render("other", n))
	}
	want := lines()["other"]
	done := make(chan struct{})
	var beside sync.WaitGroup
	beside.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				r.Compact()
			}
		}
	})
	for range 2 {
		beside.Go(func() {
			for {
				all := lines()
				if !slices.Equal(all["other"], want) {
					t.Error("others' lines have changed")
					return
				}
				for _, namespace := range []string{"one", "two"} {
					if n := len(all[namespace]); n != 0 && n != joining {
						t.Errorf("%d objects of %s", n, namespace)
						return
					}
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for round := range 60 {
		a := p.BeginAddition()
		for n := range joining {
			a.Set(render([]string{"one", "two"}[round%2], n))
		}
		p.Add(a)
		if round%2 == 1 {
			p.RemoveNamespaces([]map[string]bool{{"one": true, "two": true}, {"one": true}}[round/2%2])
			p.RemoveNamespaces(map[string]bool{"two": true})
		}
	}
	close(done)
	beside.Wait()
	if n := p.Len(); n != others {
		t.Errorf("%d objects, want %d", n, others)
	}
	r.Compact()
	if n := len(p.pages); n > 10 {
		t.Errorf("%d pages: those without objects are not used again", n)
	}
	if err := r.CheckInvariants(); err != nil {
		t.Error(err)
	}
}
