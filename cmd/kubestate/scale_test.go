package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// scaledDefinition returns an established definition of plural.example.com with the paths of a scale
// subresource; none if they are empty.
func scaledDefinition(plural, spec, status string) *apiextensionsv1.CustomResourceDefinition {
	version := apiextensionsv1.CustomResourceDefinitionVersion{Name: "v1", Served: true}
	if spec != "" {
		version.Subresources = &apiextensionsv1.CustomResourceSubresources{
			Scale: &apiextensionsv1.CustomResourceSubresourceScale{SpecReplicasPath: spec, StatusReplicasPath: status},
		}
	}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: plural + ".example.com", UID: types.UID(plural)},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "example.com", Scope: apiextensionsv1.NamespaceScoped,
			Names:    apiextensionsv1.CustomResourceDefinitionNames{Plural: plural, Kind: strings.ToUpper(plural[:1]) + plural[1:len(plural)-1]},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{version},
		},
		Status: apiextensionsv1.CustomResourceDefinitionStatus{Conditions: []apiextensionsv1.CustomResourceDefinitionCondition{
			{Type: apiextensionsv1.Established, Status: apiextensionsv1.ConditionTrue},
		}},
	}
}

// TestScaleSubresources changes the scale subresource of a definition: the series of its kind follow,
// and no other resource is rebuilt.
func TestScaleSubresources(t *testing.T) {
	const config = "spec: {resources: [{groupVersionKind: {group: example.com}, conditions: true}, {groupVersionKind: {group: example.com, kind: Rollout}, conditions: true}]}"
	r := newCustomReloader(t, "--apiserver", "http://127.0.0.1:1", "--resources=pods,deployments", "--workload-metrics=attribution", "--custom-resource-state-config", config)
	object, err := jsonobject.Parse([]byte(`{"apiVersion":"example.com/v1","kind":"Rollout","metadata":{"name":"web","namespace":"shop","uid":"u"},"spec":{"replicas":3,"size":4},"status":{"replicas":1}}`))
	check(t, err)
	f := func(step string, d *apiextensionsv1.CustomResourceDefinition, rebuilt []string, want ...string) {
		t.Helper()
		check(t, clusterOf(r).custom.catalog.Set(d))
		opts := *r.current.Load()
		clusterOf(r).custom.refresh(t.Context(), opts, false)
		config, err := clusterOf(r).config(opts)
		check(t, err)
		if d := cmp.Diff(rebuilt, clusterOf(r).watched.Change(config)); d != "" {
			t.Errorf("%s: rebuilt (-want +got):\n%s", step, d)
		}
		at := slices.IndexFunc(config.Resources, func(r generators.Resource) bool { return r.Describe().Key == "rollouts.v1.example.com" })
		text, _ := config.Resources[at].Compile(config.Selection).Render(nil, nil, object.(*jsonobject.Object))
		got := slices.DeleteFunc(strings.Split(string(text), "\n"), func(line string) bool { return line == "" })
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", step, d)
		}
	}
	const desired, current = `kubestate_workload_replicas{namespace="shop",workload_kind="Rollout",workload="web",state="desired"} `,
		`kubestate_workload_replicas{namespace="shop",workload_kind="Rollout",workload="web",state="current"} `
	only := []string{"rollouts.v1.example.com"}
	f("without", scaledDefinition("rollouts", "", ""), only)
	f("with", scaledDefinition("rollouts", ".spec.replicas", ".status.replicas"), only, desired+"3", current+"1")
	status := scaledDefinition("rollouts", ".spec.replicas", ".status.replicas")
	status.Status.StoredVersions = []string{"v1"}
	f("a status", status, nil, desired+"3", current+"1")
	f("other paths", scaledDefinition("rollouts", ".spec.size", ".status.none"), only, desired+"4", current+"0")
	f("another kind", scaledDefinition("fleets", ".spec.replicas", ".status.replicas"), []string{"fleets.v1.example.com"}, desired+"4", current+"0")
	f("without again", scaledDefinition("rollouts", "", ""), only)
}

// TestReplicasOfSnapshots serves golden custom resources with a scale subresource from files, with
// and without the group.
func TestReplicasOfSnapshots(t *testing.T) {
	dir := filepath.Join(goldenCustom, "scale")
	wantCustom(t, dir, "", "--workload-metrics=attribution")
	wantCustom(t, dir, "kubestate_workload_replicas")
}
