package members

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// A view hands on what a reflector sees of objects of a type, a list in one piece: of
// what happened within it, nothing is seen before anything else. It is a
// cache.ReflectorStore.
type view[T metav1.Object] struct {
	seen  map[string]bool // names
	apply func(changes map[string]*T)
}

// Add hands on an object.
func (v *view[T]) Add(object any) error { return v.Update(object) }

// Update hands on an object.
func (v *view[T]) Update(object any) error {
	o := object.(T)
	v.seen[o.GetName()] = true
	v.apply(map[string]*T{o.GetName(): &o})
	return nil
}

// Delete hands on that an object is gone.
func (v *view[T]) Delete(object any) error {
	name := object.(T).GetName()
	delete(v.seen, name)
	v.apply(map[string]*T{name: nil})
	return nil
}

// Replace hands on a list, and what is gone since the one before.
func (v *view[T]) Replace(objects []any, _ string) error {
	changes := map[string]*T{}
	for name := range v.seen {
		changes[name] = nil
	}
	clear(v.seen)
	for _, object := range objects {
		o := object.(T)
		v.seen[o.GetName()] = true
		changes[o.GetName()] = &o
	}
	v.apply(changes)
	return nil
}

// Resync has nothing to do.
func (v *view[T]) Resync() error { return nil }

// lister lists and watches, and logs what goes wrong when it begins to.
type lister struct {
	*cache.ListWatch
	what string
	log  *slog.Logger
	lost func(what string, lost bool) // says whether the objects are out of sight

	mu    sync.Mutex
	wrong bool
}

// ListWithContext lists.
func (l *lister) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	list, err := l.ListWatch.ListWithContext(ctx, options)
	l.note(ctx, err)
	return list, err
}

// WatchWithContext watches.
func (l *lister) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	w, err := l.ListWatch.WatchWithContext(ctx, options)
	l.note(ctx, err)
	return w, err
}

func (l *lister) note(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if ctx.Err() == nil && err != nil && !l.wrong {
		l.log.Warn("cannot see other shards; trying on", "resource", l.what, "err", err)
	}
	if wrong := err != nil; ctx.Err() == nil && wrong != l.wrong {
		l.wrong = wrong
		l.lost(l.what, wrong)
	}
}

// follow hands on what happens to the objects that the options choose, until ctx
// ends.
func follow[T interface {
	metav1.Object
	runtime.Object
}](ctx context.Context, client rest.Interface, namespace, resource string, of T, choose func(*metav1.ListOptions), s *Shard, apply func(map[string]*T)) {
	from := &lister{ListWatch: cache.NewFilteredListWatchFromClient(client, resource, namespace, choose), what: resource, log: s.log, lost: func(what string, lost bool) {
		s.send(ctx, func() { s.outOfSight(what, lost) })
	}}
	cache.NewReflectorWithOptions(from, of, &view[T]{map[string]bool{}, apply}, cache.ReflectorOptions{Name: resource}).RunWithContext(ctx)
}

// watch follows the StatefulSet, its pods and its Lease, until ctx ends. What
// they become is for the goroutine that takes from events.
func (s *Shard) watch(ctx context.Context, own self) {
	var running sync.WaitGroup
	defer running.Wait()
	named := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, own.set.Name).String()
	}
	running.Go(func() {
		follow(ctx, s.api.apps, s.api.namespace, "statefulsets", &appsv1.StatefulSet{}, named, s, func(sets map[string]**appsv1.StatefulSet) {
			s.send(ctx, func() { s.laidOut(sets[own.set.Name]) })
		})
	})
	running.Go(func() {
		ours := func(o *metav1.ListOptions) { o.LabelSelector = own.selector }
		follow(ctx, s.api.core, s.api.namespace, "pods", &corev1.Pod{}, ours, s, func(pods map[string]**corev1.Pod) {
			s.send(ctx, func() { s.sawPods(own.set.Name, pods) })
		})
	})
	follow(ctx, s.api.coordination, s.api.namespace, "leases", &coordinationv1.Lease{}, named, s, func(leases map[string]**coordinationv1.Lease) {
		s.send(ctx, func() { s.sawLease(leases[own.set.Name]) })
	})
}

// outOfSight notes whether the objects of a resource cannot be seen.
func (s *Shard) outOfSight(what string, lost bool) {
	s.unseen[what] = lost
	s.member.SetBlind(s.unseen["pods"] || s.unseen["leases"] || s.unseen["statefulsets"])
}

// laidOut takes up the layout of the StatefulSet. One that is gone leaves everything
// as it is, and one that is behind was seen by an API server that is.
func (s *Shard) laidOut(set **appsv1.StatefulSet) {
	if set == nil || *set == nil {
		s.log.Warn("the StatefulSet is gone; serving on what is served")
		return
	}
	version := (*set).ResourceVersion
	if behind, err := resourceversion.CompareResourceVersion(version, s.version); s.version != "" && err == nil && behind < 0 {
		return
	}
	s.version = version
	l := layoutOf(*set)
	if l != s.layout {
		s.log.Info("took up the layout of the StatefulSet", "replicas", l.Total, "start", l.Start)
		s.metrics.layouts.Inc()
	}
	s.layout, s.generation = l, (*set).Generation
	s.member.SetLayout(l)
}

func (s *Shard) sawPods(set string, pods map[string]**corev1.Pod) {
	for name, pod := range pods {
		n, err := numberOf(name, set)
		switch {
		case err != nil: // it only has the same labels
		case pod == nil:
			s.member.SetPod(n, nil)
		default:
			s.member.SetPod(n, podOf(*pod))
		}
	}
}

// sawLease takes up the promises that a version of the Lease has, all of them before
// anything else is decided. Without a Lease there are none.
func (s *Shard) sawLease(lease **coordinationv1.Lease) {
	missing := lease == nil || *lease == nil
	if missing && !s.leaseless {
		s.log.Warn("the StatefulSet has no Lease; serving on what is served, and nobody can take over", "err", errNoLease)
	} else if !missing && s.leaseless {
		s.log.Info("the StatefulSet has its Lease again")
	}
	s.leaseless = missing
	s.outOfSight("leases", missing)
	s.metrics.leaseMissing.Set(0)
	if missing {
		s.metrics.leaseMissing.Set(1)
		s.member.SetPromises(nil)
		return
	}
	promises, err := promisesOf((*lease).Annotations)
	if err != nil && fmt.Sprint(err) != s.unreadable {
		s.log.Warn("cannot read promises of shards; taking them for none", "err", err)
	}
	s.unreadable = fmt.Sprint(err)
	s.member.SetPromises(promises)
}
