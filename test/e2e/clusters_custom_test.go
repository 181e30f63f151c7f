package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// widgetsV2 are those of another cluster.
var widgetsV2 = schema.GroupVersionResource{Group: widgets.Group, Version: "v2", Resource: widgets.Resource}

// testClusterCustomResources serves custom resources of clusters that differ in them: berlin has widgets
// throughout, and oslo none, those of another version, none again, and those of the same version. The guest
// of berlin may not read definitions, and a cluster that is added later is slow. The series of each are those
// of a program of its own, with the label besides.
func testClusterCustomResources(t *testing.T, berlin, oslo *customCluster) {
	file := customFile(t, sizes)
	args := []string{"--resources=namespaces", "--custom-resource-state-config-file", file, "--metric-allowlist", "^(kube_namespace_status_phase|my_size)$"}
	berlin.define(t, definition("a.example.com", "Widget", "widgets", "v1"))
	var lines []string
	for i := range 3 {
		berlin.create(t, widgets, "Widget", fmt.Sprint("w", i), int64(i))
		lines = append(lines, labelled("berlin", fmt.Sprintf("%s %d", size("a.example.com", "v1", "Widget", fmt.Sprint("w", i)), i)))
	}
	allowNamespaces(t, berlin.Cluster)

	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	kubeconfigs := map[string]string{"berlin": berlin.Kubeconfig, "oslo": oslo.Kubeconfig}
	var err error
	kubeconfigs["guest"], err = berlin.KubeconfigFor(guest)
	must(t, err)
	alone := map[string]*exporter.Exporter{}
	for name, kubeconfig := range kubeconfigs {
		must(t, os.Symlink(kubeconfig, at(name)))
		alone[name] = start(t, kubeconfig, args...)
	}
	e := serve(t, append(args, "--clusters", dir)...)
	await(t, settling, e.Ready, e.Process)
	// awaitEqual waits until responses are those of programs of each cluster alone.
	awaitEqual := func() {
		t.Helper()
		await(t, settling, func(ctx context.Context) error {
			all := map[string]float64{}
			for name, of := range alone {
				want, err := of.Scrape(ctx)
				if err != nil {
					return err
				}
				one := map[string]float64{}
				for series, value := range want {
					one[labelled(name, series)] = value
				}
				maps.Copy(all, one)
				if err := hasSeries(ctx, t, e.Scrapes+"/metrics/cluster/"+name, one); err != nil {
					return err
				}
			}
			return hasSeries(ctx, t, e.Scrapes+"/metrics", all)
		}, e.Process)
	}
	widgetsOfOslo := func(version, name string) string {
		return labelled("oslo", size("a.example.com", version, "Widget", name))
	}
	state := func(cluster, state string) string {
		return labelled(cluster, stateOf("a.example.com", "*", "*", state))
	}

	// The guest's definitions are refused at once, and count as refused after five seconds.
	awaitEqual()
	wantLines(t, e, append(lines, labelled("oslo", defaultNamespace), labelled("guest", defaultNamespace))...)
	awaitSelf(t, e, state("berlin", "synced"), 1)
	awaitSelf(t, e, state("oslo", "absent"), 1)
	awaitSelf(t, e, `kubestate_resource_state{cluster="guest",resource="customresourcedefinitions",state="forbidden"}`, 1)
	lines = append(lines, labelled("oslo", defaultNamespace))
	p := startPolling(t, 20*time.Millisecond, func(ctx context.Context) error {
		status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
		if err != nil {
			return err
		}
		return checkResponse(status, string(body), lines)
	})

	// Oslo gets the kind in another version.
	oslo.define(t, definition("a.example.com", "Widget", "widgets", "v2"))
	oslo.create(t, widgetsV2, "Widget", "w0", 7)
	wantLines(t, e, widgetsOfOslo("v2", "w0")+" 7")
	awaitSelf(t, e, state("oslo", "synced"), 1)
	awaitEqual()
	for query, want := range map[string][]string{
		"resources=widgets": {"berlin", "oslo"}, "resources=widgets&cluster=oslo": {"oslo"}, "resources=widgets.v1.a.example.com": {"berlin"},
		"resources=widgets.v2.a.example.com": {"oslo"}, "resources=widgets.v2.a.example.com&cluster=berlin": nil,
	} {
		status, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics?"+query)
		must(t, err)
		found := map[string]bool{}
		for series := range parseResponse(t, body).series {
			found[label(series, "cluster")] = true
		}
		if d := cmp.Diff(set(slices.Values(want)), found); d != "" || status != http.StatusOK {
			t.Errorf("%s: status %d, clusters (-want +got):\n%s", query, status, d)
		}
	}
	if _, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics"); err != nil || strings.Count(string(body), "# TYPE my_size ") != 1 {
		t.Errorf("%v, want one header of the family: %s", err, body)
	}

	// It goes, and comes back in the version of berlin.
	must(t, oslo.client.Resource(definitions).Delete(t.Context(), "widgets.a.example.com", metav1.DeleteOptions{}))
	wantNone(t, e, `my_size{cluster="oslo"`)
	awaitSelf(t, e, state("oslo", "absent"), 1)
	awaitEqual()
	oslo.define(t, definition("a.example.com", "Widget", "widgets", "v1"))
	oslo.create(t, widgets, "Widget", "w0", 8)
	wantLines(t, e, widgetsOfOslo("v1", "w0")+" 8")
	awaitEqual()

	// A slow cluster comes. The others go on.
	proxy, kubeconfig := behindProxy(t, berlin)
	release := hold(t, proxy, "widgets")
	must(t, os.Symlink(kubeconfig, at("slow")))
	awaitSelf(t, e, state("slow", "syncing"), 1)
	slow := func() (status int, body []byte, err error) {
		return exporter.Get(t.Context(), e.Scrapes+"/metrics/cluster/slow")
	}
	if status, body, err := slow(); status != http.StatusServiceUnavailable {
		t.Errorf("status %d of a cluster whose lists run: %v %s", status, err, body)
	}
	must(t, e.Ready(t.Context()))
	release("widgets")
	wantLines(t, e, labelled("slow", size("a.example.com", "v1", "Widget", "w1"))+" 1")
	p.stop(t)

	self, err := e.Self(t.Context())
	must(t, err)
	for _, resource := range []string{"namespaces", "widgets.v1.a.example.com"} {
		if n, ok := self[labelled("berlin", rebuilds+`{resource="`+resource+`"}`)]; n != 0 || !ok {
			t.Errorf("%s of berlin was rebuilt %v times", resource, n)
		}
	}
}

// labelled returns a series or line with the label of a cluster.
func labelled(cluster, series string) string {
	return strings.Replace(series, "{", `{cluster="`+cluster+`",`, 1)
}

// hasSeries returns nil if a response has exactly the series.
func hasSeries(ctx context.Context, t *testing.T, url string, want map[string]float64) error {
	t.Helper()
	status, body, err := exporter.Get(ctx, url)
	if err == nil && status != http.StatusOK {
		err = errors.New(string(body))
	}
	if err != nil {
		return fmt.Errorf("%s: status %d: %w", url, status, err)
	}
	if d := cmp.Diff(want, parseResponse(t, body).series); d != "" {
		return fmt.Errorf("%s (-want +got):\n%s", url, d)
	}
	return nil
}

// allowNamespaces allows the guest to read namespaces.
func allowNamespaces(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: guest.Name}, Rules: []rbacv1.PolicyRule{{Verbs: []string{"list", "watch"}, APIGroups: []string{""}, Resources: []string{"namespaces"}}},
	}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: guest.Name}, RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: guest.Name},
		Subjects: []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: guest.Name}},
	}, metav1.CreateOptions{})
	must(t, err)
}
