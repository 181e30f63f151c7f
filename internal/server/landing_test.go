package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// TestLandingPageTellsWhatIsServed holds the rows and the summary of both start pages, and that they are
// static HTML.
func TestLandingPageTellsWhatIsServed(t *testing.T) {
	many := resource("many")
	for i := range 1234 {
		many.Partitions()[0].Set(rendered("many", fmt.Sprint("o", i)))
	}
	small := func(name string, objects ...string) *store.Resource { return resource(name, objects...) }
	s := &source{
		resources: []*store.Resource{
			small("a", "1"), many, small("b", "1", "2", "3"), small("none"), small("c", "1"), small("d", "1"), small("e", "1"),
			small("f", "1"), small("g", "1"), small("h", "1"), small("i", "1"), small("j", "1", "2"),
		},
		unsynced: []string{"b in shop", "b in office", "none", "man", "many-more in shop"},
	}
	want := strings.Fields("family resource series bytes many many 1\u202f234 21\u202f102 b b 3 33 j j 2 22" +
		" a a 1 11 c c 1 11 d d 1 11 e e 1 11 f f 1 11 g g 1 11 h h 1 11" +
		" resource state objects series bytes a synced 1 1 11 many synced 1\u202f234 1\u202f234 21\u202f102 b in shop: syncing, in office: syncing 3 3 33" +
		" none syncing 0 0 0 c synced 1 1 11 d synced 1 1 11 e synced 1 1 11 f synced 1 1 11 g synced 1 1 11 h synced 1 1 11 i synced 1 1 11 j synced 2 2 22")
	for name, h := range map[string]http.Handler{
		"main":      mainOf(s, server.Limits{}, never, prometheus.NewRegistry()),
		"telemetry": telemetryOf(s, prometheus.NewRegistry(), server.NewProbes(s.Checks)),
	} {
		page := ask(h, http.MethodGet, "/").Body
		if d := cmp.Diff(want, cells(page)); d != "" {
			t.Errorf("%s: cells (-want +got):\n%s", name, d)
		}
		const summary = "<p>1\u202f247 series of 1\u202f247 objects of 12 resources, <span class=\"waiting\">2 of them not complete</span>.</p>"
		if !strings.Contains(page, summary) {
			t.Errorf("%s: there is no %s in\n%s", name, summary, page)
		}
		if strings.Contains(page, "<script") || strings.Contains(page, "http") || strings.Contains(page, "ZgotmplZ") {
			t.Errorf("%s: more than HTML:\n%s", name, page)
		}
	}
}

// TestLandingPageOfAClosedPort holds that the page of a port with tokens has states only.
func TestLandingPageOfAClosedPort(t *testing.T) {
	s := &source{resources: []*store.Resource{resource("a", "1"), resource("none")}, unsynced: []string{"none"}, closed: true}
	for name, h := range map[string]http.Handler{
		"main":      mainOf(s, server.Limits{}, never, prometheus.NewRegistry()),
		"telemetry": telemetryOf(s, prometheus.NewRegistry(), server.NewProbes(s.Checks)),
	} {
		page := ask(h, http.MethodGet, "/").Body
		if d := cmp.Diff(strings.Fields("resource state a synced none syncing"), cells(page)); d != "" {
			t.Errorf("%s: cells (-want +got):\n%s", name, d)
		}
		const summary = "<p>2 resources, <span class=\"waiting\">1 of them not complete</span>.</p>"
		for _, told := range []string{"series of", "objects of", "Families"} {
			if strings.Contains(page, told) || !strings.Contains(page, summary) {
				t.Errorf("%s: %q is told, or there is no %s in\n%s", name, told, summary, page)
			}
		}
	}
}

// TestLandingPageOfAClosedPortComputesNothing holds that such a page computes no statistics.
func TestLandingPageOfAClosedPortComputesNothing(t *testing.T) {
	allocations := func(families int) float64 {
		var all []store.Family
		for i := range families {
			all = append(all, store.Family{Name: fmt.Sprint("family_", i)})
		}
		h := mainOf(&source{resources: []*store.Resource{store.NewResource("a", all, 1)}, closed: true}, server.Limits{}, never, prometheus.NewRegistry())
		return testing.AllocsPerRun(20, func() { ask(h, http.MethodGet, "/") })
	}
	// Other goroutines may allocate meanwhile.
	if few, many := allocations(1), allocations(10000); many > few+5 {
		t.Errorf("%v allocations with one family, %v with 10000", few, many)
	}
}

// cells are the words in the tables of a page.
func cells(page string) []string {
	var words []string
	for part := range strings.SplitSeq(page, "<t") {
		if tag, rest, ok := strings.Cut(part, ">"); ok && (strings.HasPrefix(tag, "h") || strings.HasPrefix(tag, "d")) {
			text, _, _ := strings.Cut(rest, "<")
			words = append(words, strings.Fields(text)...)
		}
	}
	return words
}

// TestLandingPageOfShard is the page of a shard.
func TestLandingPageOfShard(t *testing.T) {
	s := &source{resources: []*store.Resource{resource("pods", "1")}, shard: "Shard 1 of <3>."}
	page := ask(telemetryOf(s, prometheus.NewRegistry(), server.NewProbes(s.Checks)), http.MethodGet, "/").Body
	if !strings.Contains(page, "<p>1 series of 1 objects of 1 resources.<br>\nShard 1 of &lt;3&gt;.</p>") {
		t.Errorf("the page is\n%s", page)
	}
}

// TestLandingPageOfNothing is the page without objects.
func TestLandingPageOfNothing(t *testing.T) {
	s := &source{resources: []*store.Resource{resource("pods")}}
	page := ask(mainOf(s, server.Limits{}, never, prometheus.NewRegistry()), http.MethodGet, "/").Body
	if strings.Contains(page, "Families") || !strings.Contains(page, "<p>0 series of 0 objects of 1 resources.</p>") {
		t.Errorf("the page is\n%s", page)
	}
}
