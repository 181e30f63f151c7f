package generators

import (
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Rows that many resources share, on what every object has.

// created is the time at which the object was created.
func created[T metav1.Object](o T, s *Samples) {
	t := o.GetCreationTimestamp()
	s.Time(&t)
}

// deleted is the time at which the object may be removed, once it is deleted.
func deleted[T metav1.Object](o T, s *Samples) { s.Time(o.GetDeletionTimestamp()) }

// generation counts the changes of the object's wanted state.
func generation[T metav1.Object](o T, s *Samples) { s.Int(o.GetGeneration()) }

// resourceVersion is the object's version as far as that is a number.
func resourceVersion[T metav1.Object](o T, s *Samples) {
	if v := o.GetResourceVersion(); v != "" {
		if number, err := strconv.ParseFloat(v, 64); err == nil {
			s.Float(number)
		}
	}
}

// exists says only that there is the object.
func exists[T metav1.Object](_ T, s *Samples) { s.One() }

// labels are the object's labels, those that the allowlist lets through.
func labels[T metav1.Object](o T, s *Samples) { s.Allowed(o.GetLabels()) }

// annotations are the object's annotations, those that the allowlist lets
// through.
func annotations[T metav1.Object](o T, s *Samples) { s.Allowed(o.GetAnnotations()) }

// owners are the kind and the name of each owner, empty if there is none.
func owners[T metav1.Object](o T, s *Samples) {
	eachOwner(o, func(owner *metav1.OwnerReference, _ string) { s.One(owner.Kind, owner.Name) })
}

// ownersAndController is owners with whether the owner is the controller.
func ownersAndController[T metav1.Object](o T, s *Samples) {
	eachOwner(o, func(owner *metav1.OwnerReference, isController string) { s.One(owner.Kind, owner.Name, isController) })
}

// eachOwner calls f for each owner of o, with "true" or "false" for whether it
// is the controller, and once with empty values if o has no owners.
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
