package generators

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/exposition"
)

// A Table declares the families of one resource. T is the pointer type of its
// objects.
type Table[T metav1.Object] struct {
	Resource schema.GroupVersionResource
	Kind     string
	Scope    Scope
	// Default says whether the resource is exported when none is asked for.
	Default Default
	// Identity gives the labels that every series of the resource begins with.
	Identity Identity
	// Reads are the fields that the rows read; nil stands for all of them.
	Reads Fields
	// Unsteady are those of them, all in the spec, that rows which are not Steady read.
	// If there are any, what belongs to the spec alone is not decoded and rendered
	// again for an object of which the spec has not changed.
	Unsteady Fields
	// Empty, if there is one, takes out of an object all that a row could read, and
	// leaves the memory that the next can be decoded into.
	Empty func(T)
	// Columns give what the rows read beyond the metadata, if kubectl shows it:
	// the API server is then asked for that, and sends nothing else.
	Columns  []Column[T]
	Families []Family[T]
}

// Fields are fields of an object, by the path of their JSON names:
// "spec.containers.image" is that field of each container, and "status" is all
// that the field holds. The metadata need not be named, except alone.
type Fields []string

// A Column is one of those that kubectl shows of a resource.
type Column[T metav1.Object] struct {
	Name string
	// Set puts the text of a cell into the object.
	Set func(T, string)
}

// A Family is one metric name. Its fields are in the order of a row: rows are
// written without field names.
type Family[T metav1.Object] struct {
	Name      string
	Type      exposition.Type
	Stability Stability
	// Labels are the family's own labels, which follow the identity.
	Labels Labels
	Help   string
	// Row adds the family's samples for one object.
	Row func(T, *Samples)
}

// Scope says whether objects of a resource live in namespaces.
type Scope string

// The two scopes.
const (
	Namespaced Scope = "namespaced"
	Cluster    Scope = "cluster"
)

// Default says whether a resource is exported when none is asked for.
type Default bool

// The zero value is On: most resources are.
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
)

// Stability is what users may rely on: the name, type, labels and meaning of a
// Stable family do not change, those of an Alpha family may.
type Stability struct {
	level           string
	optIn           bool
	steady          bool
	deprecatedSince string
}

// The stability levels.
var (
	Stable = Stability{level: "STABLE"}
	Alpha  = Stability{level: "ALPHA"}
)

// OptIn is s for a family that is exported only when asked for by name.
func (s Stability) OptIn() Stability {
	s.optIn = true
	return s
}

// Steady is s for a family whose lines depend on nothing but the object's spec,
// namespace, name and uid.
func (s Stability) Steady() Stability {
	s.steady = true
	return s
}

// DeprecatedSince is s for a family that users should leave.
func (s Stability) DeprecatedSince(version string) Stability {
	s.deprecatedSince = version
	return s
}

// Labels are the keys of a family's own labels, in order. A last key that ends
// in * stands for labels made from a map: "label_*" for one label a map entry.
type Labels []string

// Or is l with a second set of keys, for families that print one of two sets.
// A sample takes the set that has as many keys as it has values.
func (l Labels) Or(keys ...string) Labels {
	return append(append(slices.Clip(l), either), keys...)
}

// either separates the sets within Labels. It is no label name.
const either = "|"

// sets gives the sets of keys in l, at least one, which may be empty.
func (l Labels) sets() [][]string {
	i := slices.Index(l, either)
	if i < 0 {
		return [][]string{l}
	}
	return append([][]string{l[:i]}, l[i+1:].sets()...)
}

// Identity gives the leading labels of a resource's series, in order.
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

// A Resource is a Table whose object type is put aside.
type Resource interface {
	Describe() Description
	// Compile binds the table to a selection.
	Compile(Selection) *Renderer
}

// A Description is what a table says about its resource.
type Description struct {
	// Key is the name under which users select the resource, such as "pods".
	Key        string
	Resource   schema.GroupVersionResource
	Kind       schema.GroupVersionKind
	Namespaced bool
	Default    bool
	// GoType names the type of the objects, such as "*v1.Pod".
	GoType string
	// Identity are the keys of the labels that every series begins with.
	Identity []string
	// Reads, Unsteady and Columns are those of the table.
	Reads    []string
	Unsteady []string
	// Empty is that of the table, nil if there is none.
	Empty    func(metav1.Object)
	Columns  []ColumnDescription
	Families []FamilyDescription
}

// A ColumnDescription is a Column whose object type is put aside.
type ColumnDescription struct {
	Name string
	Set  func(object metav1.Object, cell string)
}

// A FamilyDescription is what a row says about its family.
type FamilyDescription struct {
	Name            string
	Type            exposition.Type
	Stability       string
	OptIn           bool
	Steady          bool
	DeprecatedSince string
	// Labels are the sets of own labels, of which each series has one.
	Labels [][]string
	Help   string
}

// Describe gives the table's facts without its code.
func (t *Table[T]) Describe() Description {
	var object T
	d := Description{
		Key:        t.Resource.Resource,
		Resource:   t.Resource,
		Kind:       t.Resource.GroupVersion().WithKind(t.Kind),
		Namespaced: t.Scope == Namespaced,
		Default:    t.Default == On,
		GoType:     fmt.Sprintf("%T", object),
		Reads:      t.Reads,
		Unsteady:   t.Unsteady,
	}
	if t.Empty != nil {
		d.Empty = func(o metav1.Object) { t.Empty(o.(T)) }
	}
	for _, c := range t.Columns {
		set := func(o metav1.Object, cell string) { c.Set(o.(T), cell) }
		d.Columns = append(d.Columns, ColumnDescription{c.Name, set})
	}
	for _, l := range t.Identity {
		d.Identity = append(d.Identity, l.key)
	}
	for _, f := range t.Families {
		d.Families = append(d.Families, f.describe())
	}
	return d
}

func (f *Family[T]) describe() FamilyDescription {
	return FamilyDescription{
		Name:            f.Name,
		Type:            f.Type,
		Stability:       f.Stability.level,
		OptIn:           f.Stability.optIn,
		Steady:          f.Stability.steady,
		DeprecatedSince: f.Stability.deprecatedSince,
		Labels:          f.Labels.sets(),
		Help:            f.Help,
	}
}

// helpText is the text of the HELP line: a Stable family says so, a deprecated
// one since when.
func (d FamilyDescription) helpText() string {
	var b strings.Builder
	if d.Stability == Stable.level {
		b.WriteString("[STABLE] ")
	}
	if d.DeprecatedSince != "" {
		b.WriteString("(Deprecated since " + d.DeprecatedSince + ") ")
	}
	b.WriteString(d.Help)
	return b.String()
}
