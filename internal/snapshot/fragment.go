package snapshot

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A fragment is the text of one object, cut out of a file and not parsed yet.
type fragment struct {
	text []byte
	header
	flow     bool   // in flow style
	inline   bool   // a list in block style with its items in flow style, which are not split
	line     int    // of the file, where the text begins
	document int    // of the file, counted from 1
	item     string // number within a list, "2.1" within a list in a list
	problem  string // why the fragment cannot be read, if known
	large    bool   // the text is cut off at maxObject
}

// Bounds of memory, far above what API servers store and kubectl prints.
const (
	maxObject = 16 << 20  // bytes of the text of an object
	maxHeld   = 256 << 20 // bytes of items before the kind of their list
	maxValue  = 512       // bytes of a kind or name
	maxKinds  = 1000      // that are not exported
)

// A header identifies an object without parsing it.
type header struct {
	apiVersion, kind string
	namespace, name  string
	hasMetadata      bool
	hasItems         bool
	twice            bool // has one of objectKeys twice
}

// isList reports whether the object is a list as kubectl sees it.
func (h header) isList() bool {
	return h.hasItems && h.mayBeList()
}

// mayBeList reports whether the kind, if known, is that of a list.
func (h header) mayBeList() bool { return h.kind == "" || strings.HasSuffix(h.kind, "List") }

func (h header) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(h.apiVersion, h.kind)
}

// impliedKind returns h with the kind that its list implies, if it has none of its own.
func (h header) impliedKind(list header) header {
	if item, ok := strings.CutSuffix(list.kind, "List"); ok && item != "" && h.kind == "" && h.apiVersion == "" {
		h.kind, h.apiVersion = item, list.apiVersion
	}
	return h
}

// set records a top-level key of the object. The first value counts.
func (h *header) set(key, value string) {
	value = shortened(value)
	switch key {
	case "apiVersion":
		h.apiVersion = cmp.Or(h.apiVersion, value)
	case "kind":
		h.kind = cmp.Or(h.kind, value)
	case "metadata":
		h.hasMetadata = true
	case "items":
		h.hasItems = true
	}
}

// setMeta records a key of the object's metadata.
func (h *header) setMeta(key, value string) {
	value = shortened(value)
	switch key {
	case "name":
		h.name = cmp.Or(h.name, value)
	case "namespace":
		h.namespace = cmp.Or(h.namespace, value)
	}
}

// objectKeys are top-level keys of which a second one begins another object, as a bit set.
var objectKeys = map[string]int{"apiVersion": 1, "kind": 2, "metadata": 4, "items": 8, "spec": 16, "status": 32, "data": 64}

// shortened returns a value that is kept, without what is too long for a kind or name.
func shortened(value string) string {
	if len(value) > maxValue {
		return strings.Clone(value[:maxValue])
	}
	return value
}
