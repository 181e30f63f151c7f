package server_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/server"
)

// oneUser has a user in a web configuration.
const oneUser = "basic_auth_users: {ann: $2a$04$7p6Vh4P/OXthUPSLhfZHreuzYUM5S.QreD.DndwZxXvXpMWe3c58.}"

// TestUsersBesideTokens adds users to the file while clients show tokens. Nobody
// gets in, and one line says why.
func TestUsersBesideTokens(t *testing.T) {
	config := server.WebConfig{Path: write(t, "{}"), ByToken: true}
	if err := config.Check(); err != nil {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		l, log := newPipes(), &levels{}
		s := serveBy(config, l, http.NotFoundHandler(), log)
		client := &http.Client{Transport: &http.Transport{ // that keeps its connection
			DialContext: func(context.Context, string, string) (net.Conn, error) { return l.dial(t, ""), nil },
		}}
		defer client.CloseIdleConnections()
		f := func(after time.Duration, text string, status int, logged ...slog.Level) {
			t.Helper()
			time.Sleep(after)
			replace(t, config.Path, text)
			got, _ := fetch(t, client, "http://kubestate/metrics", "Authorization", "Bearer a")
			synctest.Wait()
			if got.Status != status {
				t.Errorf("%q: status %d, want %d", text, got.Status, status)
			}
			if d := cmp.Diff(logged, log.take()); d != "" {
				t.Errorf("%q: levels logged (-want +got):\n%s", text, d)
			}
		}
		f(0, "{}", 404)
		f(time.Minute, oneUser, 401, slog.LevelWarn)
		f(time.Minute, oneUser, 401)
		f(time.Minute, "{}", 404)
		f(time.Minute, oneUser, 401, slog.LevelWarn)
		client.CloseIdleConnections()
		s.stop(t)
	})
	want := "--tls-config " + config.Path + ": basic_auth_users: passwords and the tokens of --auth-filter come in the same header field, Authorization: leave out one of both"
	if err := config.Check(); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	config.ByToken = false
	if err := config.Check(); err != nil {
		t.Error(err)
	}
	if err := (server.WebConfig{ByToken: true}).Check(); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

// TestCheckWebConfig wants the file and the reason in one error.
func TestCheckWebConfig(t *testing.T) {
	f := func(config, reason string) {
		t.Helper()
		path := write(t, config)
		err := server.WebConfig{Path: path}.Check()
		if err == nil || !strings.HasPrefix(err.Error(), "--tls-config "+path+": ") || !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: %v, want %s", config, err, reason)
		}
	}
	f("{{{", "did not find expected")
	f("tls: {}", "field tls not found")
	f("tls_server_config: {cert_file: absent.crt, key_file: absent.key}", "absent.crt")
	f("tls_server_config: {cert_file: absent.crt}", "missing one of key or key_file")
	f("tls_server_config: {min_version: TLS14}", "unknown TLS version")
	f("basic_auth_users: {ann: plain}", "bcrypt")
	f("http_server_config: {headers: {X-Other: a}}", "X-Other")
	if err := (server.WebConfig{Path: "absent.yaml"}).Check(); err == nil || !strings.Contains(err.Error(), "absent.yaml") {
		t.Errorf("of no file: %v", err)
	}
	for _, path := range []string{"", write(t, ""), newAuthority(t).config(t, "")} {
		if err := (server.WebConfig{Path: path}).Check(); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}
