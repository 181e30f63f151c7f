package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestScrapesWaitUntilComplete scrapes while resources are incomplete, and after all have been complete
// once.
func TestScrapesWaitUntilComplete(t *testing.T) {
	var missing []string
	s := &source{resources: resources}
	h := server.Main(s, server.ScrapeConfig{Missing: func([]string) []string { return missing }, Exceeded: never}, server.NewProbes(s.Checks), prometheus.NewRegistry())
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

// TestStandby scrapes a replica that stands by, and that serves: 200 without series, in each format.
func TestStandby(t *testing.T) {
	serves := false
	s := &source{resources: resources}
	old := func(func(string) bool) string { return "pods are too old" }
	config := server.ScrapeConfig{
		Serves: func(context.Context) bool { return serves }, Exceeded: old,
		Known: func() []string { return []string{"nodes"} },
	}
	h := server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
	f := func(accept, path string, want answer) {
		t.Helper()
		r, req := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, nil)
		req.Header.Set("Accept", accept)
		h.ServeHTTP(r, req)
		if d := cmp.Diff(want, answer{r.Code, r.Header().Get("Content-Type"), r.Body.String()}); d != "" {
			t.Errorf("%s as %q while serves is %v (-want +got):\n%s", path, accept, serves, d)
		}
	}
	f("", "/metrics", answer{200, plainText, ""})
	f("", "/metrics?resources=nodes", answer{200, plainText, ""})
	f("application/openmetrics-text;version=1.0.0", "/metrics", answer{200, "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores", "# EOF\n"})
	f("", "/metrics?resources=node", answer{400, plain, "resources: there is no resource \"node\"; the nearest is \"nodes\"\n"})
	serves = true // content that is too old is a failure of the one that serves
	f("", "/metrics", answer{503, plain, "pods are too old\n"})
}

// TestScrapesWithoutWaiting is --serve-incomplete.
func TestScrapesWithoutWaiting(t *testing.T) {
	s := &source{resources: resources, unsynced: []string{"pods"}}
	h := mainOf(s, server.Limits{}, never, prometheus.NewRegistry())
	if d := cmp.Diff(answer{200, plainText, nodes + pods + jobs}, ask(h, http.MethodGet, "/metrics")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestListsOfNamesAreBounded responds with thousands of names.
func TestListsOfNamesAreBounded(t *testing.T) {
	var names []string
	for i := range 5000 {
		names = append(names, fmt.Sprintf("pods in namespace-%04d", i))
	}
	s := &source{unsynced: names}
	h := server.Main(s, server.ScrapeConfig{Missing: func([]string) []string { return names }, Exceeded: never}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	for path, begin := range map[string]string{"/metrics": "not complete yet: ", "/readyz": "not synced yet: "} {
		got := ask(h, http.MethodGet, path)
		if got.Status != 503 || len(got.Body) > 1100 || !strings.HasPrefix(got.Body, begin+names[0]+", "+names[1]+", ") || !strings.HasSuffix(got.Body, ", pods in namespace-0040 and 4959 more\n") {
			t.Errorf("%s: status %d, %d bytes: %s", path, got.Status, len(got.Body), got.Body)
		}
	}
}

// TestNamesOfResources selects served, known and unknown resources.
func TestNamesOfResources(t *testing.T) {
	s := &source{resources: resources}
	config := server.ScrapeConfig{Exceeded: never, Known: func() []string { return []string{"jobs", "leases", "nodes", "pods", "secrets"} }}
	h := server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
	f := func(query string, want answer) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, http.MethodGet, "/metrics"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	text := func(body string) answer { return answer{200, plainText, body} }
	f("?resources=pods", text(pods))
	f("?resources=pods,%20nodes&resources=jobs", text(nodes+pods+jobs))
	f("?resources=secrets", text("")) // not enabled
	f("?resources=leases", text(""))  // without objects
	f("?resources=", text(""))
	f("?resources=pods&namespace=nowhere", text(""))
	f("?exclude_resources=secrets,pods", text(nodes+jobs))
	bad := func(body string) answer { return answer{400, plain, body + "\n"} }
	f("?resources=podz", bad(`resources: there is no resource "podz"; the nearest is "pods"`))
	f("?resources=nodes,Pods", bad(`resources: there is no resource "Pods"; the nearest is "pods"`))
	f("?resources=nodes&resources=job", bad(`resources: there is no resource "job"; the nearest is "jobs"`))
	f("?exclude_resources=secret", bad(`exclude_resources: there is no resource "secret"; the nearest is "secrets"`))
	f("?resources=pods&exclude_resources=%00%0a", bad(`exclude_resources: there is no resource "\x00"; the nearest is "jobs"`))
	f("?resources="+strings.Repeat("x", 7000), bad(`resources: there is no resource "`+strings.Repeat("x", 64)+`"; the nearest is "jobs"`))
}

// TestMisspeltNamesAreToldAtOnce holds that 400 comes before 503.
func TestMisspeltNamesAreToldAtOnce(t *testing.T) {
	s := &source{}
	config := server.ScrapeConfig{Exceeded: never, Known: func() []string { return []string{"pods"} }, Missing: func([]string) []string { return []string{"pods"} }}
	h := server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
	if got := ask(h, http.MethodGet, "/metrics?resources=podz"); got.Status != 400 {
		t.Errorf("%+v", got)
	}
}

// TestTooOld holds that a scrape fails as a whole if a selected resource is too old.
func TestTooOld(t *testing.T) {
	exceeded := func(wanted func(string) bool) string {
		if wanted("pods") {
			return "pods are " + time.Hour.String() + " old"
		}
		return ""
	}
	h := mainOf(&source{resources: resources}, server.Limits{}, exceeded, prometheus.NewRegistry())
	f := func(path string, want answer) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, http.MethodGet, path)); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	old := answer{503, plain, "pods are 1h0m0s old\n"}
	f("/metrics", old)
	f("/metrics?resources=pods", old)
	f("/metrics?resources=nodes", answer{200, plainText, nodes})
	f("/metrics?exclude_resources=pods", answer{200, plainText, nodes + jobs})
	f("/livez", answer{200, plain, "OK"})
	f("/healthz", answer{200, plain, "OK"})
}
