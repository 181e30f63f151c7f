package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// A gatekeeper is a TLS proxy to an API server that records the credentials of requests, and passes them on.
type gatekeeper struct {
	url, ca string

	mu          sync.Mutex
	credentials map[string]int // requests
	running     int
}

// guard starts a gatekeeper until the test ends.
func guard(t *testing.T, c *cluster.Cluster, name string) *gatekeeper {
	t.Helper()
	dir := t.TempDir()
	r := &gatekeeper{ca: filepath.Join(dir, "ca.crt"), credentials: map[string]int{}}
	ca, key, err := cluster.WriteCA(r.ca)
	must(t, err)
	certificate, private := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	must(t, cluster.WriteServing(ca, key, certificate, private))
	trusted, err := os.ReadFile(c.CA)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(trusted)
	target, err := url.Parse(c.URL)
	must(t, err)
	quiet := log.New(io.Discard, "", 0) // without errors of closed connections
	through := &httputil.ReverseProxy{
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target) },
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true},
		FlushInterval: -1, ErrorLog: quiet,
	}
	server := &http.Server{ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.note(q.Header.Get("Authorization"), 1)
		defer r.note(q.Header.Get("Authorization"), -1)
		through.ServeHTTP(w, q)
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.url = "https://" + l.Addr().String()
	go func() { _ = server.ServeTLS(l, certificate, private) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	return r
}

// note counts a request that begins or ends.
func (r *gatekeeper) note(credential string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running += n; n > 0 {
		r.credentials[credential]++
	}
}

// seen returns the credentials of all requests.
func (r *gatekeeper) seen() (all []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.credentials))
}

// asked returns an error until there were some requests with a credential.
func (r *gatekeeper) asked(credential string, atLeast int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := r.credentials[credential]; n < atLeast {
		return fmt.Errorf("%d requests by %s, want %d", n, credential, atLeast)
	}
	return nil
}

// idle returns an error while requests run.
func (r *gatekeeper) idle(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running > 0 {
		return fmt.Errorf("%d requests run", r.running)
	}
	return nil
}

// withPlugin writes a kubeconfig whose credentials come from a plugin beside it.
func withPlugin(t *testing.T, path string, r *gatekeeper, token string) {
	t.Helper()
	plugin := filepath.Join(filepath.Dir(path), "plugins", "token")
	must(t, os.MkdirAll(filepath.Dir(plugin), 0o700))
	must(t, os.WriteFile(plugin, []byte("#!/bin/sh\necho '"+`{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"`+token+`"}}'`+"\n"), 0o700))
	must(t, os.WriteFile(path, []byte(fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugins/token, interactiveMode: Never}}}]
`, r.url, r.ca)), 0o600))
}

// testClusters has the tests of two clusters.
func testClusters(t *testing.T) {
	var berlin, oslo *cluster.Cluster
	var starting sync.WaitGroup
	starting.Go(func() {
		berlin = cluster.Start(t, cluster.Options{Users: []cluster.User{clusterAdmin("berlin"), guest}})
	})
	starting.Go(func() { oslo = cluster.Start(t, cluster.Options{Users: []cluster.User{clusterAdmin("oslo"), guest}}) })
	starting.Wait()
	t.Run("directory", func(t *testing.T) { testClusterDirectory(t, berlin, oslo) })
	t.Run("custom resources", func(t *testing.T) { testClusterCustomResources(t, customOf(t, berlin), customOf(t, oslo)) })
}

// clusterAdmin is the user of a kubeconfig, who may do everything.
func clusterAdmin(name string) cluster.User {
	return cluster.User{Name: name, Groups: []string{"system:masters"}}
}

// guest may do nothing.
var guest = cluster.User{Name: "guest"}

// testClusterDirectory serves two clusters from a directory of kubeconfigs: one is added, goes down, comes
// back, is replaced and is removed while the other goes on. A file that is no kubeconfig, a cluster that
// nobody answers for and one with another certificate hold up neither. Each API server sees the credentials
// of its own kubeconfig alone.
func testClusterDirectory(t *testing.T, berlin, oslo *cluster.Cluster) {
	atBerlin, atOslo := guard(t, berlin, "berlin"), guard(t, oslo, "oslo")

	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	must(t, cluster.WriteKubeconfig(file("berlin.kubeconfig"), atBerlin.url, atBerlin.ca, berlin.Token(clusterAdmin("berlin"))))
	must(t, cluster.WriteKubeconfig(file("stranger.json"), atBerlin.url, atOslo.ca, "of-a-stranger"))
	must(t, os.WriteFile(file("bad.yaml"), []byte("{bad"), 0o600))
	must(t, cluster.WriteKubeconfig(file("nowhere.conf"), "https://127.0.0.1:1", atBerlin.ca, "nowhere"))
	e := serve(t, "--clusters", dir, "--resources", "namespaces,configmaps", "--cluster-down-fails", "--metric-allowlist", "^kube_(namespace|configmap)_created$")
	of := func(family, cluster string, labels ...string) []string {
		return append([]string{family + `{cluster="` + cluster + `",`}, labels...)
	}
	has := func(parts []string) func(exporter.Series) error {
		return func(s exporter.Series) error {
			if s.Containing(parts...) == nil {
				return fmt.Errorf("no series with %q", parts)
			}
			return nil
		}
	}
	wantStatus := func(path string, want int) {
		t.Helper()
		if got, body, err := exporter.Get(t.Context(), e.Scrapes+path); err != nil || got != want {
			t.Errorf("%s: status %d, want %d: %v %s", path, got, want, err, body)
		}
	}
	awaitState := func(cluster, state string) {
		t.Helper()
		await(t, settling, func(ctx context.Context) error {
			self, err := e.Self(ctx)
			if err != nil {
				return err
			}
			if missing := self.Missing(fmt.Sprintf("kubestate_cluster_state{cluster=%q,state=%q} 1", cluster, state)); missing != nil {
				return errors.New(strings.Join(missing, "\n"))
			}
			return nil
		}, e.Process)
	}
	create := func(c *cluster.Cluster, name string) {
		t.Helper()
		_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
		must(t, err)
	}

	await(t, settling, e.Ready, e.Process)
	wantSeries(t, e, has(of("kube_namespace_created", "berlin", `namespace="default"`)))
	awaitState("berlin", "up")
	awaitState("nowhere", "down")
	awaitState("stranger", "down")
	awaitState("bad", "invalid")
	wantStatus("/metrics/cluster/berlin", http.StatusOK)
	wantStatus("/metrics/cluster/nowhere", http.StatusServiceUnavailable)
	wantStatus("/metrics/cluster/bad", http.StatusServiceUnavailable)
	wantStatus("/metrics/cluster/oslo", http.StatusNotFound)
	wantStatus("/metrics?cluster=oslo", http.StatusNotFound)

	// A cluster is added, with a credential plugin.
	withPlugin(t, file("oslo"), atOslo, oslo.Token(clusterAdmin("oslo")))
	wantSeries(t, e, has(of("kube_namespace_created", "oslo", `namespace="default"`)))
	wantStatus("/metrics/cluster/oslo", http.StatusOK)
	status, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
	must(t, err)
	if n := strings.Count(string(body), "# TYPE kube_namespace_created "); status != http.StatusOK || n != 1 {
		t.Errorf("status %d, %d headers of a family", status, n)
	}
	status, body, err = exporter.Get(t.Context(), e.Scrapes+"/metrics?cluster=oslo")
	must(t, err)
	if status != http.StatusOK || strings.Contains(string(body), `cluster="berlin"`) || !strings.Contains(string(body), `cluster="oslo"`) {
		t.Errorf("?cluster=oslo: status %d: %s", status, body)
	}

	// It goes down: its last state is served, and the other one is current.
	must(t, oslo.KillAPIServer())
	awaitState("oslo", "down")
	create(berlin, "while-oslo-is-down")
	wantSeries(t, e, has(of("kube_namespace_created", "berlin", `namespace="while-oslo-is-down"`)))
	wantSeries(t, e, has(of("kube_namespace_created", "oslo", `namespace="default"`)))
	wantStatus("/metrics/cluster/oslo", http.StatusServiceUnavailable)
	wantStatus("/metrics/cluster/berlin", http.StatusOK)
	must(t, e.Ready(t.Context()))

	// It comes back.
	must(t, oslo.StartAPIServer(t.Context()))
	awaitState("oslo", "up")
	create(oslo, "after-the-outage")
	wantSeries(t, e, has(of("kube_namespace_created", "oslo", `namespace="after-the-outage"`)))
	wantStatus("/metrics/cluster/oslo", http.StatusOK)

	// It gets the credentials of a user without rights: what is served stays. Refused requests are repeated
	// after 1, 2 and 4 seconds, and count after 5.
	replace := func(by *gatekeeper, token string) {
		t.Helper()
		next := filepath.Join(t.TempDir(), "oslo")
		must(t, cluster.WriteKubeconfig(next, by.url, by.ca, token))
		must(t, os.Rename(next, file("oslo")))
	}
	replace(atOslo, oslo.Token(guest))
	await(t, settling, func(context.Context) error { return atOslo.asked("Bearer guest-token", 2*4) }, e.Process)
	must(t, hasLine(t.Context(), e.Telemetry+"/readyz?verbose", "[+]cluster oslo ok: up, being replaced"))
	self, err := e.Self(t.Context())
	must(t, err)
	if missing := self.Missing(`kubestate_cluster_specification_successful{cluster="oslo"} 0`, `kubestate_cluster_specification_successful{cluster="berlin"} 1`); missing != nil {
		t.Errorf("missing: %q", missing)
	}
	wantSeries(t, e, has(of("kube_namespace_created", "oslo", `namespace="after-the-outage"`)))

	// It gets the kubeconfig of another cluster: that one's series replace its own.
	replace(atBerlin, berlin.Token(clusterAdmin("berlin")))
	wantSeries(t, e, has(of("kube_namespace_created", "oslo", `namespace="while-oslo-is-down"`)))
	wantNone(t, e, of("kube_namespace_created", "oslo", `namespace="after-the-outage"`)...)
	wantSeries(t, e, has(of("kube_namespace_created", "berlin", `namespace="while-oslo-is-down"`)))

	// It is removed, with its series, requests and self-metrics.
	must(t, os.Remove(file("oslo")))
	wantNone(t, e, `cluster="oslo"`)
	await(t, settling, atOslo.idle, e.Process)
	self, err = e.Self(t.Context())
	must(t, err)
	if found := self.Containing(`cluster="oslo"`); found != nil {
		t.Errorf("self-metrics of a removed cluster: %q", found)
	}
	wantSeries(t, e, has(of("kube_configmap_created", "berlin")))

	if d := cmp.Diff([]string{"Bearer berlin-token"}, atBerlin.seen()); d != "" {
		t.Errorf("credentials at berlin (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"Bearer guest-token", "Bearer oslo-token"}, atOslo.seen()); d != "" {
		t.Errorf("credentials at oslo (-want +got):\n%s", d)
	}
}

// hasLine returns nil if a page has a line.
func hasLine(ctx context.Context, url, line string) error {
	_, body, err := exporter.Get(ctx, url)
	if err == nil && !slices.Contains(strings.Split(string(body), "\n"), line) {
		err = fmt.Errorf("%s has no line %q:\n%s", url, line, body)
	}
	return err
}

// TestClusterFile serves clusters of a file, one of which is that of the process, with a label of its own.
// The auth filter asks the cluster of the process, and each path of a cluster has permissions of its own.
func TestClusterFile(t *testing.T) {
	t.Parallel()
	tenant := cluster.User{Name: "tenant"}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{tenant}})
	_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "tenant"}, Rules: []rbacv1.PolicyRule{{Verbs: []string{"get"}, NonResourceURLs: []string{"/metrics/cluster/tenant"}}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "tenant"}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "tenant"},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: tenant.Name}},
	}, metav1.CreateOptions{})
	must(t, err)

	file := filepath.Join(t.TempDir(), "clusters.yaml")
	must(t, os.WriteFile(file, []byte("clusters:\n- {name: hub, home: true, labels: {region: north}}\n- {name: tenant, context: test, resources: [configmaps]}\n"), 0o600))
	e := start(t, c.Kubeconfig, "--clusters", file, "--resources=namespaces", "--auth-filter", "--metric-allowlist", "^kube_(namespace|configmap)_created$")
	await(t, settling, e.Ready, e.Process)
	get := func(path, token string) (int, string) {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Scrapes+path, nil)
		must(t, err)
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		must(t, err)
		return response.StatusCode, string(body)
	}
	f := func(path, token string, want int) {
		t.Helper()
		if got, body := get(path, token); got != want {
			t.Errorf("%s with token %q: status %d, want %d: %s", path, token, got, want, body)
		}
	}
	awaitAPI(t, c, func(context.Context) error { // the API server learns of roles with a delay
		if status, body := get("/metrics/cluster/tenant", c.Token(tenant)); status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	})
	f("/metrics/cluster/tenant", "", http.StatusUnauthorized)
	f("/metrics/cluster/hub", c.Token(tenant), http.StatusForbidden)
	f("/metrics", c.Token(tenant), http.StatusForbidden)
	f("/metrics?cluster=tenant", c.Token(tenant), http.StatusForbidden)
	f("/metrics/cluster/tenant/../hub", c.Token(tenant), http.StatusForbidden)
	f("/metrics/cluster/%68ub", c.Token(tenant), http.StatusForbidden)
	f("/metrics/cluster/tenant%2f..%2fhub", c.Token(tenant), http.StatusForbidden)
	f("/metrics/cluster/%2e%2e", c.Token(tenant), http.StatusForbidden)
	_, body := get("/metrics/cluster/tenant?cluster=hub", c.Token(tenant))
	if !strings.Contains(body, `kube_configmap_created{cluster="tenant",namespace="kube-system",`) || strings.Contains(body, "hub") || strings.Contains(body, "kube_namespace") {
		t.Errorf("the tenant's series: %s", body)
	}
	_, body = get("/metrics", c.Token(c.Admin()))
	for _, line := range []string{`kube_namespace_created{cluster="hub",region="north",namespace="default"} `, `kube_configmap_created{cluster="tenant",namespace="kube-system",`} {
		if !strings.Contains(body, line) {
			t.Errorf("no %s in %s", line, body)
		}
	}
}
