package watcher

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

func TestBudgetsOfResources(t *testing.T) {
	b := Budgets{Namespace: 5, Series: map[string]int{"pods": 10, "kube_pod_info": 3, "widgets.example.com": 20, "widgets.v1.example.com": 30}}
	f := func(d generators.Description, families []string, want store.Budgets, limited bool) {
		t.Helper()
		got, is := b.of(d, families)
		if want.Families == nil {
			want.Families = map[string]int{}
		}
		if diff := cmp.Diff(want, got); diff != "" || is != limited {
			t.Errorf("%s: %t, want %t (-want +got):\n%s", d.Key, is, limited, diff)
		}
	}
	type d = generators.Description
	f(d{Key: "pods", Namespaced: true}, []string{"kube_pod_info", "kube_pod_labels"},
		store.Budgets{Series: 10, Namespace: 5, Families: map[string]int{"kube_pod_info": 3}}, true)
	f(d{Key: "nodes"}, []string{"kube_node_info"}, store.Budgets{}, false)
	f(d{Key: "jobs.batch", Namespaced: true}, nil, store.Budgets{Namespace: 5}, true)
	f(d{Key: "widgets.v1.example.com", Aliases: []string{"widgets", "widgets.example.com"}}, nil, store.Budgets{Series: 30}, true)
	f(d{Key: "widgets.v2.example.com", Aliases: []string{"widgets", "widgets.example.com"}}, nil, store.Budgets{Series: 20}, true)
}
