package listwatch

import (
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A position is the version of the content of some ranges, or of one namespace in them.
type position struct {
	ranges    sharding.Ranges
	namespace string // metav1.NamespaceAll for all
	version   string
}

// positions are the versions of disjoint ranges after a merge, and of namespaces that were added at a
// later version: none if unknown, and one after a change later than all of them.
type positions []position

// intersect returns the positions of some ranges.
func (p positions) intersect(r sharding.Ranges) positions {
	var all positions
	for _, each := range p {
		if common := each.ranges.Intersection(r); !common.IsNone() {
			all = append(all, position{common, each.namespace, each.version})
		}
	}
	return all
}

// lowest returns the lowest version, to watch from. It is empty if unknown, or if versions cannot be
// compared.
func (p positions) lowest() (lowest string) {
	for i, q := range p {
		order, err := resourceversion.CompareResourceVersion(q.version, lowest)
		switch {
		case i == 0, err == nil && order < 0:
			lowest = q.version
		case err != nil:
			return ""
		}
	}
	return lowest
}

// contain reports whether a change is in the content, by its version, the hash of the object's uid and
// its namespace. It is false for a single position, where the watch began.
func (p positions) contain(hash uint64, namespace, version string) bool {
	return len(p) > 1 && slices.ContainsFunc(p, func(each position) bool {
		return each.ranges.Holds(hash) && (each.namespace == metav1.NamespaceAll || each.namespace == namespace) && !later(version, each.version)
	})
}

// advance returns the positions after all changes up to the version.
func (p positions) advance(version string) positions {
	same := len(p) > 0
	for i := range p {
		if len(p) == 1 || later(version, p[i].version) {
			p[i].version = version
		}
		same = same && p[i].version == p[0].version
	}
	if same {
		p = append(p[:0], position{ranges: sharding.All(), version: p[0].version})
	}
	return p
}

// later reports whether a version is later than another, true if they cannot be compared.
func later(version, than string) bool {
	order, err := resourceversion.CompareResourceVersion(version, than)
	return err != nil || order > 0
}

// highest returns the highest version.
func (p positions) highest() (highest string) {
	for i, q := range p {
		if i == 0 || later(q.version, highest) {
			highest = q.version
		}
	}
	return highest
}

// Positions returns the version up to which the content has all changes, and the one after which it has
// none, which are empty if unknown, and the number of lists that have become the content.
func (l *Loop) Positions() (low, high string, lists int64) {
	l.content.Lock()
	defer l.content.Unlock()
	if low = l.positions.lowest(); low != "" {
		high = l.positions.highest()
	}
	return low, high, l.committed
}

// Listing returns, in the Commit of a list, the version of the list, and that up to which the present
// content has all changes, empty if unknown.
func (l *Loop) Listing() (since, version string) { return l.positions.lowest(), l.listed }

// Resumable reports whether the version of the content is known.
func (l *Loop) Resumable() bool {
	l.content.Lock()
	defer l.content.Unlock()
	return l.positions.lowest() != ""
}

// Adopt has l, which must not run yet, continue the given loops, the first of which must have been
// complete. merge merges their content into l's sink; none of them changes meanwhile. l resumes from
// the lowest of their versions, or relists if one is unknown. None of them lacks a namespace.
func (l *Loop) Adopt(from []*Loop, merge func()) {
	for _, o := range from {
		o.content.Lock()
		defer o.content.Unlock()
	}
	merge()
	known := true
	l.complete, l.report = true, from[0].Report()
	for _, o := range from {
		shard := o.Shard.Present()
		l.positions = append(l.positions, o.positions.intersect(shard)...)
		known = known && (shard.IsNone() || len(o.positions) > 0)
		l.report = l.report.Worse(o.Report())
	}
	l.report.Complete = true
	if !known {
		l.positions = nil
	}
	if l.Namespaces != nil {
		l.members.held = maps.Clone(l.Shard.names())
	}
	if version := l.positions.lowest(); version != "" {
		l.machine.state, l.machine.version = watching, version
	}
}
