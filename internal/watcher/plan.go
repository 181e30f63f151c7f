package watcher

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
)

// A plan is the part of a configuration that concerns one resource. Equal plans have equal text.
type plan struct {
	effect     generators.Effect
	finishing  finishing
	namespaces []string        // each has its own watch
	kept       map[string]bool // namespaces whose objects are kept; nil for all
	selected   bool            // only namespaces of Config.NamespaceSelector, which change
	labels     string          // selector, with that of the recipe
	selector   fields.Selector
	fromCache  bool
	limit      int64           // of objects; 0 for none
	limited    bool            // by budgets
	budgets    store.Budgets   // when the target began
	shard      sharding.Ranges // guarded by Watcher.mu
	feeds      feeding
	counted    bool // what happens to the objects
}

// Fields of selectors.
const (
	namespaceField = "metadata.namespace"
	nodeField      = "spec.nodeName" // of pods
)

// planFor returns the plan of a resource. With perNamespace, each namespace has its own watch,
// however many there are.
func planFor(config Config, r generators.Resource, perNamespace bool) plan {
	d, recipe := r.Describe(), r.Recipe()
	p := plan{
		effect:     config.Selection.EffectOn(d),
		namespaces: []string{metav1.NamespaceAll},
		fromCache:  config.FromCache,
		limit:      config.ObjectLimit,
		shard:      config.Shard,
	}
	p.finishing = config.finishingOf(d, p.effect.Families())
	p.counted = config.counts(r)
	p.budgets, p.limited = config.Budgets.of(d, p.effect.Families())
	var terms []fields.Selector
	if d.Namespaced {
		p.selected = config.NamespaceSelector != ""
		switch n := len(config.Namespaces); {
		case n > fewNamespaces && !perNamespace && config.ObjectLimit == 0: // the limit is per namespace
			p.kept = make(map[string]bool, n)
			for _, namespace := range config.Namespaces {
				p.kept[namespace] = true
			}
		case n > 0:
			p.namespaces = config.Namespaces
		}
		for _, namespace := range config.Denied {
			terms = append(terms, fields.OneTermNotEqualSelector(namespaceField, namespace))
		}
	}
	if d.Resource == corev1.SchemeGroupVersion.WithResource("pods") && (config.Node != "" || config.Unscheduled) {
		node := config.Node
		if config.Unscheduled {
			node = ""
		}
		terms = append(terms, fields.OneTermEqualSelector(nodeField, node))
	}
	p.selector = fields.AndSelectors(terms...)
	p.labels = both(recipe.LabelSelector, config.Selectors[d.Resource.GroupResource()])
	return p
}

// fieldSelector returns the field selectors of the plan and of the resource.
func (p *plan) fieldSelector(r generators.Recipe) string {
	return both(p.selector.String(), r.FieldSelector)
}

// both returns the selector of what two selectors select, each of which may be empty.
func both(a, b string) string { return strings.Trim(a+","+b, ",") }

// equal compares plans. The caller holds Watcher.mu.
func (p *plan) equal(o *plan) bool { return p.equalButShard(o) && p.shard.Equal(o.shard) }

func (p *plan) equalButShard(o *plan) bool {
	return p.effect.Equal(o.effect) && p.finishing.equal(o.finishing) && p.sameCounts(o) && p.feeds == o.feeds && p.counted == o.counted &&
		slices.Equal(p.namespaces, o.namespaces) && maps.Equal(p.kept, o.kept) && p.selected == o.selected &&
		p.labels == o.labels && p.selector.String() == o.selector.String() &&
		p.fromCache == o.fromCache && p.limit == o.limit
}

// selects reports whether the plan selects an object, whatever the shard of its loops. namespace is that of
// the watch, or metav1.NamespaceAll.
func (p *plan) selects(namespace string, o metav1.Object) bool {
	values := fields.Set{namespaceField: o.GetNamespace()}
	if pod, ok := o.(*corev1.Pod); ok {
		values[nodeField] = pod.Spec.NodeName
	}
	return (namespace == metav1.NamespaceAll || namespace == o.GetNamespace()) && p.selector.Matches(values)
}
