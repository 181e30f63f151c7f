package options_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/options"
)

func TestIneffective(t *testing.T) {
	f := func(want []string, args ...string) {
		t.Helper()
		o, err := options.Parse(registry, args)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, o.Ineffective()); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	f(nil)
	f(nil, "--metric-allowlist=^kube_pod_", "--resources=pods")
	f(nil, "--metric-labels-allowlist=*=[*],pods=[]", "--resources=nodes")
	f(nil, "--metric-opt-in-list=kube_pod_nodeselectors")
	f([]string{`--metric-allowlist: "kube_pot_" matches no family of the enabled resources`}, "--metric-allowlist=kube_pot_,kube_pod_", "--resources=pods")
	f([]string{`--metric-denylist: "kube_node_info" matches no family of the enabled resources`}, "--metric-denylist=kube_node_info,kube_pod_info", "--resources=pods")
	f([]string{`--metric-opt-in-list: "kube_x" matches no family of the enabled resources`}, "--metric-opt-in-list=kube_x")
	f(nil, "--metric-sparse=kube_pod,condition$")
	f(nil, "--workload-metrics=attribution", "--resources=jobs", "--metric-allowlist=kubestate_workload_replicas")
	f([]string{`--metric-allowlist: "kubestate_" matches no family of the enabled resources`}, "--metric-allowlist=kubestate_,kube_pod_info", "--resources=pods")
	f([]string{"--workload-metrics: attribution has no family of the enabled resources"}, "--workload-metrics=attribution", "--resources=cronjobs,nodes")
	custom := "--custom-resource-state-config=spec: {resources: [{groupVersionKind: {group: example.com}, conditions: true}]}"
	f(nil, "--workload-metrics=attribution", custom, "--custom-resource-state-only", "--metric-allowlist=kubestate_workload_replicas")
	f([]string{`--metric-allowlist: "kubestate_workload_replicas" matches no family of the enabled resources`}, custom, "--metric-allowlist=kubestate_workload_replicas,kube_pod_info", "--resources=pods")
	f([]string{"--workload-metrics: counters has no family of the enabled resources"}, "--workload-metrics=counters", "--resources=cronjobs")
	f(nil, "--workload-metrics=counters", "--resources=nodes", "--metric-denylist=kubestate_node_condition_changes_total")
	f([]string{`--metric-denylist: "kubestate_node_condition" matches no family of the enabled resources`}, "--workload-metrics=counters", "--resources=pods", "--metric-denylist=kubestate_node_condition")
	f([]string{"--workload-metrics: counters count changes, which a snapshot does not have"}, "--workload-metrics=counters", "--resources=pods", "--snapshot=folder")
	f([]string{`--metric-sparse: "kube_(?!pod)" matches no sparse family of the enabled resources`}, "--metric-sparse=kube_(?!pod),kube_pod", "--resources=pods,services")
	f(nil, "--finished-pods-after=1m", "--metric-denylist=finished_objects")
	f([]string{`--metric-denylist: "finished_objects" matches no family of the enabled resources`}, "--metric-denylist=finished_objects")
	f(nil, "--finished-pods-after=1m", "--resources=pods")
	f(nil, "--finished-pods-after=1m", "--finished-keep=kube_pod_info")
	f([]string{`--finished-keep: "kube_job_info" matches no family of the resources whose finished objects leave`}, "--finished-pods-after=1m", "--finished-keep=kube_pod_info,kube_job_info")
	f([]string{`--finished-keep: "kubestate_pod_workload" matches no family of the resources whose finished objects leave`}, "--finished-pods-after=1m", "--finished-keep=kubestate_pod_workload")
	f(nil, "--finished-pods-after=1m", "--finished-keep=kubestate_pod_workload", "--workload-metrics=attribution")
	f([]string{"--finished-keep: finished objects keep all families without --finished-pods-after or --finished-jobs-after"}, "--finished-keep=kube_pod_info")
	f([]string{"--selector: resource deployments.apps is not enabled"}, "--selector=pods=a,deployments=b", "--resources=pods")
	f([]string{"--namespace-selector: no enabled resource is namespaced"}, "--namespace-selector=a", "--resources=nodes")
	f(nil, "--namespace-selector=a", "--resources=nodes,pods", "--selector=nodes=a")
	f([]string{
		"--metric-labels-allowlist: resource nodes is not enabled",
		"--metric-labels-allowlist: pods exports no family with these labels",
		"--metric-annotations-allowlist: resource deployments is not enabled",
		"--metric-annotations-allowlist: resource deployments.example.com is not enabled",
		"--metric-annotations-allowlist: resource secrets is not enabled",
		"--resources: services has no families left by the metric lists",
	}, "--resources=pods,services", "--metric-allowlist=kube_pod_info", "--metric-labels-allowlist=nodes=[a],pods=[b]", "--metric-annotations-allowlist=secrets=[*],deployments=[a],deployments.example.com=[a]")
}
