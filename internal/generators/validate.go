package generators

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/exposition"
)

// Validate checks the table. The error joins all faults, each with its resource and family.
func (t *Table[T]) Validate() error {
	c := checker{resource: t.key()}
	c.resourceNames(t.Resource.Group, t.Resource.Version, t.Resource.Resource, t.Kind)
	c.when(t.Scope != Namespaced && t.Scope != Cluster, "scope %q is neither %s nor %s", t.Scope, Namespaced, Cluster)
	c.identity(t.Identity)
	d, recipe := t.Describe(), t.Recipe()
	c.recipe(recipe, d.Kind.Kind)
	c.specOnly(recipe, d.Families)
	for i, column := range t.Fetch.Columns {
		c.when(column.Name == "", "column %d has no name", i+1)
		c.when(column.Set == nil, "column %s sets no field", column.Name)
		c.when(slices.ContainsFunc(t.Fetch.Columns[:i], func(o PrinterColumn[T]) bool { return o.Name == column.Name }),
			"column %s is declared twice", column.Name)
	}
	c.when(len(d.Families) == 0, "the table has no families")
	for i, f := range d.Families {
		c.family = f.Name
		c.when(slices.ContainsFunc(d.Families[:i], func(o FamilyDescription) bool { return o.Name == f.Name }), "the name is declared twice")
		c.describedFamily(f)
		if f.Identity != nil {
			c.identity(t.Families[i].Identity)
		}
		c.labels(f.Labels, f.IdentityIn(d))
		c.group(f)
		c.sparse(f)
		c.when(t.Families[i].Row == nil && t.Families[i].Derived == nil, "the family has no row")
		c.when(t.Families[i].Row != nil && t.Families[i].Derived != nil, "Derived excludes Row")
	}
	return errors.Join(c.errs...)
}

// A checker collects the faults of a table.
type checker struct {
	resource, family string
	errs             []error
}

// when adds a fault of the current family, or of the table if there is none.
func (c *checker) when(fault bool, format string, about ...any) {
	if !fault {
		return
	}
	where := "resource " + c.resource
	if c.family != "" {
		where += ": family " + c.family
	}
	c.errs = append(c.errs, fmt.Errorf("%s: %s", where, fmt.Sprintf(format, about...)))
}

var (
	groupName   = regexp.MustCompile(`^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)?$`)
	versionName = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)
	kindName    = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	releaseName = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+$`)
	fieldPath   = regexp.MustCompile(`^[a-zA-Z0-9_$-]+(\.[a-zA-Z0-9_$-]+)*$`)
)

func (c *checker) resourceNames(group, version, plural, kind string) {
	c.when(!groupName.MatchString(group), "group %q is not a DNS name", group)
	c.when(!versionName.MatchString(version), "version %q is not a name such as v1", version)
	c.when(!versionName.MatchString(plural), "plural %q is not a lower-case name", plural)
	c.when(!kindName.MatchString(kind), "kind %q is not a name in camel case", kind)
}

// identity checks the identity labels, which must distinguish objects.
func (c *checker) identity(identity Identity) {
	one, other := &metav1.ObjectMeta{Name: "a", UID: "a"}, &metav1.ObjectMeta{Name: "b", UID: types.UID("b")}
	distinct := false
	var keys []string
	for _, l := range identity {
		c.label(l.key)
		c.when(slices.Contains(keys, l.key), "identity label %s is declared twice", l.key)
		keys = append(keys, l.key)
		if l.value == nil {
			c.when(true, "identity label %s has no value", l.key)
			continue
		}
		distinct = distinct || l.reads(one) != l.reads(other)
	}
	c.when(!distinct, "no identity label has the name or the uid of an object")
}

// reads is the value of the label for o, empty if it needs another Go type.
func (l identityLabel) reads(o metav1.Object) (value string) {
	defer func() { _ = recover() }()
	return l.value(o)
}

func (c *checker) recipe(r Recipe, kind string) {
	for i, v := range r.Versions[1:] {
		c.when(!versionName.MatchString(v.Version), "older version %q is not a name such as v1beta1", v.Version)
		c.when(slices.Contains(r.Versions[:i+1], v), "version %s is declared twice", v.Version)
	}
	c.fields("Reads", r.Reads, r.GoType)
	c.fields("Mixed", r.Mixed, r.GoType)
	for _, path := range r.Mixed {
		c.when(path != "spec" && !strings.HasPrefix(path, "spec."), "Mixed: field %s is not of the spec", path)
		c.when(r.Reads != nil && !slices.ContainsFunc(r.Reads, func(read string) bool { return within(path, read) }), "Mixed: field %s is not in Reads", path)
	}
	c.when(len(r.Columns) > 0 && len(r.Reads) == 0, "columns need Reads, the fields that they set")
	c.when(r.Reset != nil && len(r.Mixed) == 0, "Reset has no effect without Mixed")
	if r.GoType == nil {
		c.when(len(r.Mixed) > 0, "Mixed needs a Go type")
		c.when(len(r.Columns) > 0, "columns need a Go type")
		return
	}
	c.when(r.GoType.Kind() != reflect.Pointer || r.GoType.Elem().Kind() != reflect.Struct, "Go type %s is not a pointer to a struct", r.GoType)
	c.when(!r.GoType.Implements(protobufMessage), "Go type %s has no protobuf form", r.GoType)
	c.when(strings.TrimLeft(r.GoType.String()[strings.LastIndexByte(r.GoType.String(), '.')+1:], "*") != kind, "Go type %s is not of the kind %s", r.GoType, kind)
}

// protobufMessage is what Go types with a protobuf form implement.
var protobufMessage = reflect.TypeFor[interface{ Unmarshal([]byte) error }]()

// within reports whether the field at path is the outer one or part of it.
func within(path, outer string) bool {
	rest, ok := strings.CutPrefix(path, outer)
	return ok && (rest == "" || rest[0] == '.')
}

// fields checks paths of fields in objects of a Go type, nil if that is not known.
func (c *checker) fields(list string, paths []string, of reflect.Type) {
	for i, path := range paths {
		c.when(!fieldPath.MatchString(path), "%s: %q is not a path of fields", list, path)
		c.when(path == "metadata" && len(paths) > 1, "%s: metadata is always read", list)
		for j, other := range paths {
			if i != j && within(path, other) && (path != other || i > j) {
				c.when(true, "%s: field %s is part of %s", list, path, other)
			}
		}
		c.when(of != nil && !hasField(of, strings.Split(path, ".")), "%s: %s has no field %s", list, of, path)
	}
}

// hasField reports whether the protobuf form of t has the field, by JSON names.
func hasField(t reflect.Type, path []string) bool {
	if len(path) == 0 {
		return true
	}
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("protobuf") == "":
		case name == path[0] && hasField(f.Type, path[1:]):
			return true
		case f.Anonymous && name == "" && hasField(f.Type, path):
			return true
		}
	}
	return false
}

// specOnly checks that SpecOnly families and Mixed fields come together.
func (c *checker) specOnly(r Recipe, families []FamilyDescription) {
	has := false
	for _, f := range families {
		has = has || f.SpecOnly
		c.family = f.Name
		c.when(f.SpecOnly && len(r.Mixed) == 0, "SpecOnly needs the Mixed fields of the table")
	}
	c.family = ""
	c.when(!has && len(r.Mixed) > 0, "Mixed has no effect without families that are SpecOnly")
}

// group checks the group of a family, and what needs one.
func (c *checker) group(f FamilyDescription) {
	c.when(f.Group != "" && !slices.Contains(Groups(), f.Group), "group %q does not exist", f.Group)
	c.when(f.Derived && f.SpecOnly, "Derived excludes SpecOnly")
}

// sparse checks that own labels tell the series of a Sparse family apart.
func (c *checker) sparse(f FamilyDescription) {
	c.when(f.Sparse && f.Type != exposition.Gauge, "Sparse needs a gauge")
	c.when(f.Sparse && slices.ContainsFunc(f.Labels, func(set []string) bool { return len(set) == 0 || slices.ContainsFunc(set, isDynamic) }),
		"Sparse needs own labels, none of which ends in *")
}

func (c *checker) describedFamily(f FamilyDescription) {
	c.when(!isName(f.Name), "%q is not the name of a metric", f.Name)
	switch f.Type {
	case exposition.Gauge, exposition.Counter, exposition.Histogram, exposition.Info, exposition.StateSet:
	default:
		c.when(true, "type %q does not exist", f.Type)
	}
	c.when(f.Type == exposition.Counter && !strings.HasSuffix(f.Name, "_total"), "the name of a counter ends in _total")
	c.when(f.Created && f.Type != exposition.Counter && f.Type != exposition.Histogram, "Created needs a counter or a histogram")
	c.when(f.Type == exposition.Histogram && !f.Created, "a histogram is Created")
	c.when(f.Type == exposition.Info && !strings.HasSuffix(f.Name, "_info"), "the name of an info family ends in _info")
	c.when(f.Stability != Stable && f.Stability != Alpha, "stability %q is neither %s nor %s", f.Stability, Stable, Alpha)
	c.when(f.DeprecatedSince != "" && !releaseName.MatchString(f.DeprecatedSince), "DeprecatedSince %q is not a release such as v1.2.3", f.DeprecatedSince)
	c.when(f.Help == "" || f.Help != strings.Join(strings.Fields(f.Help), " ") || strings.ContainsAny(f.Help[:1], "[("),
		"help %q is not a line of text", f.Help)
	c.when(!strings.HasSuffix(f.Help, "."), "help %q does not end in a full stop", f.Help)
}

// isName reports whether s can be the name of a metric or of a label.
func isName(s string) bool {
	for i, c := range []byte(s) {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// label checks the name of a label.
func (c *checker) label(name string) {
	c.when(!isName(name), "%q is not the name of a label", name)
	c.when(strings.HasPrefix(name, "__"), "label %s: names that begin with __ are Prometheus' own", name)
}

func isDynamic(key string) bool { return strings.HasSuffix(key, "*") }

// labels checks the sets of own labels of a family.
func (c *checker) labels(sets [][]string, identity []string) {
	dynamic := 0
	sizes := map[int]bool{} // of sets, without labels made from a map
	for _, set := range sets {
		size := len(set)
		if slices.ContainsFunc(set, isDynamic) {
			size--
		}
		c.when(sizes[size], "two sets of %d labels: a sample has the set of its number of values", size)
		sizes[size] = true
		for j, key := range set {
			if prefix, ok := strings.CutSuffix(key, "*"); ok {
				dynamic++
				c.when(!isName(prefix) || !strings.HasSuffix(prefix, "_"), "%q does not begin label names: it has to end in _*", key)
				c.when(len(set) > 1, "label %s has to be the only one of its set", key)
			} else {
				c.label(key)
			}
			c.when(slices.Contains(set[:j], key), "label %s is declared twice", key)
			for _, id := range identity {
				c.when(names(key, id), "label %s is one of the identity", id)
			}
		}
	}
	c.when(dynamic > 1, "more than one label ends in *")
}
