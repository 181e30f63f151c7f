package chart

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/process"
)

// object is the common part of the chart's and the kustomizations' objects.
type object struct {
	Kind     string
	Metadata struct {
		Name, Namespace string
		Annotations     map[string]string
	}
	Spec  map[string]any
	Rules []rule
}

// TestSameAsBase compares workloads, Services, disruption budgets and roles of the chart with those
// of the kustomizations.
func TestSameAsBase(t *testing.T) {
	kubectl, err := process.Built("kubectl")
	must(t, err)
	f := func(mode string, objects int, values ...string) {
		t.Helper()
		base, err := exec.CommandContext(t.Context(), kubectl, "kustomize", "../../deploy/kustomize/"+mode).Output()
		must(t, err)
		rendered, errs, ok := template(t, values...)
		if !ok {
			t.Fatal(errs)
		}
		want, got := common(t, string(base)), common(t, rendered)
		if len(want) != objects {
			t.Errorf("%s: %d of %d objects are in the base", mode, len(want), objects)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-deploy +chart):\n%s", mode, diff)
		}
	}
	f("base", 7)
	f("base/plain", 4, "--set", "standby.enabled=false")
	f("overlays/sharded", 7, "--set", "autosharding.enabled=true,replicas=2")
	f("overlays/sharded-available", 19, "--set", "autosharding.enabled=true,standby.enabled=true,replicas=4")
	f("overlays/available", 7, "--set", "replicas=2")
}

// common returns the workload, Services, disruption budget and the pods' own role of a manifest, by
// kind and name.
func common(t *testing.T, manifest string) map[string]object {
	t.Helper()
	found := map[string]object{}
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		var o object
		must(t, yaml.Unmarshal([]byte(document), &o))
		switch o.Kind {
		case "Service", "PodDisruptionBudget": // of a release in the chart, of all instances or components in the base
			delete(o.Spec, "selector")
			delete(o.Spec, "type")
			fallthrough
		case "Deployment", "StatefulSet", "Role", "RoleBinding", "Lease":
			found[o.Kind+" "+o.Metadata.Name] = o
		}
	}
	return found
}

// TestRules compares the rules of the chart with those of the kustomizations.
func TestRules(t *testing.T) {
	base, err := os.ReadFile("../../deploy/chart/files/prometheusrule/prometheusrule.yaml")
	must(t, err)
	rendered, errs, ok := template(t, "--set", "prometheusRule.enabled=true", "--set-json", `prometheusRule.groups=[{"name":"own","rules":[]}]`)
	if !ok {
		t.Fatal(errs)
	}
	var want object
	must(t, yaml.Unmarshal(base, &want))
	want.Spec["groups"] = append(want.Spec["groups"].([]any), map[string]any{"name": "own", "rules": []any{}})
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var got object
		must(t, yaml.Unmarshal([]byte(document), &got))
		if got.Kind == "PrometheusRule" {
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-deploy +chart):\n%s", diff)
			}
			return
		}
	}
	t.Error("no PrometheusRule")
}
