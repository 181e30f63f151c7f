package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/dynamic"

	"github.com/kubestate/kubestate/test/cluster"
)

// A customCluster is a cluster with custom resources.
type customCluster struct {
	*cluster.Cluster
	client dynamic.Interface
}

func startCustom(t *testing.T) *customCluster {
	t.Helper()
	return customOf(t, cluster.Start(t, cluster.Options{}))
}

func customOf(t *testing.T, c *cluster.Cluster) *customCluster {
	t.Helper()
	client, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	return &customCluster{c, client}
}

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// define creates a definition and awaits that the API server serves its kind.
func (c *customCluster) define(t *testing.T, definition *unstructured.Unstructured) {
	t.Helper()
	// A definition of the same name may still be terminating.
	awaitAPI(t, c.Cluster, func(ctx context.Context) error {
		_, err := c.client.Resource(definitions).Create(ctx, definition, metav1.CreateOptions{})
		return err
	})
	c.awaitEstablished(t, definition.GetName())
}

func (c *customCluster) awaitEstablished(t *testing.T, name string) {
	t.Helper()
	awaitAPI(t, c.Cluster, func(ctx context.Context) error {
		o, err := c.client.Resource(definitions).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		conditions, _, err := unstructured.NestedSlice(o.Object, "status", "conditions")
		if err != nil {
			return err
		}
		for _, condition := range conditions {
			if of, ok := condition.(map[string]any); ok && of["type"] == "Established" && of["status"] == "True" {
				return nil
			}
		}
		return fmt.Errorf("%s is not established", name)
	})
}

// definition returns the definition of a kind, without a schema.
func definition(group, kind, plural string, versions ...string) *unstructured.Unstructured {
	var all []any
	for i, version := range versions {
		all = append(all, map[string]any{
			"name": version, "served": true, "storage": i == 0,
			"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
		})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": plural + "." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "versions": all,
			"names": map[string]any{"kind": kind, "plural": plural, "singular": strings.ToLower(kind), "listKind": kind + "List"},
		},
	}}
}

// create creates an object with a number.
func (c *customCluster) create(t *testing.T, of schema.GroupVersionResource, kind, name string, size int64) {
	t.Helper()
	c.createIn(t, "default", of, kind, name, size)
}

// createIn is create in a namespace; empty for a cluster-scoped object.
func (c *customCluster) createIn(t *testing.T, namespace string, of schema.GroupVersionResource, kind, name string, size int64) {
	t.Helper()
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": of.GroupVersion().String(), "kind": kind, "metadata": map[string]any{"name": name}, "spec": map[string]any{"size": size},
	}}
	awaitAPI(t, c.Cluster, func(ctx context.Context) error {
		_, err := c.client.Resource(of).Namespace(namespace).Create(ctx, o, metav1.CreateOptions{})
		return err
	})
}

// documents returns the documents of a YAML file.
func documents(t *testing.T, file string) []*unstructured.Unstructured {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var all []*unstructured.Unstructured
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096); ; {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(&o.Object)
		if errors.Is(err, io.EOF) {
			return all
		}
		must(t, err)
		if o.Object != nil {
			all = append(all, o)
		}
	}
}

// store writes the objects of a list straight to etcd, so that they keep their uids and times.
func (c *customCluster) store(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var list struct{ Items []json.RawMessage }
	must(t, json.Unmarshal(text, &list))
	plural, group, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".json"), ".")
	for _, item := range list.Items {
		var o metav1.PartialObjectMetadata
		must(t, json.Unmarshal(item, &o))
		_, err := c.Etcd.Put(t.Context(), path.Join("/registry", group, plural, o.Namespace, o.Name), string(item))
		must(t, err)
	}
}

// awaitDeletions waits until only some definitions are left. The API server retries a deletion with
// backoff while the storage is not ready, and at once when the definition changes.
func (c *customCluster) awaitDeletions(t *testing.T, but ...string) {
	t.Helper()
	changed := time.Now()
	must(t, c.Await(t.Context(), 3*settling, func(ctx context.Context) error {
		list, err := c.client.Resource(definitions).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		var left []string
		for _, d := range list.Items {
			if !slices.Contains(but, d.GetName()) {
				left = append(left, d.GetName())
			}
		}
		if len(left) == 0 {
			return nil
		}
		if time.Since(changed) > time.Second {
			changed = time.Now()
			for _, name := range left {
				patch := fmt.Sprintf(`{"metadata":{"annotations":{"example.com/changed":"%d"}}}`, changed.UnixNano())
				if _, err := c.client.Resource(definitions).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil && !apierrors.IsNotFound(err) {
					return err
				}
			}
		}
		return fmt.Errorf("definitions are left: %q", left)
	}))
}
