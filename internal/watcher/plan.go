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
)

// A plan is the part of a configuration that concerns one resource. Equal plans have equal text.
type plan struct {
	effect     generators.Effect
	namespaces []string        // each has its own watch
	kept       map[string]bool // namespaces whose objects are kept; nil for all
	selector   fields.Selector
	fromCache  bool
	limit      int64           // of objects; 0 for none
	shard      sharding.Ranges // guarded by Watcher.mu
	owners     ownersUse
}

// Fields of selectors.
const (
	namespaceField = "metadata.namespace"
	nodeField      = "spec.nodeName" // of pods
)

// planFor returns the plan of a resource. With perNamespace, each namespace has its own watch,
// however many there are.
func planFor(config Config, d generators.Description, perNamespace bool) plan {
	p := plan{
		effect:     config.Selection.EffectOn(d),
		namespaces: []string{metav1.NamespaceAll},
		fromCache:  config.FromCache,
		limit:      config.ObjectLimit,
		shard:      config.Shard,
	}
	var terms []fields.Selector
	if d.Namespaced {
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
	return p
}

// fieldSelector returns the field selectors of the plan and of the resource.
func (p *plan) fieldSelector(r generators.Recipe) string {
	return strings.Trim(p.selector.String()+","+r.FieldSelector, ",")
}

// equal compares plans. The caller holds Watcher.mu.
func (p *plan) equal(o *plan) bool { return p.equalButShard(o) && p.shard.Equal(o.shard) }

func (p *plan) equalButShard(o *plan) bool {
	return p.effect.Equal(o.effect) && slices.Equal(p.namespaces, o.namespaces) && maps.Equal(p.kept, o.kept) &&
		p.fromCache == o.fromCache && p.limit == o.limit && p.owners == o.owners && p.selector.String() == o.selector.String()
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
