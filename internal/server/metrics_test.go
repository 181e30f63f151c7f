package server_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

func TestMetricsFilter(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		if d := cmp.Diff(answer{http.StatusOK, plainText, want}, ask(metrics(), http.MethodGet, "/metrics"+query)); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f("", nodes+pods+jobs)
	f("?", nodes+pods+jobs)
	f("?other=pods", nodes+pods+jobs)
	f("?Resources=pods", nodes+pods+jobs)

	f("?resources=pods", pods)
	f("?resources=jobs,nodes", nodes+jobs) // in the order of serving
	f("?resources=jobs%2Cnodes", nodes+jobs)
	f("?resources=jobs&resources=nodes", nodes+jobs)
	f("?resources=jobs,pods&resources=nodes,pods", nodes+pods+jobs)
	f("?resources=%20pods%09,+nodes+,,", nodes+pods)
	f("?resources=pods,pods", pods)
	f("?resources=leases", "")
	f("?resources=unknown", "")
	f("?resources=unknown,pods", pods)
	f("?resources=Pods", "")
	f("?resources=po", "")
	f("?resources=podsjobs", "")
	f("?resources=po+ds", "")
	f("?resources=*", "")
	f("?resources=", "")
	f("?resources", "")
	f("?resources=+,+,", "")
	f("?resources=&resources=pods", pods)

	f("?exclude_resources=pods", nodes+jobs)
	f("?exclude_resources=jobs,nodes", pods)
	f("?exclude_resources=jobs&exclude_resources=nodes", pods)
	f("?exclude_resources=%20pods%09,+nodes+,,", jobs)
	f("?exclude_resources=unknown", nodes+pods+jobs)
	f("?exclude_resources=Pods", nodes+pods+jobs)
	f("?exclude_resources=po", nodes+pods+jobs)
	f("?exclude_resources=nodes,pods,jobs", "")
	f("?exclude_resources=", nodes+pods+jobs)
	f("?exclude_resources", nodes+pods+jobs)
	f("?exclude_resources=+,", nodes+pods+jobs)

	f("?resources=pods,nodes&exclude_resources=pods", nodes)
	f("?exclude_resources=pods&resources=nodes,pods", nodes)
	f("?resources=pods&exclude_resources=pods", "")
	f("?resources=pods&exclude_resources=", pods)
	f("?resources=pods&exclude_resources=unknown", pods)
	f("?resources=&exclude_resources=pods", "")
}

func TestMetricsFormat(t *testing.T) {
	const open = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
	f := func(target string, want answer, header ...string) {
		t.Helper()
		if d := cmp.Diff(want, ask(metrics(), http.MethodGet, target, header...)); d != "" {
			t.Errorf("%s with %q (-want +got):\n%s", target, header, d)
		}
	}
	const om = "application/openmetrics-text;version=1.0.0"
	f("/", answer{200, plainText, nodes + pods + jobs})
	f("/", answer{200, plainText, nodes + pods + jobs}, "Accept", "text/plain")
	f("/", answer{200, plainText, nodes + pods + jobs}, "Accept", "image/png")
	f("/", answer{200, open, nodes + pods + jobs + "# EOF\n"}, "Accept", om)
	f("/?resources=pods", answer{200, open, pods + "# EOF\n"}, "Accept", om)
	f("/?resources=", answer{200, open, "# EOF\n"}, "Accept", om)
	f("/?resources=", answer{200, plainText, ""}, "Accept", "text/plain")
	// Several Accept headers are one list.
	f("/", answer{200, open, nodes + pods + jobs + "# EOF\n"}, "Accept", om, "Accept", "text/plain")
	f("/", answer{200, open, nodes + pods + jobs + "# EOF\n"}, "Accept", "text/plain;q=0.1", "Accept", om)
}

func TestMetricsMethods(t *testing.T) {
	f := func(method, want string) {
		t.Helper()
		if d := cmp.Diff(answer{http.StatusOK, plainText, want}, ask(metrics(), method, "/metrics?resources=pods")); d != "" {
			t.Errorf("%s (-want +got):\n%s", method, d)
		}
	}
	f(http.MethodGet, pods)
	f(http.MethodPost, pods)
	f(http.MethodPut, pods)
	f(http.MethodOptions, pods)
	f(http.MethodHead, "")
}

// TestMetricsOfTheMoment holds that each response has the present resources.
func TestMetricsOfTheMoment(t *testing.T) {
	var present []*store.Resource
	h := server.Metrics(func() []*store.Resource { return present }, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	f := func(want string) {
		t.Helper()
		if d := cmp.Diff(want, ask(h, http.MethodGet, "/metrics").Body); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("")
	present = resources[:1]
	f(nodes)
	present = resources[1:2]
	f(pods)
	changing := resource("pods", "p1")
	present = []*store.Resource{changing}
	changing.Partitions()[0].Set(rendered("pods", "p2"))
	f(pods)
	changing.Partitions()[0].Replace(changing.Partitions()[0].Begin())
	f("")
}

// slowClient passes each write to a channel.
type slowClient struct {
	http.ResponseWriter
	chunks chan []byte
}

func (c slowClient) Write(p []byte) (int, error) {
	c.chunks <- bytes.Clone(p)
	return len(p), nil
}

// TestSlowClientHoldsUpNobody changes everything in the middle of a response, which stays consistent.
func TestSlowClientHoldsUpNobody(t *testing.T) {
	r, before := large(1)
	other := resource("nodes", "n")
	h := metricsOf(r, other)
	client := slowClient{httptest.NewRecorder(), make(chan []byte)}
	go func() {
		h.ServeHTTP(client, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		close(client.chunks)
	}()
	got := <-client.chunks
	if len(got) >= len(before)/2 {
		t.Fatalf("the first write has %d of %d bytes: too many for this test", len(got), len(before))
	}

	part := r.Partitions()[0]
	fresh := rendered("a", "new")
	fresh.Ends = append(fresh.Ends, len(fresh.Text))
	part.Set(fresh)
	part.Delete(fmt.Sprintf("%0100d", 9999))
	if n := part.Len(); n != 10000 {
		t.Errorf("%d objects, want 10000", n)
	}
	fill(part, 2)
	other.Partitions()[0].Delete("n")
	_, after := large(2)
	if d := cmp.Diff(after, ask(h, http.MethodGet, "/metrics").Body); d != "" {
		t.Errorf("another client's answer (-want +got):\n%s", d)
	}

	for chunk := range client.chunks {
		got = append(got, chunk...)
	}
	if d := cmp.Diff(before+nodes, string(got)); d != "" {
		t.Errorf("the slow client's answer (-want +got):\n%s", d)
	}
}

// TestNamespaces selects objects by namespace.
func TestNamespaces(t *testing.T) {
	f := func(query, want string) {
		t.Helper()
		if d := cmp.Diff(want, ask(metrics(), http.MethodGet, "/metrics?"+query).Body); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
	f("namespace=p", pods)
	f("namespace=p&namespace=j", pods+jobs)
	f("namespace=n,%20j", nodes+jobs)
	f("namespace=p&resources=jobs", "")
	f("namespace=x", "")
	f("namespace=", nodes+pods+jobs)
}

// TestEncoding holds which clients get gzip, and its Content-Length.
func TestEncoding(t *testing.T) {
	f := func(packed bool, acceptEncoding ...string) {
		t.Helper()
		request := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		for _, field := range acceptEncoding {
			request.Header.Add("Accept-Encoding", field)
		}
		r := httptest.NewRecorder()
		metrics().ServeHTTP(r, request)
		header := r.Result().Header
		if header.Get("Content-Length") != strconv.Itoa(r.Body.Len()) || header.Get("Vary") != "Accept, Accept-Encoding" {
			t.Errorf("%q: %d bytes with header %v", acceptEncoding, r.Body.Len(), header)
		}
		var body io.Reader = r.Body
		if got := header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: gzip %v, want %v", acceptEncoding, got, packed)
		} else if packed {
			z, err := gzip.NewReader(body)
			if err != nil {
				t.Fatalf("%q: %v", acceptEncoding, err)
			}
			body = z
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Errorf("%q: %v", acceptEncoding, err)
		}
		if d := cmp.Diff(nodes+pods+jobs, string(text)); d != "" {
			t.Errorf("%q (-want +got):\n%s", acceptEncoding, d)
		}
	}
	f(false)
	f(false, "")
	f(false, "identity")
	f(false, "deflate, br")
	f(false, "zstd")
	f(true, "gzip")
	f(true, "GZip")
	f(true, "x-gzip")
	f(true, "*")
	f(true, "gzip, deflate, br, zstd") // browsers
	f(true, "deflate", "gzip")
	f(true, "zstd;q=1, gzip;q=0.5")
	f(true, "gzip;q=0.001")
	f(true, "gzip ; Q=1")
	f(true, "identity;q=0, gzip")
	f(true, "identity;q=0.5, gzip;q=0.5")
	f(false, "gzip;q=0")
	f(false, "gzip;q=0.0, *")
	f(false, "*;q=0")
	f(false, "gzip;q=0.5, identity")
	f(false, "gzip;q=x")
	f(false, "gzip;q=2")
	f(false, "gzipped")
}

// TestScraperGivesUp holds that the response to a scraper that does not read ends with its timeout.
func TestScraperGivesUp(t *testing.T) {
	eight, size := larges(8)
	all := &source{resources: eight}
	h, ended := mainOf(all, server.Limits{Answer: time.Minute}, never, prometheus.NewRegistry()), make(chan struct{}, 2)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		ended <- struct{}{}
	}))
	defer s.Close()
	connection, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	fmt.Fprint(connection, "GET /metrics HTTP/1.1\r\nHost: k\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n\r\n")
	<-ended // though nobody reads
	n, err := io.Copy(io.Discard, connection)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	if n >= int64(size) {
		t.Errorf("%d bytes of an answer of %d were there after the time", n, size)
	}
	after, err := http.Get(s.URL + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer after.Body.Close()
	if n, err := io.Copy(io.Discard, after.Body); n != int64(size) || err != nil {
		t.Errorf("another scraper got %d bytes of %d, error %v", n, size, err)
	}
}

// TestAnswersAtTheSameTime holds that concurrent responses, which share buffers, do not mix.
func TestAnswersAtTheSameTime(t *testing.T) {
	h := metrics()
	var clients sync.WaitGroup
	for _, want := range []struct{ query, body string }{
		{"", nodes + pods + jobs}, {"?resources=pods", pods}, {"?resources=nodes", nodes}, {"?exclude_resources=nodes", pods + jobs},
	} {
		for range 2 {
			clients.Go(func() {
				for range 200 {
					if d := cmp.Diff(want.body, ask(h, http.MethodGet, "/metrics"+want.query).Body); d != "" {
						t.Errorf("%s (-want +got):\n%s", want.query, d)
						return
					}
				}
			})
		}
	}
	clients.Wait()
}

// TestTypesOfOpenMetrics holds that types of OpenMetrics appear in no other format.
func TestTypesOfOpenMetrics(t *testing.T) {
	r := store.NewResource("things", []store.Family{{Name: "a", Header: []byte("# TYPE a gauge\n"), Typed: []byte("# TYPE a info\n")}}, 1)
	r.Partitions()[0].Set(rendered("a", "x"))
	f := func(accept, want string) {
		t.Helper()
		if d := cmp.Diff(want, ask(metricsOf(r), http.MethodGet, "/metrics", "Accept", accept).Body); d != "" {
			t.Errorf("%s (-want +got):\n%s", accept, d)
		}
	}
	const line = "a{o=\"x\"} 1\n"
	f("application/openmetrics-text;version=1.0.0", "# TYPE a info\n"+line+"# EOF\n")
	f("application/openmetrics-text;version=0.0.1", "# TYPE a info\n"+line+"# EOF\n")
	f("text/plain;version=1.0.0", "# TYPE a gauge\n"+line)
	f("text/plain;version=0.0.4", "# TYPE a gauge\n"+line)
	f("*/*", "# TYPE a gauge\n"+line)
}
