package watcher_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/watcher"
)

func newClient(t *testing.T, config *rest.Config) *watcher.Client {
	t.Helper()
	resources := []schema.GroupVersionResource{
		corev1.SchemeGroupVersion.WithResource("pods"),
		corev1.SchemeGroupVersion.WithResource("nodes"),
		{Group: "apps", Version: "v1", Resource: "deployments"},
	}
	c, err := watcher.NewClient(config, resources)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCheckAnswers holds which answers of an API server end the start. The time is
// not that of the machine, on which an answer may be too late for Check.
func TestCheckAnswers(t *testing.T) {
	f := func(status int, body string, fatal bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			api := newAPI(t)
			config := api.config()
			config.BearerToken = "secret"
			c, checked := newClient(t, config), make(chan error, 1)
			go func() { checked <- c.Check(t.Context()) }()
			q := api.next(t)
			if asked := q.r.Method + " " + q.r.URL.String() + " " + q.r.Header.Get("Authorization"); asked != "GET /version Bearer secret" {
				t.Errorf("%d %s: asked %q", status, body, asked)
			}
			q.do(func(w http.ResponseWriter) {
				w.Header().Set("Retry-After", "1")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(body))
			}).end()
			var err error
			select {
			case err = <-checked:
			case q := <-api.requests:
				t.Fatalf("%d %s: asked again: %s", status, body, q.r.URL)
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

// TestCheckTrust holds that a server which is not the one configured ends the
// start.
func TestCheckTrust(t *testing.T) {
	f := func(name string, config func(certificate []byte) rest.TLSClientConfig, trusted bool) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l := &api{accept: make(chan net.Conn), closed: make(chan struct{})} // that listens, and no more
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = w.Write([]byte("{}"))
			}))
			s.Listener.Close()
			s.Listener = l
			s.Config.ErrorLog = discard // it would tell of clients that do not trust it
			s.StartTLS()
			defer s.Close()
			certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
			err := newClient(t, &rest.Config{Host: "https://127.0.0.1", Dial: l.dial, TLSClientConfig: config(certificate)}).Check(t.Context())
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

// TestCheckScheme holds that plain HTTP to a port of HTTPS ends the start and says
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

// TestCheckUnreachable holds that an API server which cannot be reached, now,
// does not end the start.
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

// TestCheckHasPatience has a server that does not answer.
func TestCheckHasPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPI(t)
		start := time.Now()
		if err := newClient(t, api.config()).Check(t.Context()); err != nil {
			t.Error(err)
		}
		if waited := time.Since(start); waited != 5*time.Second {
			t.Errorf("waited %v", waited)
		}
	})
}

// TestClientSendsNothingYet makes a client for a server that is not there, and
// one of a configuration that cannot be.
func TestClientSendsNothingYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api := newAPI(t)
		api.refuse(1)
		newClient(t, api.config())
		synctest.Wait()
		if api.refusals() != 1 {
			t.Error("it connected")
		}
	})
	if _, err := watcher.NewClient(&rest.Config{Host: "http://a", TLSClientConfig: rest.TLSClientConfig{CAFile: "/nowhere"}}, nil); err == nil {
		t.Error("a missing CA file is no error")
	}
}
