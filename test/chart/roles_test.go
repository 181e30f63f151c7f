package chart

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/process"
)

// role is a role or a role binding, without labels.
type role struct {
	Kind     string
	Metadata struct{ Name, Namespace string }
	Rules    []rule
	RoleRef  map[string]string
	Subjects []map[string]string
}

type rule struct{ APIGroups, Resources, ResourceNames, Verbs []string }

// roles returns the roles of a manifest, by kind and name.
func roles(t *testing.T, manifest string) map[string]role {
	t.Helper()
	found := map[string]role{}
	for document := range strings.SplitSeq(manifest, "\n---\n") {
		var r role
		must(t, yaml.Unmarshal([]byte(document), &r))
		switch r.Kind {
		case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
			found[r.Kind+" "+r.Metadata.Namespace+"/"+r.Metadata.Name] = r
		}
	}
	return found
}

// TestRoles compares the roles of the chart with those that kubestate prints for the same resources
// and namespaces.
func TestRoles(t *testing.T) {
	program, err := process.Built("kubestate")
	must(t, err)
	g := func(set []string, args ...string) {
		t.Helper()
		printed, err := exec.CommandContext(t.Context(), program, append([]string{"rbac"}, args...)...).Output()
		must(t, err)
		rendered, errs, ok := template(t, append([]string{"--set", "standby.enabled=false"}, set...)...)
		if !ok {
			t.Fatal(errs)
		}
		want, got := roles(t, string(printed)), roles(t, rendered)
		if len(want) == 0 {
			t.Fatal("kubestate prints no roles")
		}
		// The account is in the namespace of the release.
		for _, r := range want {
			for _, s := range r.Subjects {
				s["namespace"] = "kubestate"
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: roles (-kubestate rbac +chart):\n%s", set, diff)
		}
	}
	// The chart has workload metrics by default.
	const attribution = "--workload-metrics=attribution"
	f := func(values string, args ...string) {
		t.Helper()
		g([]string{"--set", values}, append(args, attribution)...)
	}
	without := func(values string, args ...string) {
		t.Helper()
		g([]string{"--set", values}, args...)
	}
	g(nil, attribution)
	f("collectors={pods}", "--resources=pods")
	f("collectors={pods},namespaceSelector=monitoring=on", "--resources=pods", "--namespace-selector=monitoring=on")
	without("collectors={pods},workloadMetrics={}", "--resources=pods")
	without("collectors={pods},compatibility=kube-state-metrics,fullnameOverride=kubestate", "--resources=pods")
	f("collectors={pods},compatibility=kube-state-metrics,fullnameOverride=kubestate,workloadMetrics=attribution", "--resources=pods")
	f("collectors={serviceaccounts,pods,nodes,ingresses,networkpolicies}", "--resources=pods,nodes,ingresses,networkpolicies,serviceaccounts")
	f("namespaces=shop", "--namespaces=shop")
	f("namespaces={shop,bank}", "--namespaces=shop,bank")
	f("namespaces={shop,bank},collectors={pods,nodes}", "--namespaces=shop,bank", "--resources=pods,nodes")
	f("namespaces=shop,collectors={pods}", "--namespaces=shop", "--resources=pods")
	f("collectors={nodes},namespaces=shop", "--resources=nodes", "--namespaces=shop")
	f("collectors={nodes,services}", "--resources=nodes,services")
	f("workloadMetrics={attribution},collectors={nodes,services}", "--resources=nodes,services")
	f("workloadMetrics={attribution},namespaces=shop,collectors={pods,nodes,jobs}", "--namespaces=shop", "--resources=pods,nodes,jobs")
	without("workloadMetrics={verdicts},collectors={jobs}", "--workload-metrics=verdicts", "--resources=jobs")
	without("workloadMetrics={verdicts},collectors={pods,cronjobs},namespaces=shop", "--workload-metrics=verdicts", "--resources=pods,cronjobs", "--namespaces=shop")
	without("workloadMetrics={verdicts},collectors={deployments}", "--workload-metrics=verdicts", "--resources=deployments")
	without("workloadMetrics={attribution,verdicts},collectors={pods,jobs}", "--workload-metrics=attribution,verdicts", "--resources=pods,jobs")
	f("authFilter.enabled=true", "--auth-filter")
	f("authFilter.enabled=true,namespaces=shop,collectors={pods}", "--auth-filter", "--namespaces=shop", "--resources=pods")
	f("clusters.enabled=true,clusters.secrets={a},clusters.list[0].name=hub,clusters.list[0].home=true,collectors={pods}", "--resources=pods")
	f("clusters.enabled=true,clusters.secrets={a},clusters.list[0].name=hub,clusters.list[0].home=true,clusters.list[0].resources={pods,secrets},collectorsExclude={secrets}", "--resources=pods,secrets")
	f("clusters.enabled=true,clusters.secrets={a},clusters.list[0].name=hub,clusters.list[0].home=true,clusters.list[0].resources={nodes}", "--resources=nodes")
	f("releaseNamespace=true,collectors={pods}", "--namespaces=kubestate", "--resources=pods")
	f("autosharding.enabled=true", "--pod=kubestate-0", "--pod-namespace=kubestate")
	f("standby.enabled=true", "--lease=kubestate", "--pod-namespace=kubestate")
	config := filepath.Join(t.TempDir(), "config.yaml")
	must(t, os.WriteFile(config, []byte(customConfig), 0o600))
	const custom = "collectors={pods},customResourceState.enabled=true"
	f(custom+",customResourceState.presets={flux,cluster-api,vpa}", "--resources=pods", "--custom-resource-presets=flux,cluster-api,vpa")
	for _, args := range [][]string{{"--set-file", "customResourceState.config=" + config}, {"--set-json", "customResourceState.config=" + asJSON(t, customConfig)}} {
		g(append(args, "--set", custom), "--resources=pods", "--custom-resource-state-config-file="+config, attribution)
		g(append(args, "--set", custom+",namespaces=shop"), "--resources=pods", "--namespaces=shop", "--custom-resource-state-config-file="+config, attribution)
		g(append(args, "--set", "customResourceState.enabled=true,extraArgs={--custom-resource-state-only}"), "--custom-resource-state-only", "--custom-resource-state-config-file="+config, attribution)
	}
	every := strings.Join(known(t), ",")
	f("collectors={"+every+"}", "--resources="+every)
}

// customConfig has kinds with each way to guess a plural, in two groups.
const customConfig = `
spec:
  resources:
  - {groupVersionKind: {group: example.com, version: v1, kind: Widget}, conditions: true}
  - {groupVersionKind: {group: example.com, version: v2, kind: Widget}, conditions: true}
  - {groupVersionKind: {group: example.com, version: v1, kind: GatewayClass}, conditions: true}
  - {groupVersionKind: {group: example.net, version: v1, kind: Policy}, conditions: true}
  - {groupVersionKind: {group: example.net, version: v1, kind: NetworkEndpoints}, conditions: true}
  - {groupVersionKind: {group: example.net, version: v1, kind: Sheep}, resourcePlural: sheep, conditions: true}
  - {groupVersionKind: {group: example.org}, conditions: true}
  - {groupVersionKind: {group: "", version: v1, kind: Pod}, conditions: true}
  - {groupVersionKind: {group: "", version: v1, kind: Node}, conditions: true}
  - {groupVersionKind: {group: apps, version: v1, kind: Deployment}, conditions: true}
`

// asJSON converts YAML to JSON.
func asJSON(t *testing.T, text string) string {
	t.Helper()
	converted, err := yaml.YAMLToJSON([]byte(text))
	must(t, err)
	return string(converted)
}

// known returns the keys of all resources that the chart knows.
func known(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "files", "resources.json"))
	must(t, err)
	var resources []struct{ Key string }
	must(t, json.Unmarshal(text, &resources))
	var keys []string
	for _, r := range resources {
		keys = append(keys, r.Key)
	}
	return keys
}
