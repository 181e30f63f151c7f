package options_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
)

func TestParseWorkloadMetrics(t *testing.T) {
	f := func(want []generators.Group, args ...string) {
		t.Helper()
		o, err := options.Parse(registry, args)
		if d := cmp.Diff(want, o.Selection.Groups); d != "" || err != nil {
			t.Errorf("%q: %v (-want +got):\n%s", args, err, d)
		}
	}
	f(nil)
	f(nil, "--workload-metrics=")
	f([]generators.Group{generators.Attribution}, "--workload-metrics=attribution")
	f([]generators.Group{generators.Attribution}, "--workload-metrics= attribution ,", "--workload-metrics=attribution")
}
