package nearest_test

import (
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/nearest"
)

func TestTo(t *testing.T) {
	f := func(word, want string, known ...string) {
		t.Helper()
		if got, ok := nearest.To(word, known); got != want || ok != (len(known) > 0) {
			t.Errorf("%.80q of %q: got %q, %v, want %q", word, known, got, ok, want)
		}
	}
	f("podz", "pods", "nodes", "pods", "jobs")
	f("node", "nodes", "pods", "nodes")
	f("opds", "pods", "jobs", "pods")
	f("pods", "pods", "pods", "nodes")
	f("Pods", "pods", "nodes", "pods")
	f("", "a", "bb", "a")
	f("x", "", "")
	// The first of equals.
	f("x", "a", "a", "b")
	f("x", "b", "b", "a")
	f("x", "")
	// Bytes beyond the limit do not count.
	known := "a" + strings.Repeat("b", 63)
	f(known+strings.Repeat("c", 8000), known, strings.Repeat("c", 8064), known)
}
