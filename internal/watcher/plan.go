package watcher

import (
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
	namespaces []string
	denied     []string
	fromCache  bool
	limit      int64           // objects at most; 0 for any number
	shard      sharding.Ranges // guarded by the watcher's mutex
	placed     fields.Selector // of pods, by node; nil for all
}

// planFor is what config says of a resource.
func planFor(config Config, d generators.Description) plan {
	p := plan{
		effect:     config.Selection.EffectOn(d),
		namespaces: []string{metav1.NamespaceAll},
		fromCache:  config.FromCache,
		limit:      config.ObjectLimit,
		shard:      config.Shard,
	}
	if d.Namespaced {
		if len(config.Namespaces) > 0 {
			p.namespaces = config.Namespaces
		}
		p.denied = config.Denied
	}
	if d.Resource == corev1.SchemeGroupVersion.WithResource("pods") {
		p.placed = placement(config)
	}
	return p
}

// nodeName is the field of pods that names their node.
const nodeName = "spec.nodeName"

// placement selects pods by node, nil for all.
func placement(config Config) fields.Selector {
	switch {
	case config.Unscheduled:
		return fields.OneTermEqualSelector(nodeName, "")
	case config.Node != "":
		return fields.OneTermEqualSelector(nodeName, config.Node)
	}
	return nil
}

// fieldSelector selects the plan's objects, whatever the shard.
func (p *plan) fieldSelector() string {
	var terms []string
	for _, namespace := range p.denied {
		terms = append(terms, "metadata.namespace!="+namespace)
	}
	if p.placed != nil {
		terms = append(terms, p.placed.String())
	}
	return strings.Join(terms, ",")
}

// equal compares plans. The caller holds the watcher's mutex.
func (p *plan) equal(o *plan) bool { return p.equalButShard(o) && p.shard.Equal(o.shard) }

func (p *plan) equalButShard(o *plan) bool {
	return p.effect.Equal(o.effect) && slices.Equal(p.namespaces, o.namespaces) &&
		p.fromCache == o.fromCache && p.limit == o.limit && p.fieldSelector() == o.fieldSelector()
}

// selects reports whether an object is the plan's, whatever the shard. namespace is the one that
// is watched, or metav1.NamespaceAll.
func (p *plan) selects(namespace string, o metav1.Object) bool {
	if pod, ok := o.(*corev1.Pod); ok && p.placed != nil && !p.placed.Matches(fields.Set{nodeName: pod.Spec.NodeName}) {
		return false
	}
	return (namespace == metav1.NamespaceAll || namespace == o.GetNamespace()) && !slices.Contains(p.denied, o.GetNamespace())
}
