package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// secured is a kubestate with TLS and the auth filter, under the roles that it prints.
type secured struct {
	*exporter.Exporter
	t       *testing.T
	cluster *cluster.Cluster
	tls     *serving
	args    []string
	tokens  []string // all tokens
}

func startSecured(t *testing.T) *secured {
	t.Helper()
	c := cluster.Start(t, cluster.Options{})
	must(t, c.Put(t.Context(), slices.Values(troubledShop())))
	roles, err := exec.CommandContext(t.Context(), kubestate, "rbac", "--auth-filter").Output()
	must(t, err)
	apply(t, c, roles)
	s := &secured{t: t, cluster: c, tls: newServing(t)}
	s.tls.trusted = append(s.tls.trusted, c.CA)
	createNamespace(t, c, "kubestate")
	createAccount(t, c, "kubestate", "kubestate")
	awaitAccess(t, c, "kubestate", "kubestate", authorizationv1.SubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{Verb: "create", Group: "authorization.k8s.io", Resource: "subjectaccessreviews"},
	})
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(kubeconfig, c.URL, c.CA, s.token("kubestate", "kubestate")))
	s.args = []string{"--auth-filter", "--tls-config", s.tls.config, "--kubeconfig", kubeconfig, "-v=10"}
	s.Exporter = s.again()
	return s
}

// again starts another kubestate with the same configuration and an empty cache.
func (s *secured) again() *exporter.Exporter {
	s.t.Helper()
	e := serve(s.t, s.args...)
	e.Scrapes, e.Telemetry = secure(e.Scrapes), secure(e.Telemetry)
	await(s.t, settling, func(ctx context.Context) error {
		if status, body := s.tls.get(ctx, e.Telemetry+"/readyz", ""); status != http.StatusOK {
			return fmt.Errorf("status %d: %s", status, body)
		}
		return nil
	}, e.Process)
	return e
}

func secure(url string) string { return strings.Replace(url, "http:", "https:", 1) }

// token returns a new token of a service account.
func (s *secured) token(namespace, account string) string {
	s.t.Helper()
	token := newToken(s.t, s.cluster, namespace, account)
	s.tokens = append(s.tokens, token)
	return token
}

// newToken returns a new token of a service account, by TokenRequest.
func newToken(t *testing.T, c *cluster.Cluster, namespace, account string) string {
	t.Helper()
	request, err := c.Client.CoreV1().ServiceAccounts(namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(t, err)
	return request.Status.Token
}

func createNamespace(t *testing.T, c *cluster.Cluster, name string) {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), namespace, metav1.CreateOptions{})
	must(t, err)
}

func createAccount(t *testing.T, c *cluster.Cluster, namespace, name string) {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	awaitAPI(t, c, func(ctx context.Context) error { // the namespace may not be visible yet
		_, err := c.Client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
		return err
	})
}

// awaitAccess waits until the API server allows an account the review's request.
func awaitAccess(t *testing.T, c *cluster.Cluster, namespace, account string, to authorizationv1.SubjectAccessReviewSpec) {
	t.Helper()
	to.User = "system:serviceaccount:" + namespace + ":" + account
	awaitAPI(t, c, func(ctx context.Context) error {
		review, err := c.Client.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{Spec: to}, metav1.CreateOptions{})
		if err == nil && !review.Status.Allowed {
			err = fmt.Errorf("%s is denied: %s", to.User, review.Status.Reason)
		}
		return err
	})
}

// getting returns the review of a GET of a path.
func getting(path string) authorizationv1.SubjectAccessReviewSpec {
	return authorizationv1.SubjectAccessReviewSpec{NonResourceAttributes: &authorizationv1.NonResourceAttributes{Verb: "get", Path: path}}
}

// apply creates the objects of a manifest.
func apply(t *testing.T, c *cluster.Cluster, manifest []byte) {
	t.Helper()
	for document := range bytes.SplitSeq(manifest, []byte("\n---\n")) {
		object, _, err := scheme.Codecs.UniversalDeserializer().Decode(document, nil, nil)
		must(t, err)
		switch o := object.(type) {
		case *corev1.ServiceAccount:
			createAccount(t, c, o.Namespace, o.Name)
		case *rbacv1.ClusterRole:
			_, err = c.Client.RbacV1().ClusterRoles().Create(t.Context(), o, metav1.CreateOptions{})
		case *rbacv1.ClusterRoleBinding:
			_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), o, metav1.CreateOptions{})
		default:
			t.Fatalf("%T in a manifest", object)
		}
		must(t, err)
	}
}

// wants requests each URL with the token and checks the status. A response other than 200 must not
// show the page.
func (s *secured) wants(status int, token string, urls ...string) {
	s.t.Helper()
	for _, url := range urls {
		got, body := s.tls.get(s.t.Context(), url, token)
		if got != status {
			s.t.Errorf("%s: status %d, want %d: %.200s", url, got, status, body)
		}
		if status != http.StatusOK && (strings.Contains(body, "# TYPE") || strings.Contains(body, "<html")) {
			s.t.Errorf("%s: a page with status %d: %.200s", url, got, body)
		}
	}
}

// testReadersByToken has the API server authorize readers: by the role for scrapers of the API
// server's own metrics.
func testReadersByToken(t *testing.T) {
	s := startSecured(t)
	scraper, err := os.ReadFile("../../deploy/kustomize/overlays/secured/scraper.yaml")
	must(t, err)
	apply(t, s.cluster, scraper)
	createAccount(t, s.cluster, monitoring, "guest")
	// The same for answers and debug pages.
	debugger := bytes.ReplaceAll(bytes.ReplaceAll(scraper, []byte(`"/metrics"`), []byte(`"/answers", "/debug/*"`)), []byte("kubestate-scraper"), []byte("debugger"))
	apply(t, s.cluster, bytes.ReplaceAll(debugger, []byte("name: prometheus"), []byte("name: debugger")))
	awaitAccess(t, s.cluster, monitoring, "prometheus", getting("/metrics"))
	awaitAccess(t, s.cluster, monitoring, "debugger", getting("/debug/pprof/"))
	reader, guest, looker := s.token(monitoring, "prometheus"), s.token(monitoring, "guest"), s.token(monitoring, "debugger")

	pages := []string{s.Scrapes + "/metrics", s.Telemetry + "/metrics"}
	others := []string{s.Telemetry + "/debug/pprof/", s.Telemetry + "/debug/pprof/heap", s.Telemetry + "/debug/cardinality", s.Telemetry + "/answers"}
	all := slices.Concat(pages, others)
	s.wants(http.StatusOK, reader, append(pages, s.cluster.URL+"/metrics")...)
	s.wants(http.StatusForbidden, reader, others...)
	s.wants(http.StatusOK, looker, others...)
	s.wants(http.StatusForbidden, looker, pages...)
	s.wants(http.StatusForbidden, guest, append(all, s.cluster.URL+"/metrics")...)
	s.wants(http.StatusUnauthorized, "", all...)
	s.wants(http.StatusUnauthorized, "made-up", all...)
	s.wants(http.StatusOK, "", s.Scrapes+"/", s.Scrapes+"/healthz", s.Scrapes+"/livez", s.Telemetry+"/", s.Telemetry+"/readyz", s.Telemetry+"/livez", s.Telemetry+"/startupz")

	for _, url := range []string{s.Scrapes, s.Telemetry} {
		_, page := s.tls.get(t.Context(), url+"/", "")
		if !strings.Contains(page, "<td>deployments</td><td>synced") || strings.Contains(page, "kube_") || strings.Contains(page, "series of") {
			t.Errorf("%s is public:\n%s", url, page)
		}
	}

	t.Run("Prometheus", func(t *testing.T) { scrapedByPrometheus(t, s, reader) })
	t.Run("Categraf", func(t *testing.T) { scrapedLikeCategraf(t, s, reader) })

	// A program without a cached review sees a revoked right at once.
	bindings := s.cluster.Client.RbacV1().ClusterRoleBindings()
	must(t, bindings.Delete(t.Context(), "kubestate-scraper-prometheus", metav1.DeleteOptions{}))
	awaitAPI(t, s.cluster, s.responds(http.StatusForbidden, s.cluster.URL+"/metrics", reader))
	other := s.again()
	s.wants(http.StatusForbidden, reader, other.Scrapes+"/metrics", other.Telemetry+"/metrics")
	// A program with a cached review sees a granted right within half a minute.
	apply(t, s.cluster, scraperBinding(t, scraper))
	await(t, settling, s.responds(http.StatusOK, other.Scrapes+"/metrics", reader))
	// A program sees a deleted account within a minute.
	accounts := s.cluster.Client.CoreV1().ServiceAccounts(monitoring)
	fresh := s.token(monitoring, "prometheus")
	must(t, accounts.Delete(t.Context(), "prometheus", metav1.DeleteOptions{}))
	await(t, 2*settling, s.responds(http.StatusUnauthorized, s.Scrapes+"/metrics", reader))

	must(t, s.cluster.KillAPIServer())
	s.wants(http.StatusInternalServerError, fresh, all...)
	s.wants(http.StatusInternalServerError, "made-up-again", all...)
	s.wants(http.StatusOK, "", s.Scrapes+"/healthz", s.Telemetry+"/readyz")
	s.wantNothingSecret(s.Exporter, other)
}

// responds returns a condition: a URL responds with the status.
func (s *secured) responds(status int, url, token string) func(context.Context) error {
	return func(ctx context.Context) error {
		if got, body := s.tls.get(ctx, url, token); got != status {
			return fmt.Errorf("%s: status %d, want %d: %.200s", url, got, status, body)
		}
		return nil
	}
}

// scraperBinding returns the last document of the manifest.
func scraperBinding(t *testing.T, manifest []byte) []byte {
	t.Helper()
	at := bytes.LastIndex(manifest, []byte("\n---\n"))
	if at < 0 {
		t.Fatal("the manifest has one document")
	}
	return manifest[at+len("\n---\n"):]
}

// wantNothingSecret searches the debug logs of the programs for tokens.
func (s *secured) wantNothingSecret(programs ...*exporter.Exporter) {
	s.t.Helper()
	for _, e := range programs {
		log, err := os.ReadFile(e.Log)
		must(s.t, err)
		if !bytes.Contains(log, []byte("level=DEBUG")) {
			s.t.Errorf("no debug records in %d bytes of log", len(log))
		}
		for _, token := range s.tokens {
			header, _, _ := strings.Cut(token, ".")
			signature := token[strings.LastIndex(token, ".")+1:]
			for _, part := range []string{header, signature, signature[:16], "made-up"} {
				if bytes.Contains(log, []byte(part)) {
					s.t.Errorf("a token, by its part %s, is in the log", part)
				}
			}
		}
		for _, words := range []string{"Request Body", "Authorization:", "Bearer"} {
			if bytes.Contains(log, []byte(words)) {
				s.t.Errorf("%q is in the log", words)
			}
		}
	}
}

// scrapedByPrometheus scrapes both ports over TLS with a token file, across a renewal of the
// certificate.
func scrapedByPrometheus(t *testing.T, s *secured, token string) {
	p := runPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
- job_name: kubestate
  scheme: https
  authorization: {credentials_file: %s}
  tls_config: {ca_file: %s}
  honor_labels: true
  static_configs: [{targets: [%q, %q]}]
`, secretFile(t, token), s.tls.ca, host(s.Scrapes), host(s.Telemetry)))
	up := func(query string, want float64) {
		t.Helper()
		p.wantResult(t, query, map[string]float64{"": want}, s.Process)
	}
	up(`sum(up)`, 2)
	up(`sum(kube_deployment_spec_replicas)`, 7)
	before := s.tls.serial(t, s.Scrapes)
	s.tls.renew(t)
	for _, url := range []string{s.Scrapes, s.Telemetry} {
		if after := s.tls.serial(t, url); after == before {
			t.Errorf("%s still serves certificate %s", url, after)
		}
	}
	// A scrape may exceed its timeout of a second once; later none fails.
	up(`sum(count_over_time(up[20s])) >= bool 12`, 1)
	up(`sum(min_over_time(up[20s]))`, 2)
}

func host(url string) string { return strings.TrimPrefix(url, "https://") }

// secretFile returns the path of a file with a secret.
func secretFile(t *testing.T, secret string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "secret")
	must(t, os.WriteFile(path, []byte(secret), 0o600))
	return path
}

// TestTLSAndPasswordsOfFiles has Prometheus scrape both ports of a program with a snapshot, over
// TLS with a password.
func TestTLSAndPasswordsOfFiles(t *testing.T) {
	t.Parallel()
	tls := newServing(t)
	tls.append(t, "basic_auth_users: {prometheus: "+passwordHash+"}\n")
	e := serve(t, "--snapshot", "../../examples/cluster", "--tls-config", tls.config, "-v=10")
	e.Scrapes, e.Telemetry = secure(e.Scrapes), secure(e.Telemetry)
	for url, want := range map[string]int{
		e.Scrapes + "/metrics": http.StatusUnauthorized, e.Scrapes + "/": http.StatusUnauthorized, e.Scrapes + "/healthz": http.StatusOK,
		e.Telemetry + "/metrics": http.StatusUnauthorized, e.Telemetry + "/": http.StatusUnauthorized, e.Telemetry + "/readyz": http.StatusOK,
	} {
		if status, body := tls.get(t.Context(), url, ""); status != want {
			t.Errorf("%s: status %d without a password, want %d: %.200s", url, status, want, body)
		}
	}
	p := runPrometheus(t, fmt.Sprintf(`
global: {scrape_interval: 1s}
scrape_configs:
- job_name: kubestate
  scheme: https
  basic_auth: {username: prometheus, password_file: %s}
  tls_config: {ca_file: %s}
  static_configs: [{targets: [%q, %q]}]
`, secretFile(t, password), tls.ca, host(e.Scrapes), host(e.Telemetry)))
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, `sum(up)`)
		if err == nil && got[""] != 2 {
			err = fmt.Errorf("up: %v", got)
		}
		return err
	}, p.Process, e.Process)
	log, err := os.ReadFile(e.Log)
	must(t, err)
	for _, secret := range []string{password, passwordHash} {
		if bytes.Contains(log, []byte(secret)) {
			t.Errorf("%s is in the log", secret)
		}
	}
}

// A password and its bcrypt hash.
const (
	password     = "correct horse"
	passwordHash = "$2a$04$7p6Vh4P/OXthUPSLhfZHreuzYUM5S.QreD.DndwZxXvXpMWe3c58."
)
