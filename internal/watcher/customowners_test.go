package watcher_test

import (
	"fmt"
	"path"
	"testing"
	"testing/synctest"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/watcher"
)

// widgets is a custom resource.
var widgets = &generators.Table[*jsonobject.Object]{
	Resource: schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "widgets"},
	Kind:     "Widget",
	Scope:    generators.Namespaced,
	Identity: generators.Identity{generators.Namespace, generators.Name("widget")},
}

// TestCustomOwners has a pod of a Widget of a Platform. The Widget is followed if widgets are exported,
// by their own list or, with a selector of the widgets, by another.
func TestCustomOwners(t *testing.T) {
	f := func(config watcher.Config, requests int, before, after string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			line := func(of string) string { return fmt.Sprintf("pod_workload{namespace=\"a\",pod=\"x\",%s} 1\n", of) }
			config.Selection = without("pod_generation", "pod_last")
			h := newHarness(t, config)
			var all []*request
			widget := func(event, version string, controlled bool) {
				metadata := map[string]any{"namespace": "a", "name": "w", "uid": "2", "resourceVersion": version}
				if controlled {
					metadata["ownerReferences"] = []any{map[string]any{"kind": "Platform", "name": "p", "uid": "3", "controller": true}}
				}
				for _, q := range all {
					q.event(event, map[string]any{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": metadata})
				}
			}
			for range requests {
				q := h.next(t)
				kind := kinds[path.Base(q.r.URL.Path)]
				q.watch()
				switch path.Base(q.r.URL.Path) {
				case "pods":
					p := served(pod("a", "x", "1", 1), "1")
					p.OwnerReferences = []metav1.OwnerReference{{Kind: "Widget", Name: "w", UID: "2", Controller: new(true)}}
					q.event("ADDED", p)
				case "widgets":
					kind = widgets.Resource.GroupVersion().WithKind("Widget")
					if q.r.URL.Query().Get("labelSelector") == "" {
						all = append(all, q)
						widget("ADDED", "2", true)
					}
				}
				q.event("BOOKMARK", endOf(kind))
			}
			h.expect(t, line(before), nil)
			widget("MODIFIED", "6", false)
			h.expect(t, line(after), nil)
		})
	}
	const ofWidget, ofPlatform = `kind="Widget",name="w"`, `kind="Platform",name="p"`
	f(watcher.Config{Resources: []generators.Resource{attributed}}, 8, ofWidget, ofWidget)
	exported := []generators.Resource{attributed, widgets}
	f(watcher.Config{Resources: exported}, 9, ofPlatform, ofWidget)
	f(watcher.Config{Resources: exported, Selectors: map[schema.GroupResource]string{widgets.Resource.GroupResource(): "a=b"}}, 10, ofPlatform, ofWidget)
}
