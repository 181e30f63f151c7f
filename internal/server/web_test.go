package server_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
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

// serveWith serves h with a web configuration until the test ends, and returns the address.
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

// fetched is a response.
type fetched struct {
	Proto  string
	Status int
	Length int64
	Body   string
}

// fetch requests url. The header alternates keys and values.
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

// TestWebConfigWithoutTLS holds users, headers and the rate limit of a web configuration over plain HTTP.
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

// TestProbesWithoutPassword requests the probes of both ports without a password, beyond the rate limit and
// with an invalid configuration.
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

// TestCertificatesOnDisk replaces the certificate of a server: new connections get the present one, and an
// invalid one is logged once.
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
	for _, level := range log.await(4) {
		noted[level]++
	}
	if d := cmp.Diff(map[slog.Level]int{slog.LevelDebug: 3, slog.LevelWarn: 1}, noted); d != "" {
		t.Errorf("lines about the bad certificate by level (-want +got):\n%s", d)
	}
	a.renew(t, config)
	if third := serial(); third == "none" || third == second {
		t.Errorf("served certificate %s after the bad one", third)
	}
}

// TestWebConfigGoesBad makes the configuration invalid: responses are 500, and each new error is logged
// once, but at intervals.
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

// oneUser is a web configuration with a user.
const oneUser = "basic_auth_users: {ann: $2a$04$7p6Vh4P/OXthUPSLhfZHreuzYUM5S.QreD.DndwZxXvXpMWe3c58.}"

// TestUsersBesideTokens adds users to the configuration of a port with tokens: requests fail, and that is
// logged once.
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

// TestCheckWebConfig holds that errors have the file and the reason.
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
	if err := (server.WebConfig{Path: "/dev/null"}).Check(); err == nil || err.Error() != "--tls-config /dev/null: not a regular file" {
		t.Errorf("of a device: %v", err)
	}
	for _, path := range []string{"", write(t, ""), newAuthority(t).config(t, "")} {
		if err := (server.WebConfig{Path: path}).Check(); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
}
