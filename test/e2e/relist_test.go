package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestEveryResponseHasAllPods kills the API server and compacts etcd under continuous scrapes, so that
// every watch is relisted: every response has all permanent pods.
func TestEveryResponseHasAllPods(t *testing.T) {
	t.Parallel()
	const pods = 3000
	user := cluster.User{Name: "kubestate", Groups: []string{"system:masters"}}
	c := cluster.Start(t, cluster.Options{Users: []cluster.User{user}})
	names, err := c.Populate(t.Context(), pods)
	must(t, err)
	kubeconfig, err := c.KubeconfigFor(user)
	must(t, err)
	e := start(t, kubeconfig, "--resources", "pods")
	await(t, settling, e.Ready, e.Process)
	await(t, settling, func(ctx context.Context) error { return hasPods(ctx, e, names...) }, e.Process)

	gone, stay := names[0], names[1:]
	poller := pollPods(t, e, 0, stay)
	initial, calls := initialRequests(t, c, user), watchCalls(t, e)

	must(t, c.KillAPIServer())
	must(t, c.Remove(t.Context(), slices.Values([]cluster.Object{pod(gone)})))
	must(t, c.CompactEtcd(t.Context()))
	must(t, c.StartAPIServer(t.Context()))
	created, err := c.Client.CoreV1().Pods(gone.Namespace).Create(t.Context(), pod(types.NamespacedName{Namespace: gone.Namespace, Name: "new"}), metav1.CreateOptions{})
	must(t, err)

	// Changes during the outage and after it arrive.
	await(t, settling, func(ctx context.Context) error {
		series, err := e.Scrape(ctx, "pods")
		if err != nil {
			return err
		}
		if found := series.Containing("kube_pod_info{", fmt.Sprintf("pod=%q", gone.Name)); found != nil {
			return fmt.Errorf("still served: %s", found)
		}
		if found := series.Containing("kube_pod_info{", fmt.Sprintf("uid=%q", created.UID)); found == nil {
			return fmt.Errorf("not served yet: %s", created.Name)
		}
		return nil
	}, e.Process)
	await(t, settling, e.Ready, e.Process)
	poller.stop(t)

	now := initialRequests(t, c, user)
	t.Logf("%d initial requests for pods before the kill, %d until now", initial, now)
	if now <= initial {
		t.Error("no relist")
	}
	if now := watchCalls(t, e); now <= calls {
		t.Errorf("kubestate counted %v lists and watches before the kill and %v until now", calls, now)
	}
}

func pod(name types.NamespacedName) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example/app:1"}}},
	}
}

// initialRequests returns the number of the user's initial requests for pods.
func initialRequests(t *testing.T, c *cluster.Cluster, user cluster.User) int {
	t.Helper()
	requests, err := c.Requests()
	must(t, err)
	n := 0
	for _, r := range requests {
		if r.User == user.Name && r.Resource == "pods" && r.Initial() {
			n++
		}
	}
	return n
}

// watchCalls returns the exporter's counters of successful lists and watches of pods.
func watchCalls(t *testing.T, e *exporter.Exporter) float64 {
	t.Helper()
	self, err := e.Self(t.Context())
	must(t, err)
	const labels = `{resource="*v1.Pod",result="success"}`
	return self["kube_state_metrics_list_total"+labels] + self["kube_state_metrics_watch_total"+labels]
}

// hasPods returns nil if a response has all these pods. It reads bare lines, to check as many
// responses as possible.
func hasPods(ctx context.Context, e *exporter.Exporter, names ...types.NamespacedName) error {
	const phases = 5
	status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics?resources=pods")
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("status %d: %s", status, body)
	}
	infos, phased := make(map[types.NamespacedName]bool, len(names)), 0
	for line := range bytes.Lines(body) {
		switch {
		case bytes.HasPrefix(line, []byte("kube_pod_info{")):
			info := string(line)
			infos[types.NamespacedName{Namespace: label(info, "namespace"), Name: label(info, "pod")}] = true
		case bytes.HasPrefix(line, []byte("kube_pod_status_phase{")):
			phased++
		}
	}
	lacking := slices.DeleteFunc(slices.Clone(names), func(name types.NamespacedName) bool { return infos[name] })
	if len(lacking) > 0 {
		return fmt.Errorf("%d of %d pods are missing, such as %s", len(lacking), len(names), lacking[0])
	}
	if phased < phases*len(names) {
		return fmt.Errorf("%d pods have %d series of phases", len(names), phased)
	}
	return nil
}
