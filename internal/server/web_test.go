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
	f("/metrics", "ann", "second", 200)
	f("/metrics", "ann", "second", 429)
}

// TestClientCertificates has clients with all kinds of certificates come where a
// configuration wants one. Who has none gets the probes alone; who has a wrong one
// nothing.
func TestClientCertificates(t *testing.T) {
	a, b := newAuthority(t), newAuthority(t)
	clients := []struct {
		name string
		own  []tls.Certificate
	}{
		{"none", nil},
		{"of another authority", []tls.Certificate{b.issue(t, "prometheus")}},
		{"of somebody else", []tls.Certificate{a.issue(t, "somebody")}},
		{"right", []tls.Certificate{a.issue(t, "prometheus")}},
	}
	f := func(lines string, want [4]int) { // statuses of /metrics, 0 for no answer
		t.Helper()
		address := serveWith(t, mainPort(prometheus.NewRegistry()), a.config(t, lines), slog.DiscardHandler)
		for _, http2 := range []bool{false, true} {
			for i, c := range clients {
				client := clientOf(a, http2, c.own...)
				probe, other := want[i], want[i] // of a path that is not there
				switch want[i] {
				case http.StatusForbidden:
					probe = http.StatusOK
				case http.StatusOK:
					other = http.StatusNotFound
				}
				for path, want := range map[string]int{"/metrics": want[i], "/": want[i], "/healthz": probe, "/livez": probe, "/livez/": other} {
					got, body := 0, ""
					response, err := client.Get("https://" + address + path)
					if err == nil {
						text, _ := io.ReadAll(response.Body)
						response.Body.Close()
						got, body = response.StatusCode, string(text)
					}
					if got != want || got == http.StatusForbidden && body != "a client certificate is needed\n" {
						t.Errorf("%q: client %s: %s: status %d, want %d: %v %s", lines, c.name, path, got, want, err, body)
					}
				}
			}
		}
	}
	const authority, name = "  client_ca_file: ca.crt\n", "  client_allowed_sans: [prometheus]\n"
	f("", [4]int{200, 200, 200, 200})
	f("  client_auth_type: NoClientCert\n", [4]int{200, 200, 200, 200})
	f("  client_auth_type: RequestClientCert\n", [4]int{200, 200, 200, 200})
	f("  client_auth_type: RequireAnyClientCert\n", [4]int{403, 200, 200, 200})
	f("  client_auth_type: RequireClientCert\n", [4]int{403, 200, 200, 200})
	f("  client_auth_type: VerifyClientCertIfGiven\n"+authority, [4]int{200, 0, 200, 200})
	f("  client_auth_type: RequireAndVerifyClientCert\n"+authority, [4]int{403, 0, 200, 200})
	f("  client_auth_type: RequireAndVerifyClientCert\n"+authority+name, [4]int{403, 0, 0, 200})
	f("  client_auth_type: RequireAnyClientCert\n"+name, [4]int{403, 200, 0, 200})
	f("  client_auth_type: VerifyClientCertIfGiven\n"+authority+name, [4]int{403, 0, 0, 200})
}

// TestClientCertificatesLater changes what is wanted of clients: that holds for
// connections from then on.
func TestClientCertificatesLater(t *testing.T) {
	a := newAuthority(t)
	config := a.config(t, "")
	address := serveWith(t, mainPort(prometheus.NewRegistry()), config, slog.DiscardHandler)
	f := func(lines string, want int, own ...tls.Certificate) {
		t.Helper()
		replace(t, config, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"+lines)
		if got, _ := fetch(t, clientOf(a, true, own...), "https://"+address+"/metrics"); got.Status != want {
			t.Errorf("%q: status %d, want %d", lines, got.Status, want)
		}
	}
	fetch(t, clientOf(a, true), "https://"+address+"/metrics") // it has read its configuration
	const wanted = "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
	f("", 200)
	f(wanted, 403)
	f(wanted, 200, a.issue(t, "prometheus"))
	f("", 200)
	f(wanted, 403)
}

// TestResumedWithoutCertificate resumes TLS sessions that began without a certificate,
// before one was wanted.
func TestResumedWithoutCertificate(t *testing.T) {
	a := newAuthority(t)
	config := a.config(t, "")
	address := serveWith(t, mainPort(prometheus.NewRegistry()), config, slog.DiscardHandler)
	client := clientOf(a, false)
	client.Transport.(*http.Transport).TLSClientConfig.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	f := func(want int) {
		t.Helper()
		got, response := fetch(t, client, "https://"+address+"/metrics")
		if got.Status != want {
			t.Errorf("status %d, want %d (resumed: %t)", got.Status, want, response.TLS.DidResume)
		}
	}
	f(200)
	f(200)
	replace(t, config, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n  client_auth_type: RequireAnyClientCert\n")
	f(403)
	f(403)
}

// TestProbesWithoutPassword asks for the probes of both ports as a kubelet does, beside
// what needs a password, a turn within a limit of requests and a good configuration.
func TestProbesWithoutPassword(t *testing.T) {
	path := write(t, "basic_auth_users: {ann: "+hashOf(t, "first")+"}\nrate_limit: {burst: 3, interval: 1h}\n")
	probes := server.NewProbes(func() []server.Check { return nil })
	main := "http://" + serveWith(t, mainPort(prometheus.NewRegistry()), path, slog.DiscardHandler)
	telemetry := "http://" + serveWith(t, telemetryOf(&source{}, prometheus.NewRegistry(), probes), path, slog.DiscardHandler)
	f := func(url string, want int) {
		t.Helper()
		if got, _ := fetch(t, http.DefaultClient, url); got.Status != want {
			t.Errorf("%s: status %d, want %d", url, got.Status, want)
		}
	}
	open := func() {
		t.Helper()
		for _, url := range []string{main + "/healthz", main + "/livez", telemetry + "/livez", telemetry + "/readyz", telemetry + "/startupz"} {
			f(url, 200)
		}
	}
	open()
	for _, url := range []string{"/metrics", "/", "/healthz/"} {
		f(main+url, 401)
	}
	for _, url := range []string{"/metrics", "/", "/debug/pprof/"} {
		f(telemetry+url, 401)
	}
	open()
	f(main+"/metrics", 429)
	f(telemetry+"/metrics", 429)
	open()
	replace(t, path, "{{{")
	f(main+"/metrics", 500)
	open()
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
			got, _ := fetch(t, client, "http://kubestate/metrics")
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%q (-want +got):\n%s", text, d)
			}
			if d := cmp.Diff(logged, log.take()); d != "" {
				t.Errorf("%q: levels logged (-want +got):\n%s", text, d)
			}
		}
		all := nodes + pods + jobs
		good := fetched{"HTTP/1.1", 200, -1, all} // unpacked
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
	eight, size := larges(8)
	f := func(http2 bool, timeout string, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l, lasted := newPipes(), make(chan time.Duration, 1)
			all := &source{resources: eight}
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
