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

// A plan is all of a configuration that concerns one resource: under equal plans the same
// objects are watched and rendered to the same text.
type plan struct {
	effect     generators.Effect
	namespaces []string        // each of which is watched by itself
	kept       map[string]bool // namespaces of which objects are kept; nil for all
	selector   fields.Selector // of objects, whatever the shard
	fromCache  bool
	limit      int64           // objects at most; 0 for any number
	shard      sharding.Ranges // guarded by the watcher's mutex
}

// Fields that plans select objects by.
const (
	namespaceField = "metadata.namespace"
	nodeField      = "spec.nodeName" // of pods
)

// planFor is what config says of a resource. each has it watched by namespace, however many
// there are.
func planFor(config Config, d generators.Description, each bool) plan {
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
		case n > fewNamespaces && !each && config.ObjectLimit == 0: // which is by namespace
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

// fieldSelector is the selector of requests: that of the plan, and that of the resource itself.
func (p *plan) fieldSelector(r generators.Recipe) string {
	return strings.Trim(p.selector.String()+","+r.FieldSelector, ",")
}

// equal compares plans. The caller holds the watcher's mutex.
func (p *plan) equal(o *plan) bool { return p.equalButShard(o) && p.shard.Equal(o.shard) }

func (p *plan) equalButShard(o *plan) bool {
	return p.effect.Equal(o.effect) && slices.Equal(p.namespaces, o.namespaces) && maps.Equal(p.kept, o.kept) &&
		p.fromCache == o.fromCache && p.limit == o.limit && p.selector.String() == o.selector.String()
}

// selects reports whether an object is the plan's, whatever the shard. namespace is the one that
// is watched, or metav1.NamespaceAll.
func (p *plan) selects(namespace string, o metav1.Object) bool {
	values := fields.Set{namespaceField: o.GetNamespace()}
	if pod, ok := o.(*corev1.Pod); ok {
		values[nodeField] = pod.Spec.NodeName
	}
	return (namespace == metav1.NamespaceAll || namespace == o.GetNamespace()) && (p.kept == nil || p.kept[o.GetNamespace()]) && p.selector.Matches(values)
}
