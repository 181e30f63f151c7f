package generators

import "k8s.io/apimachinery/pkg/runtime/schema"

// older gives the versions of resources that are read where the API server does
// not have the one of the table, and from files, best first. Their protobuf messages have the
// same fields under the same numbers, and their JSON the same names, so that one can be read as the other. That
// is not so of what is left out: endpointslices and ingresses in v1beta1,
// horizontalpodautoscalers in v1.
var older = map[schema.GroupResource][]string{
	{Group: "admissionregistration.k8s.io", Resource: "mutatingadmissionpolicies"}:         {"v1beta1", "v1alpha1"},
	{Group: "admissionregistration.k8s.io", Resource: "mutatingadmissionpolicybindings"}:   {"v1beta1", "v1alpha1"},
	{Group: "admissionregistration.k8s.io", Resource: "mutatingwebhookconfigurations"}:     {"v1beta1"},
	{Group: "admissionregistration.k8s.io", Resource: "validatingadmissionpolicies"}:       {"v1beta1", "v1alpha1"},
	{Group: "admissionregistration.k8s.io", Resource: "validatingadmissionpolicybindings"}: {"v1beta1", "v1alpha1"},
	{Group: "admissionregistration.k8s.io", Resource: "validatingwebhookconfigurations"}:   {"v1beta1"},
	{Group: "batch", Resource: "cronjobs"}:                                                 {"v1beta1"},
	{Group: "certificates.k8s.io", Resource: "certificatesigningrequests"}:                 {"v1beta1"},
	{Group: "coordination.k8s.io", Resource: "leases"}:                                     {"v1beta1"},
	{Group: "networking.k8s.io", Resource: "ingressclasses"}:                               {"v1beta1"},
	{Group: "policy", Resource: "poddisruptionbudgets"}:                                    {"v1beta1"},
	{Group: "storage.k8s.io", Resource: "volumeattachments"}:                               {"v1beta1", "v1alpha1"},
}

// Versions gives the resource in all versions that can be read, best first.
func Versions(r schema.GroupVersionResource) []schema.GroupVersionResource {
	all := []schema.GroupVersionResource{r}
	for _, version := range older[r.GroupResource()] {
		all = append(all, r.GroupResource().WithVersion(version))
	}
	return all
}
