package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

//go:embed prometheus.yaml
var prometheusConfig string

// monitoring is the namespace of the exporter's Service.
const monitoring = "monitoring"

// TestPrometheusDiscoversKubestate has a Prometheus discover kubestate by the annotations of its
// Service, and evaluates typical queries.
func TestPrometheusDiscoversKubestate(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	must(t, c.Put(t.Context(), slices.Values(smallShop())))
	e := start(t, c.Kubeconfig)
	await(t, settling, e.Ready, e.Process)
	createServices(t, c, e)
	p := startPrometheus(t, c)
	await(t, settling, p.scrapes(e), p.Process, e.Process)

	// own adds target labels to the labels of a series.
	own := func(labels ...string) string {
		labels = append(labels, fmt.Sprintf("instance=%q", address(e)), `job="kubernetes-service-endpoints"`, `service="kubestate"`)
		slices.Sort(labels)
		return strings.Join(labels, ", ")
	}
	f := func(query string, want map[string]float64) {
		t.Helper()
		p.wantResult(t, query, want, e.Process)
	}
	// Wanted and available replicas.
	f(`kube_deployment_spec_replicas`, map[string]float64{
		own(`__name__="kube_deployment_spec_replicas"`, `deployment="cart"`, `namespace="shop"`): 2,
		own(`__name__="kube_deployment_spec_replicas"`, `deployment="web"`, `namespace="shop"`):  5,
	})
	f(`sum by (deployment) (kube_deployment_spec_replicas)`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 5})
	f(`sum by (deployment) (kube_deployment_status_replicas_available)`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 3})
	f(`kube_deployment_spec_replicas - kube_deployment_status_replicas_available > 0`, map[string]float64{
		own(`deployment="web"`, `namespace="shop"`): 2,
	})
	// Pods by phase.
	f(`sum by (phase) (kube_pod_status_phase)`, map[string]float64{
		`phase="Pending"`: 1, `phase="Running"`: 5, `phase="Succeeded"`: 2, `phase="Failed"`: 1, `phase="Unknown"`: 0,
	})
	// Restarts of pods.
	f(`sum by (pod) (kube_pod_container_status_restarts_total) > 0`, map[string]float64{`pod="web-2"`: 7, `pod="web-3"`: 1})
	// Active jobs.
	f(`sum by (job_name) (kube_job_status_active)`, map[string]float64{`job_name="import"`: 2, `job_name="migrate"`: 0})
	f(`count(kube_job_status_active > 0)`, map[string]float64{``: 1})
}

// smallShop is a small cluster whose state is known.
func smallShop() []cluster.Object {
	objects := []cluster.Object{
		newDeployment("web", 5, 3), newDeployment("cart", 2, 2),
		newJob("import", 2), newJob("migrate", 0),
		newPod("web-1", corev1.PodRunning, 0), newPod("web-2", corev1.PodRunning, 7), newPod("web-3", corev1.PodRunning, 1),
		newPod("web-4", corev1.PodPending, 0), newPod("web-5", corev1.PodFailed, 0),
		newPod("cart-1", corev1.PodRunning, 0), newPod("cart-2", corev1.PodRunning, 0),
		newPod("migrate-1", corev1.PodSucceeded, 0), newPod("migrate-2", corev1.PodSucceeded, 0),
	}
	for _, name := range []string{shop, monitoring} {
		objects = append(objects, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name)}})
	}
	return objects
}

func meta(kind, name string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: shop, Name: name, UID: types.UID(kind + "-" + name)}
}

func newDeployment(name string, wanted, available int32) *appsv1.Deployment {
	return &appsv1.Deployment{
		ObjectMeta: meta("deployment", name),
		Spec:       appsv1.DeploymentSpec{Replicas: &wanted, Selector: selector(name), Template: template(name)},
		Status:     appsv1.DeploymentStatus{Replicas: wanted, AvailableReplicas: available, UnavailableReplicas: wanted - available},
	}
}

func newJob(name string, active int32) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: meta("job", name),
		Spec:       batchv1.JobSpec{Selector: selector(name), Template: template(name)},
		Status:     batchv1.JobStatus{Active: active},
	}
}

func newPod(name string, phase corev1.PodPhase, restarts int32) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: meta("pod", name),
		Spec:       template("app").Spec,
		Status: corev1.PodStatus{
			Phase:             phase,
			ContainerStatuses: []corev1.ContainerStatus{{Name: "app", Image: "example/app:1", RestartCount: restarts}},
		},
	}
}

// createServices creates a Service with scrape annotations for kubestate, and one without. The
// Endpoints are written to etcd: the API rejects loopback addresses.
func createServices(t *testing.T, c *cluster.Cluster, e *exporter.Exporter) {
	t.Helper()
	_, digits, _ := strings.Cut(address(e), ":")
	port, err := strconv.ParseInt(digits, 10, 32)
	must(t, err)
	annotations := map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": digits}
	createService(t, c, "kubestate", annotations, int32(port))
	createService(t, c, "other", nil, 1)
}

// address returns the host and port of the exporter.
func address(e *exporter.Exporter) string { return strings.TrimPrefix(e.Scrapes, "http://") }

func createService(t *testing.T, c *cluster.Cluster, name string, annotations map[string]string, port int32) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: monitoring, Name: name, Annotations: annotations}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http-metrics", Port: port}}}}
	_, err := c.Client.CoreV1().Services(monitoring).Create(t.Context(), service, metav1.CreateOptions{})
	must(t, err)
	meta.UID = types.UID("endpoints-" + name)
	endpoints := &corev1.Endpoints{ //nolint:staticcheck // for discovery of endpoints
		ObjectMeta: meta,
		Subsets: []corev1.EndpointSubset{{ //nolint:staticcheck // part of the above
			Addresses: []corev1.EndpointAddress{{IP: "127.0.0.1"}},
			Ports:     []corev1.EndpointPort{{Name: "http-metrics", Port: port, Protocol: corev1.ProtocolTCP}},
		}},
	}
	must(t, c.Put(t.Context(), slices.Values([]cluster.Object{endpoints})))
}

// prometheus is a running Prometheus.
type prometheus struct {
	*process.Process
	url string
}

// startPrometheus starts a Prometheus that discovers targets in c.
func startPrometheus(t *testing.T, c *cluster.Cluster) *prometheus {
	t.Helper()
	values := map[string]string{"API_SERVER": c.URL, "TOKEN": c.Token(c.Admin()), "CA": c.CA, "$": "$"}
	return runPrometheus(t, os.Expand(prometheusConfig, func(name string) string { return values[name] }))
}

// runPrometheus starts a Prometheus with the configuration.
func runPrometheus(t *testing.T, configuration string) *prometheus {
	t.Helper()
	return runPrometheusAs(t, "prometheus", configuration)
}

// runPrometheusAs is runPrometheus with another program, such as an older version.
func runPrometheusAs(t *testing.T, program, configuration string) *prometheus {
	t.Helper()
	return runDatabase(t, program, configuration, func(config, dir, listen string) []string {
		return []string{"--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", listen}
	})
}

// runDatabase starts a program of .build, with the arguments for its configuration file, data
// directory and listen address.
func runDatabase(t *testing.T, program, configuration string, args func(config, dir, listen string) []string) *prometheus {
	t.Helper()
	path, err := process.Built(program)
	must(t, err)
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	must(t, os.WriteFile(config, []byte(configuration), 0o600))
	ports, err := process.FreePorts(1)
	must(t, err)
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	running, err := process.Start(filepath.Join(dir, program+".log"), path, args(config, dir, address)...)
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s wrote last:\n%s", program, running.Tail(4096))
		}
		must(t, running.Kill())
	})
	return &prometheus{Process: running, url: "http://" + address}
}

// get queries the HTTP API and decodes the response's data.
func (p *prometheus) get(ctx context.Context, path string, params url.Values, data any) error {
	status, body, err := exporter.Get(ctx, p.url+path+"?"+params.Encode())
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("query Prometheus for %s: status %d: %s", path, status, body)
	}
	response := struct{ Data any }{Data: data}
	if err := json.Unmarshal(body, &response); err != nil {
		return fmt.Errorf("query Prometheus for %s: %w", path, err)
	}
	return nil
}

// scrapes returns a condition: Prometheus has scraped the exporter and no other target.
func (p *prometheus) scrapes(e *exporter.Exporter) func(context.Context) error {
	type target struct{ ScrapeURL, Health, LastError string }
	want := []target{{ScrapeURL: e.Scrapes + "/metrics", Health: "up"}}
	return func(ctx context.Context) error {
		var found struct{ ActiveTargets []target }
		if err := p.get(ctx, "/api/v1/targets", url.Values{"state": {"active"}}, &found); err != nil {
			return err
		}
		if diff := cmp.Diff(want, found.ActiveTargets); diff != "" {
			return fmt.Errorf("targets (-want +got):\n%s", diff)
		}
		return nil
	}
}

// query returns the result of an instant query: values by sorted labels, as in PromQL.
func (p *prometheus) query(ctx context.Context, query string) (map[string]float64, error) {
	return p.queryAt(ctx, query, "")
}

// queryAt is query at a time in Unix seconds; empty for now.
func (p *prometheus) queryAt(ctx context.Context, query, at string) (map[string]float64, error) {
	params := url.Values{"query": {query}}
	if at != "" {
		params.Set("time", at)
	}
	var result struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.get(ctx, "/api/v1/query", params, &result); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, sample := range result.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(sample.Value[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("result of %s: %w", query, err)
		}
		values[sorted(sample.Metric)] = value
	}
	return values, nil
}

// sorted formats labels as in PromQL, sorted.
func sorted(labels map[string]string) string {
	var all []string
	for name, value := range labels {
		all = append(all, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// hasResult returns nil if a query has exactly these samples.
func (p *prometheus) hasResult(ctx context.Context, query string, want map[string]float64) error {
	got, err := p.query(ctx, query)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", query, diff)
	}
	return nil
}

// wantResult fails the test unless a query comes to have exactly these samples.
func (p *prometheus) wantResult(t *testing.T, query string, want map[string]float64, needs ...*process.Process) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error { return p.hasResult(ctx, query, want) }, append(needs, p.Process)...)
}

// step is the step of range queries.
const step = interval / 8

// queryRange returns the results of a query of one series, by time in Unix milliseconds.
func (p *prometheus) queryRange(t *testing.T, query string, from, to time.Time) map[int64]float64 {
	t.Helper()
	values := map[int64]float64{}
	for _, series := range p.seriesIn(t, query, from, to) {
		maps.Copy(values, series)
	}
	return values
}

// seriesIn returns the values of each series of a query, by time in Unix milliseconds.
func (p *prometheus) seriesIn(t *testing.T, query string, from, to time.Time) (all []map[int64]float64) {
	t.Helper()
	var result struct{ Result []struct{ Values [][2]any } }
	seconds := func(t time.Time) string { return strconv.FormatFloat(unix(t), 'f', 3, 64) }
	must(t, p.get(t.Context(), "/api/v1/query_range", url.Values{
		"query": {query}, "start": {seconds(from)}, "end": {seconds(to)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	}, &result))
	for _, series := range result.Result {
		values := map[int64]float64{}
		for _, sample := range series.Values {
			value, err := strconv.ParseFloat(fmt.Sprint(sample[1]), 64)
			must(t, err)
			values[int64(sample[0].(float64)*1000+0.5)] = value
		}
		all = append(all, values)
	}
	return all
}
