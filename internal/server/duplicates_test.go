package server_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// records is a log handler that keeps attributes.
type records struct {
	slog.Handler
	mu  sync.Mutex
	all []string
}

func (r *records) Enabled(context.Context, slog.Level) bool { return true }

func (r *records) Handle(_ context.Context, record slog.Record) error {
	var words []string
	record.Attrs(func(a slog.Attr) bool {
		words = append(words, a.Key+"="+a.Value.String())
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.Join(words, " "))
	return nil
}

// repeating is a resource whose family may have duplicate series: an object with a number has the line
// of the one without.
func repeating(name, family string, objects ...string) *store.Resource {
	r := store.NewResource(name, []store.Family{{Name: family, Header: []byte("# TYPE " + family + " gauge\n"), MayRepeat: true}}, 1)
	for _, object := range objects {
		text := fmt.Appendf(nil, "%s{o=%q} 1\n", family, strings.TrimRight(object, "0123456789"))
		r.Partitions()[0].Set(store.Rendered{UID: object, Namespace: object[:1], Text: text, Ends: []int{len(text)}})
	}
	return r
}

// TestRepeatedSeries holds the gauge and the log of duplicate series.
func TestRepeatedSeries(t *testing.T) {
	s := &source{resources: []*store.Resource{repeating("a", "x", "p", "q", "q1"), repeating("b", "x", "q", "q1"), repeating("c", "y", "r")}}
	reg, log := prometheus.NewRegistry(), &records{}
	h := server.Main(s, server.ScrapeConfig{Exceeded: never, Log: slog.New(log)}, server.NewProbes(s.Checks), reg)
	f := func(method, query, body, shown string, logged ...string) {
		t.Helper()
		if d := cmp.Diff(answer{200, plainText, body}, ask(h, method, "/metrics"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
		want := ""
		if shown != "" {
			want = "# HELP kubestate_duplicate_series Duplicate series omitted from the last response with the family.\n" +
				"# TYPE kubestate_duplicate_series gauge\n" + shown
		}
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "kubestate_duplicate_series"); err != nil {
			t.Errorf("after %s: %v", query, err)
		}
		if d := cmp.Diff(logged, log.all); d != "" {
			t.Errorf("logged after %s (-want +got):\n%s", query, d)
		}
		log.all = nil
	}
	const x, y = "# TYPE x gauge\nx{o=\"p\"} 1\nx{o=\"q\"} 1\n", "# TYPE y gauge\ny{o=\"r\"} 1\n"
	f(http.MethodGet, "?namespace=p", "# TYPE x gauge\nx{o=\"p\"} 1\n", "") // none of it repeats
	f(http.MethodHead, "", "", "")
	f(http.MethodGet, "", x+y, "kubestate_duplicate_series{family=\"x\"} 3\n", "family=x series=3")
	f(http.MethodGet, "", x+y, "kubestate_duplicate_series{family=\"x\"} 3\n") // logged once
	f(http.MethodGet, "?resources=c", y, "kubestate_duplicate_series{family=\"x\"} 3\n")
	f(http.MethodGet, "?resources=a", x, "kubestate_duplicate_series{family=\"x\"} 1\n")
	f(http.MethodGet, "?namespace=p", "# TYPE x gauge\nx{o=\"p\"} 1\n", "kubestate_duplicate_series{family=\"x\"} 0\n")
	s.resources[2].Partitions()[0].Set(store.Rendered{UID: "other", Text: []byte("y{o=\"r\"} 2\n"), Ends: []int{11}})
	f(http.MethodGet, "", x+y, "kubestate_duplicate_series{family=\"x\"} 3\nkubestate_duplicate_series{family=\"y\"} 1\n", "family=y series=1")
	s.resources = s.resources[2:] // another configuration
	f(http.MethodGet, "", y, "kubestate_duplicate_series{family=\"y\"} 1\n")
	s.resources = resources[:1]
	f(http.MethodGet, "", nodes, "")
	s.resources = []*store.Resource{repeating("c", "y", "r", "r1")}
	f(http.MethodGet, "", y, "kubestate_duplicate_series{family=\"y\"} 1\n", "family=y series=1")
}

// TestSharedFamilies serves two resources with a family of one name: once in a response, and once per
// resource in statistics.
func TestSharedFamilies(t *testing.T) {
	s := &source{resources: []*store.Resource{repeating("a", "x", "p", "q"), resource("x", "r")}}
	reg := prometheus.NewRegistry()
	main, telemetry := mainOf(s, server.Limits{}, never, reg), telemetryOf(s, reg, server.NewProbes(s.Checks))
	const lines = "# TYPE x gauge\nx{o=\"p\"} 1\nx{o=\"q\"} 1\nx{o=\"r\"} 1\n"
	const om = "application/openmetrics-text;version=1.0.0"
	if got := ask(main, http.MethodGet, "/metrics", "Accept", om).Body; got != lines+"# EOF\n" {
		t.Errorf("the answer is\n%s", got)
	}
	if got := ask(main, http.MethodGet, "/metrics?resources=x").Body; got != "# TYPE x gauge\nx{o=\"r\"} 1\n" {
		t.Errorf("of one of the resources the answer is\n%s", got)
	}
	table := answer{200, plain, strings.Join([]string{
		"    series        bytes  family  resource",
		"         2           22  x       a",
		"         1           11  x       x",
		"         3           33  in all",
		"",
	}, "\n")}
	if d := cmp.Diff(table, ask(telemetry, http.MethodGet, "/debug/cardinality")); d != "" {
		t.Errorf("/debug/cardinality (-want +got):\n%s", d)
	}
	if d := cmp.Diff(strings.Fields("family resource series bytes x a 2 22 x x 1 11 resource state objects series bytes a synced 2 2 22 x synced 1 1 11"),
		cells(ask(main, http.MethodGet, "/").Body)); d != "" {
		t.Errorf("cells of the page (-want +got):\n%s", d)
	}
	want := "# HELP kubestate_store_series Series stored.\n# TYPE kubestate_store_series gauge\n" +
		"kubestate_store_series{resource=\"a\"} 2\nkubestate_store_series{resource=\"x\"} 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "kubestate_store_series"); err != nil {
		t.Error(err)
	}
	if got := ask(telemetry, http.MethodGet, "/metrics"); got.Status != 200 {
		t.Errorf("own metrics: %+v", got)
	}
}

// TestAliases selects resources by aliases, which several may share.
func TestAliases(t *testing.T) {
	aliased := func(name string, aliases ...string) *store.Resource {
		r := store.NewResource(name, []store.Family{{Name: name[:1], Header: []byte("# TYPE " + name[:1] + " gauge\n")}}, 1, aliases...)
		r.Partitions()[0].Set(rendered(name[:1], "o"))
		return r
	}
	s := &source{resources: []*store.Resource{aliased("a.example.com", "things", "as"), aliased("b.example.com", "things"), aliased("c")}}
	known := []string{"a.example.com", "b.example.com", "c"}
	exceeded := func(wanted func(string) bool) string {
		if wanted("b.example.com") {
			return "b is too old"
		}
		return ""
	}
	text := map[string]string{}
	for _, name := range []string{"a", "b", "c"} {
		text[name] = "# TYPE " + name + " gauge\n" + name + "{o=\"o\"} 1\n"
	}
	f := func(exceeded server.Exceeded, query string, want answer) {
		t.Helper()
		config := server.ScrapeConfig{Exceeded: exceeded, Known: func() []string { return known }}
		h := server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
		if d := cmp.Diff(want, ask(h, http.MethodGet, "/metrics?"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f(never, "resources=things", answer{400, plain, "resources: there is no resource \"things\"; the nearest is \"c\"\n"})
	known = append(known, "things", "as") // another configuration
	served := func(names string) answer {
		body := ""
		for name := range strings.FieldsSeq(names) {
			body += text[name]
		}
		return answer{200, plainText, body}
	}
	f(never, "", served("a b c"))
	f(never, "resources=things", served("a b"))
	f(never, "resources=as", served("a"))
	f(never, "resources=a.example.com,c", served("a c"))
	f(never, "resources=as,things,c", served("a b c"))
	f(never, "exclude_resources=things", served("c"))
	f(never, "exclude_resources=as", served("b c"))
	f(never, "resources=things&exclude_resources=as", served("b"))
	f(never, "resources=things&exclude_resources=b.example.com", served("a"))
	f(never, "resources=thing", answer{400, plain, "resources: there is no resource \"thing\"; the nearest is \"things\"\n"})

	old := answer{503, plain, "b is too old\n"}
	f(exceeded, "", old)
	f(exceeded, "resources=things", old)
	f(exceeded, "resources=as", served("a"))
	f(exceeded, "exclude_resources=things", served("c"))
}
