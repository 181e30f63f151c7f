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

// A target is one resource under one plan: its partitions of the store, and what fills them.
type target struct {
	plan
	*store.Resource
	resource generators.Resource
	feeds    []*feed // by namespace
	client   *apiclient.Client
	began    time.Time // to run; for the goroutine of Watcher.Run
	logged   State     // the worst of many namespaces, when it was logged; likewise
	// grows has the sources of its content; nil if the content is listed, or is there.
	grows *growth
}

// newTarget makes what one resource needs. Nothing runs yet. The caller holds mu.
func (w *Watcher) newTarget(r generators.Resource, p plan, config Config) *target {
	name := r.Describe().Name
	t := &target{plan: p, resource: r, client: config.Client, logged: listwatch.Synced}
	log, starts := w.log.With("resource", name), chan struct{}(nil)
	if t.many() {
		starts = make(chan struct{}, maxStarts)
		log = slog.New(debugHandler{log.Handler()}) // logStates logs all namespaces together
	}
	compiled := r.Compile(config.Selection)
	compiled.Recovered = w.recovered
	specOnly := compiled.SpecOnly()
	for _, namespace := range p.namespaces {
		f := &feed{renderer: compiled.Clone(), specOnly: specOnly, seconds: w.metrics.rendering.WithLabelValues(name)}
		if f.renderer == nil {
			f.renderer = r.Compile(config.Selection)
			f.renderer.Recovered = w.recovered
		}
		f.loop = listwatch.New(listwatch.Config{
			Resource: name, GoType: r.Recipe().TypeName(),
			Namespace: namespace, FieldSelector: p.fieldSelector(r.Recipe()), LabelSelector: r.Recipe().LabelSelector, FromCache: p.fromCache, Limit: p.limit,
			Shard: listwatch.NewShard(name, p.shard, p.kept, w.metrics.loops), Sink: f, OnListed: w.listed,
			Starts: starts, Tentative: p.kept != nil,
			Metrics: w.metrics.loops, Log: log.With("namespace", namespace),
		})
		t.feeds = append(t.feeds, f)
	}
	t.Resource = store.NewResource(name, families(compiled), len(t.feeds), r.Describe().Aliases...)
	for i, p := range t.Partitions() {
		t.feeds[i].partition = p
	}
	w.metrics.rebuilds.WithLabelValues(name) // shows 0
	return t
}

// families is what the store has to know of what r renders.
func families(r *generators.Renderer) []store.Family {
	headers, mayRepeat := r.Headers(), r.MayRepeat()
	var all []store.Family
	for i, name := range r.Names() {
		all = append(all, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed, MayRepeat: mayRepeat[i]})
	}
	return all
}

// run has running follow the API server, if there is one, until ctx ends.
func (t *target) run(ctx context.Context, running *sync.WaitGroup, m *Metrics) {
	t.began = time.Now()
	if t.client == nil {
		return
	}
	options := apiclient.Options{Metrics: m.client}
	if t.many() {
		options.ReadAhead = smallBuffer
	}
	for _, f := range t.feeds {
		options.Wants, options.Fingerprint, options.Log = f.loop.Shard.Wants, f.partition.Fingerprint, f.loop.Log
		client := t.client.Resource(t.resource, options)
		running.Go(func() { f.loop.Run(ctx, client) })
	}
}

// complete reports whether any namespace has ever been complete.
func (t *target) complete() bool { return slices.ContainsFunc(t.feeds, (*feed).complete) }

// complete reports whether a list has ever been complete.
func (f *feed) complete() bool { return f.loop.Report().Complete }

// settled reports whether every namespace is complete, except for those that the API server
// refuses.
func (t *target) settled() bool {
	if t.grows != nil {
		return t.grows.complete()
	}
	return !slices.ContainsFunc(t.feeds, func(f *feed) bool { return !f.loop.Report().Settled() })
}

// covers reports whether nothing that o has complete is refused to t: a refusal must not
// displace content.
func (t *target) covers(o *target) bool {
	if o == nil || t.grows != nil { // what grows has the content of o
		return true
	}
	return !slices.ContainsFunc(t.feeds, func(f *feed) bool {
		return !f.complete() && slices.ContainsFunc(o.feeds, func(g *feed) bool { return g.complete() && f.overlaps(g) })
	})
}

// overlaps reports whether there is a namespace that both feeds are of.
func (f *feed) overlaps(g *feed) bool {
	a, b := f.loop.Namespace, g.loop.Namespace
	return a == b || a == metav1.NamespaceAll || b == metav1.NamespaceAll
}
