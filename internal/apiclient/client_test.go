package apiclient_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/pipe"
)

// discard drops what servers log of clients that do not trust them.
var discard = log.New(io.Discard, "", 0)

// pipes is a listener in a synctest bubble, and the number of connections to it.
type pipes struct {
	*pipe.Listener
	dials atomic.Int32
}

func newPipes() *pipes { return &pipes{Listener: pipe.Listen()} }

// config is that of a client which dials the listener.
func (p *pipes) config(host string) *rest.Config { return &rest.Config{Host: host, Dial: p.dial} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	p.dials.Add(1)
	return p.Dial(ctx)
}

// newServer makes a server that listens on p.
func newServer(p *pipes, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Listener.Close()
	s.Listener, s.Config.ErrorLog = p, discard
	return s
}

func newClient(t testing.TB, config *rest.Config) *apiclient.Client {
	t.Helper()
	c, err := apiclient.New(config, apiclient.Scheme())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCheckResponses checks which responses of an API server end the start. Time is that of a
// bubble, since on a slow machine a response may come too late for Check.
func TestCheckResponses(t *testing.T) {
	f := func(status int, body string, fatal bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			var requests []string
			p := newPipes()
			s := newServer(p, func(w http.ResponseWriter, r *http.Request) {
				requests = append(requests, r.Method+" "+r.URL.String()+" "+r.Header.Get("Authorization"))
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
			})
			s.Start()
			config := p.config("http://api")
			config.BearerToken = "secret"
			err := newClient(t, config).Check(t.Context())
			s.Close()
			if diff := cmp.Diff([]string{"GET /version Bearer secret"}, requests); diff != "" {
				t.Errorf("%d %s: requests (-want +got):\n%s", status, body, diff)
			}
			if fatal != (err != nil) {
				t.Errorf("%d %s: %v", status, body, err)
			}
			if fatal && (!apierrors.IsUnauthorized(err) || !strings.HasPrefix(err.Error(), "API server http://api: ") || strings.Contains(err.Error(), "secret")) {
				t.Errorf("%d %s: %v", status, body, err)
			}
		})
	}
	f(200, `{"major": "1", "minor": "37", "gitVersion": "v1.37.2"}`, false)
	f(200, "", false)
	f(200, "<html>", false)
	f(401, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Unauthorized", "code": 401}`, true)
	f(401, "", true)
	f(403, `{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "code": 403}`, false)
	f(403, "", false)
	f(404, "404 page not found", false)
	f(429, "", false)
	f(500, "", false)
	f(503, "", false)
}

// TestCheckTrust checks that a server without the configured certificate ends the start.
func TestCheckTrust(t *testing.T) {
	f := func(name string, config func(certificate []byte) rest.TLSClientConfig, trusted bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			p := newPipes()
			s := newServer(p, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })
			s.StartTLS()
			defer s.Close()
			certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
			c := p.config("https://127.0.0.1")
			c.TLSClientConfig = config(certificate)
			err := newClient(t, c).Check(t.Context())
			if trusted {
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
				return
			}
			var untrusted *tls.CertificateVerificationError
			if !errors.As(err, &untrusted) || !strings.HasPrefix(err.Error(), "API server https://127.0.0.1: ") {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	type config = rest.TLSClientConfig
	f("its certificate", func(c []byte) config { return config{CAData: c} }, true)
	f("its certificate and name", func(c []byte) config { return config{CAData: c, ServerName: "example.com"} }, true)
	f("no verification", func([]byte) config { return config{Insecure: true} }, true)
	f("no certificate", func([]byte) config { return config{} }, false)
	f("another name", func(c []byte) config { return config{CAData: c, ServerName: "example.org"} }, false)
}

// TestCheckScheme checks that plain HTTP to an HTTPS port ends the start, and that the error says
// what to change.
func TestCheckScheme(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = discard
	s.StartTLS()
	defer s.Close()
	host := strings.Replace(s.URL, "https:", "http:", 1)
	err := newClient(t, &rest.Config{Host: host}).Check(t.Context())
	if want := "API server " + host + ": it answers HTTPS only; name it as https://"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestCheckUnreachable checks that an API server which cannot be reached does not end the start.
func TestCheckUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := newClient(t, &rest.Config{Host: "http://" + l.Addr().String()}).Check(t.Context()); err != nil {
		t.Errorf("connection refused: %v", err)
	}
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if err := newClient(t, &rest.Config{Host: strings.Replace(s.URL, "http", "https", 1)}).Check(t.Context()); err != nil {
		t.Errorf("no TLS: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := newClient(t, &rest.Config{Host: s.URL}).Check(ended); err != nil {
		t.Errorf("no time: %v", err)
	}
}

// TestCheckTimesOut has a server that does not respond.
func TestCheckTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		s := newServer(p, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		s.Start()
		defer s.Close()
		start := time.Now()
		if err := newClient(t, p.config("http://api")).Check(t.Context()); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// TestNewSendsNothing checks that a client is made without a connection, and refused for a
// configuration that cannot be read.
func TestNewSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		newClient(t, p.config("http://api"))
		synctest.Wait()
		if n := p.dials.Load(); n != 0 {
			t.Errorf("%d connections", n)
		}
	})
	if _, err := apiclient.New(&rest.Config{Host: "http://a", TLSClientConfig: rest.TLSClientConfig{CAFile: "/nowhere"}}, apiclient.Scheme()); err == nil {
		t.Error("a missing CA file is no error")
	}
}
