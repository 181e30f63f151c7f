package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestNamesOfResources has scrapes name resources that are served, that there are, and
// that there are not.
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

// TestMisspeltNamesAreToldAtOnce holds that nobody waits for the first lists to learn
// of a mistake.
func TestMisspeltNamesAreToldAtOnce(t *testing.T) {
	s := &source{}
	config := server.ScrapeConfig{Exceeded: never, Known: func() []string { return []string{"pods"} }, Missing: func() []string { return []string{"pods"} }}
	h := server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
	if got := ask(h, http.MethodGet, "/metrics?resources=podz"); got.Status != 400 {
		t.Errorf("%+v", got)
	}
}
