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
	// fewNamespaces is the number of namespaces up to which each has a watch of its own. More share
	// one watch of all namespaces, if it is allowed, and other namespaces' objects are dropped.
	fewNamespaces = 16
	// smallBuffer is the read buffer of one of many watches, in bytes.
	smallBuffer = 1 << 10
	// maxStarts bounds the concurrent lists and watch requests of one resource.
	maxStarts = 8
)

// many reports whether t has too many loops to log and check one by one.
func (t *target) many() bool { return len(t.namespaces) > fewNamespaces }

// forbidden reports whether t keeps some namespaces of a list that is forbidden.
func (t *target) forbidden() bool { return t.kept != nil && t.sinks[0].loop.Report().Forbidden() }

// splitForbidden replaces forbidden lists of all namespaces by a watch of each namespace. A cluster
// role that is granted later takes effect at the next start.
func (w *Watcher) splitForbidden() {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, t := range w.wanted {
		if t.forbidden() {
			w.perNamespace[t.Name()] = true
			n++
		}
	}
	if n > 0 {
		w.log.Info("resources cannot be listed in all namespaces; watching each namespace", "resources", n, "namespaces", len(w.config.Namespaces))
		w.change(w.config)
	}
}

// checks returns the status of each namespace. Of many namespaces, it returns one: a pending one,
// or else the worst.
func (t *target) checks() []Status {
	all := make([]Status, len(t.sinks))
	for i, s := range t.sinks {
		all[i] = s.loop.Report()
		if s.loop.Namespace != metav1.NamespaceAll && !t.many() {
			all[i].Resource += " in " + s.loop.Namespace
		}
	}
	if !t.many() {
		return all
	}
	chosen := slices.MaxFunc(all, func(a, b Status) int { return urgency(a) - urgency(b) })
	chosen.Resource += " in " + strconv.Itoa(len(all)) + " namespaces"
	return []Status{chosen}
}

// urgency orders statuses: pending ones above others, worse states above better ones.
func urgency(s Status) int {
	rank := slices.Index(States(), s.State)
	if !s.Settled() {
		rank += len(States())
	}
	return rank
}

// A verboseHandler drops all records unless the debug level is enabled.
type verboseHandler struct{ slog.Handler }

func (h verboseHandler) Enabled(ctx context.Context, _ slog.Level) bool {
	return h.Handler.Enabled(ctx, slog.LevelDebug)
}

func (h verboseHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return verboseHandler{h.Handler.WithAttrs(attrs)}
}

func (h verboseHandler) WithGroup(name string) slog.Handler {
	return verboseHandler{h.Handler.WithGroup(name)}
}

// logStates logs the number of namespaces by state of each resource whose worst state has changed.
func (w *Watcher) logStates() {
	for _, t := range w.shown() {
		if !t.many() {
			continue
		}
		counts, worst := map[State]int{}, listwatch.Synced
		for _, s := range t.sinks {
			state := s.loop.Report().State
			if counts[state]++; state != listwatch.Syncing && Worse(state, worst) {
				worst = state
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
