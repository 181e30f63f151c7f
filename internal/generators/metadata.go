package generators

import (
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rows of the object metadata.

// created is the creation timestamp.
func created[T metav1.Object](o T, s *Samples) {
	t := o.GetCreationTimestamp()
	s.Time(&t)
}

// deleted is the deletion timestamp, which includes the grace period.
func deleted[T metav1.Object](o T, s *Samples) { s.Time(o.GetDeletionTimestamp()) }

// generation is the generation of the spec.
func generation[T metav1.Object](o T, s *Samples) { s.Int(o.GetGeneration()) }

// resourceVersion is the resource version, if it is a number.
func resourceVersion[T metav1.Object](o T, s *Samples) {
	if v := o.GetResourceVersion(); v != "" {
		if number, err := strconv.ParseFloat(v, 64); err == nil {
			s.Float(number)
		}
	}
}

// exists is 1 for each object.
func exists[T metav1.Object](_ T, s *Samples) { s.One() }

// labels are the object's labels that the allowlist selects.
func labels[T metav1.Object](o T, s *Samples) { s.Allowed(o.GetLabels()) }

// annotations are the object's annotations that the allowlist selects.
func annotations[T metav1.Object](o T, s *Samples) { s.Allowed(o.GetAnnotations()) }

// owners are the kind and the name of each owner, empty without owners.
func owners[T metav1.Object](o T, s *Samples) {
	eachOwner(o, func(owner *metav1.OwnerReference, _ string) { s.One(owner.Kind, owner.Name) })
}

// ownersAndController is owners with a label for the controller.
func ownersAndController[T metav1.Object](o T, s *Samples) {
	eachOwner(o, func(owner *metav1.OwnerReference, isController string) { s.One(owner.Kind, owner.Name, isController) })
}

// eachOwner calls f for each owner of o, with "true" for the controller and "false" for
// others, and once with empty values if o has no owners.
func eachOwner(o metav1.Object, f func(owner *metav1.OwnerReference, isController string)) {
	refs := o.GetOwnerReferences()
	if len(refs) == 0 {
		f(&noOwner, "")
	}
	for i := range refs {
		f(&refs[i], strconv.FormatBool(value(refs[i].Controller)))
	}
}

var noOwner metav1.OwnerReference

// formatOptional is "true" or "false", or empty if b is nil.
func formatOptional(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// value is *p, or the zero value if p is nil.
func value[V any](p *V) V {
	var zero V
	return valueOr(p, zero)
}

// valueOr is *p, or absent if p is nil.
func valueOr[V any](p *V, absent V) V {
	if p == nil {
		return absent
	}
	return *p
}
