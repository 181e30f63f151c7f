package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// database is the remote-write URL in the files of docs/integrations.
const database = "http://victoria-metrics.monitoring.svc:8428"

// TestIntegrations runs the files of docs/integrations for each scraper: discovered by annotations,
// kubestate is scraped by each, and the four questions have their answers in the database.
func TestIntegrations(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	must(t, c.Put(t.Context(), slices.Values(troubledShop())))
	e := start(t, c.Kubeconfig, "--scrape-shards=8")
	await(t, settling, e.Ready, e.Process)
	announce(t, c, e)
	apply(t, c, documented(t, "discovery-rbac.yaml"))
	i := integration{t: t, cluster: c, exporter: e, token: secretFile(t, newToken(t, c, monitoring, "prometheus"))}

	victoria := i.startVictoria()
	direct := runPrometheus(t, i.file("prometheus.yaml", ""))
	pods := runPrometheus(t, i.file("prometheus-pods.yaml", ""))
	parts := runPrometheus(t, i.file("prometheus-scrape-shards.yaml", ""))
	i.startAgent(victoria)
	i.startVMAgent("victoria-metrics.yaml", "vmagent", victoria)
	i.startVMAgent("victoria-metrics-scrape-shards.yaml", "vmagent-parts", victoria)
	i.startCollector("otel-collector.yaml", "collector", victoria)
	i.startCollector("otel-collector-scrape-shards.yaml", "collector-parts", victoria)

	direct.wantTargets(t, e, e.Scrapes, e.Telemetry)
	pods.wantTargets(t, e, e.Scrapes)
	const job = `job="kube-state-metrics"`
	wantQuestions(t, direct, job)
	wantQuestions(t, pods, job)
	wantQuestions(t, parts, job)
	wantParts(t, parts, "", e)
	wantSameSeries(t, parts, job, direct, job)
	for _, query := range queriesOfGuide(t) {
		if _, err := direct.query(t.Context(), query); err != nil {
			t.Error(err)
		}
	}
	for _, cluster := range []string{"victoria", "agent", "vmagent", "vmagent-parts", "collector", "collector-parts"} {
		there := job + fmt.Sprintf(",cluster=%q", cluster)
		wantQuestions(t, victoria, there)
		wantSameFamilies(t, victoria, there, direct, job)
	}
	for _, cluster := range []string{"vmagent", "collector"} {
		whole, inParts := fmt.Sprintf("cluster=%q", cluster), fmt.Sprintf("cluster=%q", cluster+"-parts")
		wantParts(t, victoria, inParts, e)
		wantSameSeries(t, victoria, inParts, victoria, whole)
	}
}

// questions are those of the README, about the cluster selected by $, with the results for
// troubledShop.
var questions = []struct {
	query string
	want  map[string]float64
}{
	{`sum by (deployment) (kube_deployment_spec_replicas{$})`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 5}},
	{`sum by (deployment) (kube_deployment_status_replicas_available{$})`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 3}},
	{`sum by (namespace, deployment) (kube_deployment_spec_replicas{$} - kube_deployment_status_replicas_available{$} > 0)`,
		map[string]float64{`deployment="web", namespace="shop"`: 2}},
	{`sum by (phase) (kube_pod_status_phase{$})`, map[string]float64{
		`phase="Pending"`: 2, `phase="Running"`: 6, `phase="Succeeded"`: 2, `phase="Failed"`: 1, `phase="Unknown"`: 0,
	}},
	{`sum by (pod, reason) (kube_pod_container_status_waiting_reason{$})`, map[string]float64{
		`pod="web-3", reason="CrashLoopBackOff"`: 1, `pod="web-4", reason="ImagePullBackOff"`: 1,
	}},
	{`sum by (pod, reason) (kube_pod_status_reason{$} > 0)`, map[string]float64{`pod="web-5", reason="Evicted"`: 1}},
	{`sum by (pod) (kube_pod_status_unschedulable{$})`, map[string]float64{`pod="web-6"`: 1}},
	{`sum by (pod, container) (kube_pod_container_status_restarts_total{$} > 0)`, map[string]float64{
		`container="app", pod="web-2"`: 7, `container="app", pod="web-3"`: 1,
	}},
	{`sum by (pod, reason) (kube_pod_container_status_last_terminated_reason{$})`, map[string]float64{`pod="web-3", reason="OOMKilled"`: 1}},
	{`sum by (job_name) (kube_job_status_active{$} > 0)`, map[string]float64{`job_name="import"`: 2}},
	{`sum by (job_name, reason) (kube_job_status_failed{$} > 0)`, map[string]float64{`job_name="report", reason="BackoffLimitExceeded"`: 1}},
}

// troubledShop is smallShop with reasons for its failures.
func troubledShop() []cluster.Object {
	crashes := newPod("web-3", corev1.PodRunning, 1)
	crashes.Status.ContainerStatuses[0].State.Waiting = &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}
	crashes.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}
	waits := newPod("web-4", corev1.PodPending, 0)
	waits.Status.ContainerStatuses[0].State.Waiting = &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff"}
	evicted := newPod("web-5", corev1.PodFailed, 0)
	evicted.Status.Reason = "Evicted"
	homeless := newPod("web-6", corev1.PodPending, 0)
	homeless.Status.ContainerStatuses = nil
	homeless.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable}}
	report := newJob("report", 0)
	report.Status.Failed = 4
	report.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: batchv1.JobReasonBackoffLimitExceeded}}
	changed := []cluster.Object{crashes, waits, evicted, homeless, report}
	named := func(o cluster.Object) func(cluster.Object) bool {
		return func(other cluster.Object) bool { return o.GetUID() == other.GetUID() }
	}
	objects := smallShop()
	for _, o := range changed {
		objects = append(slices.DeleteFunc(objects, named(o)), o)
	}
	return objects
}

// announce creates the Services and EndpointSlices of the exporter as in deploy/kustomize/base, and
// an annotated pod. Loopback addresses are written to etcd, since the API rejects them.
func announce(t *testing.T, c *cluster.Cluster, e *exporter.Exporter) {
	t.Helper()
	scrapes, telemetry := port(t, e.Scrapes), port(t, e.Telemetry)
	meta := announced("kubestate", scrapes)
	announceService(t, c, meta, corev1.ServicePort{Name: "http-metrics", Port: scrapes})
	announceService(t, c, announced("kubestate-telemetry", telemetry), corev1.ServicePort{Name: "telemetry", Port: telemetry})
	meta.UID = "pod-kubestate"
	pod := &corev1.Pod{ObjectMeta: meta, Spec: template("kubestate").Spec, Status: corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: "127.0.0.1", PodIPs: []corev1.PodIP{{IP: "127.0.0.1"}},
	}}
	must(t, c.Put(t.Context(), slices.Values([]cluster.Object{pod})))
}

// announced returns metadata with the annotations for scrapes of a port.
func announced(name string, port int32) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: monitoring, Name: name, Labels: map[string]string{"app.kubernetes.io/name": name},
		Annotations: map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": fmt.Sprint(port)},
	}
}

// announceService creates a Service and the objects that controllers would create for it.
func announceService(t *testing.T, c *cluster.Cluster, meta metav1.ObjectMeta, ports ...corev1.ServicePort) {
	t.Helper()
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Ports: ports}}
	_, err := c.Client.CoreV1().Services(meta.Namespace).Create(t.Context(), service, metav1.CreateOptions{})
	must(t, err)
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: meta.Namespace, Name: meta.Name + "-x7k2p", UID: types.UID("slice-" + meta.Name),
			Labels: map[string]string{discoveryv1.LabelServiceName: meta.Name},
		},
		AddressType: discoveryv1.AddressTypeIPv4,
		Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"127.0.0.1"}, Conditions: discoveryv1.EndpointConditions{Ready: new(true)}}},
	}
	for _, p := range ports {
		slice.Ports = append(slice.Ports, discoveryv1.EndpointPort{Name: &p.Name, Port: &p.Port, Protocol: new(corev1.ProtocolTCP)})
	}
	must(t, c.Put(t.Context(), slices.Values([]cluster.Object{slice})))
}

// port returns the port of a URL.
func port(t *testing.T, url string) int32 {
	t.Helper()
	port, err := strconv.ParseInt(url[strings.LastIndexByte(url, ':')+1:], 10, 32)
	must(t, err)
	return int32(port)
}

// documented returns a file of docs/integrations.
func documented(t *testing.T, name string) []byte {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "integrations", name))
	must(t, err)
	return text
}

// queriesOfGuide returns the queries in the tables of docs/operating.md: the code that is more than
// a name.
func queriesOfGuide(t *testing.T) []string {
	t.Helper()
	root, err := process.Root()
	must(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "operating.md"))
	must(t, err)
	var queries []string
	for _, span := range regexp.MustCompile("`[a-z (),]*kube[a-z]*_[^`]*[^a-z_`][^`]*`").FindAllString(string(text), -1) {
		queries = append(queries, strings.Trim(span, "`"))
	}
	if len(queries) < 8 {
		t.Errorf("only %d queries in docs/operating.md: %q", len(queries), queries)
	}
	return queries
}

// integration is the environment of scrapers.
type integration struct {
	t        *testing.T
	cluster  *cluster.Cluster
	exporter *exporter.Exporter
	token    string // file of the token of the ServiceAccount prometheus
}

// role matches the line of each discovery, and its indentation.
var role = regexp.MustCompile(`(?m)^( *)- role: .*$`)

// file returns a file of docs/integrations, adapted to this environment: API server and token are
// explicit outside of a pod, and intervals are shorter. name is the name of the cluster; empty for
// none.
func (i integration) file(path, name string) string {
	i.t.Helper()
	text := string(documented(i.t, path))
	if !role.MatchString(text) {
		i.t.Fatalf("%s discovers nothing", path)
	}
	text = role.ReplaceAllString(text, fmt.Sprintf("$0\n$1  api_server: %s\n$1  authorization: {credentials_file: %s}\n$1  tls_config: {ca_file: %s}",
		i.cluster.URL, i.token, i.cluster.CA))
	text = replaced(i.t, text, "scrape_interval: 30s", "scrape_interval: 1s")
	if name != "" {
		text = replaced(i.t, text, "cluster: prod", "cluster: "+name)
	}
	return text
}

// replaced replaces the only occurrence of old in text.
func replaced(t *testing.T, text, old, by string) string {
	t.Helper()
	if n := strings.Count(text, old); n != 1 {
		t.Fatalf("%d times, not once: %q in\n%s", n, old, text)
	}
	return strings.Replace(text, old, by, 1)
}

// startVictoria starts the database, which scrapes too.
func (i integration) startVictoria() *prometheus {
	i.t.Helper()
	return runDatabase(i.t, "victoria-metrics", i.file("victoria-metrics.yaml", "victoria"), func(config, dir, listen string) []string {
		return []string{
			"-promscrape.config=" + config, "-storageDataPath=" + filepath.Join(dir, "data"), "-httpListenAddr=" + listen,
			"-search.latencyOffset=0s",
		}
	})
}

func (i integration) startVMAgent(path, name string, db *prometheus) {
	i.t.Helper()
	runDatabase(i.t, "vmagent", i.file(path, name), func(config, dir, listen string) []string {
		return []string{
			"-promscrape.config=" + config, "-promscrape.suppressDuplicateScrapeTargetErrors", "-remoteWrite.url=" + db.url + "/api/v1/write",
			"-remoteWrite.tmpDataPath=" + filepath.Join(dir, "data"), "-httpListenAddr=" + listen,
		}
	})
}

func (i integration) startAgent(db *prometheus) {
	i.t.Helper()
	config := replaced(i.t, i.file("prometheus-agent.yaml", "agent"), database, db.url)
	runDatabase(i.t, "prometheus", config, func(config, dir, listen string) []string {
		return []string{"--agent", "--config.file", config, "--storage.agent.path", filepath.Join(dir, "data"), "--web.listen-address", listen}
	})
}

// startCollector starts an OpenTelemetry Collector without self-metrics, which would need a port.
func (i integration) startCollector(path, name string, db *prometheus) {
	i.t.Helper()
	config := replaced(i.t, i.file(path, name), database, db.url)
	quiet := filepath.Join(i.t.TempDir(), "quiet.yaml")
	must(i.t, os.WriteFile(quiet, []byte("service: {telemetry: {metrics: {level: none}}}\n"), 0o600))
	runDatabase(i.t, "otelcol", config, func(config, _, _ string) []string {
		return []string{"--config=" + config, "--config=" + quiet}
	})
}

// wantTargets waits until p scrapes exactly these URLs, each once.
func (p *prometheus) wantTargets(t *testing.T, e *exporter.Exporter, urls ...string) {
	t.Helper()
	want := map[string]float64{}
	for _, url := range urls {
		want[sorted(map[string]string{"__name__": "up", "instance": strings.TrimPrefix(url, "http://"), "job": "kube-state-metrics"})] = 1
	}
	p.wantResult(t, `up`, want, e.Process)
}

// wantParts waits until the selected up are those of eight parts, which a label tells apart, and of
// the telemetry port.
func wantParts(t *testing.T, db *prometheus, selector string, e *exporter.Exporter) {
	t.Helper()
	target := func(url string) string {
		return sorted(map[string]string{"instance": strings.TrimPrefix(url, "http://"), "job": "kube-state-metrics"})
	}
	want := map[string]float64{target(e.Telemetry): 1}
	for i := range 8 {
		want[target(e.Scrapes)+fmt.Sprintf(`, scrape_shard="%d/8"`, i)] = 1
	}
	db.wantResult(t, fmt.Sprintf("sum by (job, instance, scrape_shard) (up{%s})", selector), want, e.Process)
}

// wantSameSeries waits until two databases have the same series of objects, with the same labels but
// for cluster.
func wantSameSeries(t *testing.T, db *prometheus, selector string, other *prometheus, otherSelector string) {
	t.Helper()
	const series = `label_replace({$,__name__=~"kube_.*",__name__!~"kube_state_metrics_.*"}, "family", "$1", "__name__", "(.*)")`
	wantSame(t, 200, "group without (cluster) ("+series+")", db, selector, other, otherSelector)
}

// wantQuestions checks the questions' answers about the selected cluster.
func wantQuestions(t *testing.T, db *prometheus, selector string) {
	t.Helper()
	for _, q := range questions {
		db.wantResult(t, strings.ReplaceAll(q.query, "$", selector), q.want)
	}
}

// wantSameFamilies waits until two databases have the same number of series of each family.
func wantSameFamilies(t *testing.T, db *prometheus, selector string, other *prometheus, otherSelector string) {
	t.Helper()
	wantSame(t, 50, `count by (__name__) ({$,__name__=~"kube_.*",__name__!~"kube_state_metrics_.*"})`, db, selector, other, otherSelector)
}

// wantSame waits until a query has the same results about what is selected in two databases, and at
// least some number of them.
func wantSame(t *testing.T, least int, query string, db *prometheus, selector string, other *prometheus, otherSelector string) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		want, err := other.query(ctx, strings.Replace(query, "$", otherSelector, 1))
		if err != nil {
			return err
		}
		got, err := db.query(ctx, strings.Replace(query, "$", selector, 1))
		if err != nil {
			return err
		}
		if diff := cmp.Diff(want, got); diff != "" || len(want) < least {
			return fmt.Errorf("%d results of %s for %s (-want +got):\n%.2000s", len(want), query, selector, diff)
		}
		return nil
	}, db.Process, other.Process)
}
