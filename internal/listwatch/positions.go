package listwatch

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A position says up to which version the changes of some ranges are in the store.
type position struct {
	of      sharding.Ranges
	version string
}

// positions are those of disjoint ranges, which what is stored was put together from: none if it
// is not known, and one from the first change on that is later than all of them.
type positions []position

// within gives the positions of some ranges.
func (p positions) within(r sharding.Ranges) positions {
	var all positions
	for _, each := range p {
		if common := each.of.Intersection(r); !common.IsNone() {
			all = append(all, position{common, each.version})
		}
	}
	return all
}

// lowest is the version from which a watch tells of all that is not stored yet. It is empty if
// that is not known, or versions cannot be compared.
func (p positions) lowest() (lowest string) {
	for i, each := range p {
		order, err := resourceversion.CompareResourceVersion(each.version, lowest)
		switch {
		case i == 0, err == nil && order < 0:
			lowest = each.version
		case err != nil:
			return ""
		}
	}
	return lowest
}

// have says whether a change is stored already: one of the given version, of an object of which
// the uid has the hash. One position alone says that of none, since the watch began there.
func (p positions) have(hash uint64, version string) bool {
	return len(p) > 1 && slices.ContainsFunc(p, func(each position) bool {
		return each.of.Holds(hash) && !later(version, each.version)
	})
}

// reached gives the positions once all changes up to the version are stored.
func (p positions) reached(version string) positions {
	same := len(p) > 0
	for i := range p {
		if len(p) == 1 || later(version, p[i].version) {
			p[i].version = version
		}
		same = same && p[i].version == p[0].version
	}
	if same {
		p = p[:1]
		p[0].of = sharding.All() // of which all that is stored is
	}
	return p
}

// later says whether a version is later than another, which it is too if they cannot be compared.
func later(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err != nil || order > 0
}

// Resumable reports whether the version is known from which to watch what changes of the
// content.
func (l *Loop) Resumable() bool {
	l.content.Lock()
	defer l.content.Unlock()
	return l.positions.lowest() != ""
}

// Adopt has l, which must not run yet, go on from where others are, the first of which must
// have been complete. unite makes their content that of l's sink, and is called while none of
// them changes. Where it is known how far each has followed its shard, one watch goes on from
// the lowest of these versions; else l lists, while what is there is served.
func (l *Loop) Adopt(from []*Loop, unite func()) {
	for _, o := range from {
		o.content.Lock()
		defer o.content.Unlock()
	}
	unite()
	known := true
	l.complete, l.report = true, from[0].Report()
	for _, o := range from {
		shard := o.Shard.Present()
		l.positions = append(l.positions, o.positions.within(shard)...)
		known = known && (shard.IsNone() || len(o.positions) > 0)
		l.report = l.report.Worse(o.Report())
	}
	l.report.Complete = true
	if !known {
		l.positions = nil
	}
	if version := l.positions.lowest(); version != "" {
		l.machine.state, l.machine.version = watching, version
	}
}
