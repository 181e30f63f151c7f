package watcher

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/store"
)

// A target is one resource under one plan: its partitions of the store, and their sinks.
type target struct {
	plan
	*store.Resource
	resource generators.Resource
	sinks    []*sink // by namespace
	finisher *finisher
	client   *apiclient.Client
	serial   int64      // tells targets apart
	extends  *extension // the sources of its content; nil if it is listed, or has been merged

	// For the goroutine of Watcher.Run.
	began  time.Time
	logged State // the last logged one of many namespaces
}

// newTarget returns a target that does not run yet. The caller holds mu.
func (w *Watcher) newTarget(r generators.Resource, p plan, config Config) *target {
	name := r.Describe().Name
	w.targets++
	t := &target{serial: w.targets, plan: p, resource: r, client: config.Client, logged: listwatch.Synced}
	log, outages, starts := w.log.With("resource", name), w.outages, chan struct{}(nil)
	if t.many() {
		starts, outages = make(chan struct{}, maxStarts), nil
		log = slog.New(verboseHandler{log.Handler()}) // logStates logs all namespaces together
	}
	compiled := r.Compile(config.Selection)
	compiled.Recovered = w.recovered
	derived := w.derived(r, config.Selection)
	specOnly, all := compiled.SpecOnly(), familiesOf(compiled)
	if derived != nil {
		specOnly, all = append(specOnly, derived.SpecOnly()...), append(all, familiesOf(derived)...)
	}
	for i, namespace := range p.namespaces {
		renderer := compiled
		if i > 0 {
			renderer = compiled.Clone()
		}
		if renderer == nil {
			renderer = r.Compile(config.Selection)
			renderer.Recovered = w.recovered
		}
		s := &sink{renderer: renderer, specOnly: specOnly, seconds: w.metrics.rendering.WithLabelValues(name)}
		kept := p.kept
		var changing listwatch.NamespaceSink
		if p.selected && config.Client != nil {
			if kept, changing = w.selected, s; kept == nil {
				kept = map[string]bool{}
			}
		}
		s.loop = listwatch.New(listwatch.Config{
			Resource: name, GoType: r.Recipe().TypeName(),
			Namespace: namespace, FieldSelector: p.fieldSelector(r.Recipe()), LabelSelector: p.labels, FromCache: p.fromCache, Limit: p.limit,
			Shard: listwatch.NewShard(name, p.shard, kept, w.metrics.loops), Sink: s, Namespaces: changing, OnListed: w.listed,
			Starts: starts, Tentative: p.kept != nil,
			Metrics: w.metrics.loops, Outages: outages, Log: log.With("namespace", namespace),
		})
		t.sinks = append(t.sinks, s)
	}
	t.Resource = store.NewResourceInParts(max(config.Parts, 1), name, all, len(t.sinks), r.Describe().Aliases...)
	if p.limited {
		t.LimitSeries(p.budgets)
	}
	for i, p := range t.Partitions() {
		t.sinks[i].partition = p
	}
	t.finisher = t.newFinisher(config.Selection, all, len(compiled.Names()))
	w.connect(t, derived)
	w.countOn(t)
	w.metrics.rebuilds.WithLabelValues(name) // shows 0
	return t
}

// familiesOf returns the store's families of r.
func familiesOf(r *generators.Renderer) []store.Family {
	headers, mayRepeat := r.Headers(), r.MayRepeat()
	var all []store.Family
	for i, name := range r.Names() {
		all = append(all, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed, MayRepeat: mayRepeat[i]})
	}
	return all
}

// run runs the finisher and, if there is an API server, the loops in running, until ctx ends.
func (t *target) run(ctx context.Context, running *sync.WaitGroup, m *Metrics) {
	t.began = time.Now()
	if t.finisher != nil {
		running.Go(func() { t.finisher.run(ctx, t.sinks) })
	}
	if t.client == nil {
		return
	}
	options := apiclient.Options{Metrics: m.client}
	if t.many() {
		options.ReadAhead = smallBuffer
	}
	for _, s := range t.sinks {
		options.Wants, options.Fingerprint, options.Log = s.loop.Shard.Wants, s.partition.Input, s.loop.Log
		client := t.client.Resource(t.resource, options)
		running.Go(func() { s.loop.Run(ctx, client) })
		if t.selected {
			options.Wants = nil
			additions := t.client.Resource(t.resource, options)
			running.Go(func() { s.loop.AddNamespaces(ctx, additions) })
		}
	}
}

// complete reports whether any namespace has ever been complete.
func (t *target) complete() bool { return slices.ContainsFunc(t.sinks, (*sink).complete) }

// complete reports whether a list has ever been complete.
func (s *sink) complete() bool { return s.loop.Report().Complete }

// settled reports whether every namespace is complete or refused.
func (t *target) settled() bool {
	if t.extends != nil {
		return t.extends.complete()
	}
	return !slices.ContainsFunc(t.sinks, func(s *sink) bool { return !s.loop.Report().Settled() || s.lacks() })
}

// lacks reports whether the content of a complete list lacks selected namespaces.
func (s *sink) lacks() bool {
	r := s.loop.Report()
	return r.Complete && r.Lacking > 0
}

// covers reports whether t is not refused where o is complete: a refusal must not replace content.
func (t *target) covers(o *target) bool {
	if o == nil || t.extends != nil { // an extension has the content of o
		return true
	}
	return !slices.ContainsFunc(t.sinks, func(s *sink) bool {
		return !s.complete() && slices.ContainsFunc(o.sinks, func(other *sink) bool { return other.complete() && s.overlaps(other) })
	})
}

// overlaps reports whether both sinks have objects of one namespace.
func (s *sink) overlaps(o *sink) bool {
	a, b := s.loop.Namespace, o.loop.Namespace
	return a == b || a == metav1.NamespaceAll || b == metav1.NamespaceAll
}
