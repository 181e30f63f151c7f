package snapshot

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// A unit is the text of what may be one object, as it is cut out of a file.
type unit struct {
	text []byte
	head
	flow     bool   // JSON, or YAML in that style
	inline   bool   // has items that are not cut out of it
	line     int    // of the file, where the text begins
	document int    // of the file, counted from 1
	item     string // number within a list, or numbers within lists of lists
	problem  string // why it cannot be read, if that is known
}

// A head is what tells an object without parsing it.
type head struct {
	apiVersion, kind string
	namespace, name  string
	hasMetadata      bool
	hasItems         bool
	twice            bool // a key that an object has once is there again
}

// isList says whether the object is a list as kubectl sees it.
func (h head) isList() bool {
	return h.hasItems && h.mayBeList()
}

// mayBeList says whether the kind, if it has one, is that of a list.
func (h head) mayBeList() bool { return h.kind == "" || strings.HasSuffix(h.kind, "List") }

func (h head) gvk() schema.GroupVersionKind {
	return schema.FromAPIVersionAndKind(h.apiVersion, h.kind)
}

// impliedKind gives h the kind that the list of it implies, if h has none.
func (h head) impliedKind(list head) head {
	if item, ok := strings.CutSuffix(list.kind, "List"); ok && item != "" && h.kind == "" && h.apiVersion == "" {
		h.kind, h.apiVersion = item, list.apiVersion
	}
	return h
}

// set notes the value of a key of the object itself. If that comes again, the first counts.
func (h *head) set(key, value string) {
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

// setMeta notes the value of a key of the object's metadata.
func (h *head) setMeta(key, value string) {
	switch key {
	case "name":
		h.name = cmp.Or(h.name, value)
	case "namespace":
		h.namespace = cmp.Or(h.namespace, value)
	}
}

// once are the keys of an object that begin another one when they come again.
var once = map[string]int{"apiVersion": 1, "kind": 2, "metadata": 4, "items": 8, "spec": 16, "status": 32, "data": 64}
