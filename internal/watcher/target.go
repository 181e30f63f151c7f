package watcher

import (
	"context"
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
	resource    generators.Resource
	description generators.Description
	feeds       []*feed // by namespace
	client      *apiclient.Client
	began       time.Time // to run; for the goroutine of Watcher.Run
	// grows has the sources of its content; nil if the content is listed, or is there.
	grows *growth
}

// A feed is the content of one namespace, or of all.
type feed struct {
	namespace string
	sink      *sink
	loop      *listwatch.Loop
}

// complete reports whether a list has ever been complete.
func (f *feed) complete() bool { return f.loop.Status.Report().Complete }

// newTarget makes what one resource needs. Nothing runs yet. The caller holds mu.
func (w *Watcher) newTarget(r generators.Resource, p plan, config Config) *target {
	d := r.Describe()
	t := &target{plan: p, resource: r, description: d, client: config.Client}
	for _, namespace := range p.namespaces {
		s := &sink{renderer: r.Compile(config.Selection), limit: p.limit, seconds: w.metrics.rendering.WithLabelValues(d.Name)}
		s.specOnly = s.renderer.SpecOnly()
		s.renderer.Recovered = w.panics.report
		l := listwatch.New(listwatch.Config{
			Resource: d.Name, GoType: r.Recipe().TypeName(),
			Namespace: namespace, FieldSelector: p.fieldSelector(), LabelSelector: r.Recipe().LabelSelector, FromCache: p.fromCache, Limit: p.limit,
			Shard: listwatch.NewShard(d.Name, p.shard, w.metrics.loops), Sink: s,
			OnSynced: w.signal, OnListed: func() { w.lists.Add(1) },
			Metrics: w.metrics.loops, Log: w.log.With("resource", d.Name, "namespace", namespace),
		})
		t.feeds = append(t.feeds, &feed{namespace, s, l})
	}
	t.Resource = store.NewResource(d.Name, families(t.feeds[0].sink.renderer), len(t.feeds), d.Aliases...)
	for i, p := range t.Partitions() {
		t.feeds[i].sink.partition = p
	}
	w.metrics.rebuilds.WithLabelValues(d.Name) // shows 0
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

// run follows the API server, if there is one, until ctx ends.
func (t *target) run(ctx context.Context, w *Watcher) {
	if t.client == nil {
		return
	}
	var running sync.WaitGroup
	for _, f := range t.feeds {
		client := t.client.Resource(t.resource, apiclient.Options{
			Filter: f.loop.Shard, Fingerprint: f.sink.partition.Fingerprint, Metrics: w.metrics.client, Log: f.loop.Log,
		})
		running.Go(func() { f.loop.Run(ctx, client) })
	}
	running.Wait()
}

// nameOf gives the name of a feed in messages.
func (t *target) nameOf(f *feed) string {
	if f.namespace == metav1.NamespaceAll {
		return t.Name()
	}
	return t.Name() + " in " + f.namespace
}

// complete reports whether any namespace has ever been complete.
func (t *target) complete() bool {
	return slices.ContainsFunc(t.feeds, (*feed).complete)
}

// settled reports whether every namespace is complete, except for those that the API server
// refuses.
func (t *target) settled() bool {
	if t.grows != nil {
		return t.grows.complete()
	}
	return !slices.ContainsFunc(t.feeds, func(f *feed) bool { return !f.loop.Status.Report().Settled() })
}

// covers reports whether nothing that o has complete is refused to t: a refusal must not
// displace content.
func (t *target) covers(o *target) bool {
	if o == nil || t.grows != nil { // what grows has the content of o
		return true
	}
	return !slices.ContainsFunc(t.feeds, func(f *feed) bool {
		return !f.complete() && slices.ContainsFunc(o.feeds, func(g *feed) bool {
			return g.complete() && (g.namespace == f.namespace || g.namespace == metav1.NamespaceAll || f.namespace == metav1.NamespaceAll)
		})
	})
}

// report gives what is known of the resource.
func (t *target) report() Status {
	r := t.feeds[0].loop.Status.Report()
	for _, f := range t.feeds[1:] {
		r = r.Worse(f.loop.Status.Report())
	}
	r.Resource = t.Name()
	return r
}

// includes reports whether the feed is to have o.
func (t *target) includes(f *feed, o metav1.Object) bool {
	return f.loop.Shard.Has(o) && t.selects(t.description.Namespaced, f.namespace, o)
}
