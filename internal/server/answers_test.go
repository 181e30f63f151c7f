package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// phases is a resource with pods in a phase, each as namespace/name=phase.
func phases(pods ...string) *store.Resource {
	r := store.NewResource("pods", []store.Family{{Name: "kube_pod_status_phase"}}, 1)
	for _, p := range pods {
		identity, phase, _ := strings.Cut(p, "=")
		namespace, name, _ := strings.Cut(identity, "/")
		text := fmt.Appendf(nil, "kube_pod_status_phase{namespace=%q,pod=%q,uid=%q,phase=%q} 1\n", namespace, name, p, phase)
		r.Partitions()[0].Set(store.Rendered{UID: p, Namespace: namespace, Text: text, Ends: []int{len(text)}})
	}
	return r
}

func answersPort(asked func(server.AnswerFilter) answers.Content, resources ...*store.Resource) http.Handler {
	s := &source{resources: resources}
	return server.Telemetry(s, server.TelemetryConfig{Own: prometheus.NewRegistry(), AnswerContent: asked}, server.NewProbes(s.Checks), prometheus.NewRegistry())
}

// TestAnswersFormats holds the format of answers by Accept header and parameter, and their headers.
func TestAnswersFormats(t *testing.T) {
	h := answersPort(nil, phases("shop/web=Running", "bank/vault=Failed"))
	f := func(query, accept string, want http.Header, begin string) {
		t.Helper()
		request := httptest.NewRequest(http.MethodGet, "/answers"+query, nil)
		request.Header.Set("Accept", accept)
		r := httptest.NewRecorder()
		h.ServeHTTP(r, request)
		if d := cmp.Diff(want, r.Header()); d != "" || r.Code != http.StatusOK || !strings.HasPrefix(r.Body.String(), begin) {
			t.Errorf("%s, %q: %d, (-want +got):\n%s\n%s", query, accept, r.Code, d, r.Body)
		}
	}
	page := http.Header{
		"Cache-Control": {"no-store"}, "Content-Type": {html}, "Refresh": {"30"}, "Vary": {"Accept"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}, "X-Content-Type-Options": {"nosniff"},
	}
	object := http.Header{"Cache-Control": {"no-store"}, "Content-Type": {"application/json"}, "Vary": {"Accept"}}
	f("", browser, page, "<!DOCTYPE html>")
	f("?format=html", "", page, "<!DOCTYPE html>")
	f("", "application/json", object, "{")
	f("?format=json", browser, object, "{")
	page.Del("Refresh")
	f("?refresh=off", browser, page, "<!DOCTYPE html>")
	text := ask(h, http.MethodGet, "/answers")
	if text.Status != http.StatusOK || text.ContentType != plain || strings.Contains(text.Body, "<") || strings.Contains(text.Body, "\x1b") {
		t.Errorf("curl gets %+v", text)
	}
	r := httptest.NewRecorder()
	h.ServeHTTP(r, httptest.NewRequest(http.MethodHead, "/answers?format=json", nil))
	if d := cmp.Diff(object, r.Header()); d != "" || r.Code != http.StatusOK {
		t.Errorf("HEAD: %d, (-want +got):\n%s", r.Code, d)
	}
	for _, accept := range []string{"text/html;q=0", "text/html;q=0, */*", "text/html;q=0, application/json;q=0"} {
		if got := ask(h, http.MethodGet, "/answers", "Accept", accept); got != text {
			t.Errorf("%s gets %+v", accept, got)
		}
	}
	refused := func(query, why string) {
		t.Helper()
		if got, want := ask(h, http.MethodGet, "/answers"+query), (answer{http.StatusBadRequest, plain, why + "\n"}); got != want {
			t.Errorf("%s gets %+v, want %+v", query, got, want)
		}
	}
	refused("?format=yml", `format="yml": want text, html or json`)
	refused("?refresh=5", `refresh="5": want on or off`)
}

// TestAnswersOfNamespaces holds that pages and JSON are about the selected namespaces, and that links of the page
// keep them.
func TestAnswersOfNamespaces(t *testing.T) {
	var asked [][]string
	pods := phases("shop/web=Running", "bank/vault=Failed", "depot/x=Pending")
	h := answersPort(func(f server.AnswerFilter) answers.Content {
		asked = append(asked, f.Namespaces)
		return answers.Content{Resources: []*store.Resource{pods}, Namespaces: f.Namespaces}
	})
	page := ask(h, http.MethodGet, "/answers?namespace=shop,bank&namespace=bank", "Accept", browser).Body
	for _, want := range []string{`aria-label="shop: 1 Running"`, `aria-label="bank: 1 Failed"`, `href="?format=json&amp;namespace=shop%2Cbank`, `href="?namespace=bank"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	if strings.Contains(page, "depot") {
		t.Errorf("another namespace is in\n%s", page)
	}
	var report answers.Report
	if err := json.Unmarshal([]byte(ask(h, http.MethodGet, "/answers?namespace=depot&format=json").Body), &report); err != nil || len(report.Answers) == 0 {
		t.Errorf("JSON: %+v, %v", report, err)
	}
	ask(h, http.MethodGet, "/answers")
	if d := cmp.Diff([][]string{{"shop", "bank", "bank"}, {"depot"}, nil}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

// TestAnswersOfClusters holds that requests select clusters by name, of several, and that links of the page keep them.
func TestAnswersOfClusters(t *testing.T) {
	var asked []server.AnswerFilter
	content := func(f server.AnswerFilter) answers.Content {
		asked = append(asked, f)
		return answers.Content{Resources: []*store.Resource{phases("shop/web=Running")}, Namespaces: f.Namespaces}
	}
	port := func(s server.Source) http.Handler {
		return server.Telemetry(s, server.TelemetryConfig{Own: prometheus.NewRegistry(), AnswerContent: content}, server.NewProbes(func() []server.Check { return nil }), prometheus.NewRegistry())
	}
	h := port(clusteredOf())
	page := ask(h, http.MethodGet, "/answers?cluster=a,new&namespace=shop", "Accept", browser).Body
	for _, want := range []string{` of a, new (<a href="?namespace=shop">all clusters</a>) in shop (<a href="?cluster=a%2Cnew">all`, `href="?cluster=a%2Cnew&amp;format=json&amp;namespace=shop"`} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s in\n%s", want, page)
		}
	}
	const list = `<p>Clusters: <a href="?cluster=a">a</a>, <a href="?cluster=b.example">b.example</a>, <a href="?cluster=new">new</a>, <a href="?cluster=never">never</a></p>`
	if page := ask(h, http.MethodGet, "/answers", "Accept", browser).Body; !strings.Contains(page, list) {
		t.Errorf("no %s in\n%s", list, page)
	}
	if got, want := ask(h, http.MethodGet, "/answers?cluster=neu"), (answer{http.StatusNotFound, plain, "there is no cluster \"neu\"; the nearest is \"new\"\n"}); got != want {
		t.Errorf("an unknown cluster gets %+v, want %+v", got, want)
	}
	if page := ask(port(&source{}), http.MethodGet, "/answers?cluster=a", "Accept", browser).Body; strings.Contains(page, "cluster=") || strings.Contains(page, "lusters") {
		t.Errorf("one cluster without a name has\n%s", page)
	}
	if d := cmp.Diff([]server.AnswerFilter{{Namespaces: []string{"shop"}, Clusters: []string{"a", "new"}}, {}, {}}, asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

// TestAnswersOfShard holds that all formats say which shard they are about.
func TestAnswersOfShard(t *testing.T) {
	s := &source{resources: []*store.Resource{phases("shop/web=Running")}, shard: "Shard 1 of 0 to 2."}
	h := server.Telemetry(s, server.TelemetryConfig{Own: prometheus.NewRegistry()}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	for format, want := range map[string]string{
		"html": " UTC. Shard 1 of 0 to 2. Refreshed", "text": "Z\nShard 1 of 0 to 2.\n\n", "json": `"shard": "Shard 1 of 0 to 2.",`,
	} {
		if page := ask(h, http.MethodGet, "/answers?format="+format).Body; !strings.Contains(page, want) {
			t.Errorf("%s: no %q in\n%s", format, want, page)
		}
	}
}

// TestAnswersOfLimits holds that all formats say what limits the objects.
func TestAnswersOfLimits(t *testing.T) {
	h := answersPort(func(server.AnswerFilter) answers.Content {
		return answers.Content{Resources: []*store.Resource{phases("shop/web=Running")}, Limits: "Limited by --namespaces=shop."}
	})
	for format, want := range map[string]string{
		"html": " UTC. Limited by --namespaces=shop. Refreshed", "text": "Z\nLimited by --namespaces=shop.\n\n", "json": `"limits": "Limited by --namespaces=shop.",`,
	} {
		if page := ask(h, http.MethodGet, "/answers?format="+format).Body; !strings.Contains(page, want) {
			t.Errorf("%s: no %q in\n%s", format, want, page)
		}
	}
}

// TestAnswersOneAtATime holds that a second request waits for the first, and is refused if that takes too long.
func TestAnswersOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		h := answersPort(func(server.AnswerFilter) answers.Content {
			<-release
			return answers.Content{}
		})
		answered := make(chan answer, 2)
		go func() { answered <- ask(h, http.MethodGet, "/answers") }()
		synctest.Wait()
		go func() { answered <- ask(h, http.MethodGet, "/answers") }()
		if got, want := <-answered, (answer{http.StatusServiceUnavailable, plain, "other answers are being computed\n"}); got != want {
			t.Errorf("the second gets %+v, want %+v", got, want)
		}
		close(release)
		if got := <-answered; got.Status != http.StatusOK {
			t.Errorf("the first gets %+v", got)
		}
	})
}
