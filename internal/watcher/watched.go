package watcher

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
)

// A plan is all of a configuration that concerns one resource: under equal plans
// the same objects are watched and rendered to the same text.
type plan struct {
	effect     generators.Effect
	namespaces []string
	denied     []string
	fromCache  bool
	limit      int64 // objects at most; 0 for any number
	shard      sharding.Ranges
	placed     fields.Selector // of pods; nil for anywhere
}

// planFor is what config says of a resource.
func planFor(config Config, d generators.Description) plan {
	p := plan{
		effect:     config.Selection.EffectOn(d),
		namespaces: []string{metav1.NamespaceAll},
		fromCache:  config.FromCache,
		limit:      config.ObjectLimit,
		shard:      config.Shard,
	}
	if d.Namespaced {
		if len(config.Namespaces) > 0 {
			p.namespaces = config.Namespaces
		}
		p.denied = config.Denied
	}
	if d.Resource == corev1.SchemeGroupVersion.WithResource("pods") {
		p.placed = placedOn(config)
	}
	return p
}

// nodeName is the field of pods that names their node.
const nodeName = "spec.nodeName"

// placedOn is where config wants pods to be, nil for anywhere.
func placedOn(config Config) fields.Selector {
	switch {
	case config.Unscheduled:
		return fields.OneTermEqualSelector(nodeName, "")
	case config.Node != "":
		return fields.OneTermEqualSelector(nodeName, config.Node)
	}
	return nil
}

// fieldSelector has an API server send what the plan wants. It does not look at the
// shard, which may change meanwhile.
func (p *plan) fieldSelector() string {
	var terms []string
	for _, namespace := range p.denied {
		terms = append(terms, "metadata.namespace!="+namespace)
	}
	if p.placed != nil {
		terms = append(terms, p.placed.String())
	}
	return strings.Join(terms, ",")
}

func (p plan) equal(o plan) bool {
	return p.effect.Equal(o.effect) && slices.Equal(p.namespaces, o.namespaces) && sameSet(p.denied, o.denied) &&
		p.fromCache == o.fromCache && p.limit == o.limit && p.shard.Equal(o.shard) && p.fieldSelector() == o.fieldSelector()
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// watched is one resource as one plan wants it: its text, and the feeds that fill
// that.
type watched struct {
	plan
	*store.Resource
	feeds  []*Feed
	client *Client
	began  time.Time // to run; for the goroutine of Watcher.Run
	// grows is what its content is to be put together from; nil if it is listed as a
	// whole, or is there.
	grows *growth
}

// watch makes what one resource needs. Nothing runs yet.
func (w *Watcher) watch(r generators.Resource, p plan, config Config) *watched {
	d, u := factsOf(r), &watched{plan: p, client: config.Client}
	for _, namespace := range p.namespaces {
		f := &Feed{
			resource: d, namespace: namespace, renderer: r.Compile(config.Selection),
			want: typeOf(d.Kind), limit: p.limit, onSynced: w.signal, lists: &w.lists, health: newHealth(),
			rendering: w.metrics.rendering.WithLabelValues(d.Name),
			share:     newShare(d.Description, p.shard, w.metrics), dropped: make(chan struct{}, 1),
		}
		f.steady = f.renderer.SpecOnly()
		f.renderer.Recovered = w.contained.report
		u.feeds = append(u.feeds, f)
	}
	u.Resource = store.NewResource(d.Name, families(u.feeds[0].renderer), len(u.feeds))
	for i, part := range u.Parts() {
		u.feeds[i].part = part
	}
	w.metrics.rebuilds.WithLabelValues(d.Name) // shows 0
	w.metrics.filtered.DeleteLabelValues(d.Name)
	if p.limit > 0 {
		w.metrics.limit.WithLabelValues(d.TypeName()).Set(float64(p.limit))
	} else {
		w.metrics.limit.DeleteLabelValues(d.TypeName())
		w.metrics.listed.DeleteLabelValues(d.TypeName())
	}
	return u
}

// families is what the store has to know of what r renders.
func families(r *generators.Renderer) []store.Family {
	headers := r.Headers()
	var all []store.Family
	for i, name := range r.Names() {
		all = append(all, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed})
	}
	return all
}

// run follows the API server, if there is one, until ctx ends.
func (u *watched) run(ctx context.Context, w *Watcher) {
	if u.client == nil {
		return
	}
	if u.feeds[0].share.present().IsNone() {
		for _, f := range u.feeds {
			_ = f.Replace(nil, "") // no object fails
		}
		<-ctx.Done()
		return
	}
	var running sync.WaitGroup
	for _, f := range u.feeds {
		running.Go(func() { w.follow(ctx, u, f) })
	}
	running.Wait()
}

// refusedFor is how long a feed must have been refused for that to count: an API
// server that has just started refuses what it will allow.
const refusedFor = 5 * time.Second

// settled says whether all of it is complete that will be.
func (u *watched) settled() bool {
	if u.grows != nil {
		return u.grows.settled()
	}
	return !slices.ContainsFunc(u.feeds, func(f *Feed) bool { return !f.health.settled(refusedFor) })
}

// empty says whether nothing has ever been complete.
func (u *watched) empty() bool {
	return !slices.ContainsFunc(u.feeds, func(f *Feed) bool { return f.health.wasComplete() })
}

// longest is how long one that is wanted no more may take to be complete before the
// next one is begun. Hundreds of thousands of objects are listed in that time.
const longest = time.Minute

// underWay says whether it will be complete before long, as far as can be known.
func (u *watched) underWay() bool {
	return !u.settled() && time.Since(u.began) < longest
}

// inTurn gives what is to be served of the resource, and what is to be built beside
// that, if u is wanted. So far one was served and another begun; each may be nil.
func (u *watched) inTurn(served, begun *watched, starting bool) (serve, build *watched) {
	switch {
	case u == served, u.settled():
		return u, nil
	case begun != nil && begun != u && begun.settled() && !begun.empty():
		return begun, u
	case begun != nil && begun.underWay():
		return served, begun
	case served == nil && starting:
		return u, nil
	case served != nil && served.empty() && served.underWay():
		return served, nil
	case served != nil && served.empty():
		return u, nil
	default:
		return served, u
	}
}

// status gives what is known of the resource.
func (u *watched) status() Status {
	s := u.feeds[0].health.status(u.Name())
	for _, f := range u.feeds[1:] {
		s = s.worse(f.health.status(u.Name()))
	}
	return s
}

// includes says whether the feed is to have o.
func (u *watched) includes(f *Feed, o metav1.Object) bool {
	if !u.shard.Holds(sharding.Hash(key(o))) {
		return false
	}
	if pod, ok := o.(*corev1.Pod); ok && u.placed != nil && !u.placed.Matches(fields.Set{nodeName: pod.Spec.NodeName}) {
		return false
	}
	if !f.resource.Namespaced {
		return true
	}
	namespace := o.GetNamespace()
	return (f.namespace == metav1.NamespaceAll || f.namespace == namespace) && !slices.Contains(u.denied, namespace)
}
