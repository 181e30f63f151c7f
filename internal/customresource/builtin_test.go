package customresource_test

import (
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestCheckBuiltin has families with names of built-in ones.
func TestCheckBuiltin(t *testing.T) {
	registry, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	f := func(fields, want string) {
		t.Helper()
		c := parse(t, ofWidgets(fields)+"\n")
		c.CheckBuiltin(registry.Resources())
		got := ""
		if len(c.Faults) > 0 {
			got = c.Faults[0].Error()
		}
		if got != want || (len(c.Entries) == 0) != (want != "") {
			t.Errorf("%s: %d entries, faults %q, want %q", fields, len(c.Entries), c.Faults, want)
		}
	}
	family := func(name, typ, fields string) string {
		return "metrics: [{name: " + name + ", " + fields + "each: {type: " + typ + ", " + typ + ": {path: [spec]}}}]"
	}
	const labels = "labelsFromPath: {namespace: [metadata, namespace], pod: [metadata, name], uid: [metadata, uid]}, "
	f(family("widget_pods", "gauge", ""), "")
	f(family("kube_pod_created", "gauge", labels), "")
	f(labels+family("kube_pod_created", "gauge", ""), "")
	f(family("kube_pod_created", "gauge", "labelsFromPath: {pod: [metadata, name], uid: [metadata, uid]}, commonLabels: {namespace: x}, "), "")
	f("commonLabels: {namespace: x, pod: x, uid: x}, "+family("kube_pod_created", "gauge", ""), "")
	f("labelsFromPath: {namespace: [metadata, namespace], pod: [metadata, name]}, metrics: [{name: kube_pod_created, each: {type: gauge, gauge: {path: [spec], labelFromKey: uid}}}]", "")
	f(family("kube_pod_created", "info", labels), "crs.yaml:1: family kube_pod_created is a gauge of resource pods: give it the type gauge, or another name")
	f(family("kube_pod_created", "gauge", ""), "crs.yaml:1: family kube_pod_created of resource pods has the label namespace: give it that label, or another name")
	f(family("kube_pod_created", "gauge", "labelsFromPath: {namespace: [metadata, namespace], pod: [metadata, name]}, "), "crs.yaml:1: family kube_pod_created of resource pods has the label uid: give it that label, or another name")
	f("conditions: true", "")
}

// TestFamilyWith holds which labels families can have.
func TestFamilyWith(t *testing.T) {
	f := func(fields, labels string) {
		t.Helper()
		c := parse(t, ofWidgets(fields)+"\n")
		for label := range strings.FieldsSeq(labels) {
			if family, position := c.FamilyWith(label, func(string) bool { return true }); family == "" || position == "" {
				t.Errorf("%s: label %s: family %q at %q", fields, label, family, position)
			}
			if family, _ := c.FamilyWith(label, func(string) bool { return false }); family != "" {
				t.Errorf("%s: label %s: family %s is not exported", fields, label, family)
			}
		}
		if family, position := c.FamilyWith("cluster", func(string) bool { return true }); family+position != "" {
			t.Errorf("%s: %s at %s has a label cluster", fields, family, position)
		}
	}
	const gauge = "metrics: [{name: m, each: {type: gauge, gauge: {path: [spec]%s}}}]"
	of := func(fields string) string { return strings.Replace(gauge, "%s", fields, 1) }
	f(of(""), "customresource_kind")
	f("commonLabels: {a: x}, labelsFromPath: {b-c: [metadata, name]}, "+of(""), "a b_c")
	f(of(", labelFromKey: a, labelsFromPath: {b: [x]}"), "a b")
	f("metrics: [{name: m, commonLabels: {a: x}, labelsFromPath: {b: [metadata, name]}, each: {type: stateset, stateSet: {labelName: c, list: [x], path: [spec]}}}]", "a b c")
	f("conditions: true", "name namespace condition status")
	f(`labelsFromPath: {"*": [metadata, labels], "clus*": [metadata, labels]}, `+of(""), "customresource_group")
}
