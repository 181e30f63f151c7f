package generators_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	types "github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
)

// TestHeadersByType holds that types of OpenMetrics alone are gauges in the text format.
func TestHeadersByType(t *testing.T) {
	f := func(typ types.Type, text, typed string) {
		t.Helper()
		table := generators.Table[*corev1.Pod]{
			Families: []generators.Family[*corev1.Pod]{{Name: "a", Type: typ, Stability: generators.Stable, Help: "Help."}},
		}
		const help = "# HELP a [STABLE] Help.\n# TYPE a "
		want := []generators.Header{{Text: []byte(help + text + "\n"), Typed: []byte(help + typed + "\n")}}
		if d := cmp.Diff(want, table.Compile(generators.Selection{}).Headers()); d != "" {
			t.Errorf("%s (-want +got):\n%s", typ, d)
		}
	}
	f(generators.Gauge, "gauge", "gauge")
	f(generators.Counter, "counter", "counter")
	f(generators.Info, "gauge", "info")
	f(generators.StateSet, "gauge", "stateset")
}
