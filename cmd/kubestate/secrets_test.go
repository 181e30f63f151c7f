package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The token of the program, and credentials that clients send.
const ownSecret, clientSecret = "t0ken-of-the-program", "t0ken-of-a-client"

// TestNoSecrets holds that neither the log of all levels nor a response has credentials, for valid and
// invalid requests and an API server that responds with 403.
func TestNoSecrets(t *testing.T) {
	sent := make(chan string, 1)
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case sent <- r.Header.Get("Authorization"):
		default:
		}
		http.Error(w, "no", http.StatusForbidden)
	}))
	defer api.Close()
	p := startProgram(t, "--kubeconfig", kubeconfig(t, api.URL), "-v=10")
	if got := <-sent; got != "Bearer "+ownSecret {
		t.Fatalf("credentials %q sent to the API server", got)
	}
	if text := "requests to the API server fail"; !p.log.await(text) {
		t.Fatalf("no %q in the log", text)
	}
	header := "Host: kubestate\r\nAuthorization: Bearer " + clientSecret + "\r\nCookie: " + clientSecret + "\r\n"
	for _, address := range []string{p.scrapes, p.telemetry} {
		for _, path := range []string{
			"/", "/metrics", "/healthz", "/livez", "/readyz", "/startupz", "/answers", "/debug/cardinality", "/debug/cardinality?by=label", "/debug/pprof/cmdline",
			"/debug/pprof/goroutine?debug=2", "/nowhere", "/metrics?resources=%zz",
		} {
			wantNoSecret(t, address, "GET "+path+" HTTP/1.1\r\nConnection: close\r\n"+header+"\r\n")
		}
		wantNoSecret(t, address, "GET /metrics HTTP/1.1\r\n"+header+"X: "+strings.Repeat("x", 64<<10)+"\r\n\r\n")
		wantNoSecret(t, address, "GET /metrics HTTP/1.1\r\n"+header+"no colon\r\n\r\n")
		wantNoSecret(t, address, "Bearer "+clientSecret+"\r\n\r\n")
	}
	if log := p.log.String(); strings.Contains(log, ownSecret) || strings.Contains(log, clientSecret) || !strings.Contains(log, "level=DEBUG") {
		t.Errorf("log:\n%s", log)
	}
}

// wantNoSecret sends a raw request.
func wantNoSecret(t *testing.T, address, request string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, request) // the response may precede the end of the request,
	response, _ := io.ReadAll(c)      // and the connection may be reset
	if text := string(response); !strings.HasPrefix(text, "HTTP/1.1 ") || strings.Contains(text, ownSecret) || strings.Contains(text, clientSecret) {
		t.Errorf("%.60q: response\n%s", request, text)
	}
}

// kubeconfig writes a kubeconfig with the program's token.
func kubeconfig(t *testing.T, url string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: %q, insecure-skip-tls-verify: true}}]
users: [{name: u, user: {token: %s}}]
contexts: [{name: x, context: {cluster: c, user: u}}]
current-context: x
`, url, ownSecret)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
