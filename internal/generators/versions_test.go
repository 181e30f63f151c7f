package generators_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// TestOlderVersionsAreTheSame holds that the messages of an older version have the fields of the
// table's: number, encoding, name, JSON name and type.
func TestOlderVersionsAreTheSame(t *testing.T) {
	types := scheme.Scheme.AllKnownTypes()
	for _, r := range registry.Resources() {
		d := r.Describe()
		for _, version := range r.Recipe().Versions[1:] {
			older := types[schema.GroupVersionKind{Group: d.Kind.Group, Version: version.Version, Kind: d.Kind.Kind}]
			if older == nil {
				t.Errorf("there is no %s", version)
				continue
			}
			for _, difference := range fieldDifferences(d.Kind.Kind, types[d.Kind], older, map[reflect.Type]bool{}) {
				t.Errorf("%s: %s", version, difference)
			}
		}
	}
}

// TestDifferences holds that fieldDifferences detects incompatible versions.
func TestDifferences(t *testing.T) {
	types := scheme.Scheme.AllKnownTypes()
	f := func(group, kind, version, older string) {
		t.Helper()
		of := func(version string) reflect.Type {
			return types[schema.GroupVersionKind{Group: group, Version: version, Kind: kind}]
		}
		if fieldDifferences(kind, of(version), of(older), map[reflect.Type]bool{}) == nil {
			t.Errorf("%s %s and %s are the same", kind, version, older)
		}
	}
	f("discovery.k8s.io", "EndpointSlice", "v1", "v1beta1")
	f("networking.k8s.io", "Ingress", "v1", "v1beta1")
	f("autoscaling", "HorizontalPodAutoscaler", "v2", "v1")
	f("rbac.authorization.k8s.io", "ClusterRole", "v1", "v1alpha1")
	f("apps", "Deployment", "v1", "v1beta1")
}

// fieldDifferences compares the protobuf messages of two types.
func fieldDifferences(path string, a, b reflect.Type, seen map[reflect.Type]bool) []string {
	// Pointers and values have the same encoding.
	if a.Kind() == reflect.Pointer {
		a = a.Elem()
	}
	if b.Kind() == reflect.Pointer {
		b = b.Elem()
	}
	if a.Kind() != b.Kind() {
		return []string{fmt.Sprintf("%s is %s and %s", path, a, b)}
	}
	switch a.Kind() {
	case reflect.Slice:
		return fieldDifferences(path, a.Elem(), b.Elem(), seen)
	case reflect.Map:
		return append(fieldDifferences(path, a.Key(), b.Key(), seen), fieldDifferences(path, a.Elem(), b.Elem(), seen)...)
	case reflect.Struct:
	default:
		return nil
	}
	if a == b || seen[a] {
		return nil
	}
	seen[a] = true
	var all []string
	fields := fieldsOf(b)
	for number, f := range fieldsOf(a) {
		inner := path + "." + f.Name
		g, ok := fields[number]
		delete(fields, number)
		switch {
		case !ok:
			all = append(all, inner+" is new")
		case f.Name != g.Name || encoding(f) != encoding(g) || jsonName(f) != jsonName(g):
			all = append(all, fmt.Sprintf("%s is %s and %s", inner, f.Tag, g.Tag))
		default:
			all = append(all, fieldDifferences(inner, f.Type, g.Type, seen)...)
		}
	}
	for _, g := range fields {
		all = append(all, path+"."+g.Name+" is gone")
	}
	return all
}

// fieldsOf returns the fields of a message by number.
func fieldsOf(message reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for f := range message.Fields() {
		if tag := strings.Split(f.Tag.Get("protobuf"), ","); len(tag) > 1 {
			fields[tag[1]] = f
		}
	}
	return fields
}

func encoding(f reflect.StructField) string {
	encoding, _, _ := strings.Cut(f.Tag.Get("protobuf"), ",")
	return encoding
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}
