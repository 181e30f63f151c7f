package watcher

import (
	"strings"

	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// selectors are the selectors of a recipe, for objects from files. Any field may be selected.
type selectors struct {
	labels labels.Selector
	fields fields.Selector
	reads  *jsonobject.Fields
	tree   jsonobject.Tree
}

// newSelectors returns the selectors of a recipe whose objects come as JSON; nil if it has none.
func newSelectors(r generators.Recipe) *selectors {
	if r.GoType != nil || r.LabelSelector == "" && r.FieldSelector == "" {
		return nil
	}
	var s selectors
	var err error
	if s.labels, err = labels.Parse(r.LabelSelector); err == nil {
		s.fields, err = fields.ParseSelector(r.FieldSelector)
	}
	if err != nil {
		panic("BUG: selector of a valid resource: " + err.Error())
	}
	s.reads = &jsonobject.Fields{}
	s.reads.Key("metadata").Key("labels").Every()
	for _, requirement := range s.fields.Requirements() {
		at := s.reads
		for key := range strings.SplitSeq(requirement.Field, ".") {
			at = at.Key(key)
		}
	}
	s.reads.Seal()
	return &s
}

// match reports whether an object is selected. Invalid JSON is: rendering reports its error.
func (s *selectors) match(o *jsonobject.Object) bool {
	root, err := s.tree.Read(o.JSON, s.reads)
	if err != nil {
		return true
	}
	own := labels.Set{}
	for label := range root.Key("metadata").Key("labels").Children() {
		own[label.MapKey()] = label.Text()
	}
	values := fields.Set{}
	for _, requirement := range s.fields.Requirements() {
		v := root
		for key := range strings.SplitSeq(requirement.Field, ".") {
			v = v.Key(key)
		}
		switch v.Kind() {
		case jsonobject.True:
			values[requirement.Field] = "true"
		case jsonobject.False:
			values[requirement.Field] = "false"
		default:
			values[requirement.Field] = v.Text()
		}
	}
	return s.labels.Matches(own) && s.fields.Matches(values)
}
