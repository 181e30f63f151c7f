package e2e

import (
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	neturl "net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

const (
	// listing is the time of a list of pods or nodes, as in a large cluster: longer than Prometheus'
	// discovery of a change, which takes up to five seconds.
	listing = 7 * time.Second
	// changing bounds a change, with several lists one after another.
	changing = 5 * time.Minute
	// interval is the scrape interval here, and shipped that of the files in deploy and docs.
	interval, shipped = 2 * time.Second, 30 * time.Second
	// discoveredPods and discoveredNodes count the permanent pods and nodes.
	discoveredPods, discoveredNodes = 120, 3
)

// controllers are the controllers of workloads and addresses. Node controllers would evict pods of
// simulated nodes.
var controllers = []string{
	"statefulset-controller", "deployment-controller", "replicaset-controller", "daemonset-controller", "disruption-controller",
	"endpoints-controller", "endpointslice-controller", "namespace-controller", "root-ca-certificate-publisher-controller",
}

// testDiscovery has a Prometheus discover several deployments while pods are replaced: no object is
// ever without its series, and no alert about kubestate fires.
func testDiscovery(t *testing.T) {
	w := newDiscovery(t)
	var cases sync.WaitGroup
	defer cases.Wait()
	for _, f := range []struct {
		name, mode string
		components []string
		config     func(*discovered, *testing.T) string
		run        func(*discovered, *testing.T)
	}{
		{"endpoints", "overlays/sharded", nil, func(d *discovered, t *testing.T) string { return d.annotated(t, "endpoints") }, (*discovered).shards},
		{"endpointslice", "overlays/sharded", nil, func(d *discovered, t *testing.T) string { return d.annotated(t, "endpointslice") }, (*discovered).shards},
		{"servicemonitor", "overlays/sharded", []string{"prometheus-operator"}, (*discovered).operated, (*discovered).shards},
		{"scrape-shards", "overlays/sharded", []string{"prometheus-operator", "scrape-shards"}, (*discovered).operated, (*discovered).shards},
		{"base", "base", nil, func(d *discovered, t *testing.T) string { return d.annotated(t, "endpoints") }, (*discovered).base},
		{"per-node", "overlays/per-node", nil, func(d *discovered, t *testing.T) string { return d.annotated(t, "endpoints") }, (*discovered).perNode},
	} {
		// Parallel subtests would wait until all tests before them in the queue have started.
		cases.Go(func() {
			t.Run(f.name, func(t *testing.T) {
				d := w.deploy(t, f.name, f.mode, f.components...)
				d.prometheus = runPrometheus(t, f.config(d, t))
				f.run(d, t)
			})
		})
	}
}

// discovery is a cluster whose nodes are simulated by the test.
type discovery struct {
	*deployments
	host *machines
}

func newDiscovery(t *testing.T) *discovery {
	t.Helper()
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: controllers, Scheduler: true, ServiceAccounts: true})
	w := &discovery{deployments: &deployments{c: c, tls: newServing(t), k: newKubectl(t, c.Kubeconfig)}}
	crds, err := process.Built("operator-crds")
	must(t, err)
	w.k.define(t, crds)
	api, ca := slowLists(t, c) // ends after the programs, which would connect again
	w.host = startMachines(t, w.deployments)
	w.host.api, w.host.ca = api, ca
	for i := range discoveredNodes {
		w.host.join(fmt.Sprint("worker-", i))
	}
	createNamespace(t, c, shop)
	var pods []cluster.Object
	for i := range discoveredPods {
		pod := newPod(fmt.Sprint("web-", i), corev1.PodRunning, 0)
		pod.Spec.NodeName = fmt.Sprint("worker-", i%discoveredNodes)
		pods = append(pods, pod)
	}
	must(t, c.Put(t.Context(), slices.Values(pods)))
	return w
}

// slowLists is a proxy to the API server with slow lists of all pods or nodes. It returns its URL
// and the file of its CA.
func slowLists(t *testing.T, c *cluster.Cluster) (url, ca string) {
	t.Helper()
	target, err := neturl.Parse(c.URL)
	must(t, err)
	through := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0), // errors of ended programs
	}
	through.Transport, err = rest.TransportFor(&rest.Config{Host: c.URL, TLSClientConfig: rest.TLSClientConfig{CAFile: c.CA}})
	must(t, err)
	slow := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if all := r.URL.Path == "/api/v1/pods" || r.URL.Path == "/api/v1/nodes"; all && (!query.Has("watch") || query.Has("sendInitialEvents")) {
			select {
			case <-time.After(listing):
			case <-r.Context().Done():
			}
		}
		through.ServeHTTP(w, r)
	}))
	slow.EnableHTTP2 = true
	slow.StartTLS()
	t.Cleanup(func() {
		slow.CloseClientConnections()
		slow.Close()
	})
	ca = filepath.Join(t.TempDir(), "ca.crt")
	must(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: slow.Certificate().Raw}), 0o600))
	return slow.URL, ca
}

// discovered is a mode in a namespace of its own, and its Prometheus.
type discovered struct {
	*discovery
	namespace  string
	prometheus *prometheus
}

// deploy applies a mode in a namespace. Cluster-scoped objects are shared, except for the bindings
// of accounts.
func (w *discovery) deploy(t *testing.T, namespace, mode string, components ...string) *discovered {
	t.Helper()
	dir := t.TempDir()
	deploy, err := filepath.Rel(dir, filepath.Join(repository(t), "deploy", "kustomize"))
	must(t, err)
	kustomization := map[string]any{"namespace": namespace, "resources": []string{filepath.Join(deploy, mode)}}
	var paths []string
	for _, c := range components {
		paths = append(paths, filepath.Join(deploy, "components", c))
	}
	kustomization["components"] = paths
	text, err := yaml.Marshal(kustomization)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), text, 0o600))
	rendered := w.k.run(t, "kustomize", dir)
	// Delays of pods are the scrape interval, which is shorter here, and the time of discovery.
	rendered = regexp.MustCompile(`(minReadySeconds: |--shutdown-delay=)45`).ReplaceAllString(rendered, fmt.Sprint("${1}", 45-int((shipped-interval).Seconds())))
	// Cluster roles get a name for each namespace.
	rendered = regexp.MustCompile(`(?m)^(kind: ClusterRole(?:Binding)?\nmetadata:\n(?: .*\n)*?  name: )kubestate`).ReplaceAllString(rendered, "${1}kubestate-"+namespace)
	rendered = regexp.MustCompile(`(?m)^(  kind: ClusterRole\n  name: )kubestate`).ReplaceAllString(rendered, "${1}kubestate-"+namespace)
	manifest := filepath.Join(dir, "manifest.yaml")
	must(t, os.WriteFile(manifest, []byte(rendered), 0o600))
	w.k.run(t, "apply", "--server-side", "-f", manifest)
	return &discovered{discovery: w, namespace: namespace}
}

// annotated returns the configuration of docs/integrations with a discovery role.
func (d *discovered) annotated(t *testing.T, role string) string {
	t.Helper()
	text := string(documented(t, "prometheus.yaml"))
	text = replaced(t, text, "  - role: endpointslice\n", d.api(t, role))
	text = replaced(t, text, "scrape_interval: "+inSeconds(shipped), "scrape_interval: "+inSeconds(interval)+"\n  evaluation_interval: "+inSeconds(interval))
	return text + "  - " + d.host.here() + "\n" + d.rules(t)
}

// api returns a discovery of the namespace with a role.
func (d *discovered) api(t *testing.T, role string) string {
	t.Helper()
	return fmt.Sprintf("  - role: %s\n    namespaces: {names: [%s]}\n    api_server: %s\n    authorization: {credentials_file: %s}\n    tls_config: {ca_file: %s}\n",
		role, d.namespace, d.c.URL, secretFile(t, d.c.Token(d.c.Admin())), d.c.CA)
}

// inSeconds formats a duration for Prometheus.
func inSeconds(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// operated returns the scrape configuration of the ServiceMonitor, as by the operator.
func (d *discovered) operated(t *testing.T) string {
	t.Helper()
	m := d.monitor(t, d.namespace)
	text := fmt.Sprintf("global: {scrape_interval: %[1]s, evaluation_interval: %[1]s}\nscrape_configs:\n", inSeconds(interval))
	for i, e := range m.Endpoints {
		if e.Interval != inSeconds(shipped) {
			t.Errorf("the port %s is scraped every %s", e.Port, e.Interval)
		}
		text += m.job(t, i, d.api(t, "endpoints"), d.host.here())
	}
	return text + d.rules(t)
}

// rules returns the rule_files of the shipped alerts.
func (d *discovered) rules(t *testing.T) string {
	t.Helper()
	return "rule_files: ['" + fastRules(t) + "']\n"
}

// lastingOf counts the permanent pods with series.
const lastingOf = `count(group by (pod) (kube_pod_info{namespace="` + shop + `"}))`

// shards resizes a StatefulSet, evicts one of its pods, and changes its image.
func (d *discovered) shards(t *testing.T) {
	const image = "v0.1.0"
	settled := func(n int, tag string, done func(context.Context) error) {
		t.Helper()
		began := time.Now()
		await(t, changing, func(ctx context.Context) error {
			if err := d.host.settled(ctx, d.namespace, n, tag, true); err != nil {
				return err
			}
			if done != nil {
				return done(ctx)
			}
			return nil
		}, d.prometheus.Process)
		t.Logf("%d shards of image %s after %s", n, tag, time.Since(began).Round(100*time.Millisecond))
	}
	settled(2, image, nil)
	began := d.begin(t, lastingOf, discoveredPods)
	d.k.run(t, "scale", "statefulset", "kubestate", "--replicas=3", "-n", d.namespace)
	settled(3, image, nil)
	d.k.run(t, "scale", "statefulset", "kubestate", "--replicas=2", "-n", d.namespace)
	settled(2, image, nil)
	settled(2, image, d.evict(t, "kubestate-0"))
	d.k.run(t, "set", "image", "statefulset/kubestate", "kubestate=ghcr.io/kubestate/kubestate:next", "-n", d.namespace)
	settled(2, "next", nil)
	d.end(t, began, map[string]float64{lastingOf: discoveredPods})
}

// evict evicts a pod, and returns a condition: another one is in its place.
func (d *discovered) evict(t *testing.T, name string) func(context.Context) error {
	t.Helper()
	pods := d.c.Client.CoreV1().Pods(d.namespace)
	before, err := pods.Get(t.Context(), name, metav1.GetOptions{})
	must(t, err)
	awaitAPI(t, d.c, func(ctx context.Context) error { // until the budget is counted
		return d.c.Client.PolicyV1().Evictions(d.namespace).Evict(ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: d.namespace}})
	})
	return func(ctx context.Context) error {
		pod, err := pods.Get(ctx, name, metav1.GetOptions{})
		if err == nil && pod.UID == before.UID {
			err = fmt.Errorf("%s is still there", name)
		}
		return err
	}
}

// nodesOf counts the nodes with series.
const nodesOf = `count(group by (node) (kube_node_info))`

// base changes the image of the only replica.
func (d *discovered) base(t *testing.T) {
	d.replaced(t, 1, func(settled func(tag string)) {
		d.k.run(t, "set", "image", "deployment/kubestate", "kubestate=ghcr.io/kubestate/kubestate:next", "-n", d.namespace)
		settled("next")
	})
}

// perNode changes the images of the DaemonSet and of the Deployments beside it, and evicts the pod
// that serves all but pods.
func (d *discovered) perNode(t *testing.T) {
	d.replaced(t, discoveredNodes+2, func(settled func(tag string)) {
		for _, workload := range []string{"deployment/kubestate", "deployment/kubestate-unscheduled", "daemonset/kubestate-pods"} {
			d.k.run(t, "set", "image", workload, "kubestate=ghcr.io/kubestate/kubestate:next", "-n", d.namespace)
		}
		settled("next")
		for _, p := range d.host.running(d.namespace) {
			if p.instance == "kubestate" {
				d.evict(t, p.pod.Name)
			}
		}
		settled("next")
	})
}

// replaced has change replace the pods of a mode, and fails the test if an object is missing
// meanwhile. settled waits until all pods have an image.
func (d *discovered) replaced(t *testing.T, pods int, change func(settled func(tag string))) {
	t.Helper()
	settled := func(tag string) {
		t.Helper()
		began := time.Now()
		await(t, changing, func(ctx context.Context) error {
			return d.host.settled(ctx, d.namespace, pods, tag, false)
		}, d.prometheus.Process)
		t.Logf("%d pods of image %s after %s", pods, tag, time.Since(began).Round(100*time.Millisecond))
	}
	settled("v0.1.0")
	d.begin(t, nodesOf, discoveredNodes)
	began := d.begin(t, lastingOf, discoveredPods)
	change(settled)
	d.end(t, began, map[string]float64{lastingOf: discoveredPods, nodesOf: discoveredNodes})
}

// begin waits until a query has its permanent result.
func (d *discovered) begin(t *testing.T, query string, want float64) time.Time {
	t.Helper()
	d.prometheus.wantResult(t, query, map[string]float64{"": want})
	return time.Now()
}

// end fails the test unless queries had their results since began, at each quarter of an interval,
// and no alert about kubestate has fired. A few late scrapes are tolerated.
func (d *discovered) end(t *testing.T, began time.Time, want map[string]float64) {
	t.Helper()
	d.afterScrapes(t, time.Now(), 2)
	over := time.Now()
	late := d.prometheus.queryRange(t, fmt.Sprintf("count(up == 0 and scrape_duration_seconds >= %v)", interval.Seconds()), began, over)
	for query, n := range want {
		got := d.prometheus.queryRange(t, query, began, over)
		missing, skipped := []string{}, 0
		for at := began.UnixMilli(); at <= over.UnixMilli(); at += step.Milliseconds() {
			switch is := got[at]; {
			case late[at] > 0:
				skipped++
			case is != n:
				missing = append(missing, fmt.Sprintf("%.2fs: %v", float64(at-began.UnixMilli())/1000, is))
			}
		}
		if len(missing) > 0 {
			t.Errorf("%s is %v at only %d of %d instants: %s", query, n, len(missing), len(got), strings.Join(missing, ", "))
		}
		t.Logf("%s: %d instants, %d with a late scrape", query, len(got), skipped)
		if skipped > len(got)/4 {
			t.Error("too many scrapes are late")
		}
	}
	fired := d.prometheus.queryRange(t, `count(ALERTS{alertname=~"Kubestate.*", alertstate="firing"})`, began, over)
	if len(fired) > 0 {
		names, err := d.prometheus.query(t.Context(), fmt.Sprintf(`count by (alertname, instance) (count_over_time(ALERTS{alertname=~"Kubestate.*", alertstate="firing"}[%s]))`, inSeconds(over.Sub(began))))
		must(t, err)
		t.Errorf("alerts fired: %v", names)
	}
}

// afterScrapes waits until every target that is up was scraped a number of times since a time.
func (d *discovered) afterScrapes(t *testing.T, since time.Time, often float64) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		got, err := d.prometheus.query(ctx, fmt.Sprintf("min(count_over_time(up[%s]) and up == 1)", inSeconds(time.Since(since)+time.Second)))
		if err == nil && (got[""] < often || time.Since(since) < time.Duration(often)*interval) {
			err = fmt.Errorf("scraped %v times", got[""])
		}
		return err
	}, d.prometheus.Process)
}
