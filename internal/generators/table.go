package generators

import (
	"reflect"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A Table declares the families of one resource: the catalogue entry that users,
// documentation and roles need, how its objects are fetched, and a row for each
// family. T is the pointer type of its objects, or *jsonobject.Object.
type Table[T metav1.Object] struct {
	Resource schema.GroupVersionResource
	Kind     string
	Scope    Scope
	// Default tells whether the resource is exported by default.
	Default Default
	// Identity returns the labels that every series of the resource begins with.
	Identity Identity
	// Finished, if set, returns when and why an object finished. The time is zero if it has
	// not. It reads only fields of Reads, and of the spec only those of Mixed.
	Finished func(T) (at time.Time, reason string)
	Fetch    Fetch[T]
	// Memo, if set, counts changes of objects. It reads the metadata and the status, and the names of containers
	// of an object without a status of them.
	Memo     *Memo[T]
	Families []Family[T]
}

// Fetch declares how objects are fetched and decoded.
type Fetch[T metav1.Object] struct {
	// Reads are the fields that the rows read; nil stands for all fields.
	Reads Fields
	// Mixed are the fields of the spec that rows without SpecOnly read. A table that has
	// any lets the decoder skip the rest of the spec while the spec is unchanged.
	Mixed Fields
	// Reset, if set, clears an object for reuse and keeps the memory of its lists and
	// maps.
	Reset func(T)
	// Columns, if set, have all that the rows read besides the metadata: the API server
	// then sends a metav1.Table instead of objects.
	Columns []PrinterColumn[T]
	// Older are versions of the API, in order of preference, for API servers that do not
	// serve the table's and for files. Their fields have the same protobuf numbers and
	// JSON names.
	Older []string
}

// Fields are fields of an object by the path of their JSON names:
// "spec.containers.image" is that field of each container, "status" is the whole status.
// Metadata is implied, and is named only alone.
type Fields []string

// A PrinterColumn is one of the columns that kubectl prints for a resource.
type PrinterColumn[T metav1.Object] struct {
	Name string
	// Set parses the text of a cell into the object.
	Set func(T, string)
}

// A Family is a metric family.
type Family[T metav1.Object] struct {
	Name      string
	Type      exposition.Type
	Stability Stability
	// OptIn families are exported only if an opt-in pattern matches.
	OptIn bool
	// SpecOnly families depend on nothing but the object's spec, namespace, name and
	// uid.
	SpecOnly bool
	// Sparse families have a series for each value that a field may have, 1 for its present
	// one and 0 for the others. A selection may drop those of value 0.
	Sparse bool
	// Created families are counters or histograms that begin while the program runs. In
	// OpenMetrics, their series have that time as _created.
	Created bool
	// Group, if set, is the group that a selection must have to export the family.
	Group Group
	// Derived, if set, replaces Row. It adds the samples for an object that combines the table's with
	// others, such as a pod whose controller is its workload. Compile omits derived families, unless the
	// selection is OnlyDerived.
	Derived func(metav1.Object, *Samples)
	// DeprecatedSince is the release that deprecated the family, empty if none did.
	DeprecatedSince string
	// Identity, if set, replaces that of the table. Tables may share such a family.
	Identity Identity
	// Labels are the family's own labels, which follow the identity.
	Labels Labels
	Help   string
	// Row adds the family's samples for one object.
	Row func(T, *Samples)
}

// Scope tells whether a resource is namespaced.
type Scope string

// The two scopes.
const (
	Namespaced Scope = "namespaced"
	Cluster    Scope = "cluster"
)

// Default tells whether a resource is exported by default.
type Default bool

// The zero value is On.
const (
	On  Default = false
	Off Default = true
)

// Types of families, under the names that rows use.
const (
	Gauge    = exposition.Gauge
	Counter  = exposition.Counter
	Info     = exposition.Info
	StateSet = exposition.StateSet
	Buckets  = exposition.Histogram
)

// A Group is a group of families that a selection includes or excludes.
type Group string

// Attribution has the workloads of pods, and the replicas of workloads in one form for all kinds.
// Counters has terminations, failures and other changes of objects. Verdicts has the states of rollouts,
// and the results of Jobs.
const (
	Attribution Group = "attribution"
	Counters    Group = "counters"
	Verdicts    Group = "verdicts"
)

// Groups returns all groups.
func Groups() []Group { return []Group{Attribution, Counters, Verdicts} }

// Stability is the stability level of a family: name, type, labels and meaning of a
// Stable family do not change, those of an Alpha family may.
type Stability string

// The stability levels.
const (
	Stable Stability = "STABLE"
	Alpha  Stability = "ALPHA"
)

// Labels are the keys of a family's own labels, in order. A key that ends in * stands
// for labels made from a map: "label_*" for one label a map entry.
type Labels []string

// Or is l with a second set of keys. A sample takes the set with as many keys as the
// sample has values.
func (l Labels) Or(keys ...string) Labels {
	return append(append(slices.Clip(l), setSeparator), keys...)
}

// setSeparator separates the sets within Labels.
const setSeparator = "|"

// sets returns the sets of keys in l, at least one, which may be empty.
func (l Labels) sets() [][]string {
	i := slices.Index(l, setSeparator)
	if i < 0 {
		return [][]string{l}
	}
	return append([][]string{l[:i]}, l[i+1:].sets()...)
}

// Identity returns the leading labels of a resource's series, in order.
type Identity []identityLabel

type identityLabel struct {
	key   string
	value func(metav1.Object) string
}

// Namespace and UID are identity labels of many resources.
var (
	Namespace = identityLabel{"namespace", metav1.Object.GetNamespace}
	UID       = identityLabel{"uid", func(o metav1.Object) string { return string(o.GetUID()) }}
)

// Name is the identity label that holds the object's name under the given key.
func Name(key string) identityLabel { return identityLabel{key, metav1.Object.GetName} }

// constant is an identity label of one value.
func constant(key, value string) identityLabel {
	return identityLabel{key, func(metav1.Object) string { return value }}
}

// keys returns the names of the labels.
func (i Identity) keys() (keys []string) {
	for _, l := range i {
		keys = append(keys, l.key)
	}
	return keys
}

// A Resource is a Table of any object type.
type Resource interface {
	Describe() Description
	Recipe() Recipe
	// Compile binds the table to a selection.
	Compile(Selection) *Renderer
	// Validate checks the table. Only a valid table compiles.
	Validate() error
}

// A Description is the catalogue entry of a resource.
type Description struct {
	// Key identifies the resource: the plural, and the group unless that is the core
	// one, such as "pods" or "deployments.apps".
	Key string
	// Name is the name for users: the plural, or the Key if another resource of the
	// registry has that plural.
	Name string
	// Aliases are other names by which clients can select the resource.
	Aliases    []string
	Resource   schema.GroupVersionResource
	Kind       schema.GroupVersionKind
	Namespaced bool
	Default    bool
	// Identity are the keys of the labels that every series begins with.
	Identity []string
	Families []FamilyDescription
	// Order is the sort key of the resource in responses, the plural if empty.
	Order string
	// Definition identifies the version of a table made at run time: it changes with the
	// lines and the fetched objects. It is empty for built-in tables.
	Definition string
}

// A FamilyDescription is the catalogue entry of a family.
type FamilyDescription struct {
	Name            string
	Type            exposition.Type
	Stability       Stability
	OptIn           bool
	SpecOnly        bool
	Sparse          bool
	Created         bool
	Group           Group
	Derived         bool
	DeprecatedSince string
	// Identity are the keys that replace those of the resource, nil for none.
	Identity []string
	// Labels are the sets of own labels, of which each series has one.
	Labels [][]string
	Help   string
	// MayRepeat families may have equal series of several objects.
	MayRepeat bool
}

// A Recipe is the Fetch of any table, its Finished and its Memo.
type Recipe struct {
	// Versions are the readable versions in order of preference, the table's first.
	Versions []schema.GroupVersionResource
	// GoType is the pointer type of the objects, which has a protobuf form. If it is nil,
	// the API server sends JSON, and objects are *jsonobject.Object.
	GoType reflect.Type
	// LabelSelector and FieldSelector choose the objects; empty for all.
	LabelSelector, FieldSelector string
	// Reads, Mixed, Reset and Columns are those of Fetch.
	Reads, Mixed []string
	Reset        func(metav1.Object)
	Columns      []Column
	// Finished is that of the table, nil if it has none. An object of another type has not finished.
	Finished func(metav1.Object) (at time.Time, reason string)
	// Memo is that of the table, nil if it has none.
	Memo *Memoizer
}

// TypeName names the type of the objects, such as "*v1.Pod", in metrics of list and watch
// requests. Objects without a Go type are "*unstructured.Unstructured", as in client-go.
func (r Recipe) TypeName() string {
	if r.GoType == nil {
		return "*unstructured.Unstructured"
	}
	return r.GoType.String()
}

// jsonType is the type of objects without a Go type.
var jsonType = reflect.TypeFor[*jsonobject.Object]()

// A Column is a PrinterColumn of any object type.
type Column struct {
	Name string
	Set  func(object metav1.Object, cell string)
}

// Describe returns the table's catalogue entry.
func (t *Table[T]) Describe() Description {
	d := Description{
		Key:        t.key(),
		Name:       t.Resource.Resource,
		Resource:   t.Resource,
		Kind:       t.Resource.GroupVersion().WithKind(t.Kind),
		Namespaced: t.Scope == Namespaced,
		Default:    t.Default == On,
		Identity:   t.Identity.keys(),
	}
	for _, f := range t.Families {
		d.Families = append(d.Families, f.describe())
	}
	return d
}

func (t *Table[T]) key() string { return t.Resource.GroupResource().String() }

// Recipe returns the table's fetch recipe.
func (t *Table[T]) Recipe() Recipe {
	r := Recipe{
		Versions: []schema.GroupVersionResource{t.Resource},
		Reads:    t.Fetch.Reads,
		Mixed:    t.Fetch.Mixed,
		Memo:     t.Memo.memoizer(),
	}
	for _, version := range t.Fetch.Older {
		r.Versions = append(r.Versions, t.Resource.GroupResource().WithVersion(version))
	}
	if goType := reflect.TypeFor[T](); goType != jsonType {
		r.GoType = goType
	}
	if t.Fetch.Reset != nil {
		r.Reset = func(o metav1.Object) { t.Fetch.Reset(o.(T)) }
	}
	if t.Finished != nil {
		r.Finished = func(object metav1.Object) (at time.Time, reason string) {
			if o, ok := object.(T); ok {
				return t.Finished(o)
			}
			return at, reason
		}
	}
	for _, c := range t.Fetch.Columns {
		set := func(o metav1.Object, cell string) { c.Set(o.(T), cell) }
		r.Columns = append(r.Columns, Column{c.Name, set})
	}
	return r
}

// derive makes the row of a derived family from one of objects of a type.
func derive[D metav1.Object](row func(D, *Samples)) func(metav1.Object, *Samples) {
	return func(object metav1.Object, s *Samples) { row(object.(D), s) }
}

func (f *Family[T]) describe() FamilyDescription {
	return FamilyDescription{
		Name:            f.Name,
		Type:            f.Type,
		Stability:       f.Stability,
		OptIn:           f.OptIn,
		SpecOnly:        f.SpecOnly,
		Sparse:          f.Sparse,
		Created:         f.Created,
		Group:           f.Group,
		Derived:         f.Derived != nil,
		DeprecatedSince: f.DeprecatedSince,
		Identity:        f.Identity.keys(),
		Labels:          f.Labels.sets(),
		Help:            f.Help,
	}
}

// IdentityIn returns the keys of the labels that every series of the family in a resource begins with.
func (d FamilyDescription) IdentityIn(r Description) []string {
	if d.Identity != nil {
		return d.Identity
	}
	return r.Identity
}

// helpText is the text of the HELP line, with notes on stability and deprecation.
func (d FamilyDescription) helpText() string {
	var b strings.Builder
	if d.Stability == Stable {
		b.WriteString("[STABLE] ")
	}
	if d.DeprecatedSince != "" {
		b.WriteString("(Deprecated since " + d.DeprecatedSince + ") ")
	}
	b.WriteString(d.Help)
	return b.String()
}
