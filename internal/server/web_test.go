package server_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
)

// serveWith serves h with a web configuration until the test ends, and gives
// the address.
func serveWith(t *testing.T, h http.Handler, config string, log slog.Handler) (address string) {
	t.Helper()
	if err := (server.WebConfig{Path: config}).Check(); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	s := serveWeb(l, h, config, log)
	t.Cleanup(func() { s.stop(t) })
	return l.Addr().String()
}

// clientOf trusts the authority and speaks HTTP/2 where the server does, or
// else HTTP/1.1. Each request has a connection of its own.
func clientOf(a *authority, http2 bool, own ...tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: a.pool, Certificates: own},
		ForceAttemptHTTP2:  http2,
		DisableCompression: true,
		DisableKeepAlives:  true,
	}}
}

// fetched is what a client gets over the network.
type fetched struct {
	Proto  string
	Status int
	Length int64
	Body   string
}

// fetch asks for url; header has keys and values in turn.
func fetch(t *testing.T, client *http.Client, url string, header ...string) (fetched, *http.Response) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Add(header[i], header[i+1])
	}
	response, err := client.Do(request)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return fetched{response.Proto, response.StatusCode, response.ContentLength, string(body)}, response
}

// TestTLS scrapes over HTTP/1.1 and HTTP/2, plain and packed.
func TestTLS(t *testing.T) {
	a := newAuthority(t)
	url := "https://" + serveWith(t, mainPort(prometheus.NewRegistry()), a.config(t, ""), slog.DiscardHandler) + "/metrics"
	all := nodes + pods + jobs
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		client := clientOf(a, proto == "HTTP/2.0")
		got, response := fetch(t, client, url)
		if d := cmp.Diff(fetched{proto, 200, int64(len(all)), all}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", proto, d)
		}
		if v := response.TLS.Version; v != tls.VersionTLS13 {
			t.Errorf("%s: %s", proto, tls.VersionName(v))
		}
		packed, _ := fetch(t, client, url, "Accept-Encoding", "gzip")
		if packed.Length != int64(len(packed.Body)) {
			t.Errorf("%s: %d bytes announced, %d came", proto, packed.Length, len(packed.Body))
		}
		reader, err := gzip.NewReader(strings.NewReader(packed.Body))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(reader); string(text) != all || err != nil {
			t.Errorf("%s: packed is %q, %v", proto, text, err)
		}
	}
}

// TestTLSVersions holds what is spoken where the configuration does not say.
func TestTLSVersions(t *testing.T) {
	a := newAuthority(t)
	address := serveWith(t, http.NotFoundHandler(), a.config(t, ""), slog.DiscardHandler)
	f := func(version uint16, want bool) {
		t.Helper()
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.pool, MinVersion: tls.VersionTLS10, MaxVersion: version})
		if err == nil {
			c.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", tls.VersionName(version), err)
		}
	}
	f(tls.VersionTLS10, false)
	f(tls.VersionTLS11, false)
	f(tls.VersionTLS12, true)
	f(tls.VersionTLS13, true)
}

// TestWebConfigWithoutTLS has the rest of a web configuration over plain HTTP:
// users, whose passwords may change, header fields, a limit of requests.
func TestWebConfigWithoutTLS(t *testing.T) {
	path := write(t, "basic_auth_users: {ann: "+hashOf(t, "first")+"}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\nrate_limit: {burst: 6, interval: 1h}\n")
	url := "http://" + serveWith(t, mainPort(prometheus.NewRegistry()), path, slog.DiscardHandler)
	f := func(path, user, password string, want int) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			request.SetBasicAuth(user, password)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		wantFrames := "deny"
		if want == http.StatusTooManyRequests {
			wantFrames = ""
		}
		if got := response.Header.Get("X-Frame-Options"); response.StatusCode != want || got != wantFrames {
			t.Errorf("%s as %s: status %d, want %d; frames %q", path, user, response.StatusCode, want, got)
		}
	}
	f("/metrics", "", "", 401)
	f("/metrics", "ann", "wrong", 401)
	f("/metrics", "bob", "first", 401)
	f("/metrics", "ann", "first", 200)
	replace(t, path, "basic_auth_users: {ann: "+hashOf(t, "second")+"}\nhttp_server_config: {headers: {X-Frame-Options: deny}}\n")
	f("/metrics", "ann", "first", 401)
	f("/healthz", "ann", "second", 200)
	f("/metrics", "ann", "second", 429)
}

// TestClientCertificates lets nobody in without one of its authority.
func TestClientCertificates(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	address := serveWith(t, mainPort(prometheus.NewRegistry()),
		a.config(t, "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  client_allowed_sans: [prometheus]\n"), slog.DiscardHandler)
	f := func(name string, want bool, own ...tls.Certificate) {
		t.Helper()
		response, err := clientOf(a, true, own...).Get("https://" + address + "/metrics")
		if err == nil {
			response.Body.Close()
		}
		if (err == nil) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	f("none", false)
	f("of another authority", false, b.issue(t, "prometheus"))
	f("of somebody else", false, a.issue(t, "somebody"))
	f("right", true, a.issue(t, "prometheus"))
}

// TestCertificatesOnDisk changes the certificate under a server: each new
// connection gets the present one, and one that is no good is told of once.
func TestCertificatesOnDisk(t *testing.T) {
	a, log := newAuthority(t), &levels{}
	config := a.config(t, "")
	address := serveWith(t, http.NotFoundHandler(), config, log)
	serial := func() string {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.pool})
		if err != nil {
			return "none"
		}
		defer c.Close()
		return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	first := serial()
	log.take()
	a.renew(t, config)
	second := serial()
	if first == "none" || second == "none" || first == second {
		t.Errorf("served certificate %s, and after a change %s", first, second)
	}
	if noted := log.take(); noted != nil {
		t.Errorf("logged %v after a change", noted)
	}
	replace(t, beside(config, "server.crt"), "not a certificate")
	for range 3 {
		if got := serial(); got != "none" {
			t.Errorf("served certificate %s in place of a bad one", got)
		}
	}
	// Clients know of a failure before the log does: a line of each, and one more.
	noted := map[slog.Level]int{}
	want := map[slog.Level]int{slog.LevelDebug: 3, slog.LevelWarn: 1}
	for began := time.Now(); !maps.Equal(want, noted) && time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		for _, level := range log.take() {
			noted[level]++
		}
	}
	if d := cmp.Diff(want, noted); d != "" {
		t.Errorf("lines about the bad certificate by level (-want +got):\n%s", d)
	}
	a.renew(t, config)
	if third := serial(); third == "none" || third == second {
		t.Errorf("served certificate %s after the bad one", third)
	}
}

// TestWebConfigGoesBad has the file become nonsense: the answer is 500, never
// the page, and there is one line for each kind of nonsense, but not at once.
func TestWebConfigGoesBad(t *testing.T) {
	path := write(t, "{}")
	synctest.Test(t, func(t *testing.T) {
		l, log := newPipes(), &levels{}
		s := serveWeb(l, mainPort(prometheus.NewRegistry()), path, log)
		client := &http.Client{Transport: &http.Transport{
			DisableKeepAlives: true,
			DialContext:       func(context.Context, string, string) (net.Conn, error) { return l.dial(t, ""), nil },
		}}
		f := func(after time.Duration, text string, want fetched, logged ...slog.Level) {
			t.Helper()
			time.Sleep(after)
			replace(t, path, text)
			got, _ := fetch(t, client, "http://kubestate/healthz")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%q (-want +got):\n%s", text, d)
			}
			if d := cmp.Diff(logged, log.take()); d != "" {
				t.Errorf("%q: levels logged (-want +got):\n%s", text, d)
			}
		}
		good := fetched{"HTTP/1.1", 200, 2, "OK"}
		bad := fetched{"HTTP/1.1", 500, 22, "Internal Server Error\n"}
		f(0, "{}", good)
		f(0, "{{{", bad, slog.LevelWarn)
		f(0, "{{{", bad)
		f(time.Minute, "{{{", bad)
		f(time.Second, "other: {}", bad)
		f(9*time.Second, "other: {}", bad, slog.LevelWarn)
		f(0, "{}", good)
		s.stop(t)
	})
}

// TestDeadlinesOverTLS has a scraper that does not read, with and without a time
// after which it will have given up, and then one that reads. After a write that
// failed, a TLS connection tries for five seconds to say so.
func TestDeadlinesOverTLS(t *testing.T) {
	a := newAuthority(t)
	config := a.config(t, "")
	r, text := large(1)
	size := 8 * len(text)
	f := func(http2 bool, timeout string, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l, lasted := newPipes(), make(chan time.Duration, 1)
			all := &source{resources: []*store.Resource{r, r, r, r, r, r, r, r}}
			h := mainOf(all, server.Limits{Answer: time.Minute}, never, prometheus.NewRegistry())
			s := serveWeb(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				start := time.Now()
				h.ServeHTTP(w, r)
				lasted <- time.Since(start)
			}), config, slog.DiscardHandler)
			client := clientOf(a, http2)
			client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
				return l.dial(t, ""), nil
			}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://127.0.0.1/metrics", nil)
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", timeout)
			slow, err := client.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			if d := <-lasted; d != want { // though nobody reads
				t.Errorf("%s: writing ended after %v, want %v", slow.Proto, d, want)
			}
			n, err := io.Copy(io.Discard, slow.Body)
			slow.Body.Close()
			if n >= int64(size) || err == nil {
				t.Errorf("%s: %d bytes of an answer of %d after the time, error %v", slow.Proto, n, size, err)
			}
			got, _ := fetch(t, client, "https://127.0.0.1/metrics")
			if len(got.Body) != size || got.Length != int64(size) || got.Proto != slow.Proto {
				t.Errorf("another scraper got %d bytes of %d by %s", len(got.Body), size, got.Proto)
			}
			<-lasted
			s.stop(t)
		})
	}
	f(false, "0.5", 5500*time.Millisecond)
	f(true, "0.5", 500*time.Millisecond)
	f(false, "", 65*time.Second)
	f(true, "", time.Minute)
}

// TestInterruptOverHTTP2 interrupts the server in the middle of an answer.
func TestInterruptOverHTTP2(t *testing.T) {
	a := newAuthority(t)
	l := listen(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	s := serveWeb(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first half, ")
		_ = http.NewResponseController(w).Flush()
		close(begun)
		<-finish
		fmt.Fprint(w, "second half")
	}), a.config(t, ""), slog.DiscardHandler)
	response, err := clientOf(a, true).Get("https://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	<-begun
	interrupted := make(chan struct{})
	go func() {
		s.interrupt(nil)
		close(interrupted)
	}()
	<-l.closed
	close(finish)
	body, err := io.ReadAll(response.Body)
	if string(body) != "first half, second half" || err != nil || response.ProtoMajor != 2 {
		t.Errorf("%s: %q, %v", response.Proto, body, err)
	}
	<-interrupted
	if err := <-s.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}
