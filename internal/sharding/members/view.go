package members

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

// A view is a cache.ReflectorStore that passes on changes of objects of one type, those of a list in
// one call.
type view[T metav1.Object] struct {
	known map[string]bool // names
	apply func(changes map[string]*T)
}

// Add passes on an object.
func (v *view[T]) Add(object any) error { return v.Update(object) }

// Update passes on an object.
func (v *view[T]) Update(object any) error {
	o := object.(T)
	v.known[o.GetName()] = true
	v.apply(map[string]*T{o.GetName(): &o})
	return nil
}

// Delete passes on a deletion.
func (v *view[T]) Delete(object any) error {
	name := object.(T).GetName()
	delete(v.known, name)
	v.apply(map[string]*T{name: nil})
	return nil
}

// Replace passes on a list with the deletions since the previous one.
func (v *view[T]) Replace(objects []any, _ string) error {
	changes := map[string]*T{}
	for name := range v.known {
		changes[name] = nil
	}
	clear(v.known)
	for _, object := range objects {
		o := object.(T)
		v.known[o.GetName()] = true
		changes[o.GetName()] = &o
	}
	v.apply(changes)
	return nil
}

// Resync does nothing.
func (v *view[T]) Resync() error { return nil }

// lister lists and watches, and reports when that begins to fail or succeeds again.
type lister struct {
	*cache.ListWatch
	what string
	log  *slog.Logger
	lost func(what string, lost bool)

	mu    sync.Mutex
	wrong bool
}

// IsWatchListSemanticsUnSupported has the reflector list: it would wait for the end of a streamed list for as
// long as the stream is open, and then request another one.
func (*lister) IsWatchListSemanticsUnSupported() bool { return true }

// ListWithContext lists.
func (l *lister) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	list, err := l.ListWatch.ListWithContext(bounded, options)
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
		l.log.Warn("cannot watch the other shards, retrying", "resource", l.what, "err", err)
	}
	if wrong := err != nil; ctx.Err() == nil && wrong != l.wrong {
		l.wrong = wrong
		l.lost(l.what, wrong)
	}
}

// backoff is that of failed requests. A handover waits for what they bring, so the longest pause is short.
var backoff = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10, Cap: 5 * time.Second}

// follow passes on the changes of the objects that the options select, until ctx ends.
func follow[T interface {
	metav1.Object
	runtime.Object
}](ctx context.Context, client rest.Interface, namespace, resource string, of T, choose func(*metav1.ListOptions), s *Shard, apply func(map[string]*T)) {
	from := &lister{ListWatch: cache.NewFilteredListWatchFromClient(client, resource, namespace, choose), what: resource, log: s.log, lost: func(what string, lost bool) {
		s.send(ctx, func() { s.setUnseen(what, lost) })
	}}
	cache.NewReflectorWithOptions(from, of, &view[T]{map[string]bool{}, apply}, cache.ReflectorOptions{Name: resource, Backoff: &backoff}).RunWithContext(ctx)
}

// watch follows the StatefulSet, its pods and its Lease until ctx ends, by calls in the goroutine of
// Run.
func (s *Shard) watch(ctx context.Context, own self) {
	var running sync.WaitGroup
	defer running.Wait()
	named := func(o *metav1.ListOptions) {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, own.set.Name).String()
	}
	running.Go(func() {
		follow(ctx, s.api.apps, s.api.namespace, "statefulsets", &appsv1.StatefulSet{}, named, s, func(sets map[string]**appsv1.StatefulSet) {
			s.send(ctx, func() { s.sawSet(sets[own.set.Name]) })
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

// setUnseen sets whether the objects of a resource are out of sight.
func (s *Shard) setUnseen(what string, lost bool) {
	s.unseen[what] = lost
	s.member.SetBlind(s.unseen["pods"] || s.unseen["leases"] || s.unseen["statefulsets"])
}

// sawSet adopts the assignment of the StatefulSet. A deleted StatefulSet changes nothing, nor does an
// older version, from an API server that is behind.
func (s *Shard) sawSet(set **appsv1.StatefulSet) {
	if set == nil || *set == nil {
		s.log.Warn("StatefulSet deleted, keeping the assignment")
		return
	}
	version := (*set).ResourceVersion
	if behind, err := resourceversion.CompareResourceVersion(version, s.version); s.version != "" && err == nil && behind < 0 {
		return
	}
	s.version = version
	a := assignmentOf(*set, s.copies)
	if a != s.assignment {
		s.log.Info("adopted the assignment of the StatefulSet", "replicas", a.Total, "start", a.Start)
		s.metrics.assignments.Inc()
	}
	s.assignment, s.generation = a, (*set).Generation
	s.member.SetAssignment(a)
}

func (s *Shard) sawPods(set string, pods map[string]**corev1.Pod) {
	for name, pod := range pods {
		n, err := numberOf(name, set)
		switch {
		case err != nil: // a pod with the same labels
		case pod == nil:
			delete(s.pods, n)
		default:
			s.pods[n] = *podOf(*pod)
		}
	}
	s.showPods()
}

// sawLease adopts the claims in one version of the Lease. A missing Lease has none.
func (s *Shard) sawLease(lease **coordinationv1.Lease) {
	missing := lease == nil || *lease == nil
	if !missing && s.isBehind(*lease) {
		return
	}
	if missing && !s.leaseless {
		s.log.Warn("Lease missing, no handover is possible", "err", errNoLease)
	} else if !missing && s.leaseless {
		s.log.Info("Lease exists again")
	}
	s.leaseless = missing
	s.setUnseen("leases", missing)
	s.metrics.leaseMissing.Set(0)
	if missing {
		s.metrics.leaseMissing.Set(1)
		s.keepClaims(nil)
		return
	}
	s.adopt(*lease)
}

// sawOwn adopts the version of the Lease that a write of this shard has made: the watch may be late. Whether
// there is a Lease, and whether the shard is cut off, is seen by the watch.
func (s *Shard) sawOwn(lease *coordinationv1.Lease) {
	if !s.leaseless && !s.isBehind(lease) {
		s.adopt(lease)
	}
}

// isBehind reports whether the shard has seen a later version of the Lease.
func (s *Shard) isBehind(lease *coordinationv1.Lease) bool {
	order, err := resourceversion.CompareResourceVersion(lease.ResourceVersion, s.seen)
	return s.seen != "" && err == nil && order < 0
}

// adopt adopts the claims and terms in one version of the Lease.
func (s *Shard) adopt(lease *coordinationv1.Lease) {
	s.seen = lease.ResourceVersion
	claims, err := s.api.prefix.claimsOf(lease.Annotations)
	terms, termsErr := termsOf(lease.Annotations)
	if s.terms = terms; s.counting {
		s.member.SetTerms(terms)
		err = errors.Join(err, termsErr)
	}
	if err != nil && fmt.Sprint(err) != s.unreadable {
		s.log.Warn("unreadable claims of shards ignored", "err", err)
	}
	s.unreadable = fmt.Sprint(err)
	s.keepClaims(claims)
}
