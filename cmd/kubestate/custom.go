package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/presets"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// customResources resolves the configuration of custom resources to tables, by the discovered kinds.
type customResources struct {
	builtin  *generators.Registry
	catalog  *discovery.Catalog
	reporter *customresource.Reporter
	log      *slog.Logger

	served  []customresource.Kind // kinds without a definition that refresh discovered last
	lastErr string                // of refresh, logged last; empty after a success

	mu       sync.Mutex
	followed bool // the watcher watches the definitions
	listed   bool // the catalog had the complete list of definitions
	applied  bool // the watcher has the tables of that list
	kinds    []customresource.Kind
	client   *apiclient.Client // for discovery, set with followed
	defined  map[string]bool   // groups that had a definition
	resolved customresource.Resolution
	invalid  int             // number of invalid entries
	synced   bool            // the initial custom resources were served or refused, or the program was ready
	missing  map[string]bool // positions of entries whose missing kind was logged
}

func newCustomResources(builtin *generators.Registry, reg prometheus.Registerer, log *slog.Logger) *customResources {
	return &customResources{
		builtin: builtin, catalog: discovery.NewCatalog(reg), reporter: customresource.NewReporter(reg, log), log: log, missing: map[string]bool{}, defined: map[string]bool{},
	}
}

// follow adds the definitions to the watcher, if the options need them and the watcher lacks them.
func (c *customResources) follow(opts options.Options, connect connector, w *watcher.Watcher) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.followed || opts.Custom.Config == nil || opts.Snapshot != "" {
		return nil
	}
	config, err := connect()
	if err != nil {
		return err
	}
	client, err := apiclient.New(config, discovery.Scheme())
	if err != nil {
		return err
	}
	w.Follow(discovery.Definitions, client, c.catalog)
	c.followed, c.client = true, client
	return nil
}

// refresh sets the kinds to those of the catalog, and to discovered ones of groups that never had a
// definition: discovery still lists the kind of a deleted definition for a while. complete tells
// that the catalog had the complete list of definitions.
func (c *customResources) refresh(ctx context.Context, opts options.Options, complete bool) {
	kinds := c.catalog.Kinds()
	c.mu.Lock()
	c.listed = c.listed || complete
	discover := c.listed && c.client != nil && opts.Custom.Config != nil
	for _, k := range kinds {
		c.defined[k.Group] = true
	}
	defined := maps.Clone(c.defined)
	c.mu.Unlock()
	if discover {
		served, err := discovery.Served(ctx, c.client, opts.Custom.Config.Groups(defined), c.served)
		c.logDiscovery(err)
		c.served = served
		kinds = append(kinds, served...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds = kinds
}

// logDiscovery logs an error of discovery unless the last one was the same.
func (c *customResources) logDiscovery(err error) {
	text := ""
	if err != nil {
		text = oneLine(err)
	}
	if text != c.lastErr && err != nil {
		c.log.Warn("custom resources: discovery of kinds without a definition failed", "err", text)
	}
	c.lastErr = text
}

// apply tells that the watcher has the tables that resources returned.
func (c *customResources) apply() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applied = c.listed
}

// incomplete reports whether an entry matches no kind.
func (c *customResources) incomplete() bool {
	return slices.ContainsFunc(c.entries(), func(e customresource.EntryResources) bool { return len(e.Resources) == 0 })
}

// find sets the kinds to those of the snapshot, if there is one: defined ones, and those of objects
// without a definition.
func (c *customResources) find(opts options.Options) error {
	if opts.Snapshot == "" || opts.Custom.Config == nil {
		return nil
	}
	if opts.Snapshot == snapshot.Stdin {
		return errors.New("--snapshot: custom resources need a path, as the snapshot is read twice, not standard input")
	}
	var kinds []customresource.Kind
	add := func(_ schema.GroupVersionKind, o runtime.Object) error {
		if definition, ok := o.(metav1.Object); ok {
			if kind, ok := discovery.KindOf(definition); ok {
				kinds = append(kinds, kind)
			}
		}
		return nil
	}
	report, err := snapshot.Read(opts.Snapshot, []generators.Resource{discovery.Definitions}, discovery.Scheme(), nil, add)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	c.use(discovery.WithGuesses(kinds, slices.Collect(maps.Keys(report.Skipped))))
	return nil
}

// use sets the kinds.
func (c *customResources) use(kinds []customresource.Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds, c.listed, c.applied = kinds, true, true
}

// resources returns the built-in resources of the options and the tables of custom resources, in the
// order of responses.
func (c *customResources) resources(opts options.Options) []generators.Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resolved, c.invalid = customresource.Resolution{}, 0
	if opts.Custom.Config == nil {
		return opts.Resources
	}
	c.invalid = opts.Custom.Config.Invalid
	c.resolved = opts.Custom.Config.Resolve(c.kinds, opts.Resources, generators.Names(c.builtin.Resources()), c.reporter)
	if c.listed {
		c.logMissing()
	}
	all := slices.Concat(opts.Resources, c.resolved.Tables)
	for i, r := range opts.Resources {
		if extended, ok := c.resolved.Extended[r.Describe().Key]; ok {
			all[i] = extended
		}
	}
	slices.SortStableFunc(all, func(a, b generators.Resource) int { return strings.Compare(orderOf(a), orderOf(b)) })
	return all
}

// orderOf returns the sort key of a resource in responses.
func orderOf(r generators.Resource) string {
	d := r.Describe()
	return cmp.Or(d.Order, d.Resource.Resource)
}

// logMissing logs each entry that matches no kind, once until it matches one.
func (c *customResources) logMissing() {
	for _, e := range c.resolved.Entries {
		missing := len(e.Resources) == 0
		if missing && !c.missing[e.Position] {
			c.log.Info("custom resource: kind not found", "entry", e.Position, "group", e.Group, "version", e.Version, "kind", e.Kind)
		}
		c.missing[e.Position] = missing
	}
}

// entries returns the resources of each entry.
func (c *customResources) entries() []customresource.EntryResources {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resolved.Entries
}

// defaultState returns the state of a resource without a status: not listed yet, or of a snapshot.
func (c *customResources) defaultState() watcher.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.followed {
		return watcher.Syncing
	}
	return watcher.Synced
}

// invalidEntries returns the number of invalid entries.
func (c *customResources) invalidEntries() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.invalid
}

// statuses returns the statuses and the pending initial custom resources. A resource can move between
// two calls, from its definition to pending, and from pending to the statuses. This order of
// calls, with the first status of the definitions, misses none.
func (c *customResources) statuses(checks func() []watcher.Status, wanted func() []string) (statuses []watcher.Status, pending []string) {
	isDefinitions := func(s watcher.Status) bool { return s.Resource == definitions }
	first := checks()
	at := slices.IndexFunc(first, isDefinitions)
	pending = c.pending(at >= 0 && first[at].Complete, wanted)
	statuses = checks()
	if i := slices.IndexFunc(statuses, isDefinitions); i >= 0 && at >= 0 {
		statuses[i] = first[at]
	}
	return statuses, pending
}

// pending names the initial custom resources that are not served. definitions tells whether the
// definitions are listed, wanted returns resources that the watcher does not serve yet.
func (c *customResources) pending(definitions bool, wanted func() []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.followed || c.synced || !definitions:
		return nil
	case !c.applied:
		return []string{"custom resources"}
	}
	names := wanted()
	c.synced = len(names) == 0
	return names
}

// setSynced tells that the program is ready: custom resources are never pending again.
func (c *customResources) setSynced() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.synced = true
}

func (c *customResources) hasSynced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.synced
}

// names returns the names by which clients can select resources.
func (c *customResources) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	names := generators.Names(c.builtin.Resources())
	for _, r := range c.resolved.Tables {
		d := r.Describe()
		names = append(append(names, d.Name), d.Aliases...)
	}
	return names
}

// warnCustom logs errors and warnings of the configuration of custom resources.
func warnCustom(opts options.Options, log *slog.Logger) {
	if opts.Custom.Err != nil {
		log.Warn("starting without the configuration of custom resources", "err", opts.Custom.Err)
	}
	if opts.Custom.Config == nil {
		return
	}
	for _, warning := range opts.Custom.Config.Warnings {
		log.Warn("custom resource configuration", "warning", warning)
	}
	for _, fault := range opts.Custom.Config.Faults {
		log.Error("custom resource configuration: invalid entry ignored", "err", fault)
	}
}

// writePresets writes the names of all presets, or the text of the named one.
func writePresets(to io.Writer, name string) error {
	if name == "" {
		_, err := io.WriteString(to, strings.Join(presets.Names(), "\n")+"\n")
		return err
	}
	text, err := options.PresetText(name)
	if err == nil {
		_, err = to.Write(text)
	}
	return err
}

// register registers the metrics of entries.
func (c *customResources) register(reg prometheus.Registerer, w *watcher.Watcher) {
	reg.MustRegister(entryCollector{c, w})
}

// An entryCollector exports the states of entries.
type entryCollector struct {
	custom *customResources
	w      *watcher.Watcher
}

var (
	entryDesc = prometheus.NewDesc("kubestate_custom_resource_state",
		"State of an entry of the custom resource configuration (1 for the current state, absent if the API server lacks the kind).",
		[]string{"group", "version", "kind", "state"}, nil)
	invalidDesc = prometheus.NewDesc("kubestate_custom_resource_invalid_entries",
		"Invalid entries of the custom resource configuration.", nil, nil)
)

// Describe is part of prometheus.Collector.
func (entryCollector) Describe(to chan<- *prometheus.Desc) { to <- entryDesc; to <- invalidDesc }

// Collect is part of prometheus.Collector. The state of a kind is the worst of its entries.
func (c entryCollector) Collect(to chan<- prometheus.Metric) {
	states := map[string]watcher.State{}
	for _, s := range c.w.Statuses() {
		states[s.Resource] = s.State
	}
	worst := map[[3]string]watcher.State{}
	for _, e := range c.custom.entries() {
		state := watcher.Absent
		for i, r := range e.Resources {
			of, known := states[r]
			if !known {
				of = c.custom.defaultState()
			}
			if i == 0 || watcher.Worse(of, state) {
				state = of
			}
		}
		kind := [3]string{e.Group, e.Version, e.Kind}
		if was, ok := worst[kind]; !ok || watcher.Worse(state, was) {
			worst[kind] = state
		}
	}
	for kind, is := range worst {
		for _, state := range watcher.States() {
			value := 0.0
			if state == is {
				value = 1
			}
			to <- prometheus.MustNewConstMetric(entryDesc, prometheus.GaugeValue, value, kind[0], kind[1], kind[2], string(state))
		}
	}
	to <- prometheus.MustNewConstMetric(invalidDesc, prometheus.GaugeValue, float64(c.custom.invalidEntries()))
}
