package watcher

import (
	"context"
	"log/slog"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/listwatch"
)

const (
	// fewNamespaces are watched by one request each. More are watched by one request for all
	// namespaces unless that is forbidden, and objects of other namespaces are dropped.
	fewNamespaces = 16
	// smallBuffer is the buffer of one of many watches, in bytes.
	smallBuffer = 1 << 10
	// maxStarts bounds the loops of one resource that list or open a watch at a time.
	maxStarts = 8
)

// many reports whether t has more loops than are to be logged and checked one by one.
func (t *target) many() bool { return len(t.namespaces) > fewNamespaces }

// forbidden reports whether the API server forbids to list all namespaces for some of them.
func (t *target) forbidden() bool { return t.kept != nil && t.feeds[0].loop.Report().Forbidden() }

// byNamespace has those resources watched in each namespace by itself that cannot be listed in
// all. A role for all namespaces that is granted later is found at the next start.
func (w *Watcher) byNamespace() {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, t := range w.wanted {
		if t.forbidden() {
			w.each[t.Name()] = true
			n++
		}
	}
	if n > 0 {
		w.log.Info("resources cannot be listed in all namespaces; watching each namespace", "resources", n, "namespaces", len(w.config.Namespaces))
		w.change(w.config)
	}
}

// checks gives the status of each namespace, or of many the one that is to be waited for or,
// without such a one, the worst.
func (t *target) checks() []Status {
	all := make([]Status, len(t.feeds))
	for i, f := range t.feeds {
		all[i] = f.loop.Report()
		if f.loop.Namespace != metav1.NamespaceAll && !t.many() {
			all[i].Resource += " in " + f.loop.Namespace
		}
	}
	if !t.many() {
		return all
	}
	chosen := slices.MaxFunc(all, func(a, b Status) int { return urgency(a) - urgency(b) })
	chosen.Resource += " in " + strconv.Itoa(len(all)) + " namespaces"
	return []Status{chosen}
}

// urgency orders statuses.
func urgency(s Status) int {
	rank := slices.Index(States(), s.State)
	if !s.Settled() {
		rank += len(States())
	}
	return rank
}

// A debugHandler logs messages of every level at the debug level alone.
type debugHandler struct{ slog.Handler }

func (h debugHandler) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.Handler.Enabled(ctx, slog.LevelDebug)
}

func (h debugHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return debugHandler{h.Handler.WithAttrs(attrs)}
}

// logStates logs how many namespaces of a resource are in which state, whenever the worst state
// changes.
func (w *Watcher) logStates() {
	for _, t := range w.shown() {
		if !t.many() {
			continue
		}
		counts, worst := map[State]int{}, listwatch.Synced
		for _, f := range t.feeds {
			s := f.loop.Report().State
			if counts[s]++; s != listwatch.Syncing && Worse(s, worst) {
				worst = s
			}
		}
		if worst == t.logged {
			continue
		}
		t.logged = worst
		args := []any{"resource", t.Name()}
		for _, s := range States() {
			if counts[s] > 0 {
				args = append(args, string(s), counts[s])
			}
		}
		if worst == listwatch.Synced {
			w.log.Info("requests to the API server succeed again", args...)
		} else {
			w.log.Warn("requests to the API server fail in some namespaces; retrying", args...)
		}
	}
}
