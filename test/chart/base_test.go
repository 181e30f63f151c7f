package chart

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// object is what of an object the chart and the kustomizations have in common.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Spec map[string]any
}

// TestSameAsBase compares what runs by default, and how it is reached, with what
// the kustomizations give.
func TestSameAsBase(t *testing.T) {
	base, err := os.ReadFile("../../deploy/kubestate.yaml")
	must(t, err)
	rendered, errs, ok := template(t)
	if !ok {
		t.Fatal(errs)
	}
	want, got := common(t, string(base)), common(t, rendered)
	if len(want) != 3 {
		t.Errorf("%d of three objects are in the base", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-deploy/base +chart):\n%s", diff)
	}
}

// common gives the workload and the Services of a manifest, by kind and name.
func common(t *testing.T, manifest string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		var o object
		must(t, yaml.Unmarshal([]byte(document), &o))
		switch o.Kind {
		case "Service": // of a release in the chart, of all instances in the base
			delete(o.Spec, "selector")
			delete(o.Spec, "type")
			fallthrough
		case "Deployment":
			found[o.Kind+" "+o.Metadata.Name] = o
		}
	}
	return found
}
