package store

import (
	"fmt"
	"hash/fnv"
	"slices"
)

// An operation is one of both the model and the instances.
type operation struct {
	kind       string
	partition  int             // of all resources
	objects    []Rendered      // to set or update
	added      []Rendered      // to set in an addition
	gone       map[string]bool // namespaces to remove
	uids       []string        // to delete, to find or to cut
	kept       []bool          // by family, of a cut
	remainder  uint32          // of uids that Retain removes
	family     int             // to rewrite, of these owners
	owners     Owners
	views      []int // resources of a response
	namespaces []string
	part       Part
	typed      bool
	held       int // an earlier response
	budgets    *Budgets
}

func (o operation) String() string {
	uids := slices.Clone(o.uids)
	for _, r := range o.objects {
		uids = append(uids, r.UID)
	}
	return fmt.Sprintf("%s of partition %d, uids %q, retain %d, views %v, namespaces %q, part %v, typed %v, held %d, budgets %v",
		o.kind, o.partition, uids, o.remainder, o.views, o.namespaces, o.part, o.typed, o.held, o.budgets)
}

// keep is the argument of Retain.
func (o operation) keep(uid string) bool {
	h := fnv.New32()
	h.Write([]byte(uid))
	return h.Sum32()%4 != o.remainder
}
