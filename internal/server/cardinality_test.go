package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// markup is a resource whose label values look like HTML and have escapes.
func markup() *store.Resource {
	r := store.NewResource("things", []store.Family{{Name: "thing"}}, 1)
	for i, value := range []string{`<script>alert(1)</script>`, `\"onload=\"x`, `a\\b\nc`, strings.Repeat("&", 1000)} {
		text := fmt.Appendf(nil, "thing{namespace=\"<b>%d</b>\",value=\"%s\"} %d\n", i, value, i)
		r.Partitions()[0].Set(store.Rendered{UID: fmt.Sprint(i), Namespace: "a", Text: text, Ends: []int{len(text)}})
	}
	return r
}

// cardinalityPort is a telemetry port in which the family pods is sparse.
func cardinalityPort(resources ...*store.Resource) http.Handler {
	s := &source{resources: resources}
	config := server.TelemetryConfig{Own: prometheus.NewRegistry(), Sparse: func(family string) bool { return family == "pods" }}
	return server.Telemetry(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
}

// browser is the Accept header of a browser.
const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"

// TestCardinalityPages compares all views for a browser with files.
func TestCardinalityPages(t *testing.T) {
	h := cardinalityPort(append([]*store.Resource{markup()}, resources...)...)
	f := func(name, query string) {
		t.Helper()
		got := ask(h, http.MethodGet, "/debug/cardinality"+query, "Accept", browser)
		if got.Status != 200 || got.ContentType != html {
			t.Fatalf("%s: %+v", query, got)
		}
		server.ComparePage(t, "cardinality-"+name, got.Body)
	}
	f("family", "")
	f("resource", "?by=resource&sort=resource")
	f("namespace", "?by=namespace&sort=-bytes&resources=things&namespace=a%2Cb")
	f("label", "?by=label")
	f("option", "?by=option&sort=saved_bytes&exclude_resources=things")
}

// TestCardinalityLinks follows all links of a page, which keep the filters.
func TestCardinalityLinks(t *testing.T) {
	h := cardinalityPort(resources...)
	page := ask(h, http.MethodGet, "/debug/cardinality?resources=pods,nodes&namespace=p", "Accept", browser).Body
	seen := 0
	for part := range strings.SplitSeq(page, `href="?`) {
		link, _, ok := strings.Cut(part, `"`)
		if !ok || strings.HasPrefix(part, "<!DOCTYPE") {
			continue
		}
		seen++
		query, err := url.ParseQuery(strings.ReplaceAll(link, "&amp;", "&"))
		if err != nil || query.Get("resources") != "pods,nodes" || query.Get("namespace") != "p" {
			t.Errorf("%s: %v, %v", link, query, err)
		}
		if got := ask(h, http.MethodGet, "/debug/cardinality?"+query.Encode(), "Accept", browser); got.Status != 200 {
			t.Errorf("%s: %+v", link, got)
		}
	}
	if seen != 1+5+4 { // text, views and columns
		t.Errorf("%d links in\n%s", seen, page)
	}
}

// TestCardinalityFormats holds the format of responses by Accept header and parameter.
func TestCardinalityFormats(t *testing.T) {
	const json = "application/json"
	h := cardinalityPort(resources...)
	f := func(query, accept, want string) {
		t.Helper()
		if got := ask(h, http.MethodGet, "/debug/cardinality"+query, "Accept", accept); got.Status != 200 || got.ContentType != want {
			t.Errorf("%s, %q: %d, %s, want %s", query, accept, got.Status, got.ContentType, want)
		}
	}
	f("", "", plain)
	f("", "*/*", plain)
	f("", "text/*", plain)
	f("", "image/png", plain)
	f("", "text/html;q=0", plain)
	f("", "text/html;q=x", plain)
	f("", browser, html)
	f("", "text/html", html)
	f("", "*/*, text/html", html)
	f("", "text/plain, text/html", plain)
	f("", "text/html;q=0.5, text/plain;q=0.6", plain)
	f("", "text/html;q=0.5, application/json;q=0.6, */*;q=0.1", json)
	f("?by=label", json, json)
	f("?by=label&format=text", browser, plain)
	f("?by=label&format=json", browser, json)
	f("?by=label&format=html", "*/*", html)
}

// TestCardinalityRefusals holds the responses to wrong parameters.
func TestCardinalityRefusals(t *testing.T) {
	h := cardinalityPort(resources...)
	f := func(query, want string) {
		t.Helper()
		if d := cmp.Diff(answer{400, plain, want + "\n"}, ask(h, http.MethodGet, "/debug/cardinality"+query, "Accept", browser)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f("?by=pods", `by="pods": want family, resource, namespace, label or option`)
	f("?by=label&sort=-family", `sort="-family": want label, values, series or bytes, or one of them after a minus`)
	f("?format=yaml", `format="yaml": want text, html or json`)
	f("?resources=podz", `there is no resource "podz"; the nearest is "pods"`)
	f("?by=label&exclude_resources=nodez", `there is no resource "nodez"; the nearest is "nodes"`)
}

// TestCardinalityFilters holds the selection of resources and namespaces.
func TestCardinalityFilters(t *testing.T) {
	h := cardinalityPort(resources...)
	f := func(query string, want ...string) {
		t.Helper()
		got := ask(h, http.MethodGet, "/debug/cardinality"+query)
		if d := cmp.Diff(answer{200, plain, strings.Join(want, "\n") + "\n"}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f("?by=resource&resources=pods,nodes",
		"   objects     series        bytes  resource",
		"         2          2           30  pods",
		"         1          1           15  nodes",
		"         3          3           45  in all")
	f("?by=resource&namespace=p&exclude_resources=leases",
		"   objects     series        bytes  resource",
		"         2          2           30  pods",
		"         0          0            0  nodes",
		"         0          0            0  jobs",
		"         2          2           30  in all")
	f("?resources=",
		"    series        bytes  family  resource",
		"         0            0  in all")
	f("?by=label&namespace=n",
		"    values     series        bytes  label",
		"         1          1            6  o",
		"                                        1 bytes   n",
		"                                        1 series  n")
}

// TestCardinalityTakesTurns requests views that read text while another one is sent to a stalled client.
func TestCardinalityTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTelemetry(t)
		stalled := l.request(t, "/debug/cardinality?by=family&namespace=a")
		defer stalled.Close()
		synctest.Wait()
		for _, path := range []string{"/metrics", "/debug/cardinality", "/debug/cardinality?by=resource", "/debug/cardinality?by=x"} {
			if _, _, took := l.reads(t, l.request(t, path)); took != 0 {
				t.Errorf("%s took %s", path, took)
			}
		}
		// Who reads nothing loses its turn.
		if status, _, took := l.reads(t, l.request(t, "/debug/cardinality?by=label")); status != 200 || took != stands {
			t.Errorf("status %d after %s", status, took)
		}
	})
}
