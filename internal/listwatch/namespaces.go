package listwatch

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/sharding"
)

// A NamespaceSink is a sink whose namespaces change.
type NamespaceSink interface {
	Sink
	// BeginAddition opens a batch whose Commit adds its objects to the content in one step.
	BeginAddition() Batch
	// RemoveNamespaces removes the objects of namespaces in one step.
	RemoveNamespaces(names map[string]bool)
}

// A membership has the namespaces of a loop's content. Namespaces that the shard has and the content
// lacks are added one after another: each is listed while the watch of all namespaces goes on.
// Loop.content guards it.
type membership struct {
	held     map[string]bool // the content has all their objects
	listing  map[string]bool // the running list will have all their objects; nil if none runs
	changed  bool            // since the running list began, so that it may have objects of others
	addition *addition       // nil if none runs
	lacking  chan struct{}   // receives once the content lacks a namespace, or a list has ended
}

// An addition collects the objects of one namespace: those of a list, and changes that the watch
// brings meanwhile.
type addition struct {
	namespace string
	batch     Batch
	version   string            // of the list; empty before its first page
	changes   map[string]change // of the watch, by key
}

// A change is the last change of an object during an addition.
type change struct {
	version string
	deleted bool
}

// errSuperseded ends an addition whose namespace has left, or is part of a list of all namespaces.
var errSuperseded = errors.New("the namespace is not added any more")

// Select replaces the namespaces of the shard. Objects of those that leave are removed at once;
// AddNamespaces adds the others.
func (l *Loop) Select(next map[string]bool) {
	l.content.Lock()
	defer l.content.Unlock()
	left := map[string]bool{}
	for name := range l.Shard.names() {
		if !next[name] {
			left[name] = true
		}
	}
	l.Shard.namespaces.Store(&next)
	l.members.changed = true
	if len(left) > 0 {
		gone := func(name string, _ bool) bool { return left[name] }
		maps.DeleteFunc(l.members.held, gone)
		maps.DeleteFunc(l.members.listing, gone)
		if a := l.members.addition; a != nil && left[a.namespace] {
			l.members.addition = nil
		}
		l.Namespaces.RemoveNamespaces(left)
	}
	l.recordLacking()
}

// recordLacking reports how many namespaces the content lacks, and wakes AddNamespaces. The caller
// holds content.
func (l *Loop) recordLacking() {
	n := 0
	for name := range l.Shard.names() {
		if !l.members.held[name] {
			n++
		}
	}
	l.update(func(r *Report) { r.Lacking = n })
	if n > 0 {
		select {
		case l.members.lacking <- struct{}{}:
		default:
		}
	}
}

// beginBatch opens the batch of a list, which will have all objects of the present namespaces.
func (l *Loop) beginBatch() Batch {
	if l.Namespaces == nil {
		return l.Sink.Begin()
	}
	l.content.Lock()
	defer l.content.Unlock()
	l.members.listing, l.members.changed, l.members.addition = maps.Clone(l.Shard.names()), false, nil
	return l.Sink.Begin()
}

// abandon abandons the batch of a list. The content stays, and lacking namespaces may be added to it.
func (l *Loop) abandon(b Batch) {
	b.Abandon()
	if l.Namespaces == nil {
		return
	}
	l.content.Lock()
	defer l.content.Unlock()
	l.members.listing = nil
	l.recordLacking()
}

// applyMember reports whether the content does not take an event, since its namespace is being added
// or is lacking. The caller holds content.
func (l *Loop) applyMember(kind watch.EventType, o apiclient.Object) (taken bool, err error) {
	if l.Namespaces == nil || kind == watch.Bookmark || l.members.held[o.GetNamespace()] {
		return false, nil
	}
	if a := l.members.addition; a != nil && a.namespace == o.GetNamespace() && l.Shard.HasKey(Key(o)) {
		err = a.change(kind, o)
	}
	return true, err
}

// change applies a change that a watch brings.
func (a *addition) change(kind watch.EventType, o apiclient.Object) error {
	version := o.GetResourceVersion()
	if a.version != "" && !later(version, a.version) {
		return nil // the list has it
	}
	a.changes[Key(o)] = change{version, kind == watch.Deleted}
	if kind == watch.Deleted {
		return nil
	}
	return a.batch.Set(o)
}

// AddNamespaces adds namespaces of the shard that the content lacks, until ctx ends. It needs a client
// of its own.
func (l *Loop) AddNamespaces(ctx context.Context, client *apiclient.ResourceClient) {
	var pauses pacer
	last, failing, size := "", false, int64(pageSize)
	for ctx.Err() == nil {
		a := l.beginAddition(last)
		if a == nil {
			select {
			case <-l.members.lacking:
			case <-ctx.Done():
			}
			continue
		}
		err := l.listNamespace(ctx, client, a, size)
		size = pageSize
		switch {
		case ctx.Err() != nil, errors.Is(err, errSuperseded):
		case err != nil:
			l.lists.WithLabelValues("error").Inc()
			if !failing {
				l.Log.Warn("a selected namespace cannot be listed; retrying", "added", a.namespace, "err", err)
			}
			if outcomeOf(err) == expired {
				size = 0 // one page cannot expire
			}
			last, failing = a.namespace, true
			sleep(ctx, pauses.next(stateFor(err), err, time.Now()))
		default:
			l.lists.WithLabelValues("success").Inc()
			failing = false
			l.OnListed()
		}
	}
}

// beginAddition begins the addition of a lacking namespace, preferably one after the given name. It
// returns nil if there is none, or a list of all namespaces is to come first.
func (l *Loop) beginAddition(after string) *addition {
	l.content.Lock()
	defer l.content.Unlock()
	if l.members.listing != nil || l.members.held == nil {
		return nil
	}
	var lacking []string
	for name := range l.Shard.names() {
		if !l.members.held[name] {
			lacking = append(lacking, name)
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	slices.SortFunc(lacking, func(a, b string) int {
		if (a > after) != (b > after) {
			return cmp.Compare(b, a)
		}
		return cmp.Compare(a, b)
	})
	l.members.addition = &addition{namespace: lacking[0], batch: l.Namespaces.BeginAddition(), changes: map[string]change{}}
	return l.members.addition
}

// listNamespace lists the namespace of an addition, in pages of the given size, and adds it to the
// content. The list is a consistent one: it has every change that the watch has dropped before.
func (l *Loop) listNamespace(ctx context.Context, client *apiclient.ResourceClient, a *addition, size int64) error {
	err := l.listAddition(ctx, client, a, size)
	if err == nil {
		err = l.commitAddition(a)
	}
	if err != nil {
		l.content.Lock()
		if l.members.addition == a {
			l.members.addition = nil
		}
		l.content.Unlock()
		a.batch.Abandon()
	}
	return err
}

func (l *Loop) listAddition(ctx context.Context, client *apiclient.ResourceClient, a *addition, size int64) error {
	shard := l.Shard.Present()
	if shard.IsNone() { // for which no selector exists
		return nil
	}
	q := l.query(shard, metav1.ListOptions{Limit: size})
	q.Namespace = a.namespace
	for {
		bounded, cancel := context.WithTimeoutCause(ctx, pageTimeout, errNoResponse)
		page, err := client.List(bounded, q)
		cancel()
		if err != nil {
			return err
		}
		about, err := meta.ListAccessor(page)
		if err != nil {
			return err
		}
		if err := l.setVersion(a, about.GetResourceVersion()); err != nil {
			return err
		}
		err = meta.EachListItem(page, func(item runtime.Object) error {
			o, err := client.Object(item)
			if err != nil || !l.Shard.Has(o) {
				return err
			}
			return l.setListed(a, o)
		})
		if q.Options.Continue = about.GetContinue(); err != nil || q.Options.Continue == "" {
			return err
		}
	}
}

// setVersion sets the version of an addition's list to that of its first page.
func (l *Loop) setVersion(a *addition, version string) error {
	l.content.Lock()
	defer l.content.Unlock()
	if l.members.addition != a {
		return errSuperseded
	}
	a.version = cmp.Or(a.version, version)
	return nil
}

// setListed sets an object of an addition's list, unless the watch has brought a later change.
func (l *Loop) setListed(a *addition, o apiclient.Object) error {
	l.content.Lock()
	defer l.content.Unlock()
	if l.members.addition != a {
		return errSuperseded
	}
	if c, changed := a.changes[Key(o)]; changed {
		if later(c.version, a.version) {
			return nil
		}
		delete(a.changes, Key(o))
	}
	return a.batch.Set(o)
}

// commitAddition adds a complete addition to the content: objects of the list, and those that the
// watch has set after the list's version.
func (l *Loop) commitAddition(a *addition) error {
	l.content.Lock()
	defer l.content.Unlock()
	if l.members.addition != a {
		return errSuperseded
	}
	a.batch.Finish()
	a.batch.Commit(func(_, key string) bool {
		c, changed := a.changes[key]
		return l.Shard.HasKey(key) && (!changed || !c.deleted && later(c.version, a.version))
	})
	l.members.addition = nil
	l.members.held[a.namespace] = true
	if lowest := l.positions.lowest(); a.version != "" && lowest != "" && later(a.version, lowest) {
		l.positions = append(l.positions, position{sharding.All(), a.namespace, a.version})
	}
	l.recordLacking()
	return nil
}
