package discovery_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/projection"
)

// TestReads holds that a projected definition has the same kind, and no schema.
func TestReads(t *testing.T) {
	d := withScales(definition("a.example.com", "v1", "v2-", "v3"), ".spec.a .status.b", ".spec.x .status.x", "")
	for i := range d.Spec.Versions {
		d.Spec.Versions[i].Schema = &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{Type: "object"}}
	}
	want, _ := discovery.KindOf(d)
	wire, err := d.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	n := projection.Compile(reflect.TypeOf(d), discovery.Definitions.Recipe().Reads).NewCutter().Object(wire)
	cut := &apiextensionsv1.CustomResourceDefinition{}
	if err := cut.Unmarshal(wire[:n]); err != nil {
		t.Fatal(err)
	}
	got, _ := discovery.KindOf(cut)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-whole +projected):\n%s", d)
	}
	for _, v := range cut.Spec.Versions {
		if v.Schema != nil {
			t.Errorf("version %s has its schema", v.Name)
		}
	}
	if len(want.Scales) != 1 || want.Scales["v1"].StatusReplicas != ".status.b" {
		t.Errorf("scale subresources: %+v", want.Scales)
	}
}
