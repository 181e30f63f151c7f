package server_test

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestServes asks the ports what they have an answer for: all that their pages link to,
// and nothing of which there could be any number.
func TestServes(t *testing.T) {
	reg := prometheus.NewRegistry()
	probes := server.NewProbes(func() []server.Check { return nil })
	ports := map[string]server.Port{
		"main":      server.Main(&source{}, server.ScrapeConfig{Exceeded: never}, probes, reg),
		"telemetry": server.Telemetry(&source{}, server.TelemetryConfig{Own: reg, Profiling: true}, probes, reg),
	}
	f := func(method, path string, want bool) {
		t.Helper()
		for name, port := range ports {
			r := httptest.NewRequest(method, path, nil)
			if got := port.Serves(r); got != want {
				t.Errorf("%s: %s %s: %t, want %t", name, method, path, got, want)
			}
			w := httptest.NewRecorder()
			if port.ServeHTTP(w, r); want && w.Code >= 300 {
				t.Errorf("%s: %s %s: status %d", name, method, path, w.Code)
			}
		}
	}
	links := 0
	for name, port := range ports {
		w := httptest.NewRecorder()
		port.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		for _, link := range regexp.MustCompile(`href="([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
			if links++; !port.Serves(httptest.NewRequest(http.MethodGet, "/"+link[1], nil)) {
				t.Errorf("%s does not serve %s, which its page links to", name, link[1])
			}
		}
	}
	if links < 9 {
		t.Errorf("%d links on the pages", links)
	}
	f(http.MethodGet, "/", true)
	f(http.MethodHead, "/metrics", true)
	f(http.MethodPost, "/metrics?resources=pods", true)
	f(http.MethodDelete, "/metrics", false)
	f("ANY", "/metrics", false)
	for _, path := range []string{"//metrics", "/metrics/", "/metricsx", "/nowhere", "/x/../metrics", "/debug/pprof/nothing", "/debug/pprof/heap/", "/debug/pprof//heap", "/debug/pprof/../pprof/heap", "/debug", "/{$}", "//"} {
		f(http.MethodGet, path, false)
	}
	delete(ports, "main")
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/goroutine", "/debug/pprof/cmdline", "/debug/cardinality", "/readyz", "/startupz"} {
		f(http.MethodGet, path, true)
	}
}
