package generators

import (
	"strconv"

	corev1 "k8s.io/api/core/v1"
)

// nodeMemo counts changes of the conditions of nodes. A memo has the resourceVersion, and for each
// condition its status and the number of changes to each status: states of older resourceVersions change
// nothing.
var nodeMemo = Memo[*corev1.Node]{Append: appendNodeMemo, Join: joinNodeMemos, Count: countNode, Counts: &NodeCounts}

var conditionStatuses = [...]string{"true", "false", "unknown"}

// conditionHistory is the part of a memo about a condition.
type conditionHistory struct {
	name    string
	status  byte // index in conditionStatuses
	changes [len(conditionStatuses)]uint64
}

func (h *conditionHistory) read(c *cursor) {
	h.name, h.status = c.string(), c.byte()
	for i := range h.changes {
		h.changes[i] = c.uint()
	}
}

func (h *conditionHistory) append(dst []byte) []byte {
	dst = append(appendString(dst, h.name), h.status)
	for _, n := range h.changes {
		dst = appendUint(dst, n)
	}
	return dst
}

// statusIndex returns the index of a status. A status that the API does not have is unknown.
func statusIndex(s corev1.ConditionStatus) byte {
	switch s {
	case corev1.ConditionTrue:
		return 0
	case corev1.ConditionFalse:
		return 1
	}
	return 2
}

func appendNodeMemo(dst []byte, before string, n *corev1.Node, _ bool) []byte {
	c := cursor{before}
	known, version := c.uint(), versionOf(n.ResourceVersion)
	if version != 0 && version <= known {
		return append(dst, before...)
	}
	dst = appendUint(dst, version)
	conditions := c
	for c.more() {
		var h conditionHistory
		h.read(&c)
		if now := conditionOf(n, h.name); now != nil {
			if status := statusIndex(now.Status); status != h.status {
				h.status = status
				h.changes[status]++
			}
		}
		dst = h.append(dst)
	}
	for i := range n.Status.Conditions {
		now := &n.Status.Conditions[i]
		if name := string(now.Type); !conditions.hasCondition(name) && conditionOf(n, name) == now {
			h := conditionHistory{name: name, status: statusIndex(now.Status)}
			dst = h.append(dst)
		}
	}
	return dst
}

// versionOf returns the number of a resourceVersion, 0 if it has none.
func versionOf(resourceVersion string) uint64 {
	v, err := strconv.ParseUint(resourceVersion, 10, 64)
	if err != nil {
		return 0
	}
	return v
}

// conditionOf returns the condition of a type; nil if there is none.
func conditionOf(n *corev1.Node, name string) *corev1.NodeCondition {
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; string(c.Type) == name {
			return c
		}
	}
	return nil
}

// hasCondition reports whether the conditions at the cursor have a name.
func (c cursor) hasCondition(name string) bool {
	_, ok := c.condition(name)
	return ok
}

// condition returns the history of a condition at the cursor.
func (c cursor) condition(name string) (h conditionHistory, ok bool) {
	for c.more() {
		if h.read(&c); h.name == name {
			return h, true
		}
	}
	return conditionHistory{}, false
}

func joinNodeMemos(dst []byte, a, b string) []byte {
	x, y := cursor{a}, cursor{b}
	versions := [2]uint64{x.uint(), y.uint()}
	if versions[1] > versions[0] {
		x, y = y, x
	}
	dst = appendUint(dst, max(versions[0], versions[1]))
	later := x
	for x.more() {
		var h conditionHistory
		h.read(&x)
		other, _ := y.condition(h.name)
		for i := range h.changes {
			h.changes[i] = max(h.changes[i], other.changes[i])
		}
		dst = h.append(dst)
	}
	for y.more() {
		var h conditionHistory
		if h.read(&y); !later.hasCondition(h.name) {
			dst = h.append(dst)
		}
	}
	return dst
}

func countNode(before, after string, add func(Increment)) {
	x, y := cursor{before}, cursor{after}
	x.uint()
	y.uint()
	for y.more() {
		var h conditionHistory
		h.read(&y)
		old, known := x.condition(h.name)
		for i, status := range conditionStatuses {
			n := h.changes[i] - min(h.changes[i], old.changes[i])
			if n > 0 || !known {
				add(Increment{Series: Series{Of: conditionChanges, Labels: [2]string{h.name, status}}, By: n})
			}
		}
	}
}
