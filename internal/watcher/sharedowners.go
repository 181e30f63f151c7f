package watcher

import (
	"hash/maphash"
	"strings"
	"unique"

	"github.com/kubestate/kubestate/internal/store"
)

// sharedOwners are owners of objects by a hash, so that objects of equal owners share one.
type sharedOwners map[uint64]*store.Owner

var sharedSeed = maphash.MakeSeed()

// get returns an owner that equals c and refers to no memory of an object. It is the known one, which
// may be nil, if that equals c.
func (s sharedOwners) get(c store.Owner, known *store.Owner) *store.Owner {
	if known != nil && *known == c {
		return known
	}
	hash := maphash.Comparable(sharedSeed, c)
	if shared := s[hash]; shared != nil && *shared == c {
		return shared
	}
	c.Kind, c.Name = unique.Make(c.Kind).Value(), strings.Clone(c.Name)
	s[hash] = &c
	return &c
}

// shareOwners forgets the owners of objects that are gone.
func (c *counting) shareOwners() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.shared) == 0 {
		return
	}
	next := sharedOwners{}
	for _, n := range c.sink.partition.Notes() {
		if n.Owner != nil {
			next[maphash.Comparable(sharedSeed, *n.Owner)] = n.Owner
		}
	}
	c.shared = next
}
