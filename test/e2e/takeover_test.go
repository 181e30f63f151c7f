package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// takeover has a chart with the objects of kube-state-metrics' chart, and rules that select by its
// job.
const takeover = "testdata/takeover"

// takenOver are the objects that the upgrade changes in place.
const takenOver = "deployment,service,serviceaccount,clusterrole,clusterrolebinding,servicemonitor"

// scrapeEvery is the interval of scrapes and of rules.
const scrapeEvery = 3 * time.Second

// TestChartTakesOver upgrades a release of kube-state-metrics to kubestate by helm, under a
// Prometheus that scrapes it as the operator configures and evaluates rules that select by job.
// Objects stay, series keep their labels, and no rule lacks a result for more than two scrapes.
func TestChartTakesOver(t *testing.T) {
	t.Parallel()
	d := startDeployments(t)
	d.web(t)
	helm := newHelm(t, d.k.kubeconfig)
	const release, namespace = "ksm", monitoring
	helm.run(t, "install", release, takeover, "--namespace", namespace)
	uids := func() string {
		return d.k.run(t, "get", takenOver, "-n", namespace, "-l", "app.kubernetes.io/instance="+release, "-o", `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{"\n"}{end}`)
	}
	before := uids()
	if lines := strings.Count(before, "\n"); lines != 6 {
		t.Fatalf("%d objects:\n%s", lines, before)
	}
	ports, err := process.FreePorts(2)
	must(t, err)
	old := d.play(t, namespace, "2.20.0", ports[0])
	scraping := func() string { return d.scrapingByVersion(t, namespace, release+"-kube-state-metrics", ports) }
	configuration := scraping()
	rules, err := filepath.Abs(filepath.Join(takeover, "rules.yaml"))
	must(t, err)
	p := runPrometheus(t, configuration+"rule_files: ['"+rules+"']\n")
	evaluated := func(ctx context.Context) error {
		for query, want := range map[string]map[string]float64{
			"takeover:nodes_ready":         {`__name__="takeover:nodes_ready"`: 3},
			"takeover:deployment_replicas": {`__name__="takeover:deployment_replicas", deployment="ksm-kube-state-metrics", exported_namespace="monitoring"`: 1, `__name__="takeover:deployment_replicas", deployment="web", exported_namespace="default"`: 2},
			"takeover:requests":            {`__name__="takeover:requests", resource="cpu"`: 0.2},
		} {
			if err := p.hasResult(ctx, query, want); err != nil {
				return err
			}
		}
		return nil
	}
	await(t, settling, evaluated, p.Process, old.Process)
	labels := p.labelsOf(t, "kube_node_info")
	began := time.Now()

	helm.run(t, "upgrade", release, filepath.Join("..", "..", "deploy", "chart"), "--namespace", namespace, "--set",
		"compatibility=kube-state-metrics,prometheus.monitor.enabled=true,minReadySeconds=20,collectors={deployments,nodes,pods}")
	if diff := cmp.Diff(before, uids()); diff != "" {
		t.Errorf("objects (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(configuration, scraping()); diff != "" {
		t.Errorf("scrape configuration of the ServiceMonitor (-before +after):\n%s", diff)
	}
	next := d.play(t, namespace, "v0.1.0", ports[1])
	await(t, settling, next.Ready, next.Process, p.Process)
	awaitAPI(t, d.c, func(ctx context.Context) error { // the old pod is deleted after minReadySeconds
		pods, err := d.versions(ctx, namespace, "2.20.0")
		if err == nil && len(pods) > 0 {
			err = fmt.Errorf("%s still exists", pods[0].Name)
		}
		return err
	})
	must(t, old.Kill())
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, `count by (instance) (up{job="kube-state-metrics"} == 1)`)
		if diff := cmp.Diff(map[string]float64{fmt.Sprintf("instance=%q", address(next)): 1}, got); err == nil && diff != "" {
			err = fmt.Errorf("scraped (-want +got):\n%s", diff)
		}
		return err
	}, next.Process, p.Process)
	await(t, settling, evaluated, next.Process, p.Process)
	wantNone(t, next, "kubestate_")
	if diff := cmp.Diff(labels, p.labelsOf(t, "kube_node_info")); diff != "" {
		t.Errorf("labels of kube_node_info (-before +after):\n%s", diff)
	}
	for _, query := range []string{"takeover:nodes_ready", "takeover:deployment_replicas{deployment='web'}", "takeover:requests"} {
		gap := p.longestGap(t, query, began)
		t.Logf("%s: no result for at most %s in %s", query, gap, time.Since(began).Round(time.Second))
		if gap > 2*scrapeEvery {
			t.Errorf("%s: no result for %s", query, gap)
		}
	}
	alerts, err := p.query(t.Context(), fmt.Sprintf("count by (alertname) (count_over_time(ALERTS{alertstate=\"firing\"}[%s]))", inSeconds(time.Since(began))))
	must(t, err)
	if len(alerts) > 0 {
		t.Errorf("alerts: %v", alerts)
	}
}

// TestUpgradeEqualsInstallation upgrades releases of kube-state-metrics in both ways of helm, with a
// Deployment and with a StatefulSet, most of which is immutable: the objects stay, equal those of
// an installation, and can be rolled back.
func TestUpgradeEqualsInstallation(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	k := newKubectl(t, c.Kubeconfig)
	crds, err := process.Built("operator-crds")
	must(t, err)
	k.define(t, crds)
	createNamespace(t, c, monitoring)
	helm := newHelm(t, c.Kubeconfig)
	get := func(format string) string {
		return k.run(t, "get", strings.Replace(takenOver, "deployment", "deployment,statefulset", 1), "-n", monitoring, "-l", "app.kubernetes.io/instance=ksm", "-o", format)
	}
	const uids = `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{"\n"}{end}`
	specs := func() map[string]any {
		var list struct{ Items []unstructured.Unstructured }
		must(t, json.Unmarshal([]byte(get("json")), &list))
		all := map[string]any{}
		for _, o := range list.Items {
			for _, field := range []string{"clusterIP", "clusterIPs"} { // chosen by the API server
				unstructured.RemoveNestedField(o.Object, "spec", field)
			}
			all[o.GetKind()] = []any{o.Object["spec"], o.Object["rules"], o.GetLabels()}
		}
		if len(all) != 6 {
			t.Errorf("%d kinds", len(all))
		}
		return all
	}
	chart := filepath.Join("..", "..", "deploy", "chart")
	for _, sharded := range []string{"false", "true"} {
		for _, way := range []string{"--server-side=false", "--server-side=true"} {
			values := "compatibility=kube-state-metrics,prometheus.monitor.enabled=true,autosharding.enabled=" + sharded
			helm.run(t, "install", "ksm", takeover, "--namespace", monitoring, "--set", "sharded="+sharded, way)
			before := get(uids)
			helm.run(t, "upgrade", "ksm", chart, "--namespace", monitoring, "--set", values, way)
			if diff := cmp.Diff(before, get(uids)); diff != "" || strings.Count(before, "\n") != 6 {
				t.Errorf("%s: %s: objects (-before +after):\n%s\n%s", values, way, diff, before)
			}
			upgraded := specs()
			helm.run(t, "rollback", "ksm", "1", "--namespace", monitoring)
			if diff := cmp.Diff(before, get(uids)); diff != "" {
				t.Errorf("%s: %s: objects (-before +rolled back):\n%s", values, way, diff)
			}
			helm.run(t, "uninstall", "ksm", "--namespace", monitoring)
			helm.run(t, "install", "ksm", chart, "--namespace", monitoring, "--set", values, way)
			if diff := cmp.Diff(specs(), upgraded); diff != "" {
				t.Errorf("%s: %s: (-installed +upgraded):\n%s", values, way, diff)
			}
			helm.run(t, "uninstall", "ksm", "--namespace", monitoring)
		}
	}
}

// newHelm returns helm with a kubeconfig and a temporary home.
func newHelm(t *testing.T, kubeconfig string) kubectl {
	t.Helper()
	program, err := process.Built("helm")
	must(t, err)
	home := t.TempDir()
	return kubectl{program, kubeconfig, []string{"HELM_CACHE_HOME=" + home, "HELM_CONFIG_HOME=" + home, "HELM_DATA_HOME=" + home}}
}

// TestManifestsTakeOver applies the overlay of deploy/README.md over manifests of kube-state-
// metrics: the objects stay, with one container, and the Service selects the next version's pod.
func TestManifestsTakeOver(t *testing.T) {
	t.Parallel()
	d := startDeployments(t)
	const namespace = "kube-system"
	d.k.run(t, "apply", "-f", "testdata/takeover/manifests.yaml")
	names := strings.ReplaceAll(takenOver, ",servicemonitor", "")
	uids := func() string {
		return d.k.run(t, "get", names, "-n", namespace, "-l", "app.kubernetes.io/name=kube-state-metrics", "-o", `jsonpath={range .items[*]}{.kind} {.metadata.name} {.metadata.uid}{"\n"}{end}`)
	}
	before := uids()
	if lines := strings.Count(before, "\n"); lines != 5 {
		t.Fatalf("%d objects:\n%s", lines, before)
	}
	ports, err := process.FreePorts(2)
	must(t, err)
	d.play(t, namespace, "2.20.0", ports[0])
	documented := documentedBlock(t, "# kube-state-metrics/kustomization.yaml")
	const components = "components:\n"
	d.k.run(t, "apply", "-k", overlay(t, strings.Replace(documented, components, components+"- github.com/kubestate/kubestate/deploy/kustomize/components/prometheus-operator?ref=v0.1.0\n", 1)))
	if diff := cmp.Diff(before, uids()); diff != "" {
		t.Errorf("objects (-before +after):\n%s", diff)
	}
	next := d.play(t, namespace, "v0.1.0", ports[1])
	wantLines(t, next, `kube_deployment_spec_replicas{namespace="kube-system",deployment="kube-state-metrics"} 1`)
	wantNone(t, next, "kubestate_")
	pods, err := d.versions(t.Context(), namespace, "v0.1.0")
	must(t, err)
	if n := len(pods[0].Spec.Containers); n != 1 {
		t.Errorf("%d containers", n)
	}
	monitor := d.monitorNamed(t, namespace, "kube-state-metrics")
	want := []endpoint{{Port: "http-metrics", HonorLabels: true, Relabelings: []map[string]any{{"action": "labeldrop", "regex": "pod|service|endpoint|namespace|container"}}}}
	if diff := cmp.Diff(want, monitor.Endpoints); diff != "" {
		t.Errorf("endpoints of the ServiceMonitor (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"app.kubernetes.io/name": "kube-state-metrics"}, monitor.Selector.MatchLabels); diff != "" {
		t.Errorf("selector of the ServiceMonitor (-want +got):\n%s", diff)
	}
	if rendered := d.k.run(t, "kustomize", overlay(t, documented)); !strings.Contains(rendered, `prometheus.io/port: "8080"`) {
		t.Errorf("no annotation names the port:\n%s", rendered)
	}
	ip := pods[0].Status.PodIP
	awaitAPI(t, d.c, func(context.Context) error {
		got := d.k.run(t, "get", "endpointslices", "-n", namespace, "-l", "kubernetes.io/service-name=kube-state-metrics", "-o",
			`jsonpath={range .items[*]}{.ports[*].port} {.ports[*].name} {range .endpoints[*]}{.addresses[0]},{end}{end}`)
		if !strings.HasPrefix(got, "8080 http-metrics ") || !strings.Contains(got, ip+",") {
			return fmt.Errorf("the Service selects %q, want %s among them", got, ip)
		}
		return nil
	})

	d.k.run(t, "apply", "-f", "testdata/takeover/manifests.yaml")
	if diff := cmp.Diff(before, uids()); diff != "" {
		t.Errorf("objects after the rollback (-before +after):\n%s", diff)
	}
	if got, want := d.k.run(t, "get", "deployment", "kube-state-metrics", "-n", namespace, "-o", "jsonpath={.spec.template.spec.containers[*].image}"), "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0"; got != want {
		t.Errorf("images after the rollback: %s, want %s", got, want)
	}
}

// web creates a Deployment for the rules.
func (d *deployments) web(t *testing.T) {
	t.Helper()
	replicas, labels := int32(2), map[string]string{"app": "web"}
	_, err := d.c.Client.AppsV1().Deployments("default").Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{
				Name: "web", Image: "example/web",
				Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
			}}}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
}

// versions returns the pods of a version of the release.
func (d *deployments) versions(ctx context.Context, namespace, version string) ([]corev1.Pod, error) {
	list, err := d.c.Client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kube-state-metrics,app.kubernetes.io/version=" + version})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// play waits for the pod of a version and runs its program on a given port.
func (d *deployments) play(t *testing.T, namespace, version string, port int) *exporter.Exporter {
	t.Helper()
	var pod corev1.Pod
	awaitAPI(t, d.c, func(ctx context.Context) error {
		pods, err := d.versions(ctx, namespace, version)
		switch {
		case err != nil:
			return err
		case len(pods) != 1 || !isReady(&pods[0]):
			return fmt.Errorf("%d pods of %s", len(pods), version)
		}
		pod = pods[0]
		return nil
	})
	args := (&deployed{d: d, pod: pod}).arguments(t)
	args = append(args, "--port="+strconv.Itoa(port), "--telemetry-port=0", "--kubeconfig="+d.kubeconfig(t, namespace, pod.Spec.ServiceAccountName, &pod))
	e, err := exporter.Start(t.Context(), filepath.Join(t.TempDir(), "kubestate.log"), kubestate, args...)
	must(t, err)
	t.Cleanup(func() { must(t, e.Kill()) })
	await(t, settling, e.Ready, e.Process)
	return e
}

// scrapingByVersion returns the operator's configuration of the ServiceMonitor, with a loopback
// address and the version's port in place of a pod.
func (d *deployments) scrapingByVersion(t *testing.T, namespace, name string, ports []int) string {
	t.Helper()
	m := d.monitorNamed(t, namespace, name)
	if len(m.Endpoints) != 1 {
		t.Fatalf("%d endpoints", len(m.Endpoints))
	}
	var here []string
	for i, version := range []string{"2.20.0", "v0.1.0"} {
		here = append(here, fmt.Sprintf("{source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_version], regex: %s, target_label: __address__, replacement: '127.0.0.1:%d'}", version, ports[i]))
	}
	discovery := fmt.Sprintf("  - role: endpoints\n    api_server: %s\n    authorization: {credentials: %s}\n    tls_config: {ca_file: %s}\n", d.c.URL, d.c.Token(d.c.Admin()), d.c.CA)
	return fmt.Sprintf("global: {scrape_interval: %[1]s, evaluation_interval: %[1]s}\nscrape_configs:\n", scrapeEvery) + m.job(t, 0, discovery, here...)
}

// labelsOf returns the labels of a family's series, without pod labels of the target.
func (p *prometheus) labelsOf(t *testing.T, family string) map[string]string {
	t.Helper()
	var found []map[string]string
	must(t, p.get(t.Context(), "/api/v1/series", url.Values{"match[]": {family + `{node="worker-1"}`}}, &found))
	if len(found) == 0 {
		t.Fatalf("no %s", family)
	}
	last := maps.Clone(found[len(found)-1])
	delete(last, "instance")
	delete(last, "pod")
	return last
}

// longestGap returns the longest time without a result of a query, since a time.
func (p *prometheus) longestGap(t *testing.T, query string, since time.Time) time.Duration {
	t.Helper()
	var result struct {
		Result []struct{ Values [][2]any }
	}
	must(t, p.get(t.Context(), "/api/v1/query_range", url.Values{
		"query": {query}, "step": {"1"}, "start": {fmt.Sprint(since.Unix())}, "end": {fmt.Sprint(time.Now().Unix())},
	}, &result))
	longest := time.Since(since)
	for _, series := range result.Result {
		last, gap := float64(since.Unix()), 0.0
		for _, value := range series.Values {
			at := value[0].(float64)
			gap = max(gap, at-last-1)
			last = at
		}
		gap = max(gap, float64(time.Now().Unix())-last-1)
		longest = min(longest, time.Duration(gap*float64(time.Second)))
	}
	return longest
}
