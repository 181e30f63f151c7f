package watcher

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/workloads"
)

// A feeding tells which indices the objects of a target feed.
type feeding struct {
	owners, results bool
	counts          bool // the objects may own counters
	// only: the target has no other use. Of its objects only what the indices need is fetched, of all
	// shards.
	only bool
}

// A feedingPlan has the resources whose objects feed the indices of workloads and of results.
type feedingPlan struct {
	exported map[string]feeding // by key; the objects are those of all shards
	only     map[string]feeding // others, by name
}

// feedsFor returns the exported resources and those that only feed indices. An exported resource feeds
// an index if the program has all of its objects. The caller holds mu.
func (w *Watcher) feedsFor(config Config) (resources []generators.Resource, p feedingPlan) {
	whole := func(d generators.Description) (key string, ok bool) {
		i := slices.IndexFunc(config.Resources, func(r generators.Resource) bool { return w.hasAll(config, r, d.Resource.GroupResource()) })
		if i < 0 {
			return "", false
		}
		return config.Resources[i].Describe().Key, true
	}
	counts := slices.ContainsFunc(config.Resources, config.counts)
	p.exported, p.only = map[string]feeding{}, map[string]feeding{}
	resources = slices.Clone(config.Resources)
	fetched := map[string]string{} // names of those that only feed indices, by key
	for _, kind := range results.Needed(config.Selection, config.Resources) {
		d := kind.Describe()
		if key, ok := whole(d); ok {
			p.exported[key] = feeding{results: true}
			continue
		}
		p.only[d.Name] = feeding{results: true, only: true}
		fetched[d.Key] = d.Name
		resources = append(resources, kind)
	}
	for _, kind := range workloads.Needed(config.Selection, config.Resources) {
		d := kind.Describe()
		if key, ok := whole(d); ok {
			p.exported[key] = feeding{results: p.exported[key].results, owners: true, counts: counts}
			continue
		}
		if name := fetched[d.Key]; name != "" {
			p.only[name] = feeding{owners: true, results: true, counts: counts, only: true}
			continue
		}
		p.only[d.Name] = feeding{owners: true, counts: counts, only: true}
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

// of returns which indices a resource feeds.
func (p feedingPlan) of(d generators.Description) feeding {
	if f := p.only[d.Name]; f.only {
		return f
	}
	return p.exported[d.Key]
}

// configOf returns the configuration of a resource: what chooses and limits exported objects does not
// concern those that only feed indices.
func (p feedingPlan) configOf(config Config, d generators.Description) Config {
	if p.only[d.Name].only {
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

// connect connects the sinks of a new target with the indices that its objects feed, and with the one
// of its derived families.
func (w *Watcher) connect(t *target, derived *generators.Renderer) {
	for i, p := range t.Partitions() {
		s := t.sinks[i]
		s.unstored = t.feeds.only
		if t.feeds.owners {
			s.feeds = append(s.feeds, sourceFeed[*workloads.OwnersBatch]{w.index.Owners()})
		}
		if t.feeds.counts { // after the owners, by which counters move
			s.feeds = append(s.feeds, &presence{kind: t.resource.Describe().Kind.Kind, index: w.index, ledger: w.ledger, objects: map[uint64]struct{}{}})
		}
		if t.feeds.results {
			s.feeds = append(s.feeds, sourceFeed[*results.SourceBatch]{w.results.Source()})
		}
		if derived != nil {
			s.derived = w.newDeriver(t.resource.Describe(), derived, len(s.specOnly)-len(derived.Names()), p)
		}
	}
}

// closeUnknown removes what targets that are no longer known have from the indices. The caller holds
// mu.
func (w *Watcher) closeUnknown() {
	known := w.known()
	for _, t := range w.open {
		if slices.Contains(known, t) {
			continue
		}
		for _, s := range t.sinks {
			for _, f := range s.feeds {
				f.close()
			}
			if s.derived != nil {
				s.derived.Close()
			}
		}
	}
	w.open = known
}
