package e2e

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// inNamespace is the number of ConfigMaps of each namespace of TestNamespaceSelector.
const inNamespace = 40

// TestNamespaceSelector has namespaces get and lose the label of --namespace-selector under continuous
// scrapes: every response has all or none of the ConfigMaps of a namespace that the API has, and the
// text of the namespaces that stay does not change. The whole list is requested once.
func TestNamespaceSelector(t *testing.T) {
	t.Parallel()
	reader := cluster.User{Name: "reader"}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{reader}})
	bindReader(t, c, reader, "configmaps", "namespaces")
	kubeconfig, err := c.KubeconfigFor(reader)
	must(t, err)
	stay, change := []string{"stay-0", "stay-1"}, []string{"change-0", "change-1", "change-2"}
	for _, name := range append(slices.Clone(stay), change...) {
		fillNamespace(t, c, name)
	}
	for _, name := range append(slices.Clone(stay), change[0]) {
		setLabel(t, c, name, `"yes"`)
	}
	e := start(t, kubeconfig, "--resources", "configmaps,namespaces", "--namespace-selector", "monitoring=yes", "--selector", "configmaps=!excluded")
	await(t, settling, e.Ready, e.Process)
	url := e.Scrapes + "/metrics?resources=configmaps"
	body := get(t, url)
	staying := infos(body, stay...)
	if n := strings.Count(staying, "\n"); n != len(stay)*inNamespace {
		t.Fatalf("%d ConfigMaps stay:\n%s", n, body)
	}
	poller := startPolling(t, 0, func(ctx context.Context) error {
		status, body, err := exporter.Get(ctx, url)
		if err != nil || status != 200 {
			return errors.Join(err, fmt.Errorf("status %d", status))
		}
		if d := cmp.Diff(staying, infos(string(body), stay...)); d != "" {
			return fmt.Errorf("the namespaces that stay (-want +got):\n%s", d)
		}
		for _, name := range change {
			if n := strings.Count(infos(string(body), name), "\n"); n != 0 && n != inNamespace {
				return fmt.Errorf("%d ConfigMaps of %s", n, name)
			}
		}
		return nil
	})
	selected, joins := map[string]bool{change[0]: true}, 0
	for round := range 9 {
		name := change[round%len(change)]
		value := `"yes"`
		if selected[name] {
			value = []string{"null", `"no"`}[round%2]
		} else {
			joins++
		}
		selected[name] = !selected[name]
		began := time.Now()
		setLabel(t, c, name, value)
		await(t, atOnce, func(context.Context) error {
			want, n := 0, strings.Count(infos(get(t, url), name), "\n")
			if selected[name] {
				want = inNamespace
			}
			if n != want {
				return fmt.Errorf("%d ConfigMaps of %s, want %d", n, name, want)
			}
			return nil
		}, e.Process)
		t.Logf("round %d: %s took %s", round, name, time.Since(began).Round(time.Millisecond))
	}
	poller.stop(t)
	requests, err := c.Requests()
	must(t, err)
	got := map[string]int{}
	for _, r := range requests {
		if r.Resource == "configmaps" && r.Initial() && r.Code == 200 && r.User == reader.Name {
			got[strings.TrimRight(r.Namespace, "0123456789")]++
		}
	}
	if d := cmp.Diff(map[string]int{"": 1, "change-": joins}, got); d != "" {
		t.Errorf("lists of ConfigMaps (-want +got):\n%s", d)
	}
	series, err := e.Scrape(t.Context(), "namespaces")
	must(t, err)
	for _, name := range append(slices.Clone(stay), change...) { // cluster-scoped: whole
		if series.Containing("kube_namespace_created{", fmt.Sprintf("namespace=%q", name)) == nil {
			t.Errorf("the namespace %s itself is not served", name)
		}
	}
}

// bindReader permits a user to list and watch resources of the core group.
func bindReader(t *testing.T, c *cluster.Cluster, user cluster.User, resources ...string) {
	t.Helper()
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: user.Name},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: resources, Verbs: []string{"list", "watch"}}},
	}
	_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{})
	must(t, err)
	binding := &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: user.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: user.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: user.Name}},
	}
	_, err = c.Client.RbacV1().ClusterRoleBindings().Create(t.Context(), binding, metav1.CreateOptions{})
	must(t, err)
}

// fillNamespace creates a namespace with ConfigMaps, and one that a label excludes.
func fillNamespace(t *testing.T, c *cluster.Cluster, name string) {
	t.Helper()
	_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(t, err)
	for i := range inNamespace {
		makeConfigMap(t, c, name, metav1.ObjectMeta{Name: fmt.Sprint("settings-", i)})
	}
	makeConfigMap(t, c, name, metav1.ObjectMeta{Name: "settings-excluded", Labels: map[string]string{"excluded": ""}})
}

func makeConfigMap(t *testing.T, c *cluster.Cluster, namespace string, meta metav1.ObjectMeta) {
	t.Helper()
	_, err := c.Client.CoreV1().ConfigMaps(namespace).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: meta}, metav1.CreateOptions{})
	must(t, err)
}

// setLabel sets the label monitoring of a namespace to a value in JSON; null removes it.
func setLabel(t *testing.T, c *cluster.Cluster, namespace, value string) {
	t.Helper()
	patch := fmt.Sprintf(`{"metadata":{"labels":{"monitoring":%s}}}`, value)
	_, err := c.Client.CoreV1().Namespaces().Patch(t.Context(), namespace, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	must(t, err)
}

// infos returns the kube_configmap_info lines of settings in namespaces, in the order of the response.
func infos(body string, namespaces ...string) string {
	var lines strings.Builder
	for line := range strings.Lines(body) {
		for _, name := range namespaces {
			if strings.HasPrefix(line, fmt.Sprintf("kube_configmap_info{namespace=%q,configmap=\"settings-", name)) {
				lines.WriteString(line)
			}
		}
	}
	return lines.String()
}

// get returns the body of a response.
func get(t *testing.T, url string) string {
	t.Helper()
	status, body, err := exporter.Get(t.Context(), url)
	must(t, err)
	if status != 200 {
		t.Fatalf("%s: status %d", url, status)
	}
	return string(body)
}
