package members

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// termsAnnotation has the terms of all members that count increments. Members that do not count leave it
// alone.
const termsAnnotation = "kubestate.io/terms"

// document is the format of the annotation.
type document struct {
	Serial int64  `json:"serial"`
	Terms  []term `json:"terms"`
}

// A term is a handover.Term. An open one has no uid.
type term struct {
	Ranges string            `json:"ranges"`
	Number int               `json:"number,omitempty"`
	UID    string            `json:"uid,omitempty"`
	Start  int64             `json:"start,omitempty"`
	After  map[string]string `json:"after,omitempty"`
}

// termsOf parses the terms in the annotations of a Lease, which may have none.
func termsOf(annotations map[string]string) (handover.Terms, error) {
	text, ok := annotations[termsAnnotation]
	if !ok {
		return handover.Terms{}, nil
	}
	var d document
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return handover.Terms{}, fmt.Errorf("annotation %s: %w", termsAnnotation, err)
	}
	terms, all := handover.Terms{Serial: d.Serial}, sharding.None()
	for _, t := range d.Terms {
		ranges, err := sharding.Parse(t.Ranges)
		if err == nil && !all.Intersection(ranges).IsNone() {
			err = errors.New("of two terms")
		}
		if err != nil {
			return handover.Terms{}, fmt.Errorf("annotation %s: ranges %s: %w", termsAnnotation, t.Ranges, err)
		}
		all = all.Union(ranges)
		terms.All = append(terms.All, handover.Term{Ranges: ranges, By: handover.Counter{Number: t.Number, UID: t.UID, Start: t.Start}, After: t.After})
	}
	return terms, nil
}

// textOf formats terms.
func textOf(terms handover.Terms) string {
	d := document{Serial: terms.Serial, Terms: []term{}}
	for _, t := range terms.All {
		d.Terms = append(d.Terms, term{t.Ranges.String(), t.By.Number, t.By.UID, t.By.Start, t.After})
	}
	text, err := json.Marshal(d)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

var errOutdated = errors.New("another member has written the terms first")

// writeTerms writes terms into the Lease of the set, unless the present ones are others than those that
// they were made from. It returns the version with the terms.
func (a *api) writeTerms(ctx context.Context, set string, terms handover.Terms, replaces int64) (*coordinationv1.Lease, error) {
	return a.retry(set, func() (*coordinationv1.Lease, error) {
		return a.patch(ctx, set, func(present map[string]string) (map[string]any, error) {
			// Unreadable terms are replaced.
			if is, err := termsOf(present); err == nil && is.Serial != replaces {
				return nil, errOutdated
			}
			return map[string]any{termsAnnotation: textOf(terms)}, nil
		})
	})
}
