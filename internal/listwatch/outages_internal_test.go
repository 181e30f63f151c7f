package listwatch

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestOutages has loops fail and succeed, and holds after each step which loops log it, and how many
// resources the end of an outage names.
func TestOutages(t *testing.T) {
	failures := map[string]func(resource string) error{
		"refused": func(resource string) error {
			return &url.Error{Op: "Get", URL: "https://api/" + resource, Err: errors.New("connection refused")}
		},
		"reset": func(resource string) error {
			return &url.Error{Op: "Get", URL: "https://api/" + resource, Err: errors.New("read tcp 127.0.0.1:1: connection reset by peer")}
		},
		"timeout": func(string) error { return errors.New("timeout") },
		"forbidden": func(resource string) error {
			return apierrors.NewForbidden(schema.GroupResource{Resource: resource}, "", nil)
		},
		"absent": func(string) error {
			return apierrors.NewGenericServerResponse(404, "get", schema.GroupResource{}, "", "", 0, true)
		},
	}
	f := func(steps ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var text bytes.Buffer
			o := NewOutages(slog.New(slog.NewTextHandler(&text, nil)))
			loops := map[string]*Loop{}
			for i := 0; i < len(steps); i += 2 {
				words := strings.Fields(steps[i])
				text.Reset()
				var logging []string
				for _, name := range words[1:] {
					resource, _, _ := strings.Cut(name, "/")
					l := loops[name]
					if l == nil {
						l = &Loop{Config: Config{Resource: resource}}
						loops[name] = l
					}
					logs := false
					switch words[0] {
					case "ok":
						logs = o.end(l)
					case "stop":
						o.stop(l)
					case "wait":
						time.Sleep(outageTime)
					default:
						logs = o.begin(l, failures[words[0]](resource))
					}
					if logs {
						logging = append(logging, name)
					}
				}
				if _, of, found := strings.Cut(text.String(), "resources="); found {
					logging = append(logging, "all "+strings.TrimSpace(of))
				}
				if d := cmp.Diff(steps[i+1], strings.Join(logging, ", ")); d != "" {
					t.Errorf("after %q (-want +got):\n%s", steps[:i+1], d)
				}
			}
			for _, l := range loops {
				o.stop(l)
			}
			if len(o.all) > 0 {
				t.Errorf("after %q: %d outages without a loop", steps, len(o.all))
			}
		})
	}
	// One resource, also of several namespaces.
	f("refused a", "a", "ok a", "a", "refused a", "a", "ok a", "a")
	f("refused a/1 a/2", "a/1", "ok a/2", "", "ok a/1", "a/1")
	// All have the same failure: the first names it, the last ends it.
	f("refused a b c", "a", "ok b", "", "ok a c", "all 3", "refused c a", "c", "ok a c", "all 2")
	f("reset a b", "a", "refused b c", "", "ok a b c", "all 3")
	// Another failure is logged, whichever resource has it.
	f("refused a b", "a", "timeout b c", "b", "ok a", "all 2", "ok b", "", "ok c", "all 2")
	f("refused a b", "a", "timeout a b", "a", "ok a b", "all 2")
	// So is a later one, which may be unrelated.
	f("refused a", "a", "wait _", "", "refused b", "b", "ok a b", "all 2")
	// Refusals are of single resources.
	f("forbidden a b", "a, b", "ok a b", "a, b")
	f("absent a b", "a, b", "ok a b", "a, b")
	// A loop that ends neither keeps an outage nor ends it.
	f("refused a b", "a", "stop a", "", "ok b", "all 2")
	f("refused a b", "a", "stop a b", "", "refused b", "b", "ok b", "b")
	f("ok a", "a", "stop a", "")
}

// TestNoOutages holds that loops without outages log everything.
func TestNoOutages(t *testing.T) {
	var none *Outages
	for i := range 2 {
		l := &Loop{Config: Config{Resource: fmt.Sprint(i)}}
		if !none.begin(l, errors.New("refused")) || !none.end(l) {
			t.Errorf("loop %d does not log", i)
		}
		none.stop(l)
	}
}
