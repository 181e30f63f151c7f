package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// resources are the watched resources.
var resources = []string{"deployments", "nodes", "pods"}

// TestReadyAndOutage starts kubestate before its API server, and then stops the API server.
func TestReadyAndOutage(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	names, err := c.Populate(t.Context(), 100)
	must(t, err)
	must(t, c.KillAPIServer())
	e := start(t, c.Kubeconfig, "--resources", strings.Join(resources, ","))

	wantNotReady(t, e)
	must(t, e.Healthy(t.Context()))

	must(t, c.StartAPIServer(t.Context()))
	await(t, settling, func(ctx context.Context) error { return hasAnswered(ctx, t, e, names) }, e.Process)
	await(t, settling, e.Ready, e.Process)

	must(t, c.KillAPIServer())
	await(t, settling, func(ctx context.Context) error {
		return inStates(ctx, e, map[string]string{"pods": "error", "nodes": "error", "deployments": "error"})
	}, e.Process)
	await(t, settling, func(ctx context.Context) error { return saysOutOfDate(ctx, e) }, e.Process)
	const staleness = `kubestate_resource_staleness_seconds{resource="pods"}`
	before, err := e.Self(t.Context())
	must(t, err)
	must(t, e.Healthy(t.Context()))
	must(t, e.Alive(t.Context()))
	must(t, hasPods(t.Context(), e, names...))
	await(t, settling, func(ctx context.Context) error {
		self, err := e.Self(ctx)
		if err == nil && self[staleness] < before[staleness]+5 {
			return fmt.Errorf("%s changed from %v to %v", staleness, before[staleness], self[staleness])
		}
		return err
	}, e.Process)

	must(t, c.StartAPIServer(t.Context()))
	created, err := c.Client.CoreV1().Pods(names[0].Namespace).Create(t.Context(), pod(types.NamespacedName{Namespace: names[0].Namespace, Name: "new"}), metav1.CreateOptions{})
	must(t, err)
	await(t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx)
		if err == nil && series.Containing("kube_pod_info{", string(created.UID)) == nil {
			return fmt.Errorf("no series of pod %s", created.Name)
		}
		return err
	}, e.Process)
}

// saysOutOfDate returns nil if the page of answers says which resources are out of date, and has their last state.
func saysOutOfDate(ctx context.Context, e *exporter.Exporter) error {
	_, text, err := exporter.Get(ctx, e.Telemetry+"/answers?format=text")
	if err != nil {
		return err
	}
	for _, resource := range resources {
		if row := regexp.MustCompile(`(?m)^  \?   ` + resource + ` +error  +\w+, state of 20.*Z$`); !row.Match(text) {
			return fmt.Errorf("answers say nothing about %s:\n%s", resource, text)
		}
	}
	if strings.Contains(string(text), "Not known: nodes") {
		return fmt.Errorf("the last state is not known:\n%s", text)
	}
	return nil
}

// hasAnswered returns nil if a scrape succeeds. The first such response must be complete.
func hasAnswered(ctx context.Context, t *testing.T, e *exporter.Exporter, pods []types.NamespacedName) error {
	t.Helper()
	status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	for _, family := range []string{"kube_deployment_spec_replicas{", "kube_node_info{"} {
		if !strings.Contains(string(body), family) {
			t.Errorf("the first response has no %s", family)
		}
	}
	if n := strings.Count(string(body), "\nkube_pod_info{"); n != len(pods) {
		t.Errorf("the first response has %d pods, want %d", n, len(pods))
	}
	return nil
}

// wantNotReady checks that responses name every missing resource.
func wantNotReady(t *testing.T, e *exporter.Exporter) {
	t.Helper()
	for _, url := range []string{e.Telemetry + "/readyz", e.Scrapes + "/readyz", e.Scrapes + "/metrics"} {
		status, body, err := exporter.Get(t.Context(), url)
		must(t, err)
		if status != http.StatusServiceUnavailable {
			t.Errorf("%s without an API server: status %d, want 503", url, status)
		}
		for _, resource := range resources {
			if !strings.Contains(string(body), resource) {
				t.Errorf("%s without an API server does not name %s: %s", url, resource, body)
			}
		}
	}
}

// TestUnusableCredentials starts kubestate with unusable credentials: it prints one line and exits.
func TestUnusableCredentials(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	_, _, err := cluster.WriteCA(file("other-ca.crt"))
	must(t, err)
	must(t, cluster.WriteKubeconfig(file("wrong-ca"), c.URL, file("other-ca.crt"), c.Token(c.Admin())))
	must(t, cluster.WriteKubeconfig(file("bad-token"), c.URL, c.CA, "nobody's"))
	must(t, os.WriteFile(file("garbage"), []byte("{garbage"), 0o600))
	address := strings.TrimPrefix(c.URL, "https://")

	// f checks that the error names the fault.
	f := func(name, kubeconfig, where string) {
		t.Run(name, func(t *testing.T) { wantRefused(t, kubeconfig, where) })
	}
	f("wrong CA", file("wrong-ca"), address)
	f("bad token", file("bad-token"), address)
	f("no kubeconfig there", file("absent"), file("absent"))
	f("garbage in kubeconfig", file("garbage"), file("garbage"))
	f("directory for kubeconfig", dir, dir)
}

// wantRefused checks exit code 1 and one line that contains where.
func wantRefused(t *testing.T, kubeconfig, where string) {
	t.Helper()
	p, err := process.Start(
		filepath.Join(t.TempDir(), "kubestate.log"), kubestate,
		"--host=127.0.0.1", "--port=0", "--telemetry-host=127.0.0.1", "--telemetry-port=0", "--kubeconfig", kubeconfig,
	)
	must(t, err)
	t.Cleanup(func() { must(t, p.Kill()) })
	select {
	case <-p.Ended():
	case <-time.After(30 * time.Second):
		t.Fatalf("kubestate still runs: %s", p.Tail(2048))
	}
	if code := p.ExitCode(); code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	out := p.Tail(1 << 16)
	if strings.Count(out, "\n") != 1 || !strings.HasSuffix(out, "\n") {
		t.Errorf("want one line, got:\n%s", out)
	}
	if !strings.Contains(out, where) {
		t.Errorf("want %s named, got:\n%s", where, out)
	}
	t.Log(strings.TrimSpace(out))
}

// TestForbiddenResource allows kubestate only pods: it serves them, reports other resources as
// forbidden, and serves deployments within a minute of being allowed to, without touching pods.
func TestForbiddenResource(t *testing.T) {
	t.Parallel()
	user := cluster.User{Name: "kubestate"}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{user}})
	names, err := c.Populate(t.Context(), 100)
	must(t, err)
	role := grant(t, c, user, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"list", "watch"}})
	kubeconfig, err := c.KubeconfigFor(user)
	must(t, err)
	e := start(t, kubeconfig, "--resources", strings.Join(resources, ","))

	await(t, settling, func(ctx context.Context) error { return hasPods(ctx, e, names...) }, e.Process)
	await(t, atOnce, func(ctx context.Context) error {
		return inStates(ctx, e, map[string]string{"pods": "synced", "nodes": "forbidden", "deployments": "forbidden"})
	}, e.Process)
	await(t, atOnce, e.Ready, e.Process) // forbidden resources are not awaited
	wantVerbose(t, e, "[+]deployments excluded: forbidden", "[+]pods ok: synced", "readyz check passed")
	must(t, holdFor(t, 20*time.Second, func(ctx context.Context) error { return hasPods(ctx, e, names...) })) // the backoff grows
	watches := watchCalls(t, e)

	role.Rules = append(role.Rules, rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"list", "watch"}})
	_, err = c.Client.RbacV1().ClusterRoles().Update(t.Context(), role, metav1.UpdateOptions{})
	must(t, err)
	began := time.Now()
	await(t, time.Minute, func(ctx context.Context) error {
		series, err := e.Scrape(ctx)
		if found := series.Containing("kube_deployment_spec_replicas{"); err == nil && len(found) != 10 {
			return fmt.Errorf("%d deployments", len(found))
		}
		return err
	}, e.Process)
	t.Logf("served %s after the role was extended", time.Since(began).Round(100*time.Millisecond))
	await(t, atOnce, func(ctx context.Context) error {
		return inStates(ctx, e, map[string]string{"pods": "synced", "nodes": "forbidden", "deployments": "synced"})
	}, e.Process)
	if now := watchCalls(t, e); now != watches {
		t.Errorf("%v watches of pods before and %v after", watches, now)
	}
}

// holdFor checks a condition for some time, and returns its first error.
func holdFor(t *testing.T, length time.Duration, condition func(context.Context) error) error {
	t.Helper()
	for end := time.Now().Add(length); time.Now().Before(end); {
		if err := condition(t.Context()); err != nil {
			return err
		}
	}
	return nil
}

// inStates returns nil if the exporter reports these states of resources.
func inStates(ctx context.Context, e *exporter.Exporter, want map[string]string) error {
	self, err := e.Self(ctx)
	if err != nil {
		return err
	}
	got := map[string]string{}
	for name, value := range self {
		if strings.HasPrefix(name, "kubestate_resource_state{") && value == 1 {
			got[label(name, "resource")] = label(name, "state")
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		return fmt.Errorf("states (-want +got):\n%s", d)
	}
	return nil
}

// wantVerbose checks for parts of the verbose readiness response.
func wantVerbose(t *testing.T, e *exporter.Exporter, parts ...string) {
	t.Helper()
	_, body, err := exporter.Get(t.Context(), e.Telemetry+"/readyz?verbose")
	must(t, err)
	for _, part := range parts {
		if !strings.Contains(string(body), part) {
			t.Errorf("/readyz?verbose does not have %q:\n%s", part, body)
		}
	}
}

// grant grants the user a cluster role of rules.
func grant(t *testing.T, c *cluster.Cluster, user cluster.User, rules ...rbacv1.PolicyRule) *rbacv1.ClusterRole {
	t.Helper()
	meta := metav1.ObjectMeta{Name: "see"}
	role, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{ObjectMeta: meta, Rules: rules}, metav1.CreateOptions{})
	must(t, err)
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: meta.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user.Name}},
	}
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{})
	must(t, err)
	return role
}
