// Package discovery keeps the kinds of an API server's custom resources current by a watch of their
// definitions.
package discovery

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
)

// Definitions is the table of CustomResourceDefinitions. Projection removes their schemas, which are
// most of their bytes.
var Definitions generators.Resource = &generators.Table[*apiextensionsv1.CustomResourceDefinition]{
	Resource: apiextensionsv1.SchemeGroupVersion.WithResource("customresourcedefinitions"),
	Kind:     "CustomResourceDefinition",
	Scope:    generators.Cluster,
	Fetch: generators.Fetch[*apiextensionsv1.CustomResourceDefinition]{Reads: generators.Fields{
		"spec.group", "spec.names", "spec.scope", "spec.versions.name", "spec.versions.served",
		"spec.versions.subresources.scale.specReplicasPath", "spec.versions.subresources.scale.statusReplicasPath", "status.conditions.type", "status.conditions.status",
	}},
}

// Scheme returns a scheme with the Go type of definitions.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := apiextensionsv1.AddToScheme(s); err != nil {
		panic("BUG: " + err.Error())
	}
	metav1.AddToGroupVersion(s, schema.GroupVersion{Version: "v1"}) // options of requests
	return s
}

// A Catalog has the kinds of the established definitions. It is a listwatch.Sink and may be
// used concurrently.
type Catalog struct {
	changes chan struct{}
	metrics metrics
	mu      sync.Mutex
	kinds   map[string]customresource.Kind // by the key of the definition
}

// NewCatalog returns an empty catalog and registers its metrics.
func NewCatalog(reg prometheus.Registerer) *Catalog {
	return &Catalog{changes: make(chan struct{}, 1), metrics: newMetrics(reg), kinds: map[string]customresource.Kind{}}
}

// metrics count changes of definitions. Existing dashboards read their names.
type metrics struct {
	added, updated, deleted prometheus.Counter
	kinds                   prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) metrics {
	counter := func(event, help string) prometheus.Counter {
		return promauto.With(reg).NewCounter(prometheus.CounterOpts{Name: "kube_state_metrics_custom_resource_state_" + event + "_events_total", Help: help})
	}
	return metrics{
		added:   counter("add", "CustomResourceDefinitions added."),
		updated: counter("update", "CustomResourceDefinitions whose names, versions, scope or scale subresource changed."),
		deleted: counter("delete", "CustomResourceDefinitions deleted."),
		kinds: promauto.With(reg).NewGauge(prometheus.GaugeOpts{
			Name: "kube_state_metrics_custom_resource_state_cache", Help: "Established CustomResourceDefinitions.",
		}),
	}
}

// replace makes next the content. The caller holds mu.
func (c *Catalog) replace(next map[string]customresource.Kind) {
	for key, kind := range next {
		c.count(key, &kind)
	}
	for key := range c.kinds {
		if _, stays := next[key]; !stays {
			c.count(key, nil)
		}
	}
	c.kinds = next
	c.metrics.kinds.Set(float64(len(next)))
}

// count counts the change to a kind, nil for its removal, and reports whether it is a change.
func (c *Catalog) count(key string, kind *customresource.Kind) bool {
	was, known := c.kinds[key]
	switch {
	case kind == nil && known:
		c.metrics.deleted.Inc()
	case kind == nil, known && reflect.DeepEqual(was, *kind):
		return false
	case known:
		c.metrics.updated.Inc()
	default:
		c.metrics.added.Inc()
	}
	return true
}

// Changes returns a channel that receives after one or more changes.
func (c *Catalog) Changes() <-chan struct{} { return c.changes }

// Kinds returns the present kinds in the order of group and plural.
func (c *Catalog) Kinds() []customresource.Kind {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.kinds), func(a, b customresource.Kind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Plural, b.Plural))
	})
}

// Set adds or replaces a definition.
func (c *Catalog) Set(o metav1.Object) error {
	kind, ok := established(o)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ok {
		c.set(listwatch.Key(o), &kind)
	} else {
		c.set(listwatch.Key(o), nil)
	}
	return nil
}

// set sets or removes one kind. The caller holds mu.
func (c *Catalog) set(key string, kind *customresource.Kind) {
	if !c.count(key, kind) {
		return // most changes are of the status
	}
	if kind != nil {
		c.kinds[key] = *kind
	} else {
		delete(c.kinds, key)
	}
	c.metrics.kinds.Set(float64(len(c.kinds)))
	c.signal()
}

// Delete removes a definition.
func (c *Catalog) Delete(o metav1.Object) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(listwatch.Key(o), nil)
}

func (c *Catalog) signal() {
	select {
	case c.changes <- struct{}{}:
	default:
	}
}

// established returns the kind of a definition; not ok until the API server serves it.
func established(o metav1.Object) (kind customresource.Kind, ok bool) {
	d, ok := o.(*apiextensionsv1.CustomResourceDefinition)
	if !ok || !slices.ContainsFunc(d.Status.Conditions, isEstablished) {
		return kind, false
	}
	return KindOf(d)
}

// KindOf returns the kind of a definition; not ok if o is none.
func KindOf(o metav1.Object) (kind customresource.Kind, ok bool) {
	d, ok := o.(*apiextensionsv1.CustomResourceDefinition)
	if !ok {
		return kind, false
	}
	kind = customresource.Kind{
		Group: d.Spec.Group, Kind: d.Spec.Names.Kind, Plural: d.Spec.Names.Plural,
		Namespaced: d.Spec.Scope == apiextensionsv1.NamespaceScoped,
		Categories: d.Spec.Names.Categories,
		UID:        d.UID,
	}
	for _, v := range d.Spec.Versions {
		if !v.Served {
			continue
		}
		kind.Versions = append(kind.Versions, v.Name)
		if v.Subresources != nil && v.Subresources.Scale != nil {
			if kind.Scales == nil {
				kind.Scales = map[string]customresource.Scale{}
			}
			kind.Scales[v.Name] = customresource.Scale{SpecReplicas: v.Subresources.Scale.SpecReplicasPath, StatusReplicas: v.Subresources.Scale.StatusReplicasPath}
		}
	}
	return kind, true
}

func isEstablished(c apiextensionsv1.CustomResourceDefinitionCondition) bool {
	return c.Type == apiextensionsv1.Established && c.Status == apiextensionsv1.ConditionTrue
}

// Begin opens a batch.
func (c *Catalog) Begin() listwatch.Batch {
	return &batch{Catalog: c, next: map[string]customresource.Kind{}}
}

// A batch has the kinds of a list.
type batch struct {
	*Catalog
	next map[string]customresource.Kind
}

// Set adds a definition.
func (b *batch) Set(o metav1.Object) error {
	if kind, ok := established(o); ok {
		b.next[listwatch.Key(o)] = kind
	}
	return nil
}

// Finish has nothing to do.
func (*batch) Finish() {}

// Abandon has nothing to do.
func (*batch) Abandon() {}

// Commit makes the list the content.
func (b *batch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		maps.DeleteFunc(b.next, func(key string, _ customresource.Kind) bool { return !keep(metav1.NamespaceAll, key) })
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.replace(b.next)
	b.signal()
}

// WithGuesses adds the kinds of objects without a definition, with a guessed plural and as
// namespaced.
func WithGuesses(defined []customresource.Kind, objects []schema.GroupVersionKind) []customresource.Kind {
	slices.SortFunc(objects, func(a, b schema.GroupVersionKind) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Kind, b.Kind), version.CompareKubeAwareVersionStrings(b.Version, a.Version))
	})
	for _, o := range objects {
		at := slices.IndexFunc(defined, func(k customresource.Kind) bool { return k.Group == o.Group && k.Kind == o.Kind })
		switch {
		case at < 0:
			plural, _ := meta.UnsafeGuessKindToResource(o)
			defined = append(defined, customresource.Kind{Group: o.Group, Kind: o.Kind, Plural: plural.Resource, Namespaced: true, Versions: []string{o.Version}})
		case defined[at].UID == "" && !slices.Contains(defined[at].Versions, o.Version):
			defined[at].Versions = append(defined[at].Versions, o.Version)
		}
	}
	return defined
}
