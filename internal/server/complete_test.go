package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestScrapesWaitUntilComplete has scrapes while resources are missing, one after
// another, and again after everything was complete once.
func TestScrapesWaitUntilComplete(t *testing.T) {
	var missing []string
	s := &source{resources: resources}
	h := server.Main(s, server.ScrapeConfig{Missing: func() []string { return missing }, Exceeded: never}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	f := func(method, path string, want answer, retryAfter string) {
		t.Helper()
		r := httptest.NewRecorder()
		h.ServeHTTP(r, httptest.NewRequest(method, path, nil))
		got := answer{r.Code, r.Header().Get("Content-Type"), r.Body.String()}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s %s without %q (-want +got):\n%s", method, path, missing, d)
		}
		if got := r.Header().Get("Retry-After"); got != retryAfter {
			t.Errorf("%s %s without %q: Retry-After %q, want %q", method, path, missing, got, retryAfter)
		}
	}
	missing = []string{"pods", "jobs in a"}
	f(http.MethodGet, "/metrics", answer{503, plain, "not complete yet: pods, jobs in a\n"}, "5")
	f(http.MethodGet, "/metrics?resources=nodes", answer{503, plain, "not complete yet: pods, jobs in a\n"}, "5")
	f(http.MethodPost, "/metrics", answer{503, plain, "not complete yet: pods, jobs in a\n"}, "5")
	f(http.MethodGet, "/healthz", answer{200, plain, "OK"}, "")
	f(http.MethodGet, "/livez", answer{200, plain, "OK"}, "")
	missing = []string{"jobs in a"}
	f(http.MethodGet, "/metrics", answer{503, plain, "not complete yet: jobs in a\n"}, "5")
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(http.MethodHead, "/metrics", nil))
	if r.Code != 503 || r.Header().Get("Retry-After") != "5" {
		t.Errorf("HEAD: status %d, Retry-After %q", r.Code, r.Header().Get("Retry-After"))
	}
	missing = nil
	f(http.MethodGet, "/metrics", answer{200, plainText, nodes + pods + jobs}, "")
	f(http.MethodHead, "/metrics", answer{200, plainText, ""}, "")
	// What a change of configuration adds is not waited for.
	missing = []string{"leases"}
	f(http.MethodGet, "/metrics", answer{200, plainText, nodes + pods + jobs}, "")
}

// TestScrapesWithoutWaiting is what --serve-incomplete does.
func TestScrapesWithoutWaiting(t *testing.T) {
	s := &source{resources: resources, unsynced: []string{"pods"}}
	h := mainOf(s, server.Limits{}, never, prometheus.NewRegistry())
	if d := cmp.Diff(answer{200, plainText, nodes + pods + jobs}, ask(h, http.MethodGet, "/metrics")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestListsOfNamesAreBounded has thousands of names missing.
func TestListsOfNamesAreBounded(t *testing.T) {
	var names []string
	for i := range 5000 {
		names = append(names, fmt.Sprintf("pods in namespace-%04d", i))
	}
	s := &source{unsynced: names}
	h := server.Main(s, server.ScrapeConfig{Missing: func() []string { return names }, Exceeded: never}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	for path, begin := range map[string]string{"/metrics": "not complete yet: ", "/readyz": "not synced yet: "} {
		got := ask(h, http.MethodGet, path)
		if got.Status != 503 || len(got.Body) > 1100 || !strings.HasPrefix(got.Body, begin+names[0]+", "+names[1]+", ") || !strings.HasSuffix(got.Body, ", pods in namespace-0040 and 4959 more\n") {
			t.Errorf("%s: status %d, %d bytes: %s", path, got.Status, len(got.Body), got.Body)
		}
	}
}
