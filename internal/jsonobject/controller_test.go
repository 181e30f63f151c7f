package jsonobject_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// TestOwnerReferences expects the first controller reference alone, of an object and of an item.
func TestOwnerReferences(t *testing.T) {
	f := func(references string, want ...metav1.OwnerReference) {
		t.Helper()
		text := `{"spec":{"metadata":{"ownerReferences":[{"controller":true}]}},"metadata":{"labels":{"a":"b"},"ownerReferences":` + references + `,"name":"x"},"status":{}}`
		alone, err := jsonobject.Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		list, err := jsonobject.Parse([]byte(`{"items":[ ` + text + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		item := &list.(*jsonobject.List).Items[0]
		for _, o := range []metav1.Object{alone.(*jsonobject.Object), item, item.DeepCopyObject().(*jsonobject.Object)} {
			if d := cmp.Diff(want, o.GetOwnerReferences()); d != "" {
				t.Errorf("%s (-want +got):\n%s", references, d)
			}
		}
	}
	controller := metav1.OwnerReference{Kind: "K", Name: "n", UID: "u", Controller: new(true)}
	f(`null`)
	f(`[]`)
	f(`{"controller":true}`)
	f(`[1,"controller",null]`)
	f(`[{"kind":"K","name":"n","uid":"u"}]`)
	f(`[{"kind":"K","name":"n","uid":"u","controller":false}]`)
	f(`[{"kind":"K","name":"n","uid":"u","controller":"true"}]`)
	f(`[{"apiVersion":"v","kind":"K","name":"n","uid":"u","controller":true,"blockOwnerDeletion":true}]`, controller)
	f(`[{"kind":"A","name":"a"},{"controller":true,"uid":"u","name":"n","kind":"K"},{"kind":"B","controller":true}]`, controller)
	if got := (&jsonobject.Object{}).GetOwnerReferences(); got != nil {
		t.Errorf("an object without JSON has %v", got)
	}
}
