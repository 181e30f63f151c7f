package server_test

import (
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"github.com/kubestate/kubestate/internal/server"
)

// authority is a certificate authority.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := template("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.certificate)
	return a
}

// serial is the last serial number.
var serial int64

func template(name string) *x509.Certificate {
	serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC), // bubbles of synctest begin in 2000
		NotAfter:     time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue issues a certificate for a name and for 127.0.0.1.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template(name), a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// config writes a web configuration with a certificate of the authority and further lines of
// tls_server_config, and returns its path.
func (a *authority) config(t *testing.T, more string) (path string) {
	t.Helper()
	path = write(t, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"+more)
	replace(t, beside(path, "ca.crt"), encode("CERTIFICATE", a.certificate.Raw))
	a.renew(t, path)
	return path
}

// renew replaces the certificate of a configuration.
func (a *authority) renew(t *testing.T, config string) {
	t.Helper()
	c := a.issue(t, "kubestate")
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, beside(config, "server.key"), encode("PRIVATE KEY", der))
	replace(t, beside(config, "server.crt"), encode("CERTIFICATE", c.Certificate[0]))
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// beside is the path of a file in the directory of another one.
func beside(path, name string) string { return filepath.Join(filepath.Dir(path), name) }

// write writes a web configuration.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "web.yaml")
	replace(t, path, text)
	return path
}

func replace(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hashOf is the hash of a password for a web configuration.
func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

// clientOf trusts the authority, and prefers HTTP/2 if asked to. Each request has its own connection.
func clientOf(a *authority, http2 bool, own ...tls.Certificate) *http.Client {
	return &http.Client{Transport: &http.Transport{
		TLSClientConfig:    &tls.Config{RootCAs: a.pool, Certificates: own},
		ForceAttemptHTTP2:  http2,
		DisableCompression: true,
		DisableKeepAlives:  true,
	}}
}

// TestTLS scrapes over HTTP/1.1 and HTTP/2, with and without gzip.
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

// TestTLSVersions holds the default versions.
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

// TestClientCertificates has clients with valid, invalid and no certificates. Without one they get the
// probes only, and with an invalid one nothing.
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

// TestClientCertificatesLater changes the requirement, which applies to new connections.
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

// TestResumedWithoutCertificate resumes TLS sessions from before a certificate was required.
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

// TestDeadlinesOverTLS has a scraper that does not read, with and without a timeout, and then one that
// reads. After a failed write, a TLS connection tries for five seconds to send an alert.
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

// TestInterruptOverHTTP2 interrupts the server in the middle of a response.
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
