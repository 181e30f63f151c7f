package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
)

// entriesForBuiltin select a built-in kind, one whose values are not fetched, and one without a
// table, by kind and by labels.
const entriesForBuiltin = `
spec:
  resources:
    - groupVersionKind: {group: "", version: v1, kind: Namespace}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name]}
      metrics:
        - name: namespace_info
          each: {type: info, info: {path: [metadata, labels], labelsFromPath: {team: [team]}}}
    - groupVersionKind: {group: "", version: v1, kind: ConfigMap}
      metricNamePrefix: my
      labelSelector: team=payments
      labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}
      metrics:
        - name: configmap_size
          each: {type: gauge, gauge: {path: [data, size]}}
    - groupVersionKind: {group: scheduling.k8s.io, version: v1, kind: PriorityClass}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name]}
      metrics:
        - name: priorityclass_value
          each: {type: gauge, gauge: {path: [value]}}
`

// TestEntriesForBuiltinKinds has entries for built-in kinds of the API server.
func TestEntriesForBuiltinKinds(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	ctx := t.Context()
	labels := map[string]string{"team": "payments"}
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop", Labels: labels}}, metav1.CreateOptions{})
	must(t, err)
	for name, of := range map[string]map[string]string{"chosen": labels, "other": nil} {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", Labels: of}, Data: map[string]string{"size": "3"}}
		_, err := c.Client.CoreV1().ConfigMaps("default").Create(ctx, m, metav1.CreateOptions{})
		must(t, err)
	}
	_, err = c.Client.SchedulingV1().PriorityClasses().Create(ctx, &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "batch"}, Value: 7}, metav1.CreateOptions{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "custom.yaml")
	must(t, os.WriteFile(path, []byte(entriesForBuiltin), 0o600))
	lines := []string{
		`my_namespace_info{customresource_group="",customresource_kind="Namespace",customresource_version="v1",name="shop",team="payments"} 1`,
		`my_configmap_size{customresource_group="",customresource_kind="ConfigMap",customresource_version="v1",name="chosen",namespace="default"} 3`,
		`my_priorityclass_value{customresource_group="scheduling.k8s.io",customresource_kind="PriorityClass",customresource_version="v1",name="batch"} 7`,
	}
	for _, args := range [][]string{nil, {"--custom-resource-state-only"}} {
		e := start(t, c.Kubeconfig, append(args, "--custom-resource-state-config-file", path)...)
		await(t, settling, e.Ready, e.Process)
		wantLines(t, e, lines...)
		wantNone(t, e, `name="other"`)
		if args == nil {
			wantLines(t, e, `kube_namespace_status_phase{namespace="shop",phase="Active"} 1`)
		}
	}

	// Later objects arrive by the same watches.
	_, err = c.Client.SchedulingV1().PriorityClasses().Create(ctx, &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Value: 8}, metav1.CreateOptions{})
	must(t, err)
	e := start(t, c.Kubeconfig, "--custom-resource-state-config-file", path)
	await(t, settling, func(ctx context.Context) error { return e.Ready(ctx) }, e.Process)
	wantLines(t, e, `my_priorityclass_value{customresource_group="scheduling.k8s.io",customresource_kind="PriorityClass",customresource_version="v1",name="late"} 8`)
}
