package e2e

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

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

// TestPrometheusDiscoversKubestate has a Prometheus find kubestate by the
// annotations of its Service, and asks it what people ask of a cluster.
func TestPrometheusDiscoversKubestate(t *testing.T) {
	c := cluster.Start(t, cluster.Options{})
	must(t, c.Put(t.Context(), slices.Values(smallShop())))
	e := start(t, c.Kubeconfig)
	await(t, settling, e.Ready, e.Process)
	createServices(t, c, e)
	p := startPrometheus(t, c)
	await(t, settling, p.scrapes(e), p.Process, e.Process)

	// own is what Prometheus makes of the labels of one of kubestate's series: it
	// keeps those and adds where it got them.
	own := func(labels ...string) string {
		labels = append(labels, fmt.Sprintf("instance=%q", address(e)), `job="kubernetes-service-endpoints"`, `service="kubestate"`)
		slices.Sort(labels)
		return strings.Join(labels, ", ")
	}
	f := func(query string, want map[string]float64) {
		t.Helper()
		p.wantAnswer(t, query, want, e.Process)
	}
	// How many replicas are wanted, and how many are available?
	f(`kube_deployment_spec_replicas`, map[string]float64{
		own(`__name__="kube_deployment_spec_replicas"`, `deployment="cart"`, `namespace="shop"`): 2,
		own(`__name__="kube_deployment_spec_replicas"`, `deployment="web"`, `namespace="shop"`):  5,
	})
	f(`sum by (deployment) (kube_deployment_spec_replicas)`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 5})
	f(`sum by (deployment) (kube_deployment_status_replicas_available)`, map[string]float64{`deployment="cart"`: 2, `deployment="web"`: 3})
	f(`kube_deployment_spec_replicas - kube_deployment_status_replicas_available > 0`, map[string]float64{
		own(`deployment="web"`, `namespace="shop"`): 2,
	})
	// How many pods are in each phase?
	f(`sum by (phase) (kube_pod_status_phase)`, map[string]float64{
		`phase="Pending"`: 1, `phase="Running"`: 5, `phase="Succeeded"`: 2, `phase="Failed"`: 1, `phase="Unknown"`: 0,
	})
	// Which pods restarted, and how often?
	f(`sum by (pod) (kube_pod_container_status_restarts_total) > 0`, map[string]float64{`pod="web-2"`: 7, `pod="web-3"`: 1})
	// How many jobs run?
	f(`sum by (job_name) (kube_job_status_active)`, map[string]float64{`job_name="import"`: 2, `job_name="migrate"`: 0})
	f(`count(kube_job_status_active > 0)`, map[string]float64{``: 1})
}

// smallShop is a cluster whose state is known to the last pod.
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

// createServices announces kubestate to the cluster, and one other that does not
// ask to be scraped. The Services have no selector and their Endpoints are
// written to etcd: the API refuses loopback addresses in them.
func createServices(t *testing.T, c *cluster.Cluster, e *exporter.Exporter) {
	t.Helper()
	_, digits, _ := strings.Cut(address(e), ":")
	port, err := strconv.ParseInt(digits, 10, 32)
	must(t, err)
	annotations := map[string]string{"prometheus.io/scrape": "true", "prometheus.io/port": digits}
	createService(t, c, "kubestate", annotations, int32(port))
	createService(t, c, "other", nil, 1)
}

// address is where the exporter listens.
func address(e *exporter.Exporter) string { return strings.TrimPrefix(e.Scrapes, "http://") }

func createService(t *testing.T, c *cluster.Cluster, name string, annotations map[string]string, port int32) {
	t.Helper()
	meta := metav1.ObjectMeta{Namespace: monitoring, Name: name, Annotations: annotations}
	service := &corev1.Service{ObjectMeta: meta, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "http-metrics", Port: port}}}}
	_, err := c.Client.CoreV1().Services(monitoring).Create(t.Context(), service, metav1.CreateOptions{})
	must(t, err)
	meta.UID = types.UID("endpoints-" + name)
	endpoints := &corev1.Endpoints{ //nolint:staticcheck // what the endpoints role reads
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

// startPrometheus starts a Prometheus that discovers what to scrape in c.
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

// runPrometheusAs is runPrometheus with the program, which may be an older one.
func runPrometheusAs(t *testing.T, program, configuration string) *prometheus {
	t.Helper()
	return runDatabase(t, program, configuration, func(config, dir, listen string) []string {
		return []string{"--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", listen}
	})
}

// runDatabase starts a program that was built, with the arguments that args makes
// of the path of the configuration, a directory and where to listen.
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

// get asks the HTTP API and decodes the data of its answer into data.
func (p *prometheus) get(ctx context.Context, path string, params url.Values, data any) error {
	status, body, err := exporter.Get(ctx, p.url+path+"?"+params.Encode())
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("ask Prometheus for %s: status %d: %s", path, status, body)
	}
	answer := struct{ Data any }{Data: data}
	if err := json.Unmarshal(body, &answer); err != nil {
		return fmt.Errorf("ask Prometheus for %s: %w", path, err)
	}
	return nil
}

// scrapes is a condition that holds when Prometheus has scraped the exporter and
// nothing else.
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

// query returns the answer to an instant query: values by labels, sorted, as in PromQL.
func (p *prometheus) query(ctx context.Context, query string) (map[string]float64, error) {
	return p.queryAt(ctx, query, "")
}

// queryAt is query at a time, in Unix seconds; now if that is empty.
func (p *prometheus) queryAt(ctx context.Context, query, at string) (map[string]float64, error) {
	params := url.Values{"query": {query}}
	if at != "" {
		params.Set("time", at)
	}
	var answer struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any
		}
	}
	if err := p.get(ctx, "/api/v1/query", params, &answer); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, sample := range answer.Result {
		value, err := strconv.ParseFloat(fmt.Sprint(sample.Value[1]), 64)
		if err != nil {
			return nil, fmt.Errorf("answer to %s: %w", query, err)
		}
		values[sorted(sample.Metric)] = value
	}
	return values, nil
}

// sorted is labels in the form of PromQL, sorted.
func sorted(labels map[string]string) string {
	var all []string
	for name, value := range labels {
		all = append(all, fmt.Sprintf("%s=%q", name, value))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// hasAnswer returns nil if a query has exactly these samples.
func (p *prometheus) hasAnswer(ctx context.Context, query string, want map[string]float64) error {
	got, err := p.query(ctx, query)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("%s (-want +got):\n%s", query, diff)
	}
	return nil
}

// wantAnswer fails the test unless a query comes to have exactly these samples.
func (p *prometheus) wantAnswer(t *testing.T, query string, want map[string]float64, needs ...*process.Process) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error { return p.hasAnswer(ctx, query, want) }, append(needs, p.Process)...)
}
