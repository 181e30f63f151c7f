package handover_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// A tally is what an actor counts from, and the terms that it has written.
type tally struct {
	low, high sharding.Positions
	lists     int64
	written   []write
}

// move sets positions.
func (t *tally) move(words []string) {
	t.low, t.high = maps.Clone(t.low), maps.Clone(t.high)
	for _, word := range words {
		resource, version, _ := strings.Cut(word, "=")
		low, high, two := strings.Cut(version, "-")
		if !two {
			high = low
		}
		t.low[resource], t.high[resource] = low, high
	}
}

// writeTerms puts the oldest written terms of a member into the Lease.
func (s *scene) writeTerms(a *actor) {
	if len(a.written) == 0 {
		s.Fatalf("member %d has no terms to write", a.Number())
	}
	if w := a.written[0]; w.replaces == s.terms.Serial {
		s.terms = *w.terms
	}
	a.written = a.written[1:]
	s.seen()
}

// describe gives the part of a decision that is about counting, and keeps written terms.
func (t *tally) describe(d handover.Decision) string {
	if t == nil {
		return ""
	}
	var out strings.Builder
	for _, cut := range d.Resume {
		fmt.Fprintf(&out, ", counts %s%s", fractions(cut.Ranges), after(cut.At))
	}
	if !d.Hold.IsNone() {
		fmt.Fprintf(&out, ", holds %s", fractions(d.Hold))
	}
	for _, cut := range d.Settle {
		fmt.Fprintf(&out, ", counts %s up to %s", fractions(cut.Ranges), versions(cut.At))
	}
	if d.Terms == nil {
		return out.String()
	}
	t.written = append(t.written, write{terms: d.Terms, replaces: d.Replaces})
	var terms []string
	for _, term := range d.Terms.All {
		who := "open"
		if term.By.UID != "" {
			who = fmt.Sprint("of ", term.By.Number)
		}
		terms = append(terms, fmt.Sprintf("%s %s%s", fractions(term.Ranges), who, after(term.After)))
	}
	fmt.Fprintf(&out, ", writes terms: %s", strings.Join(terms, "; "))
	return out.String()
}

func after(p sharding.Positions) string {
	if len(p) == 0 {
		return ""
	}
	return " after " + versions(p)
}

// versions shows positions.
func versions(p sharding.Positions) string {
	var all []string
	for _, resource := range slices.Sorted(maps.Keys(p)) {
		all = append(all, resource+" "+p[resource])
	}
	return strings.Join(all, ", ")
}
