package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// clientConfig has a client scrape %[1]s as %[2]s-honored and %[2]s-renamed, with target labels as
// in service discovery.
const clientConfig = `global: {scrape_interval: 1s}
scrape_configs:
- job_name: %[2]s-honored
  honor_labels: true
  static_configs: [{targets: [%[1]q], labels: {namespace: monitoring, pod: kubestate-0, container: kubestate}}]
- job_name: %[2]s-renamed
  honor_labels: false
  static_configs: [{targets: [%[1]q], labels: {namespace: monitoring, pod: kubestate-0, container: kubestate}}]
`

// protobufFirst has Prometheus prefer protobuf in one more job.
const protobufFirst = `- job_name: %[2]s-protobuf
  honor_labels: true
  scrape_protocols: [PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4]
  static_configs: [{targets: [%[1]q], labels: {namespace: monitoring, pod: kubestate-0, container: kubestate}}]
`

// TestClientsReadEverySeries has several scrapers read a golden cluster, with and without
// honor_labels, and wants every series with the right names and labels. Their headers must be in
// the table of content negotiation.
func TestClientsReadEverySeries(t *testing.T) {
	t.Parallel()
	e := serve(t, "--snapshot", unpack(t, "plain-60"))
	series, err := e.Scrape(t.Context())
	must(t, err)
	seen := newRecorder(t, e)
	victoria := startVictoria(t, seen.address)
	f := func(job string, db *prometheus) {
		t.Helper()
		for suffix, honored := range map[string]bool{"-honored": true, "-renamed": false} {
			wantEverySeries(t, db, seen.address, job+suffix, series, honored)
		}
	}
	three := runPrometheus(t, fmt.Sprintf(clientConfig+protobufFirst, seen.address, "three"))
	two := runPrometheusAs(t, "prometheus-2", fmt.Sprintf(clientConfig, seen.address, "two"))
	startVMAgent(t, seen.address, victoria)
	f("three", three)
	wantEverySeries(t, three, seen.address, "three-protobuf", series, true)
	f("two", two)
	f("victoria", victoria)
	f("vmagent", victoria)
	seen.wantInTable(t)
}

// wantEverySeries waits until db has exactly the series of the job.
func wantEverySeries(t *testing.T, db *prometheus, instance, job string, series exporter.Series, honored bool) {
	t.Helper()
	target := map[string]string{"instance": instance, "job": job, "namespace": "monitoring", "pod": "kubestate-0", "container": "kubestate"}
	want := map[string]bool{}
	for line := range series {
		want[expected(t, line, target, honored)] = true
	}
	if len(want) != len(series) {
		t.Fatalf("%s: %d series out of %d", job, len(want), len(series))
	}
	await(t, settling, func(ctx context.Context) error {
		values, err := db.query(ctx, fmt.Sprintf(`{job=%q,__name__=~"kube_.*"}`, job))
		if err != nil {
			return err
		}
		got := map[string]bool{}
		for labels := range values {
			got[labels] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			return fmt.Errorf("%s: %d series of %d (-want +got):\n%.2000s", job, len(got), len(want), d)
		}
		return nil
	}, db.Process)
	t.Logf("%s: %d series", job, len(want))
}

// expected returns a scraped line with the labels of the target. Of a label that both have, honored
// keeps the line's, even an empty one, and else the line's is renamed. Empty labels are dropped in
// the end.
func expected(t *testing.T, line string, target map[string]string, honored bool) string {
	t.Helper()
	all := maps.Clone(target)
	for name, value := range labelsOf(t, line) {
		switch _, both := target[name]; {
		case value == "" && honored:
			delete(all, name)
		case value == "":
		case both && !honored:
			all["exported_"+name] = value
		default:
			all[name] = value
		}
	}
	return sorted(all)
}

// labelsOf parses the labels of a series.
func labelsOf(t *testing.T, line string) map[string]string {
	t.Helper()
	name, rest, _ := strings.Cut(strings.TrimSuffix(line, "}"), "{")
	labels := map[string]string{"__name__": name}
	for rest != "" {
		key, after, _ := strings.Cut(rest, `="`)
		end := 0
		for end < len(after) && after[end] != '"' {
			if after[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(after) {
			t.Fatalf("no end of label %s in %s", key, line)
		}
		labels[key] = strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\n`, "\n").Replace(after[:end])
		rest = strings.TrimPrefix(after[end+1:], ",")
	}
	return labels
}

// recorder is a proxy to the exporter that records request headers.
type recorder struct {
	address string

	mu       sync.Mutex
	requests map[string]string // User-Agent by Accept and Accept-Encoding, as in the table
}

func newRecorder(t *testing.T, e *exporter.Exporter) *recorder {
	t.Helper()
	to, err := url.Parse(e.Scrapes)
	must(t, err)
	r := &recorder{requests: map[string]string{}}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(p *httputil.ProxyRequest) { p.SetURL(to) },
		Transport: &http.Transport{DisableCompression: true},
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.note(request.Header)
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(s.Close)
	r.address = s.Listener.Addr().String()
	return r
}

func (r *recorder) note(header http.Header) {
	asked := ""
	for _, name := range []string{"Accept", "Accept-Encoding"} {
		for _, value := range header.Values(name) {
			asked += "> " + name + ": " + value + "\n"
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests[asked] = header.Get("User-Agent")
}

// wantInTable fails the test unless the table of content negotiation has all recorded headers.
func (r *recorder) wantInTable(t *testing.T) {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	table, err := os.ReadFile(filepath.Join(root, "cmd", "kubestate", "testdata", "negotiation.txt"))
	must(t, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	for asked, agent := range r.requests {
		t.Logf("%s sends\n%s", agent, asked)
		if !strings.Contains(string(table), "\n"+asked+"< ") {
			t.Errorf("not in the table of headers: %s sends\n%s", agent, asked)
		}
	}
	if len(r.requests) < 4 {
		t.Errorf("%d different headers, want 4 at the least", len(r.requests))
	}
}

// startVictoria starts a VictoriaMetrics that scrapes the address.
func startVictoria(t *testing.T, address string) *prometheus {
	t.Helper()
	return runDatabase(t, "victoria-metrics", fmt.Sprintf(clientConfig, address, "victoria"), func(config, dir, listen string) []string {
		return []string{
			"-promscrape.config=" + config, "-storageDataPath=" + filepath.Join(dir, "data"), "-httpListenAddr=" + listen,
			"-search.latencyOffset=0s",
		}
	})
}

// startVMAgent starts a vmagent that scrapes the address and writes to db.
func startVMAgent(t *testing.T, address string, db *prometheus) {
	t.Helper()
	runDatabase(t, "vmagent", fmt.Sprintf(clientConfig, address, "vmagent"), func(config, dir, listen string) []string {
		return []string{
			"-promscrape.config=" + config, "-remoteWrite.url=" + db.url + "/api/v1/write",
			"-remoteWrite.tmpDataPath=" + filepath.Join(dir, "data"), "-httpListenAddr=" + listen,
		}
	})
}
