package generators

import (
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// groups register the Go types of the built-in tables' API groups, and no others: a
// registered type takes memory.
var groups = runtime.NewSchemeBuilder(
	admissionv1.AddToScheme,
	appsv1.AddToScheme,
	autoscalingv2.AddToScheme,
	batchv1.AddToScheme,
	certificatesv1.AddToScheme,
	coordinationv1.AddToScheme,
	corev1.AddToScheme,
	discoveryv1.AddToScheme,
	networkingv1.AddToScheme,
	policyv1.AddToScheme,
	rbacv1.AddToScheme,
	storagev1.AddToScheme,
)

// newScheme registers the Go types of all resources. The type of an older version is that
// of the table's version, so that objects of both decode to the type of the rows.
func (r *Registry) newScheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := groups.AddToScheme(s); err != nil {
		panic("BUG: " + err.Error())
	}
	for _, resource := range r.resources {
		d, recipe := resource.Describe(), resource.Recipe()
		if recipe.GoType == nil {
			continue
		}
		for _, v := range recipe.Versions[1:] {
			for _, kind := range []string{d.Kind.Kind, d.Kind.Kind + "List"} {
				object, err := s.New(d.Kind.GroupVersion().WithKind(kind))
				if err != nil {
					panic("BUG: " + err.Error())
				}
				s.AddKnownTypeWithName(v.GroupVersion().WithKind(kind), object)
			}
			metav1.AddToGroupVersion(s, v.GroupVersion())
		}
	}
	return s
}
