package cluster

import (
	"testing"
)

// Start starts a cluster until the test ends. If the test fails, it logs the ends of the components'
// logs.
func Start(t testing.TB, opts Options) *Cluster {
	t.Helper()
	c, err := New(t.Context(), t.TempDir(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, p := range c.processes() {
				t.Logf("end of the log of %s:\n%s", p.Name, p.Tail(2048))
			}
		}
		if err := c.Close(); err != nil {
			t.Errorf("close cluster: %v", err)
		}
	})
	return c
}
