package e2e

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// chartModes are modes of the chart. Its release is called kubestate, in a namespace with the Pod
// Security level restricted.
var chartModes = []mode{
	{
		name: "chart", level: "restricted", pods: map[string]int{"kubestate": 1}, values: "{}",
		series: map[string][]string{"kubestate": {
			`kube_deployment_status_replicas_ready{namespace="kubestate",deployment="kubestate"} 1`,
			`kube_service_spec_type{namespace="kubestate",service="kubestate",uid="*",type="ClusterIP"} 1`,
		}},
	},
	{
		name: "chart-namespaced", level: "restricted", watched: "default", pods: map[string]int{"kubestate": 1},
		values: "{namespaces: default, rbac: {useClusterRole: false}, metricLabelsAllowlist: ['configmaps=[app.kubernetes.io/*]'], resources: {limits: {cpu: 100m}}}",
		series: map[string][]string{"kubestate": {
			`kube_configmap_info{namespace="default",configmap="kube-root-ca.crt"} 1`,
		}},
	},
	{
		name: "chart-secured", level: "restricted", pods: map[string]int{"kubestate": 1}, secured: true, guarded: true, monitored: true, parts: 4,
		values: "{tls: {enabled: true, secretName: kubestate-tls}, authFilter: {enabled: true}, networkPolicy: {enabled: true}, podDisruptionBudget: {maxUnavailable: 1}, " +
			"prometheus: {monitor: {enabled: true}}, prometheusRule: {enabled: true}, collectors: [networkpolicies, pods, services], scrapeShards: 4}",
		series: map[string][]string{"kubestate": {
			`kube_networkpolicy_spec_egress_rules{namespace="kubestate",networkpolicy="kubestate"} 2`,
		}},
	},
	{
		name: "chart-certificates", level: "restricted", pods: map[string]int{"kubestate": 1}, certificates: true,
		values: "{tls: {enabled: true, secretName: kubestate-tls, webConfig: {tls_server_config: {client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt}}}}",
	},
	{
		name: "chart-passwords", level: "restricted", pods: map[string]int{"kubestate": 1}, passwords: true,
		values: "{tls: {enabled: true, secretName: kubestate-tls, webConfig: {basic_auth_users: {prometheus: " + passwordHash + "}}}}",
	},
	{
		name: "chart-replicas", level: "restricted", pods: map[string]int{"kubestate": 2}, values: "{replicas: 2, standby: {enabled: false}}", copies: 2,
	},
	{
		name: "chart-custom-resources", level: "restricted", pods: map[string]int{"kubestate": 1},
		values: `
customResourceState:
  enabled: true
  config:
    kind: CustomResourceStateMetrics
    spec:
      resources:
      - groupVersionKind: {group: chart.example.com, version: v1, kind: Policy}
        metricNamePrefix: chart
        labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}
        metrics:
        - {name: policy_size, help: Size of the policy., each: {type: Gauge, gauge: {path: [spec, size]}}}
`,
		kinds: []string{
			`apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: policies.chart.example.com}
spec:
  group: chart.example.com
  scope: Namespaced
  names: {plural: policies, singular: policy, kind: Policy, listKind: PolicyList}
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
`, "{apiVersion: chart.example.com/v1, kind: Policy, metadata: {name: fair, namespace: default}, spec: {size: 7}}",
		},
		series: map[string][]string{"kubestate": {
			`chart_policy_size{customresource_group="chart.example.com",customresource_kind="Policy",customresource_version="v1",name="fair",namespace="default"} 7`,
		}},
	},
	{
		name: "chart-standby", level: "restricted", pods: map[string]int{"kubestate": 2}, values: "{standby: {leaseDuration: 4s}, replicas: 2}",
	},
	{
		name: "chart-clusters", level: "restricted", pods: map[string]int{"kubestate": 1},
		values: "{clusters: {enabled: true, list: [{name: hub, home: true, labels: {region: north}}]}, collectors: [pods, deployments]}",
		series: map[string][]string{"kubestate": {
			`kube_deployment_status_replicas_ready{cluster="hub",region="north",namespace="kubestate",deployment="kubestate"} 1`,
		}},
	},
	{
		name: "chart-sharded", level: "restricted", pods: map[string]int{"kubestate": 3}, values: "{autosharding: {enabled: true}, replicas: 3}",
	},
}

// install installs the chart with the mode's values by helm, and returns a function that uninstalls
// it.
func (d *deployments) install(t *testing.T, m mode) (remove func()) {
	t.Helper()
	helm := newHelm(t, d.k.kubeconfig)
	values := filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(values, []byte(m.values), 0o600))
	_, err := d.c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: m.namespace, Labels: map[string]string{
			"pod-security.kubernetes.io/enforce": m.level,
			"pod-security.kubernetes.io/warn":    m.level,
		},
	}}, metav1.CreateOptions{})
	must(t, err)
	helm.run(t, "install", "kubestate", filepath.Join("..", "..", "deploy", "chart"), "--namespace", m.namespace, "--values", values, "--server-side=true")
	return func() {
		helm.run(t, "uninstall", "kubestate", "--namespace", m.namespace)
		d.k.run(t, "delete", "namespace", m.namespace)
	}
}
