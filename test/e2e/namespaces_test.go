package e2e

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestManyNamespaces watches many of the namespaces: with a cluster role by one watch per resource,
// and with roles by one for each namespace.
func TestManyNamespaces(t *testing.T) {
	t.Parallel()
	everywhere, inEach := cluster.User{Name: "everywhere", Groups: []string{"system:masters"}}, cluster.User{Name: "in-each"}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{everywhere, inEach}})
	role := &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"configmaps", "services"}, Verbs: []string{"list", "watch"}}},
	}
	_, err := c.Client.RbacV1().ClusterRoles().Create(t.Context(), role, metav1.CreateOptions{})
	must(t, err)
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("tenant-%d", i))
		makeTenant(t, c, names[i], inEach)
	}
	makeTenant(t, c, "other", inEach)

	f := func(user cluster.User, want map[string]int) {
		t.Helper()
		kubeconfig, err := c.KubeconfigFor(user)
		must(t, err)
		e := start(t, kubeconfig, "--resources", "configmaps,services", "--namespaces", strings.Join(names, ","))
		await(t, settling, e.Ready, e.Process)
		wantTenants(t, e, names)
		makeService(t, c, "other")
		makeService(t, c, names[7])
		wantSeries(t, e, func(series exporter.Series) error {
			if series.Containing("kube_service_spec_type{", fmt.Sprintf("namespace=%q", names[7]), `service="late"`) == nil {
				return errors.New("the Service is not served")
			}
			return nil
		})
		wantNone(t, e, `namespace="other"`)
		for _, name := range []string{"other", names[7]} {
			must(t, c.Client.CoreV1().Services(name).Delete(t.Context(), "late", metav1.DeleteOptions{}))
		}
		requests, err := c.Requests()
		must(t, err)
		got := map[string]int{}
		for _, r := range requests {
			if r.User == user.Name && r.Initial() && r.Code == 200 {
				got[r.Resource+" in "+strings.TrimRight(r.Namespace, "0123456789")]++
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: lists (-want +got):\n%s", user.Name, d)
		}
		if log := e.Tail(1 << 20); strings.Contains(log, "tenant-") {
			t.Errorf("%s: the log has single namespaces:\n%s", user.Name, log)
		}
	}
	f(everywhere, map[string]int{"configmaps in ": 1, "services in ": 1})
	f(inEach, map[string]int{"configmaps in tenant-": 60, "services in tenant-": 60})
}

// makeTenant creates a namespace with a ConfigMap, which a user may read.
func makeTenant(t *testing.T, c *cluster.Cluster, name string, reader cluster.User) {
	t.Helper()
	_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	must(t, err)
	_, err = c.Client.CoreV1().ConfigMaps(name).Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}}, metav1.CreateOptions{})
	must(t, err)
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "reader"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "reader"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "User", Name: reader.Name}},
	}
	_, err = c.Client.RbacV1().RoleBindings(name).Create(t.Context(), binding, metav1.CreateOptions{})
	must(t, err)
}

func makeService(t *testing.T, c *cluster.Cluster, namespace string) {
	t.Helper()
	service := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "late"}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}
	_, err := c.Client.CoreV1().Services(namespace).Create(t.Context(), service, metav1.CreateOptions{})
	must(t, err)
}

// wantTenants fails the test unless exactly the ConfigMaps of the namespaces are served.
func wantTenants(t *testing.T, e *exporter.Exporter, names []string) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx, "configmaps")
		if err != nil {
			return err
		}
		got := map[string]bool{}
		for _, s := range series.Containing("kube_configmap_info{") {
			got[label(s, "namespace")] = true
		}
		want := map[string]bool{}
		for _, name := range names {
			want[name] = true
		}
		if d := cmp.Diff(want, got); d != "" {
			return fmt.Errorf("namespaces (-want +got):\n%s", d)
		}
		return nil
	}, e.Process)
}
