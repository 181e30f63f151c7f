package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// clustered is a source of several clusters.
type clustered struct {
	source
	clusters []server.Cluster
}

func (c *clustered) Clusters() []server.Cluster { return c.clusters }

func (c *clustered) Resources() (all []*store.Resource) {
	for _, cluster := range c.clusters {
		all = append(all, cluster.Resources...)
	}
	return all
}

// inCluster makes a resource with a line that has the name of the cluster.
func inCluster(cluster, name string) *store.Resource {
	r := store.NewResource(name, []store.Family{{Name: name, Header: []byte("# TYPE " + name + " gauge\n")}}, 1)
	text := []byte(name + `{cluster="` + cluster + `"} 1` + "\n")
	r.Partitions()[0].Set(store.Rendered{UID: cluster, Text: text, Ends: []int{len(text)}})
	return r
}

// clusteredOf has a cluster that is up, one that is syncing, one whose last state is old, and one that was
// never up.
func clusteredOf() *clustered {
	pods := func(cluster string) []*store.Resource {
		return []*store.Resource{inCluster(cluster, "nodes"), inCluster(cluster, "pods")}
	}
	return &clustered{clusters: []server.Cluster{
		{Name: "a", State: "up", Resources: pods("a")},
		{Name: "b.example", State: "down (Unreachable) for 5s", Down: true, Resources: pods("b.example"), Expired: func(wanted func(string) bool) bool { return wanted("nodes") }},
		{Name: "new", State: "syncing", Waiting: true},
		{Name: "never", State: "invalid", Down: true},
	}}
}

// portOf is the main port of several clusters.
func portOf(s *clustered, downFails bool) server.Port {
	config := server.ScrapeConfig{Exceeded: never, DownFails: downFails, Missing: func(clusters []string) (names []string) {
		for _, c := range s.clusters {
			for _, name := range clusters {
				if c.Name == name && c.Waiting {
					names = append(names, "cluster "+name)
				}
			}
		}
		return names
	}}
	return server.Main(s, config, server.NewProbes(s.Checks), prometheus.NewRegistry())
}

// TestClusters holds the responses to requests of some clusters, by parameter and by path.
func TestClusters(t *testing.T) {
	f := func(downFails bool, target string, want answer) {
		t.Helper()
		if want.ContentType == "" {
			want.ContentType = plainText
			if want.Status != http.StatusOK {
				want.ContentType = plain
			}
		}
		if d := cmp.Diff(want, ask(portOf(clusteredOf(), downFails), http.MethodGet, target)); d != "" {
			t.Errorf("%s (-want +got):\n%s", target, d)
		}
	}
	family := func(name string, clusters ...string) string {
		text := "# TYPE " + name + " gauge\n"
		for _, c := range clusters {
			text += name + `{cluster="` + c + `"} 1` + "\n"
		}
		return text
	}
	ok := func(texts ...string) answer { return answer{Status: 200, Body: strings.Join(texts, "")} }
	for _, downFails := range []bool{false, true} {
		f(downFails, "/metrics", ok(family("nodes", "a"), family("pods", "a")))
		f(downFails, "/metrics?resources=pods", ok(family("pods", "a", "b.example")))
		f(downFails, "/metrics?cluster=a", ok(family("nodes", "a"), family("pods", "a")))
		f(downFails, "/metrics?resources=pods&cluster=a&cluster=b.example", ok(family("pods", "a", "b.example")))
		f(downFails, "/metrics?resources=pods&cluster=b.example,+never", ok(family("pods", "b.example")))
		f(downFails, "/metrics?cluster=c", answer{Status: 404, Body: "there is no cluster \"c\"; the nearest is \"a\"\n"})
		f(downFails, "/metrics?cluster=new", answer{Status: 503, Body: "not complete yet: cluster new\n"})
		f(downFails, "/metrics/cluster/a", ok(family("nodes", "a"), family("pods", "a")))
		f(downFails, "/metrics/cluster/a?cluster=b.example&resources=pods", ok(family("pods", "a")))
		f(downFails, "/metrics/cluster/new", answer{Status: 503, Body: "not complete yet: cluster new\n"})
		f(downFails, "/metrics/cluster/c", answer{Status: 404, Body: "there is no cluster \"c\"; the nearest is \"a\"\n"})
		f(downFails, "/metrics/cluster/%2e%2e", answer{Status: 404, Body: "there is no cluster \"..\"; the nearest is \"a\"\n"})
		f(downFails, "/metrics/cluster/a%2fb", answer{Status: 404, Body: "there is no cluster \"a/b\"; the nearest is \"a\"\n"})
		f(downFails, "/metrics?cluster=", ok(family("nodes", "a"), family("pods", "a")))
		f(downFails, "/metrics/cluster/", answer{Status: 404, Body: "404 page not found\n"})
		f(downFails, "/metrics/cluster/a/b", answer{Status: 404, Body: "404 page not found\n"})
	}
	f(false, "/metrics/cluster/b.example?resources=pods", ok(family("pods", "b.example")))
	f(false, "/metrics/cluster/b.example", ok())
	f(false, "/metrics/cluster/never", ok())
	f(true, "/metrics/cluster/b.example?resources=pods", answer{Status: 503, Body: "cluster b.example: down (Unreachable) for 5s\n"})
	f(true, "/metrics/cluster/never", answer{Status: 503, Body: "cluster never: invalid\n"})
}

// TestClusterPathsOfOneCluster holds that one cluster without a name has no paths of clusters, and that the
// parameter has no effect.
func TestClusterPathsOfOneCluster(t *testing.T) {
	h := mainPort(prometheus.NewRegistry())
	if got := ask(h, http.MethodGet, "/metrics/cluster/a"); got.Status != http.StatusNotFound {
		t.Errorf("/metrics/cluster/a: %+v", got)
	}
	if d := cmp.Diff(ask(h, http.MethodGet, "/metrics"), ask(h, http.MethodGet, "/metrics?cluster=a")); d != "" {
		t.Errorf("?cluster=a (-without +with):\n%s", d)
	}
}

// TestServedClusterPaths holds which paths of clusters need a token.
func TestServedClusterPaths(t *testing.T) {
	f := func(target string, want bool) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := portOf(clusteredOf(), false).Serves(r); got != want {
			t.Errorf("%s: %t", target, got)
		}
	}
	f("/metrics", true)
	f("/metrics/cluster/a", true)
	f("/metrics/cluster/unknown", true) // else the filter would tell which there are
	f("/metrics/cluster/", false)
	f("/metrics/cluster/a/b", false)
	f("/metrics/cluster", false)
}

// TestLandingPageOfClusters holds the rows of several clusters, and sums over them.
func TestLandingPageOfClusters(t *testing.T) {
	s := clusteredOf()
	page := ask(portOf(s, false), http.MethodGet, "/").Body
	want := strings.Fields("family resource series bytes nodes nodes 2 50 pods pods 2 48" +
		" cluster state objects series bytes a up 2 2 41 b.example down (Unreachable) for 5s 2 2 57 new syncing 0 0 0 never invalid 0 0 0")
	if d := cmp.Diff(want, cells(page)); d != "" {
		t.Errorf("cells (-want +got):\n%s", d)
	}
	const summary = "<p>4 series of 4 objects of 4 clusters, <span class=\"waiting\">1 of them not complete</span>.</p>"
	if !strings.Contains(page, summary) {
		t.Errorf("there is no %s in\n%s", summary, page)
	}
	s.closed = true
	if d := cmp.Diff(strings.Fields("cluster state a up b.example down (Unreachable) for 5s new syncing never invalid"), cells(ask(portOf(s, false), http.MethodGet, "/").Body)); d != "" {
		t.Errorf("cells of a closed port (-want +got):\n%s", d)
	}
}

// TestCardinalityOfClusters holds the views of several clusters.
func TestCardinalityOfClusters(t *testing.T) {
	s := clusteredOf()
	h := server.Telemetry(s, server.TelemetryConfig{Own: prometheus.NewRegistry()}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	f := func(target, want string) {
		t.Helper()
		if d := cmp.Diff(strings.Fields(want), strings.Fields(ask(h, http.MethodGet, "/debug/cardinality"+target).Body)); d != "" {
			t.Errorf("%s (-want +got):\n%s", target, d)
		}
	}
	f("?by=cluster&sort=cluster", "objects series bytes cluster 2 2 41 a 2 2 57 b.example 4 4 98 in all")
	f("?by=resource&sort=resource", "objects series bytes resource 2 2 50 nodes 2 2 48 pods 4 4 98 in all")
	f("?by=family&cluster=a&sort=family", "series bytes family resource 1 21 nodes nodes 1 20 pods pods 2 41 in all")
	f("?cluster=c", `there is no cluster "c"; the nearest is "a"`)
	one := &source{resources: resources}
	h = server.Telemetry(one, server.TelemetryConfig{Own: prometheus.NewRegistry()}, server.NewProbes(one.Checks), prometheus.NewRegistry())
	f("?by=cluster", `by="cluster": want family, resource, namespace, label or option`)
}
