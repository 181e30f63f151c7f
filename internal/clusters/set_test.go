package clusters_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/clusters"
)

// world has contents that are what a test says.
type world struct {
	mu       sync.Mutex
	running  []string // instances, by name of cluster and connection
	changed  []string
	complete map[string]bool
	failing  map[string]bool
	refused  map[string]bool
	broken   map[string]error // connections of which no content can be made
}

// content is a clusters.Content of a world.
type content struct {
	of   *world
	name string
}

func (c *content) Run(ctx context.Context) {
	c.of.note(&c.of.running, c.name, true)
	<-ctx.Done()
	c.of.note(&c.of.running, c.name, false)
}

func (c *content) Complete() bool { return c.of.is(c.of.complete, c.name) }
func (c *content) Failing() bool  { return c.of.is(c.of.failing, c.name) }
func (c *content) Listed() bool   { return !c.of.is(c.of.refused, c.name) }

func (w *world) is(set map[string]bool, name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return set[name]
}

// note adds or removes a name.
func (w *world) note(to *[]string, name string, present bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if present {
		*to = append(*to, name)
		slices.Sort(*to)
	} else {
		*to = slices.DeleteFunc(*to, func(n string) bool { return n == name })
	}
}

// spec is that of a text such as a/1: a cluster and its connection.
func (w *world) spec(text string) clusters.Spec[*content] {
	name, connection, _ := strings.Cut(text, "/")
	return clusters.Spec[*content]{
		Name: name, Connection: connection,
		Make: func() (*content, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return &content{w, text}, w.broken[text]
		},
		Change: func(c *content) error {
			w.note(&w.changed, c.name, true)
			return nil
		},
	}
}

// TestSet runs clusters by commands, and compares what members show and what runs after each.
func TestSet(t *testing.T) {
	f := func(steps ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			w := &world{complete: map[string]bool{}, failing: map[string]bool{}, refused: map[string]bool{}, broken: map[string]error{}}
			s := clusters.New[*content](slog.New(slog.DiscardHandler))
			ctx, stop := context.WithCancel(t.Context())
			var runs sync.WaitGroup
			runs.Go(func() { s.Run(ctx) })
			for i := 0; i+1 < len(steps); i += 2 {
				verb, rest, _ := strings.Cut(steps[i], " ")
				names := strings.Fields(rest)
				w.mu.Lock()
				for _, name := range names {
					switch verb {
					case "complete":
						w.complete[name] = true
					case "failing":
						w.failing[name] = true
					case "refused":
						w.refused[name] = true
					case "well":
						delete(w.failing, name)
						delete(w.refused, name)
					case "broken":
						w.broken[name] = errors.New("broken")
					case "mended":
						delete(w.broken, name)
					}
				}
				w.changed = nil
				w.mu.Unlock()
				switch verb {
				case "apply":
					var specs []clusters.Spec[*content]
					for _, name := range names {
						specs = append(specs, w.spec(name))
					}
					s.Apply(specs)
				case "wait":
					d, err := time.ParseDuration(rest)
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(d)
				}
				synctest.Wait()
				if d := cmp.Diff(steps[i+1], w.shown(s)); d != "" {
					t.Errorf("after %q (-want +got):\n%s", steps[:i+1], d)
				}
			}
			stop()
			runs.Wait()
			if len(w.running) > 0 {
				t.Errorf("%q run after the end", w.running)
			}
		})
	}
	// Nothing is awaited of an empty list, nor of clusters that come later.
	f("apply", "; runs", "apply a/1", "a/1; runs a/1", "complete a/1", "a/1 complete; runs a/1")
	// The first clusters are awaited until they are complete, or fail for longer than a starting server.
	f("apply a/1 b/1", "a/1 awaited, b/1 awaited; runs a/1 b/1",
		"complete a/1", "a/1 complete, b/1 awaited; runs a/1 b/1",
		"failing b/1", "a/1 complete, b/1 awaited; runs a/1 b/1",
		"wait 9s", "a/1 complete, b/1 awaited; runs a/1 b/1",
		"wait 1s", "a/1 complete, b/1; runs a/1 b/1",
		"well b/1", "a/1 complete, b/1; runs a/1 b/1",
		"complete b/1", "a/1 complete, b/1 complete; runs a/1 b/1")
	// One that is slow is awaited for any time.
	f("apply a/1", "a/1 awaited; runs a/1", "wait 1h", "a/1 awaited; runs a/1")
	// A cluster leaves at once, and comes back as another.
	f("apply a/1 b/1", "a/1 awaited, b/1 awaited; runs a/1 b/1", "complete a/1 b/1", "a/1 complete, b/1 complete; runs a/1 b/1",
		"apply b/1", "b/1 complete; changed b/1; runs b/1", "apply a/2 b/1", "a/2, b/1 complete; changed b/1; runs a/2 b/1")
	// Another connection replaces a complete one once it is complete, and another one that is not at once.
	f("apply a/1", "a/1 awaited; runs a/1", "apply a/2", "a/2 awaited; runs a/2", "complete a/2", "a/2 complete; runs a/2",
		"apply a/3", "a/2 complete replaced; runs a/2 a/3", "apply a/4", "a/2 complete replaced; runs a/2 a/4",
		"complete a/4", "a/4 complete; runs a/2 a/4", "wait 1s", "a/4 complete; runs a/4")
	// One that may read nothing replaces nothing.
	f("apply a/1", "a/1 awaited; runs a/1", "complete a/1", "a/1 complete; runs a/1", "apply a/2", "a/1 complete replaced; runs a/1 a/2",
		"refused a/2", "a/1 complete replaced; runs a/1 a/2", "complete a/2", "a/1 complete replaced; runs a/1 a/2",
		"wait 1h", "a/1 complete replaced; runs a/1 a/2", "well a/2", "a/2 complete; runs a/1 a/2", "wait 1s", "a/2 complete; runs a/2")
	// The former connection is in force again at once.
	f("apply a/1", "a/1 awaited; runs a/1", "complete a/1", "a/1 complete; runs a/1", "apply a/2", "a/1 complete replaced; runs a/1 a/2",
		"apply a/1", "a/1 complete; changed a/1; runs a/1")
	// A change without another connection goes to what will be served.
	f("apply a/1", "a/1 awaited; runs a/1", "complete a/1", "a/1 complete; runs a/1", "apply a/2", "a/1 complete replaced; runs a/1 a/2",
		"apply a/2", "a/1 complete replaced; changed a/2; runs a/1 a/2")
	// What cannot be made keeps what runs, and nothing waits for it.
	f("broken a/1", "; runs", "apply a/1 b/1", "a invalid: broken, b/1 awaited; runs b/1", "complete b/1", "a invalid: broken, b/1 complete; runs b/1",
		"mended a/1", "a invalid: broken, b/1 complete; runs b/1", "apply a/1 b/1", "a/1, b/1 complete; changed b/1; runs a/1 b/1",
		"complete a/1", "a/1 complete, b/1 complete; runs a/1 b/1", "broken a/2", "a/1 complete, b/1 complete; runs a/1 b/1",
		"apply a/2 b/1", "a/1 complete invalid: broken, b/1 complete; changed b/1; runs a/1 b/1",
		"apply a/1 b/1", "a/1 complete, b/1 complete; changed a/1 b/1; runs a/1 b/1")
}

// shown describes the members, the changes of the last step and what runs.
func (w *world) shown(s *clusters.Set[*content]) string {
	var all []string
	for _, m := range s.Members() {
		text := m.Name
		if m.Content != nil {
			text = (*m.Content).name
		}
		for _, of := range []struct {
			is   bool
			text string
		}{{m.Complete, " complete"}, {m.Awaited, " awaited"}, {m.Replaced, " replaced"}, {m.Err != nil, fmt.Sprintf(" invalid: %v", m.Err)}} {
			if of.is {
				text += of.text
			}
		}
		all = append(all, text)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := ""
	if len(w.changed) > 0 {
		changed = "; changed " + strings.Join(w.changed, " ")
	}
	return strings.TrimSpace(strings.Join(all, ", ") + changed + "; runs " + strings.Join(w.running, " "))
}
