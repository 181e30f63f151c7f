package sharding

import (
	"maps"

	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// Positions are versions of content, by resource.
type Positions map[string]string

// Later reports whether a version is later than another one, also if they cannot be compared. Any
// version is later than none.
func Later(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err != nil || order > 0
}

// Reaches reports whether p is at or after o. A resource that either lacks does not matter.
func (p Positions) Reaches(o Positions) bool {
	for resource, version := range o {
		if at, ok := p[resource]; ok && Later(version, at) {
			return false
		}
	}
	return true
}

// Covers reports whether p has each resource of o at or after its version.
func (p Positions) Covers(o Positions) bool {
	for resource, version := range o {
		if !p.Has(resource, version) {
			return false
		}
	}
	return true
}

// Join has the later version of each resource.
func (p Positions) Join(o Positions) Positions {
	if len(o) == 0 {
		return p
	}
	all := maps.Clone(p)
	if all == nil {
		all = Positions{}
	}
	for resource, version := range o {
		if at, ok := all[resource]; !ok || Later(version, at) {
			all[resource] = version
		}
	}
	return all
}

// Has reports whether a change of a resource is up to p.
func (p Positions) Has(resource, version string) bool {
	at, ok := p[resource]
	return ok && !Later(version, at)
}

// A Cut is a version of the content of some ranges.
type Cut struct {
	Ranges Ranges
	At     Positions
}

// Cuts are cuts of disjoint ranges.
type Cuts []Cut

// Ranges has the hashes of all cuts.
func (c Cuts) Ranges() Ranges {
	r := None()
	for _, each := range c {
		r = r.Union(each.Ranges)
	}
	return r
}

// Within returns the cuts of some ranges.
func (c Cuts) Within(r Ranges) Cuts {
	var all Cuts
	for _, each := range c {
		if common := each.Ranges.Intersection(r); !common.IsNone() {
			all = append(all, Cut{common, each.At})
		}
	}
	return all
}

// Minus returns the cuts without some ranges.
func (c Cuts) Minus(r Ranges) Cuts { return c.Within(All().Minus(r)) }

// With returns the cuts with another one, which replaces those of its ranges.
func (c Cuts) With(r Ranges, at Positions) Cuts {
	rest := c.Minus(r)
	if r.IsNone() {
		return rest
	}
	return append(rest, Cut{r, at})
}

// Last has the latest versions of all cuts.
func (c Cuts) Last() Positions {
	var last Positions
	for _, each := range c {
		last = last.Join(each.At)
	}
	return last
}
