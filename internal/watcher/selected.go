package watcher

import (
	"context"
	"maps"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
)

// selectedNamespaces is the name of the statuses of the namespaces that Config.NamespaceSelector selects.
const selectedNamespaces = "namespace-selector"

// namespaceNames is the table of namespaces without families: only names are read.
var namespaceNames generators.Resource = &generators.Table[*corev1.Namespace]{
	Resource: corev1.SchemeGroupVersion.WithResource("namespaces"),
	Kind:     "Namespace",
	Scope:    generators.Cluster,
	Fetch:    generators.Fetch[*corev1.Namespace]{Reads: generators.Fields{"metadata"}},
}

// A namespaceSelector follows the namespaces of a selector, and decides which of them targets have.
// A change counts once it has lasted for two rounds, so that flapping labels list nothing.
type namespaceSelector struct {
	selector string
	client   *apiclient.Client
	loop     *listwatch.Loop
	found    *namespaceSink
	stop     context.CancelFunc // set once it runs

	differing map[string]bool // names that differed from the present set in the last round
}

// newNamespaceSelector returns a follower that does not run yet.
func (w *Watcher) newNamespaceSelector(config Config) *namespaceSelector {
	n := &namespaceSelector{selector: config.NamespaceSelector, client: config.Client, found: &namespaceSink{names: map[string]string{}}}
	n.loop = listwatch.New(listwatch.Config{
		Resource: selectedNamespaces, GoType: namespaceNames.Recipe().TypeName(),
		Namespace: metav1.NamespaceAll, LabelSelector: config.NamespaceSelector,
		Shard: listwatch.NewShard(selectedNamespaces, sharding.All(), nil, w.metrics.loops), Sink: n.found,
		OnListed: w.signal,
		Metrics:  w.metrics.loops, Outages: w.outages, Log: w.log.With("resource", selectedNamespaces),
	})
	return n
}

// runSelector runs the wanted follower in place of the running one, each of which may be nil. It
// returns the one that runs.
func (w *Watcher) runSelector(ctx context.Context, running *sync.WaitGroup, runs *namespaceSelector) *namespaceSelector {
	n := w.follower()
	if n == runs {
		return n
	}
	if runs != nil {
		runs.stop()
	}
	if n != nil {
		ctx, n.stop = context.WithCancel(ctx)
		client := n.client.Resource(namespaceNames, apiclient.Options{Metrics: w.metrics.client, Log: n.loop.Log})
		running.Go(func() { n.loop.Run(ctx, client) })
	}
	return n
}

// setNamespaceSelector replaces the follower if the configuration has another selector. The selected
// namespaces stay until those of the next selector are known. The caller holds mu.
func (w *Watcher) setNamespaceSelector(config Config) {
	switch {
	case config.NamespaceSelector == "" || config.Client == nil:
		w.selecting, w.selected = nil, nil
	case w.selecting == nil || w.selecting.selector != config.NamespaceSelector:
		w.selecting = w.newNamespaceSelector(config)
	}
}

// follower returns the present follower; nil for none.
func (w *Watcher) follower() *namespaceSelector {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.selecting
}

// selectorReports returns the status of the present follower, if there is one. For readiness it counts as
// complete unless a served target waits for it.
func (w *Watcher) selectorReports(readiness bool) []Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.selecting == nil {
		return nil
	}
	r := w.selecting.loop.Report()
	waits := w.selected == nil && slices.ContainsFunc(*w.serving.Load(), func(t *target) bool { return t.selected })
	r.Complete = r.Complete || readiness && !waits
	return []Status{r}
}

// selectNamespaces changes the namespaces of all targets to the selected ones. The first complete list
// counts at once. A later change counts if it lasts; round says that a second has passed.
func (w *Watcher) selectNamespaces(round bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.selecting
	if n == nil || !n.loop.Report().Complete || w.selected != nil && !round {
		return
	}
	found := n.found.set()
	next := found
	if w.selected != nil {
		next = n.settle(w.selected, found)
	}
	if w.selected != nil && maps.Equal(next, w.selected) {
		return
	}
	w.selected = next
	for _, t := range w.known() {
		if t.selected {
			for _, s := range t.sinks {
				s.loop.Select(next)
			}
		}
	}
}

// settle returns the present set with the changes to found that the last round had too.
func (n *namespaceSelector) settle(present, found map[string]bool) map[string]bool {
	next, differing := maps.Clone(present), map[string]bool{}
	for name := range found {
		if !present[name] {
			differing[name] = true
		}
	}
	for name := range present {
		if !found[name] {
			differing[name] = true
		}
	}
	for name := range differing {
		switch {
		case !n.differing[name]:
		case found[name]:
			next[name] = true
		default:
			delete(next, name)
		}
	}
	n.differing = differing
	return next
}

// selectedCount returns the number of selected namespaces, and whether it is known.
func (w *Watcher) selectedCount() (n int, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.selected), w.selected != nil
}

// runnable reports whether a target may run: its namespaces are known.
func (w *Watcher) runnable(t *target) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !t.selected || t.client == nil || w.selected != nil
}

// A namespaceSink has the names of namespaces by key.
type namespaceSink struct {
	mu    sync.Mutex
	names map[string]string
}

func (s *namespaceSink) set() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make(map[string]bool, len(s.names))
	for _, name := range s.names {
		all[name] = true
	}
	return all
}

// Begin opens a batch.
func (s *namespaceSink) Begin() listwatch.Batch { return &namespaceBatch{s, map[string]string{}} }

// Set adds a namespace.
func (s *namespaceSink) Set(o metav1.Object) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[listwatch.Key(o)] = o.GetName()
	return nil
}

// Delete removes a namespace.
func (s *namespaceSink) Delete(o metav1.Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, listwatch.Key(o))
}

// A namespaceBatch is a list of namespaces.
type namespaceBatch struct {
	sink *namespaceSink
	next map[string]string
}

// Set adds a namespace.
func (b *namespaceBatch) Set(o metav1.Object) error {
	b.next[listwatch.Key(o)] = o.GetName()
	return nil
}

// Finish has nothing to do.
func (*namespaceBatch) Finish() {}

// Abandon has nothing to do.
func (*namespaceBatch) Abandon() {}

// Commit makes the list the content.
func (b *namespaceBatch) Commit(keep func(namespace, key string) bool) {
	if keep != nil {
		maps.DeleteFunc(b.next, func(key, _ string) bool { return !keep(metav1.NamespaceAll, key) })
	}
	b.sink.mu.Lock()
	defer b.sink.mu.Unlock()
	b.sink.names = b.next
}
