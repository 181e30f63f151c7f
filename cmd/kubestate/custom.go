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

// customResources has the tables of custom resources, which depend on the configuration and on
// the kinds that there are.
type customResources struct {
	builtin  *generators.Registry
	catalog  *discovery.Catalog
	reporter *customresource.Reporter
	log      *slog.Logger

	served  []customresource.Kind // of the API server itself, as refresh found them
	lastErr string                // of refresh, logged last; empty if it found all

	mu       sync.Mutex
	followed bool // the definitions are being watched
	listed   bool // the catalog has had all definitions
	applied  bool // the watcher has the tables of those
	kinds    []customresource.Kind
	client   *apiclient.Client // that asks for the kinds of groups without definitions; does not change
	defined  map[string]bool   // groups of which there were definitions
	resolved customresource.Resolution
	invalid  int             // entries of the configuration
	settled  bool            // the first custom resources were served or refused, or came after the program was ready
	said     map[string]bool // positions of entries without a kind, as they were logged
}

func newCustomResources(builtin *generators.Registry, reg prometheus.Registerer, log *slog.Logger) *customResources {
	return &customResources{
		builtin: builtin, catalog: discovery.NewCatalog(reg), reporter: customresource.NewReporter(reg, log), log: log, said: map[string]bool{}, defined: map[string]bool{},
	}
}

// follow has the watcher watch the definitions, if the options need them and it does not yet.
func (c *customResources) follow(opts options.Options, w *watcher.Watcher) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.followed || opts.Custom.Config == nil || opts.Snapshot != "" {
		return nil
	}
	config, err := clientConfig(opts)
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

// refresh sets the kinds to those of the catalog, and of groups that it never had any of, since the
// API server tells of those of a definition for a while after that is gone. complete says that
// the catalog has had all definitions.
func (c *customResources) refresh(ctx context.Context, opts options.Options, complete bool) {
	kinds := c.catalog.Kinds()
	c.mu.Lock()
	c.listed = c.listed || complete
	ask := c.listed && c.client != nil && opts.Custom.Config != nil
	for _, k := range kinds {
		c.defined[k.Group] = true
	}
	defined := maps.Clone(c.defined)
	c.mu.Unlock()
	if ask {
		served, err := discovery.Served(ctx, c.client, opts.Custom.Config.Groups(defined), c.served)
		c.undiscovered(err)
		c.served = served
		kinds = append(kinds, served...)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds = kinds
}

// undiscovered logs why kinds of the API server itself could not be asked for, when that changes.
func (c *customResources) undiscovered(err error) {
	text := ""
	if err != nil {
		text = oneLine(err)
	}
	if text != c.lastErr && err != nil {
		c.log.Warn("custom resources: kinds of the API server itself may have changed unnoticed", "err", text)
	}
	c.lastErr = text
}

// apply notes that the watcher has the tables that resources gave.
func (c *customResources) apply() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.applied = c.listed
}

// incomplete reports whether an entry has no kind.
func (c *customResources) incomplete() bool {
	return slices.ContainsFunc(c.entries(), func(e customresource.EntryResources) bool { return len(e.Resources) == 0 })
}

// find sets the kinds to those of a snapshot, if the options have one: those that are defined in it, and
// those of objects without a definition.
func (c *customResources) find(opts options.Options) error {
	if opts.Snapshot == "" || opts.Custom.Config == nil {
		return nil
	}
	if opts.Snapshot == snapshot.Stdin {
		return errors.New("--snapshot: custom resources need files, which are read twice: give a path instead of standard input")
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

// use sets the kinds that there are.
func (c *customResources) use(kinds []customresource.Kind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds, c.listed, c.applied = kinds, true, true
}

// resources gives the built-in resources of the options and the tables of custom ones, in the
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
		c.say()
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

// orderOf is the place of a resource among others in responses.
func orderOf(r generators.Resource) string {
	d := r.Describe()
	return cmp.Or(d.Order, d.Resource.Resource)
}

// say logs entries that have no kind, once until they have one.
func (c *customResources) say() {
	for _, e := range c.resolved.Entries {
		missing := len(e.Resources) == 0
		if missing && !c.said[e.Position] {
			c.log.Info("custom resource: there is no such kind yet", "entry", e.Position, "group", e.Group, "version", e.Version, "kind", e.Kind)
		}
		c.said[e.Position] = missing
	}
}

// entries gives what the entries of the configuration chose.
func (c *customResources) entries() []customresource.EntryResources {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.resolved.Entries
}

// unlisted is the state of a resource without a status: it is to be listed soon, or from files.
func (c *customResources) unlisted() watcher.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.followed {
		return watcher.Syncing
	}
	return watcher.Synced
}

// invalidEntries gives the number of invalid entries.
func (c *customResources) invalidEntries() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.invalid
}

// statuses gives the checks, and names what is pending of the first custom resources. A resource may
// move on between two questions: from its definition to what is pending, and from there to the
// checks. Asked in this order, and with definitions as they were first, no resource is overlooked.
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

// pending names what is missing of the first custom resources: definitions says whether those
// have been listed, and wanted which resources are not served yet.
func (c *customResources) pending(definitions bool, wanted func() []string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.followed || c.settled || !definitions:
		return nil
	case !c.applied:
		return []string{"custom resources"}
	}
	names := wanted()
	c.settled = len(names) == 0
	return names
}

// settle notes that the program is ready, so that nothing is pending from now on.
func (c *customResources) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.settled = true
}

func (c *customResources) isSettled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settled
}

// names are those by which clients may select resources.
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

// warnCustom logs what is wrong with the configuration of custom resources.
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
		log.Error("custom resource configuration: an entry is left out", "err", fault)
	}
}

// writePresets writes the names of the presets, or the text of one.
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

// register registers with reg how the entries of the configuration stand.
func (c *customResources) register(reg prometheus.Registerer, w *watcher.Watcher) {
	reg.MustRegister(entryCollector{c, w})
}

// An entryCollector shows the states of entries as metrics.
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

// Collect is part of prometheus.Collector. Of entries for the same kind the worst state counts.
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
				of = c.custom.unlisted()
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
