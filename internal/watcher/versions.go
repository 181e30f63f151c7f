package watcher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// older gives the versions of resources that are read where the API server does
// not have the one of the table, best first. Their protobuf messages have the
// same fields under the same numbers, so that one can be read as the other. That
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

// versions gives the resource in all versions that can be read, best first.
func versions(r schema.GroupVersionResource) []schema.GroupVersionResource {
	all := []schema.GroupVersionResource{r}
	for _, version := range older[r.GroupResource()] {
		all = append(all, r.GroupResource().WithVersion(version))
	}
	return all
}

// served asks the API server for something of the source's resource. If it does
// not have that, and has the resource in another version that can be read, the
// question is put again, and that version is remembered.
func served[T any](ctx context.Context, s *source, ask func() (T, error)) (T, error) {
	answer, err := ask()
	if apierrors.IsNotFound(err) && s.chooseVersion(ctx) {
		return ask()
	}
	return answer, err
}

// chooseVersion looks for a version that the API server has.
func (s *source) chooseVersion(ctx context.Context) bool {
	for _, r := range versions(s.feed.resource.Resource) {
		if r != s.resource && s.client.serves(ctx, r) {
			s.resource = r
			s.log.Info("reading another version of the resource, since the API server does not have the first", "version", r.GroupVersion())
			return true
		}
	}
	return false
}

// serves asks the API server whether it has a resource in a version.
func (c *Client) serves(ctx context.Context, r schema.GroupVersionResource) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := c.groups[r.GroupVersion()].Get().AbsPath("/apis", r.Group, r.Version).
		SetHeader("Accept", runtime.ContentTypeJSON).DoRaw(ctx)
	var list metav1.APIResourceList
	if err != nil || json.Unmarshal(answer, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list.APIResources, func(a metav1.APIResource) bool { return a.Name == r.Resource })
}

// understand gives an object as the feed's rows read it. It fails for what is
// of another resource.
func (f *Feed) understand(object runtime.Object) (apiObject, error) {
	if f.want != nil && reflect.TypeOf(object) != f.want {
		return nil, fmt.Errorf("%T in place of %s: %w", object, f.resource.GoType, errOtherResource)
	}
	o, ok := object.(apiObject)
	if !ok {
		return nil, fmt.Errorf("%T is no Kubernetes object", object)
	}
	return o, nil
}

var errOtherResource = errors.New("not of the resource")
