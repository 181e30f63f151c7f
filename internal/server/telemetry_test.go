package server_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/version"
)

// telemetry is a telemetry port with responses larger than the buffers of a server.
type telemetry struct {
	*pipes
	registry *prometheus.Registry
}

// newTelemetry serves until the test ends, with the timeouts of the program.
func newTelemetry(t *testing.T) *telemetry {
	t.Helper()
	own := prometheus.NewRegistry()
	many := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "many", Help: "Many."}, []string{"number"})
	own.MustRegister(many)
	var families []store.Family
	for i := range 1000 {
		many.WithLabelValues(fmt.Sprint("number ", i)).Set(1)
		families = append(families, store.Family{Name: fmt.Sprint("family_", i)})
	}
	s := &source{resources: []*store.Resource{store.NewResource("things", families, 1)}}
	l := &telemetry{pipes: newPipes(), registry: prometheus.NewRegistry()}
	h := server.Telemetry(s, server.TelemetryConfig{Own: own, Profiling: true}, server.NewProbes(s.Checks), l.registry)
	execute, interrupt := server.Serve(l, h, server.WebConfig{}, server.TelemetryTimeouts, newEvicted(), slog.New(slog.DiscardHandler))
	ended := make(chan error, 1)
	go func() { ended <- execute() }()
	t.Cleanup(func() { serving{interrupt: interrupt, ended: ended}.stop(t) })
	return l
}

// request requests a path and reads nothing.
func (l *telemetry) request(t *testing.T, path string) net.Conn {
	t.Helper()
	return l.dial(t, "GET "+path+" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

// reads returns a response and the time until it was read.
func (l *telemetry) reads(t *testing.T, c net.Conn) (status int, body string, took time.Duration) {
	t.Helper()
	defer c.Close()
	began := time.Now()
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text), time.Since(began)
}

// TestTelemetryOfStalledClients fills the slots with clients that read nothing.
func TestTelemetryOfStalledClients(t *testing.T) {
	for _, path := range []string{"/metrics", "/debug/cardinality", "/debug/cardinality?format=json"} {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTelemetry(t)
				for range 20 {
					c := l.request(t, path)
					defer c.Close()
				}
				synctest.Wait()
				status, body, took := l.reads(t, l.request(t, "/metrics"))
				if status != 200 || strings.Count(body, "\nmany{") != 1000 || took != stands {
					t.Errorf("status %d, %d bytes, after %s", status, len(body), took)
				}
				if n := gathered(t, l.registry, "kubestate_telemetry_requests_aborted_total"); n != 1 {
					t.Errorf("%v cut off", n)
				}
			})
		})
	}
}

// TestTelemetryRefuses has more clients than slots and places in the queue.
func TestTelemetryRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTelemetry(t)
		for range 40 {
			c := l.request(t, "/metrics")
			defer c.Close()
		}
		synctest.Wait()
		status, body, took := l.reads(t, l.request(t, "/metrics"))
		if status != 503 || body != "too many requests at the same time\n" || took != 0 {
			t.Errorf("status %d, %q, after %s", status, body, took)
		}
		if n := gathered(t, l.registry, "kubestate_telemetry_requests_refused_total"); n != 1 {
			t.Errorf("%v refused", n)
		}
		if status, _, _ := l.reads(t, l.request(t, "/readyz")); status != 200 {
			t.Errorf("/readyz: status %d", status)
		}
	})
}

// TestTelemetryAnswersHaveAnEnd holds the write timeout of each path.
func TestTelemetryAnswersHaveAnEnd(t *testing.T) {
	f := func(path string, patience time.Duration) {
		t.Run(path, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newTelemetry(t)
				c := l.request(t, path)
				defer c.Close()
				time.Sleep(patience)
				if text, err := io.ReadAll(c); len(text) > 0 || err != nil {
					t.Errorf("after %s there are %d bytes, %v", patience, len(text), err)
				}
				// Who reads late, but in time, gets all of it.
				c = l.request(t, path)
				time.Sleep(patience - 2*time.Second)
				if status, body, _ := l.reads(t, c); status != 200 || body == "" {
					t.Errorf("status %d, %d bytes", status, len(body))
				}
			})
		})
	}
	const write = 31 * time.Second
	for _, path := range []string{
		"/", "/metrics", "/readyz", "/readyz?verbose", "/startupz", "/healthz", "/livez", "/debug/cardinality", "/debug/pprof/",
		"/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/pprof/heap?gc=1", "/debug/pprof/goroutine",
	} {
		f(path, write)
	}
	// A profile has its time besides, also if that is more than a request has.
	f("/debug/pprof/goroutine?seconds=3", 3*time.Second+write)
	f("/debug/pprof/goroutine?seconds=300", 300*time.Second+write)
}

// TestProfilesTakeTurns requests profiles while one is taken.
func TestProfilesTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTelemetry(t)
		first := l.request(t, "/debug/pprof/goroutine?seconds=60")
		synctest.Wait()
		for _, path := range []string{"/debug/pprof/heap?gc=1", "/debug/pprof/goroutine", "/debug/pprof/profile?seconds=1", "/debug/pprof/trace"} {
			status, body, took := l.reads(t, l.request(t, path))
			if status != 503 || body != "another profile is being taken\n" || took != 5*time.Second {
				t.Fatalf("%s: status %d, %.80q, after %s", path, status, body, took)
			}
		}
		for _, path := range []string{"/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/metrics"} {
			if status, _, took := l.reads(t, l.request(t, path)); status != 200 || took != 0 {
				t.Errorf("%s: status %d, after %s", path, status, took)
			}
		}
		if status, _, _ := l.reads(t, first); status != 200 {
			t.Errorf("the first: status %d", status)
		}
		if status, body, took := l.reads(t, l.request(t, "/debug/pprof/heap?gc=1")); status != 200 || body == "" || took != 0 {
			t.Errorf("the next: status %d, %d bytes, after %s", status, len(body), took)
		}
		// Who takes a profile and reads nothing of it loses its turn.
		stalled := l.request(t, "/debug/pprof/goroutine?debug=2")
		defer stalled.Close()
		synctest.Wait()
		if status, _, took := l.reads(t, l.request(t, "/debug/pprof/heap")); status != 200 || took != stands {
			t.Errorf("after a stalled client: status %d, after %s", status, took)
		}
	})
}

// TestSecondsOfProfiles holds the allowed durations of profiles.
func TestSecondsOfProfiles(t *testing.T) {
	f := func(given, body string) {
		t.Helper()
		for _, path := range []string{"heap", "profile", "trace"} {
			got := ask(telemetryPort(prometheus.NewRegistry()), http.MethodGet, "/debug/pprof/"+path+"?seconds="+given)
			if d := cmp.Diff(answer{400, plain, body}, got); d != "" {
				t.Errorf("%s, seconds=%s (-want +got):\n%s", path, given, d)
			}
		}
	}
	const wanted = ": want a number above 0 and at most 300\n"
	f("301", `seconds="301"`+wanted)
	f("1e9", `seconds="1e9"`+wanted)
	f("0", `seconds="0"`+wanted)
	f("-1", `seconds="-1"`+wanted)
	f("NaN", `seconds="NaN"`+wanted)
	f("Inf", `seconds="Inf"`+wanted)
	f("x", `seconds="x"`+wanted)
	f(strings.Repeat("9", 5000), `seconds="99999999999999999999"`+wanted)
}

// TestProfilesOff holds that profiles are disabled by default.
func TestProfilesOff(t *testing.T) {
	s := &source{resources: resources}
	h := server.Telemetry(s, server.TelemetryConfig{Own: prometheus.NewRegistry()}, server.NewProbes(s.Checks), prometheus.NewRegistry())
	for _, path := range []string{"", "heap?gc=1", "profile", "trace", "cmdline", "symbol", "goroutine?debug=2"} {
		got := ask(h, http.MethodGet, "/debug/pprof/"+path)
		if d := cmp.Diff(answer{403, plain, "profiles are off: --profiling=on serves them\n"}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
	if page := ask(h, http.MethodGet, "/"); page.Status != 200 || strings.Contains(page.Body, "pprof") {
		t.Errorf("the page has status %d and leads to profiles:\n%s", page.Status, page.Body)
	}
	if got := ask(h, http.MethodGet, "/debug/cardinality"); got.Status != 200 {
		t.Errorf("/debug/cardinality: %+v", got)
	}
}

// TestBodiesForProfiles announces bodies.
func TestBodiesForProfiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTelemetry(t)
		for _, page := range []string{"heap", "profile", "trace", "symbol", "cmdline", ""} {
			c := l.dial(t, "POST /debug/pprof/"+page+" HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
			if status, _, took := l.reads(t, c); status != http.StatusRequestEntityTooLarge || took > 0 {
				t.Errorf("%q: status %d after %s", page, status, took)
			}
		}
	})
}

func TestRegistry(t *testing.T) {
	families, err := server.NewRegistry().Gather()
	if err != nil {
		t.Fatal(err)
	}
	type series struct {
		Labels map[string]string
		Value  float64
	}
	got := map[string][]series{}
	var names []string
	for _, family := range families {
		names = append(names, family.GetName())
		if !strings.HasPrefix(family.GetName(), "kube") {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			got[family.GetName()] = append(got[family.GetName()], series{labels, m.GetGauge().GetValue()})
		}
	}
	v := version.Get()
	want := map[string][]series{
		"kube_state_metrics_build_info": {{map[string]string{
			"branch": v.Branch, "client_go_version": v.ClientGo, "goarch": v.Arch, "goos": v.OS,
			"goversion": v.GoVersion, "revision": v.Revision, "tags": v.Tags, "version": v.Version,
		}, 1}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	for _, name := range []string{"go_goroutines", "go_memstats_heap_inuse_bytes", "process_resident_memory_bytes", "process_start_time_seconds"} {
		if !slices.Contains(names, name) {
			t.Errorf("there is no %s among %q", name, names)
		}
	}
}

func TestCardinality(t *testing.T) {
	f := func(target, accept string, want answer) {
		t.Helper()
		got := ask(telemetryPort(prometheus.NewRegistry()), http.MethodGet, target, "Accept", accept)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s, %q (-want +got):\n%s", target, accept, d)
		}
	}
	table := answer{200, plain, strings.Join([]string{
		"    series        bytes  family  resource",
		"         2           30  pods    pods",
		"         1           15  nodes   nodes",
		"         1           14  jobs    jobs",
		"         0            0  leases  leases",
		"         4           59  in all",
		"",
	}, "\n")}
	list := answer{200, "application/json", `[{"family":"pods","resource":"pods","series":2,"bytes":30},` +
		`{"family":"nodes","resource":"nodes","series":1,"bytes":15},` +
		`{"family":"jobs","resource":"jobs","series":1,"bytes":14},` +
		`{"family":"leases","resource":"leases","series":0,"bytes":0}]` + "\n"}
	f("/debug/cardinality", "*/*", table)
	f("/debug/cardinality", "application/json", list)
	f("/debug/cardinality?format=json", "", list)
}

// TestStoreMetrics holds the sizes of the stores.
func TestStoreMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := mainPort(reg)
	ask(h, http.MethodGet, "/metrics")
	want := `
# HELP kubestate_scrape_response_bytes Size of the last complete scrape response on the wire, in bytes.
# TYPE kubestate_scrape_response_bytes gauge
kubestate_scrape_response_bytes{encoding="identity"} 114
# HELP kubestate_store_blocks Blocks of stored series, by block state: packed or open.
# TYPE kubestate_store_blocks gauge
kubestate_store_blocks{resource="jobs",state="open"} 1
kubestate_store_blocks{resource="jobs",state="packed"} 0
kubestate_store_blocks{resource="leases",state="open"} 0
kubestate_store_blocks{resource="leases",state="packed"} 0
kubestate_store_blocks{resource="nodes",state="open"} 1
kubestate_store_blocks{resource="nodes",state="packed"} 0
kubestate_store_blocks{resource="pods",state="open"} 1
kubestate_store_blocks{resource="pods",state="packed"} 0
# HELP kubestate_store_objects Objects stored.
# TYPE kubestate_store_objects gauge
kubestate_store_objects{resource="jobs"} 1
kubestate_store_objects{resource="leases"} 0
kubestate_store_objects{resource="nodes"} 1
kubestate_store_objects{resource="pods"} 2
# HELP kubestate_store_series Series stored.
# TYPE kubestate_store_series gauge
kubestate_store_series{resource="jobs"} 1
kubestate_store_series{resource="leases"} 0
kubestate_store_series{resource="nodes"} 1
kubestate_store_series{resource="pods"} 2
# HELP kubestate_store_text_bytes Uncompressed size of the stored series, in bytes.
# TYPE kubestate_store_text_bytes gauge
kubestate_store_text_bytes{resource="jobs"} 14
kubestate_store_text_bytes{resource="leases"} 0
kubestate_store_text_bytes{resource="nodes"} 15
kubestate_store_text_bytes{resource="pods"} 30
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want), "kubestate_scrape_response_bytes", "kubestate_store_blocks",
		"kubestate_store_objects", "kubestate_store_series", "kubestate_store_text_bytes")
	if err != nil {
		t.Error(err)
	}
}
