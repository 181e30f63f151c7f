package customresource

import (
	"encoding/json"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// An evaluator evaluates definitions of one table. It serves one goroutine at a time.
type evaluator struct {
	fields *jsonobject.Fields
	kind   schema.GroupVersionKind
	gv     string // of the kind
	report *Reporter
	extra  []generators.ExtraLabel

	tree       jsonobject.Tree
	object     metav1.Object
	root       jsonobject.Value
	decoded    any // the root for expressions; nil until one needs it
	selections []selection
	scratch    scratch

	base, own, both labels
	ofMap           labels // read from the map of a gauge's members; only if hasOfMap
	hasOfMap        bool
	samples         []sample
	keys            []string
}

// A sample is a value and its own labels.
type sample struct {
	value    float64
	from, to int // in own
}

// begin reads an object.
func (e *evaluator) begin(object metav1.Object) {
	e.object, e.root = object, jsonobject.Value{}
	e.decoded, e.selections = nil, e.selections[:0]
	text, err := e.json(object)
	root := jsonobject.Value{}
	if err == nil {
		root, err = e.tree.Read(text, e.fields)
	}
	if err != nil {
		e.report.failed(reasonJSON, "", object, err.Error())
		return
	}
	e.root = root
	root.Key("apiVersion").SetText(e.gv) // objects of files may have another version
}

// json returns an object as JSON. One with a Go type gets its kind here.
func (e *evaluator) json(object metav1.Object) ([]byte, error) {
	switch o := object.(type) {
	case *jsonobject.Object:
		return o.JSON, nil
	case runtime.Object:
		o.GetObjectKind().SetGroupVersionKind(e.kind)
		return json.Marshal(o)
	}
	return nil, fmt.Errorf("%T is no object", object)
}

// render adds the samples of the definitions of one family.
func (e *evaluator) render(definitions []*definition, to *generators.Samples) {
	if e.root.Kind() != jsonobject.Map {
		return
	}
	for _, d := range definitions {
		if e.selected(d.entry, d.Name) {
			e.define(d)
			e.emit(d, to)
		}
	}
}

// define evaluates a definition.
func (e *evaluator) define(d *definition) {
	e.base, e.own, e.samples, e.scratch.text = append(e.base[:0], d.constant...), e.own[:0], e.samples[:0], e.scratch.text[:0]
	for i := range d.root {
		e.base = e.label(d, e.base, &d.root[i], e.root)
	}
	e.base = e.base.sorted()
	e.keys = slices.Grow(e.keys[:0], len(d.Path))
	d.Path.each(e.root, e.keys, &e.scratch, func(v jsonobject.Value, matched []string) {
		switch d.Type {
		case exposition.Info:
			e.info(d, v, matched)
		case exposition.StateSet:
			e.stateSet(d, v, matched)
		default:
			e.gauge(d, v, matched)
		}
	})
}

// emit adds the evaluated samples in the order of their own labels.
func (e *evaluator) emit(d *definition, to *generators.Samples) {
	slices.SortStableFunc(e.samples, func(a, b sample) int { return e.own[a.from:a.to].compare(e.own[b.from:b.to]) })
	for _, s := range e.samples {
		e.both = e.own[s.from:s.to].over(e.both[:0], e.base)
		if e.series(e.both, s.value, to) {
			e.report.failed(reasonConflict, d.Name, e.object, "a series has two values: give it a label that tells the elements apart")
		}
	}
}

// series adds a sample, whose labels extra ones override. conflict is that of Samples.Series.
func (e *evaluator) series(of labels, value float64, to *generators.Samples) (conflict bool) {
	if len(e.extra) > 0 {
		of = slices.DeleteFunc(of, func(l generators.Label) bool {
			return slices.ContainsFunc(e.extra, func(x generators.ExtraLabel) bool { return x.Name == l.Name })
		})
	}
	return to.Series(value, of)
}

// add adds a sample whose own labels begin at start.
func (e *evaluator) add(start int, value float64) {
	set := e.own[start:].sorted()
	e.own = e.own[:start+len(set)]
	e.samples = append(e.samples, sample{value, start, start + len(set)})
}

// matched appends the labels of the keys that the steps [*] matched.
func (e *evaluator) matched(d *definition, keys []string) {
	for i, key := range keys {
		if i < len(d.PathKeys) && d.PathKeys[i] != "" {
			e.own = append(e.own, generators.Label{Name: d.PathKeys[i], Value: key})
		}
	}
}

// label appends the labels that l reads from v.
func (e *evaluator) label(d *definition, dst labels, l *labeler, v jsonobject.Value) labels {
	if l.Source.CEL.Program == nil {
		return e.scratch.label(dst, l, v)
	}
	return e.scratch.computed(dst, l, e.value(d, &l.Source, v).result)
}

// elementLabels appends the labels of an element.
func (e *evaluator) elementLabels(d *definition, v jsonobject.Value) {
	for i := range d.element {
		e.own = e.label(d, e.own, &d.element[i], v)
	}
}

// keyLabel appends the label of a map entry's key.
func (e *evaluator) keyLabel(d *definition, key string) {
	if d.KeyLabel != "" && key != "" {
		e.own = append(e.own, generators.Label{Name: d.KeyLabel, Value: key})
	}
}

// gauge evaluates a gauge or a counter: one sample for each member of a map or element of a list,
// or for a single value.
func (e *evaluator) gauge(d *definition, v jsonobject.Value, matched []string) {
	switch v.Kind() {
	case jsonobject.Map:
		e.hasOfMap = false
		for member := range v.Children() {
			e.member(d, v, member, matched)
		}
	case jsonobject.Array:
		for element := range v.Children() {
			e.single(d, element, matched)
		}
	default:
		e.single(d, v, matched)
	}
}

// member adds the sample of a map's member, if its value converts. A member whose key is the one
// step of the value's path is the value itself.
func (e *evaluator) member(d *definition, of, member jsonobject.Value, matched []string) {
	if !e.selects(d.Name, &d.Where, member) {
		return
	}
	direct := d.isDirect && d.direct == member.MapKey()
	v := value{json: member}
	if !direct {
		v = e.value(d, &d.Value, member)
	}
	n, ok := e.convert(d, v)
	if !ok {
		if direct && !v.missing() {
			e.unconverted(d)
		}
		return
	}
	start := len(e.own)
	e.matched(d, matched)
	e.keyLabel(d, member.MapKey())
	e.elementLabels(d, member)
	e.own = append(e.own, e.labelsOf(d, of)...)
	e.add(start, n)
}

// labelsOf returns the labels that are read from the map itself, the same for all of its members.
func (e *evaluator) labelsOf(d *definition, of jsonobject.Value) labels {
	if !e.hasOfMap {
		e.ofMap, e.hasOfMap = e.ofMap[:0], true
		for i := range d.element {
			if d.element[i].Source.CEL.Program == nil {
				e.ofMap = e.scratch.label(e.ofMap, &d.element[i], of)
			}
		}
	}
	return e.ofMap
}

// single adds the sample of an element, if its value converts.
func (e *evaluator) single(d *definition, element jsonobject.Value, matched []string) {
	if !e.selects(d.Name, &d.Where, element) {
		return
	}
	v := e.value(d, &d.Value, element)
	n, ok := e.convert(d, v)
	if !ok {
		if !v.missing() {
			e.unconverted(d)
		}
		return
	}
	start := len(e.own)
	e.matched(d, matched)
	e.elementLabels(d, element)
	e.add(start, n)
}

// convert converts a value to a number. A missing one is 0 under NilIsZero.
func (e *evaluator) convert(d *definition, v value) (n float64, ok bool) {
	if v.missing() {
		return 0, d.NilIsZero
	}
	return v.number(d.Parse)
}

func (e *evaluator) unconverted(d *definition) {
	e.report.failed(reasonValue, d.Name, e.object, d.fault)
}

// info evaluates an info family: samples of value 1 for elements with labels.
func (e *evaluator) info(d *definition, v jsonobject.Value, matched []string) {
	switch v.Kind() {
	case jsonobject.None, jsonobject.Null:
	case jsonobject.Array:
		for element := range v.Children() {
			e.infoOf(d, "", element, matched)
		}
	case jsonobject.Map:
		e.infoOf(d, "", v, matched)
		for member := range v.Children() {
			e.infoOf(d, member.MapKey(), member, matched)
		}
	default:
		e.infoOf(d, "", v, matched)
	}
}

// infoOf adds a sample of value 1 if it has a label.
func (e *evaluator) infoOf(d *definition, key string, v jsonobject.Value, matched []string) {
	if !e.selects(d.Name, &d.Where, v) {
		return
	}
	start := len(e.own)
	e.matched(d, matched)
	without := len(e.own)
	e.keyLabel(d, key)
	e.elementLabels(d, v)
	if len(e.own) == without {
		e.own = e.own[:start]
		return
	}
	e.add(start, 1)
}

// stateSet evaluates a state set: a sample for each state, 1 for the present one.
func (e *evaluator) stateSet(d *definition, v jsonobject.Value, matched []string) {
	if v.Kind() != jsonobject.Array {
		e.states(d, v, matched)
		return
	}
	for element := range v.Children() {
		e.states(d, element, matched)
	}
}

func (e *evaluator) states(d *definition, v jsonobject.Value, matched []string) {
	if !e.selects(d.Name, &d.Where, v) {
		return
	}
	present := e.value(d, &d.Value, v)
	if present.missing() {
		return
	}
	text, ok := present.text()
	if !ok {
		e.report.failed(reasonValue, d.Name, e.object, d.fault)
		return
	}
	for i, state := range d.List {
		n := 0.0
		if text == state {
			n = 1
		}
		if d.ListNames != nil {
			state = d.ListNames[i]
		}
		start := len(e.own)
		e.matched(d, matched)
		e.own = append(e.own, generators.Label{Name: d.ListLabel, Value: state})
		e.elementLabels(d, v)
		e.add(start, n)
	}
}
