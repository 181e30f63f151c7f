package server_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/store"
)

// TestTypesOfOpenMetrics holds that types which only OpenMetrics knows are in no
// other answer.
func TestTypesOfOpenMetrics(t *testing.T) {
	r := store.NewResource("things", []store.Family{{Name: "a", Header: []byte("# TYPE a gauge\n"), Typed: []byte("# TYPE a info\n")}}, 1)
	r.Partitions()[0].Set(rendered("a", "x"))
	f := func(accept, want string) {
		t.Helper()
		if d := cmp.Diff(want, ask(metricsOf(r), http.MethodGet, "/metrics", "Accept", accept).Body); d != "" {
			t.Errorf("%s (-want +got):\n%s", accept, d)
		}
	}
	const line = "a{o=\"x\"} 1\n"
	f("application/openmetrics-text;version=1.0.0", "# TYPE a info\n"+line+"# EOF\n")
	f("application/openmetrics-text;version=0.0.1", "# TYPE a info\n"+line+"# EOF\n")
	f("text/plain;version=1.0.0", "# TYPE a gauge\n"+line)
	f("text/plain;version=0.0.4", "# TYPE a gauge\n"+line)
	f("*/*", "# TYPE a gauge\n"+line)
}
