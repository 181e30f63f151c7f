package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

func TestMainPort(t *testing.T) {
	h := mainPort(prometheus.NewRegistry())
	f := func(method, path string, want answer) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, method, path)); d != "" {
			t.Errorf("%s %s (-want +got):\n%s", method, path, d)
		}
	}
	notFound := answer{http.StatusNotFound, plain, "404 page not found\n"}
	f(http.MethodGet, "/metrics", answer{200, plainText, nodes + pods + jobs})
	f(http.MethodPost, "/metrics?resources=pods", answer{200, plainText, pods})
	f(http.MethodHead, "/metrics", answer{200, plainText, ""})
	f(http.MethodGet, "/healthz", answer{200, plain, "OK"})
	f(http.MethodGet, "/livez", answer{200, plain, "OK"})
	f(http.MethodGet, "/readyz", answer{200, plain, "OK"})
	f(http.MethodGet, "/startupz", notFound)
	f(http.MethodGet, "/metrics/", notFound)
	f(http.MethodGet, "/debug/pprof/", notFound)
	f(http.MethodGet, "/index.html", notFound)
}

func TestTelemetryPort(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "own", Help: "Own."}))
	f := func(path string, want answer, missing ...string) {
		t.Helper()
		if d := cmp.Diff(want, ask(telemetryPort(reg, missing...), http.MethodGet, path)); d != "" {
			t.Errorf("%s without %q (-want +got):\n%s", path, missing, d)
		}
	}
	notFound := answer{http.StatusNotFound, plain, "404 page not found\n"}
	f("/metrics", answer{200, plainText + "; escaping=underscores", "# HELP own Own.\n# TYPE own gauge\nown 0\n"}, "pods")
	f("/readyz", answer{200, plain, "OK"})
	f("/readyz", answer{503, plain, "not synced yet: pods\n"}, "pods")
	f("/readyz", answer{503, plain, "not synced yet: pods in a, pods in b, nodes\n"}, "pods in a", "pods in b", "nodes")
	f("/healthz", answer{200, plain, "OK"}, "pods")
	f("/livez", answer{200, plain, "OK"}, "pods")
	f("/startupz", answer{200, plain, "OK"})
	f("/startupz", answer{503, plain, "not synced yet: pods\n"}, "pods")
	f("/metrics/", notFound)
	f("/debug/pprof/unheardof", answer{http.StatusNotFound, plain, "Unknown profile\n"})
}

var link = regexp.MustCompile(`<a href="([^"]*)">/([^<]*)</a>`)

// TestLandingPages follows the links of both start pages.
func TestLandingPages(t *testing.T) {
	f := func(name string, h http.Handler, paths ...string) {
		t.Helper()
		page := ask(h, http.MethodGet, "/")
		if page.Status != 200 || page.ContentType != html || !strings.Contains(page.Body, "<h1>kubestate</h1>") {
			t.Errorf("%s: %+v", name, page)
		}
		var want, got [][]string
		for _, path := range paths {
			want = append(want, []string{path, path})
		}
		for _, match := range link.FindAllStringSubmatch(page.Body, -1) {
			got = append(got, match[1:])
			if target := ask(h, http.MethodGet, "/"+match[1]); target.Status != 200 {
				t.Errorf("%s: /%s: %+v", name, match[1], target)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: links (-want +got):\n%s", name, d)
		}
	}
	f("main", mainPort(prometheus.NewRegistry()), "metrics", "healthz", "livez", "readyz")
	f("telemetry", telemetryPort(server.NewRegistry()), "answers", "metrics", "readyz", "startupz", "healthz", "livez", "debug/cardinality", "debug/pprof/")
}

// TestProfiles closes each request at once: some profiles take time.
func TestProfiles(t *testing.T) {
	left, leave := context.WithCancel(t.Context())
	leave()
	f := func(path, contentType string) {
		t.Helper()
		r := httptest.NewRecorder()
		telemetryPort(prometheus.NewRegistry()).ServeHTTP(r, httptest.NewRequestWithContext(left, http.MethodGet, path, nil))
		if got := r.Header().Get("Content-Type"); r.Code != 200 || got != contentType || r.Body.Len() == 0 {
			t.Errorf("%s: %d, %s, %d bytes", path, r.Code, got, r.Body.Len())
		}
	}
	f("/debug/pprof/", "text/html; charset=utf-8")
	f("/debug/pprof/goroutine", "application/octet-stream")
	f("/debug/pprof/heap?debug=1", plain)
	f("/debug/pprof/cmdline", plain)
	f("/debug/pprof/symbol", plain)
	f("/debug/pprof/trace", "application/octet-stream")
	f("/debug/pprof/profile", "application/octet-stream")
}

// TestLatencies holds the histogram of scrape durations.
func TestLatencies(t *testing.T) {
	reg := server.NewRegistry()
	h := mainPort(reg)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet, http.MethodPost, "M1", "M2"} {
		ask(h, method, "/metrics")
	}
	ask(h, http.MethodGet, "/healthz")
	ask(h, http.MethodGet, "/")
	var types, counts, bounds []string
	for line := range strings.Lines(ask(telemetryPort(reg), http.MethodGet, "/metrics").Body) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "# TYPE http_"):
			types = append(types, line)
		case strings.HasPrefix(line, "http_request_duration_seconds_count"):
			counts = append(counts, line)
		case strings.HasPrefix(line, `http_request_duration_seconds_bucket{handler="metrics",method="get"`):
			_, bound, _ := strings.Cut(line, "le=")
			bound, _, _ = strings.Cut(bound, "}")
			bounds = append(bounds, bound)
		}
	}
	if d := cmp.Diff([]string{"# TYPE http_request_duration_seconds histogram"}, types); d != "" {
		t.Errorf("types (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		`http_request_duration_seconds_count{handler="metrics",method="get"} 2`,
		`http_request_duration_seconds_count{handler="metrics",method="head"} 1`,
		`http_request_duration_seconds_count{handler="metrics",method="post"} 1`,
		`http_request_duration_seconds_count{handler="metrics",method="unknown"} 2`,
	}, counts); d != "" {
		t.Errorf("counts (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{`"0.005"`, `"0.01"`, `"0.025"`, `"0.05"`, `"0.1"`, `"0.25"`, `"0.5"`, `"1"`, `"2.5"`, `"5"`, `"10"`, `"+Inf"`}, bounds); d != "" {
		t.Errorf("bounds (-want +got):\n%s", d)
	}
}

// TestServes holds that Serves accepts all linked paths and no unbounded set of paths.
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
