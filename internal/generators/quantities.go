package generators

import (
	"math"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

// milli is q to three decimal places, rounded up. A q whose thousandths overflow int64 is
// rounded up to a whole number.
func milli(q *resource.Quantity) float64 {
	if v := q.Value(); v > math.MaxInt64/1000 {
		return float64(v)
	}
	return float64(q.MilliValue()) / 1000
}

// Quantities adds every entry of m to three decimal places. The entry's key
// comes before the labels.
func (s *Samples) Quantities(m corev1.ResourceList, labels ...string) {
	s.keys = sortedKeys(s.keys[:0], m)
	for _, key := range s.keys {
		s.values = append(append(s.values[:0], key), labels...)
		s.Milli(m[corev1.ResourceName(key)], s.values...)
	}
}

// eachQuantity calls f for each entry of m with a known unit, once for each unit, in the
// order of names. f gets the name as a label value.
func (s *Samples) eachQuantity(m corev1.ResourceList, f func(name, unit string, q resource.Quantity)) {
	s.keys = sortedKeys(s.keys[:0], m)
	for _, key := range s.keys {
		name := s.resourceName(key)
		for _, unit := range name.units {
			f(name.label, unit, m[corev1.ResourceName(key)])
		}
	}
}

// resourceName is the label value and the units of a compute resource.
type resourceName struct {
	label string   // the name as a label value
	units []string // of its quantities
}

// memoized bounds each cache of a Renderer, in entries.
const memoized = 4096

// resourceName looks a name up in the cache: a cluster has few names.
func (s *Samples) resourceName(name string) resourceName {
	if n, ok := s.resourceNames[name]; ok {
		return n
	}
	if s.resourceNames == nil || len(s.resourceNames) >= memoized {
		s.resourceNames = make(map[string]resourceName)
	}
	name = strings.Clone(name)
	n := resourceName{label: sanitize(name), units: units(name)}
	s.resourceNames[name] = n
	return n
}

func units(name string) []string {
	switch corev1.ResourceName(name) {
	case corev1.ResourceCPU:
		return []string{"core"}
	case corev1.ResourceMemory, corev1.ResourceStorage, corev1.ResourceEphemeralStorage:
		return []string{"byte"}
	case corev1.ResourcePods:
		return []string{"integer"}
	}
	var us []string
	if strings.HasPrefix(name, corev1.ResourceHugePagesPrefix) || strings.HasPrefix(name, corev1.ResourceAttachableVolumesPrefix) {
		us = append(us, "byte")
	}
	if isExtended(name) {
		us = append(us, "integer")
	}
	return us
}

// isExtended reports whether name is an extended resource by the rules of the Kubernetes
// API: a qualified name, also with the quota prefix "requests.", in a domain outside
// kubernetes.io.
func isExtended(name string) bool {
	return strings.Contains(name, "/") &&
		!strings.Contains(name, corev1.ResourceDefaultNamespacePrefix) &&
		!strings.HasPrefix(name, corev1.DefaultResourceRequestsPrefix) &&
		len(validation.IsQualifiedName(corev1.DefaultResourceRequestsPrefix+name)) == 0
}

// sanitize replaces each character but letters, digits and _ by _.
func sanitize(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
}
