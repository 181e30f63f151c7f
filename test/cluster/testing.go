package cluster

import (
	"testing"
)

// Start is New for a test: the cluster ends with it, and the ends of the
// components' logs are shown if it fails.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	c, err := New(t.Context(), t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, p := range c.processes() {
				t.Logf("%s wrote last:\n%s", p.Name, p.Tail(2048))
			}
		}
		if err := c.Close(); err != nil {
			t.Errorf("close cluster: %v", err)
		}
	})
	return c
}
