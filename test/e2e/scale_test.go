package e2e

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/exporter"
)

var rollouts = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "rollouts"}

// TestScaleSubresource compares the replicas of custom resources with what the scale subresource of
// the API server says of each, as objects are scaled and the definition changes.
func TestScaleSubresource(t *testing.T) {
	t.Parallel()
	c := startCustom(t)
	d := definition(rollouts.Group, "Rollout", rollouts.Resource, "v1alpha1", "v1alpha2")
	for _, v := range d.Object["spec"].(map[string]any)["versions"].([]any) {
		v.(map[string]any)["subresources"] = map[string]any{
			"status": map[string]any{},
			"scale":  map[string]any{"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.HPAReplicas", "labelSelectorPath": ".status.selector"},
		}
	}
	c.define(t, d)
	owner := map[string]any{"apiVersion": "v1", "kind": "Node", "name": "none", "uid": "none", "controller": true}
	for name, owners := range map[string][]any{"web": nil, "api": nil, "part": {owner}} {
		o := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": rollouts.GroupVersion().String(), "kind": "Rollout",
			"metadata": map[string]any{"name": name, "ownerReferences": owners}, "spec": map[string]any{"replicas": int64(3), "size": int64(7)},
		}}
		awaitAPI(t, c.Cluster, func(ctx context.Context) error {
			_, err := c.client.Resource(rollouts).Namespace("default").Create(ctx, o, metav1.CreateOptions{})
			return err
		})
	}
	config := customFile(t, `
spec:
  resources:
    - groupVersionKind: {group: argoproj.io, kind: Rollout}
      conditions: true
    - groupVersionKind: {group: argoproj.io, version: v1alpha1}
      labelSelector: a=b
      conditions: true
`)
	e := start(t, c.Kubeconfig, "--resources=namespaces", "--workload-metrics=attribution", "--custom-resource-state-config-file", config)
	await(t, settling, e.Ready, e.Process)
	c.wantReplicas(t, e, 4)

	// The scale subresource changes an object, its controller its status.
	patch := func(of schema.GroupVersionResource, name, text string, subresources ...string) {
		t.Helper()
		awaitAPI(t, c.Cluster, func(ctx context.Context) error {
			client := c.client.Resource(of)
			if of == definitions {
				_, err := client.Patch(ctx, name, types.JSONPatchType, []byte(text), metav1.PatchOptions{})
				return err
			}
			_, err := client.Namespace("default").Patch(ctx, name, types.MergePatchType, []byte(text), metav1.PatchOptions{}, subresources...)
			return err
		})
	}
	patch(rollouts, "web", `{"spec":{"replicas":5}}`, "scale")
	patch(rollouts, "web", `{"status":{"HPAReplicas":4,"replicas":6}}`, "status")
	const web = `kubestate_workload_replicas{namespace="default",workload_kind="Rollout",workload="web",`
	wantLines(t, e, web+`state="desired"} 5`, web+`state="current"} 4`)
	c.wantReplicas(t, e, 4)

	// Other paths in the definition, and none.
	patch(definitions, d.GetName(), `[{"op":"replace","path":"/spec/versions/1/subresources/scale/specReplicasPath","value":".spec.size"},
		{"op":"replace","path":"/spec/versions/1/subresources/scale/statusReplicasPath","value":".status.replicas"}]`)
	wantLines(t, e, web+`state="desired"} 7`, web+`state="current"} 6`)
	patch(definitions, d.GetName(), `[{"op":"remove","path":"/spec/versions/1/subresources/scale"}]`)
	wantLines(t, e, web+`state="desired"} 5`, web+`state="current"} 4`) // of the other version
	patch(definitions, d.GetName(), `[{"op":"remove","path":"/spec/versions/0/subresources/scale"}]`)
	wantNone(t, e, "kubestate_workload_replicas")
	c.wantReplicas(t, e, 0)
}

// wantReplicas compares the replicas of custom resources with the scale subresource of each object
// without a controller: so many series.
func (c *customCluster) wantReplicas(t *testing.T, e *exporter.Exporter, n int) {
	t.Helper()
	await(t, atOnce, func(ctx context.Context) error {
		want := exporter.Series{}
		client := c.client.Resource(rollouts).Namespace("default")
		list, err := client.List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		for i := range list.Items {
			o := &list.Items[i]
			scale, err := client.Get(ctx, o.GetName(), metav1.GetOptions{}, "scale")
			if apierrors.IsNotFound(err) || metav1.GetControllerOf(o) != nil {
				continue
			}
			if err != nil {
				return err
			}
			for state, path := range map[string]string{"desired": "spec", "current": "status"} {
				replicas, _, err := unstructured.NestedInt64(scale.Object, path, "replicas")
				if err != nil {
					return err
				}
				want[fmt.Sprintf("kubestate_workload_replicas{namespace=%q,workload_kind=%q,workload=%q,state=%q}", o.GetNamespace(), o.GetKind(), o.GetName(), state)] = float64(replicas)
			}
		}
		if len(want) != n {
			return fmt.Errorf("%d series of the API server, want %d", len(want), n)
		}
		series, err := e.Scrape(ctx)
		if err != nil {
			return err
		}
		got := exporter.Series{}
		for _, name := range series.Containing("kubestate_workload_replicas{") {
			got[name] = series[name]
		}
		if d := cmp.Diff(want, got); d != "" {
			return fmt.Errorf("replicas (-API server +exporter):\n%s", d)
		}
		return nil
	}, e.Process)
}
