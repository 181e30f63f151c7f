package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/workloads"
)

// An ownersUse tells how a target feeds the index of workloads with owners.
type ownersUse struct {
	also   bool // the target is exported, and its objects are those of all shards
	only   bool // the target has no other use: of its objects only the metadata is fetched, of all shards
	counts bool // the objects may own counters
}

// An ownersPlan has the resources whose objects feed the index.
type ownersPlan struct {
	also   map[string]bool // exported ones, by key
	only   map[string]bool // others, by name
	counts bool            // the objects may own counters
}

// ownersFor returns the exported resources and those that only feed the index of workloads. An
// exported resource feeds the index if the program has all of its objects. The caller holds mu.
func (w *Watcher) ownersFor(config Config) (resources []generators.Resource, p ownersPlan) {
	whole := func(d generators.Description) bool {
		return !w.sharded && config.Shard.IsAll() && config.ObjectLimit == 0 && config.Selectors[d.Resource.GroupResource()] == "" &&
			slices.ContainsFunc(config.Resources, func(r generators.Resource) bool { return r.Describe().Key == d.Key })
	}
	p.counts = slices.ContainsFunc(config.Resources, config.counts)
	p.also, p.only = map[string]bool{}, map[string]bool{}
	resources = slices.Clone(config.Resources)
	for _, kind := range workloads.Needed(config.Selection, config.Resources) {
		d := kind.Describe()
		if whole(d) {
			p.also[d.Key] = true
			continue
		}
		p.only[d.Name] = true
		resources = append(resources, kind)
	}
	return resources, p
}

// useOf returns how a resource feeds the index.
func (p ownersPlan) useOf(d generators.Description) ownersUse {
	u := ownersUse{only: p.only[d.Name]}
	u.also = !u.only && p.also[d.Key]
	u.counts = p.counts && (u.only || u.also)
	return u
}

// configOf returns the configuration of a resource: what chooses and limits exported objects does not
// concern those that only feed the index.
func (p ownersPlan) configOf(config Config, d generators.Description) Config {
	if p.only[d.Name] {
		config.Shard, config.ObjectLimit = sharding.All(), 0
		config.Selectors, config.Budgets, config.FinishedAfter = nil, Budgets{}, nil
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
			if t.owners.counts {
				s.presence = &presence{kind: t.resource.Describe().Kind.Kind, ledger: w.ledger, objects: map[uint64]struct{}{}}
			}
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
