package watcher

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/workloads"
)

// An ownersUse tells how a target feeds the index of workloads with owners.
type ownersUse struct {
	also bool // the target is exported, and its objects are those of all shards
	only bool // the target has no other use: of its objects only the metadata is fetched, of all shards
}

// An ownersPlan has the resources whose objects feed the index.
type ownersPlan struct {
	also map[string]bool // exported ones, by key
	only map[string]bool // others, by name
}

// ownersFor returns the exported resources and those that only feed the index of workloads. An
// exported resource feeds the index if the program has all of its objects. The caller holds mu.
func (w *Watcher) ownersFor(config Config) (resources []generators.Resource, p ownersPlan) {
	p.also, p.only = map[string]bool{}, map[string]bool{}
	resources = slices.Clone(config.Resources)
	for _, kind := range workloads.Needed(config.Selection, config.Resources) {
		d := kind.Describe()
		if i := slices.IndexFunc(config.Resources, func(r generators.Resource) bool { return w.hasAll(config, r, d.Resource.GroupResource()) }); i >= 0 {
			p.also[config.Resources[i].Describe().Key] = true
			continue
		}
		p.only[d.Name] = true
		resources = append(resources, kind)
	}
	return resources, p
}

// hasAll reports whether an exported resource is that of a name, with all objects. The caller holds mu.
func (w *Watcher) hasAll(config Config, r generators.Resource, name schema.GroupResource) bool {
	recipe := r.Recipe()
	return !w.sharded && config.Shard.IsAll() && config.ObjectLimit == 0 && config.NamespaceSelector == "" &&
		r.Describe().Resource.GroupResource() == name && both(recipe.LabelSelector, config.Selectors[name]) == "" && recipe.FieldSelector == ""
}

// useOf returns how a resource feeds the index.
func (p ownersPlan) useOf(d generators.Description) ownersUse {
	if p.only[d.Name] {
		return ownersUse{only: true}
	}
	return ownersUse{also: p.also[d.Key]}
}

// configOf returns the configuration of a resource: what chooses and limits exported objects does not
// concern those that only feed the index.
func (p ownersPlan) configOf(config Config, d generators.Description) Config {
	if p.only[d.Name] {
		config.Shard, config.ObjectLimit = sharding.All(), 0
		config.Selectors, config.NamespaceSelector, config.Budgets, config.FinishedAfter = nil, "", Budgets{}, nil
	}
	return config
}

// derived returns the renderer of a resource's derived families, nil if there are none.
func (w *Watcher) derived(r generators.Resource, selection generators.Selection) *generators.Renderer {
	if !selection.Derives(r.Describe()) {
		return nil
	}
	derived := r.Compile(selection.Derived())
	derived.Recovered = w.recovered
	return derived
}

// connect connects the sinks of a new target with the index of workloads, if its objects are owners
// or have derived families.
func (w *Watcher) connect(t *target, derived *generators.Renderer) {
	for i, p := range t.Partitions() {
		s := t.sinks[i]
		if t.owners != (ownersUse{}) {
			s.owners, s.unstored = w.index.Owners(), t.owners.only
		}
		if derived != nil {
			s.pods = w.index.Pods(derived, len(s.specOnly)-len(derived.Names()), p)
		}
	}
}

// closeUnknown removes what targets that are no longer known have from the index of workloads.
// The caller holds mu.
func (w *Watcher) closeUnknown() {
	known := w.known()
	for _, t := range w.open {
		if slices.Contains(known, t) {
			continue
		}
		for _, s := range t.sinks {
			if s.owners != nil {
				s.owners.Close()
			}
			if s.pods != nil {
				s.pods.Close()
			}
		}
	}
	w.open = known
}
