package watcher

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// selectors are the selectors of a plan and of its recipe, for objects from files.
type selectors struct {
	labels labels.Selector
	fields fields.Selector // of objects that come as JSON
	reads  *jsonobject.Fields
	tree   jsonobject.Tree
}

// newSelectors returns the selectors of a target; nil if it has none.
func newSelectors(t *target) *selectors {
	field := t.resource.Recipe().FieldSelector // any field may be selected
	if t.labels == "" && field == "" {
		return nil
	}
	s := selectors{labels: mustParse(t.labels), reads: &jsonobject.Fields{}}
	var err error
	if s.fields, err = fields.ParseSelector(field); err != nil {
		panic("BUG: selector of a valid resource: " + err.Error())
	}
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

// mustParse parses a valid label selector.
func mustParse(selector string) labels.Selector {
	parsed, err := labels.Parse(selector)
	if err != nil {
		panic("BUG: selector of a valid configuration: " + err.Error())
	}
	return parsed
}

// match reports whether an object is selected. Invalid JSON is: rendering reports its error.
func (s *selectors) match(o metav1.Object) bool {
	text, isJSON := o.(*jsonobject.Object)
	if !isJSON {
		return s.labels.Matches(labels.Set(o.GetLabels()))
	}
	root, err := s.tree.Read(text.JSON, s.reads)
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
