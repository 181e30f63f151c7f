package watcher

import (
	"slices"

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
	whole := !w.sharded && config.Shard.IsAll() && config.ObjectLimit == 0
	p.also, p.only = map[string]bool{}, map[string]bool{}
	resources = slices.Clone(config.Resources)
	for _, kind := range workloads.Needed(config.Selection, config.Resources) {
		d := kind.Describe()
		if whole && slices.ContainsFunc(config.Resources, func(r generators.Resource) bool { return r.Describe().Key == d.Key }) {
			p.also[d.Key] = true
			continue
		}
		p.only[d.Name] = true
		resources = append(resources, kind)
	}
	return resources, p
}

// plan completes the plan of a resource.
func (p ownersPlan) plan(of *plan, d generators.Description) {
	if p.only[d.Name] {
		of.owners.only, of.shard, of.limit = true, sharding.All(), 0
	} else {
		of.owners.also = p.also[d.Key]
	}
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
