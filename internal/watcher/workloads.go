package watcher

import (
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
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

// addSources connects the sinks of a new target with the index of workloads, if it has owners or
// derived families.
func (w *Watcher) addSources(t *target, selection generators.Selection) {
	if t.owners != (ownersUse{}) {
		for _, s := range t.sinks {
			s.source, s.unstored = w.index.Owners(), t.owners.only
		}
		return
	}
	if !selection.Derives(t.resource.Describe()) {
		return
	}
	renderer := t.resource.Compile(selection.Derived())
	renderer.Recovered = w.recovered
	t.derived = store.NewResource(workloads.Name, families(renderer), len(t.sinks), t.Name())
	for i, p := range t.derived.Partitions() {
		s := t.sinks[i]
		s.pods = w.index.Pods(renderer, p)
		s.source = s.pods
	}
}

// closeUnknown removes the sources of targets that are no longer known from the index of workloads.
// The caller holds mu.
func (w *Watcher) closeUnknown() {
	known := w.known()
	for _, t := range w.open {
		if slices.Contains(known, t) {
			continue
		}
		for _, s := range t.sinks {
			if s.source != nil {
				s.source.Close()
			}
		}
	}
	w.open = known
}
