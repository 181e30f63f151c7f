package e2e

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

var update = flag.Bool("update", false, "write the files below testdata that tests compare with")

// mode is a kustomization in deploy/kustomize, and its result in a cluster of one control plane
// node and two workers.
type mode struct {
	name string
	// directory defaults to deploy/kustomize/overlays, and namespace to kubestate.
	directory, namespace string
	// level is the Pod Security level that the namespace enforces.
	level string
	// pods counts the pods by the label instance.
	pods map[string]int
	// series are some series of the instance.
	series map[string][]string
	// watched is the namespace of the served pods; empty for all.
	watched string
	// secured: TLS and the auth filter.
	secured bool
	// certificates and passwords: credentials of scrapers in the web configuration.
	certificates, passwords bool
	// guarded: with a NetworkPolicy.
	guarded bool
	// unattributed: pods have no workload.
	unattributed bool
	// copies is the number of programs that serve each pod; 0 for one.
	copies int
	// monitored: with a ServiceMonitor, by token over TLS if secured.
	monitored bool
	// parts: of a scrape, each an endpoint of the ServiceMonitor; 0 for the whole.
	parts int
	// documented: the overlay in deploy/README.md, with the rights of the modes that it combines.
	documented bool
	// custom: the overlay for custom resources in deploy/README.md, with the example's
	// configuration and TLS.
	custom bool
	// values are values of the chart, in place of a kustomization.
	values string
	// kinds are manifests of definitions and their objects, created before the mode.
	kinds []string
}

func (m mode) byTLS() bool { return m.secured || m.certificates || m.passwords }

// modes are all modes of deploy/kustomize, and documented overlays.
var modes = []mode{
	{
		name: "base", directory: "../../deploy/kustomize/base", level: "restricted", pods: map[string]int{"kubestate": 1},
		series: map[string][]string{"kubestate": {
			`kube_deployment_status_replicas_ready{namespace="kubestate",deployment="kubestate"} 1`,
			`kube_service_spec_type{namespace="kubestate",service="kubestate",uid="*",type="ClusterIP"} 1`,
			`kube_poddisruptionbudget_status_current_healthy{namespace="kubestate",poddisruptionbudget="kubestate"} 1`,
			`kubestate_pod_workload{namespace="kubestate",pod="*",uid="*",workload_kind="Deployment",workload="kubestate"} 1`,
			`kubestate_workload_replicas{namespace="kubestate",workload_kind="Deployment",workload="kubestate",state="desired"} 1`,
		}},
	},
	{
		name: "namespaced", level: "restricted", watched: "default", pods: map[string]int{"kubestate": 1},
		series: map[string][]string{"kubestate": {
			`kube_namespace_status_phase{namespace="kubestate",phase="Active"} 1`,
			`kube_configmap_info{namespace="default",configmap="kube-root-ca.crt"} 1`,
		}},
	},
	{
		name: "hostnetwork", level: "privileged", pods: map[string]int{"kubestate": 1}, secured: true,
		series: map[string][]string{"kubestate": {
			`kube_daemonset_status_number_ready{namespace="kubestate",daemonset="kubestate"} 1`,
			`kube_node_role{node="control-plane-1",role="control-plane"} 1`,
		}},
	},
	{
		name: "secured", level: "restricted", pods: map[string]int{"kubestate": 1}, secured: true, guarded: true,
		series: map[string][]string{"kubestate": {
			`kube_networkpolicy_spec_egress_rules{namespace="kubestate",networkpolicy="kubestate"} 2`,
		}},
	},
	{
		name: "certificates", directory: filepath.Join("testdata", "certificates"), level: "restricted", pods: map[string]int{"kubestate": 1},
		secured: true, certificates: true, guarded: true,
	},
	{
		name: "prometheus-operator", level: "restricted", pods: map[string]int{"kubestate": 1}, monitored: true,
		series: map[string][]string{"kubestate": {
			`kube_deployment_spec_replicas{namespace="kubestate",deployment="kubestate"} 1`,
		}},
	},
	{
		name: "sharded", level: "restricted", pods: map[string]int{"kubestate": 2},
	},
	{
		name: "available", level: "restricted", pods: map[string]int{"kubestate": 2},
	},
	{
		name: "sharded-available", level: "restricted", pods: map[string]int{"kubestate": 4},
	},
	{
		name: "per-node", level: "restricted", pods: map[string]int{"kubestate": 1, "kubestate-pods": 3, "kubestate-unscheduled": 1}, unattributed: true,
		series: map[string][]string{"kubestate": {
			`kubestate_workload_replicas{namespace="kubestate",workload_kind="DaemonSet",workload="kubestate-pods",state="desired"} 3`,
			`kube_daemonset_status_number_ready{namespace="kubestate",daemonset="kubestate-pods"} 3`,
			`kube_deployment_status_replicas_ready{namespace="kubestate",deployment="kubestate-unscheduled"} 1`,
		}},
	},
	{
		name: "custom-resources", level: "restricted", pods: map[string]int{"kubestate": 1}, secured: true, custom: true,
		series: map[string][]string{"kubestate": {
			`example_database_replicas{customresource_group="example.com",customresource_kind="Database",customresource_version="v1",name="orders",namespace="shop"} 3`,
			`example_database_replicas_ready{customresource_group="example.com",customresource_kind="Database",customresource_version="v1",name="carts",namespace="shop"} 0`,
			`kube_deployment_spec_replicas{namespace="kubestate",deployment="kubestate"} 1`,
		}},
	},
	{
		name: "overlay", directory: filepath.Join("testdata", "overlay"), namespace: monitoring,
		pods: map[string]int{"kubestate": 1}, secured: true, guarded: true, monitored: true,
		series: map[string][]string{"kubestate": {
			`kube_pod_container_info{namespace="monitoring",pod="*",uid="*",container="kubestate",image_spec="registry.example/kubestate:v9",image="registry.example/kubestate:v9",image_id="",container_id=""} 1`,
		}},
	},
	{
		name: "documented", namespace: monitoring, pods: map[string]int{"kubestate": 2}, secured: true, monitored: true, documented: true,
	},
}

// testModes applies each mode to a cluster, and starts the program as its pods specify: with their
// arguments, files, account and probes.
func testModes(t *testing.T) {
	d := startDeployments(t)
	d.tryAll(t, modes)
	t.Run("demo", d.demo)
}

// testChartModes is testModes for the chart.
func testChartModes(t *testing.T) {
	d := startDeployments(t)
	d.k.run(t, "delete", "clusterrole/kubestate-scraper") // a release has its own, by the same binding
	d.tryAll(t, chartModes)
}

func (d *deployments) tryAll(t *testing.T, modes []mode) {
	for _, m := range modes {
		m.directory = cmp.Or(m.directory, filepath.Join("..", "..", "deploy", "kustomize", "overlays", m.name))
		m.namespace = cmp.Or(m.namespace, "kubestate")
		if !t.Run(m.name, func(t *testing.T) { d.try(t, m) }) {
			return // its leftovers would disturb the next mode
		}
	}
}

// deployments is a cluster for manifests.
type deployments struct {
	c   *cluster.Cluster
	k   kubectl
	tls *serving // of the Secret that the manifests name
}

func startDeployments(t *testing.T) *deployments {
	t.Helper()
	options := cluster.Everything
	options.ServiceAccounts = true
	d := &deployments{c: cluster.Start(t, options), tls: newServing(t)}
	d.k = newKubectl(t, d.c.Kubeconfig)
	for name, node := range map[string]*corev1.Node{
		"control-plane-1": {
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"node-role.kubernetes.io/control-plane": ""}},
			Spec:       corev1.NodeSpec{Taints: []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}},
		},
		"worker-1": {}, "worker-2": {},
	} {
		node.Name = name
		node.Labels = maps.Clone(node.Labels)
		if node.Labels == nil {
			node.Labels = map[string]string{}
		}
		node.Labels[corev1.LabelOSStable] = "linux"
		_, err := d.c.Client.CoreV1().Nodes().Create(t.Context(), node, metav1.CreateOptions{})
		must(t, err)
	}
	crds, err := process.Built("operator-crds")
	must(t, err)
	d.k.define(t, crds)
	createNamespace(t, d.c, monitoring)
	scraper, err := os.ReadFile("../../deploy/kustomize/overlays/secured/scraper.yaml")
	must(t, err)
	apply(t, d.c, scraper)
	createAccount(t, d.c, "default", "nobody")
	// A pod that is never scheduled.
	_, err = d.c.Client.CoreV1().Pods("default").Create(t.Context(), &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "waits"},
		Spec: corev1.PodSpec{
			NodeSelector: map[string]string{"no": "where"},
			Containers:   []corev1.Container{{Name: "main", Image: "example/main"}},
		},
	}, metav1.CreateOptions{})
	must(t, err)
	return d
}

func (d *deployments) try(t *testing.T, m mode) {
	for _, manifest := range m.kinds {
		path := filepath.Join(t.TempDir(), "manifest.yaml")
		must(t, os.WriteFile(path, []byte(manifest), 0o600))
		d.k.define(t, path)
		defer d.k.run(t, "delete", "-f", path)
	}
	if m.documented {
		m.directory = documentedOverlay(t)
	}
	if m.custom {
		m.directory = customOverlay(t, "base", "custom-resources", "tls")
		defer d.createExample(t)()
	}
	if m.values == "" {
		d.k.run(t, "apply", "--server-side", "-k", m.directory)
		// Wait until the namespace is deleted; tokens are deleted with their account.
		defer d.k.run(t, "delete", "-k", m.directory, "--ignore-not-found")
	} else {
		defer d.install(t, m)()
	}
	if m.byTLS() {
		d.tls.names = documentedNames(t, m.namespace)
		d.tls.renew(t)
		d.k.run(t, "create", "secret", "generic", "kubestate-tls", "--type=kubernetes.io/tls", "-n", m.namespace, "--from-file=ca.crt="+d.tls.ca,
			"--from-file=tls.crt="+filepath.Join(d.tls.dir, "server.crt"), "--from-file=tls.key="+filepath.Join(d.tls.dir, "server.key"))
		defer d.k.run(t, "delete", "secret", "kubestate-tls", "-n", m.namespace, "--ignore-not-found")
	}
	namespace, err := d.c.Client.CoreV1().Namespaces().Get(t.Context(), m.namespace, metav1.GetOptions{})
	must(t, err)
	if level := namespace.Labels["pod-security.kubernetes.io/enforce"]; level != m.level {
		t.Errorf("Pod Security level %q, want %q", level, m.level)
	}
	var programs []*deployed
	for _, pod := range d.pods(t, m) {
		programs = append(programs, d.newDeployed(t, m, pod))
	}
	d.wantsPoliciesFor(t, m, programs)
	if m.custom {
		d.wantsPrintedRules(t, m)
	}
	if !m.documented {
		d.wantsAccess(t, m, programs)
	}
	for _, p := range programs {
		p.start(t)
	}
	for _, p := range programs {
		p.probed(t)
		p.wants(t, m.series[p.instance])
	}
	d.wantsPodsOnce(t, m, programs)
	if !m.certificates && !m.passwords { // no scrape configuration is shipped for these
		d.wantsNoAlerts(t, m, programs)
	}
}

// pods waits until the pods of the mode are ready, and returns them by name.
func (d *deployments) pods(t *testing.T, m mode) []corev1.Pod {
	t.Helper()
	var pods []corev1.Pod
	awaitAPI(t, d.c, func(ctx context.Context) error {
		list, err := d.c.Client.CoreV1().Pods(m.namespace).List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kubestate"})
		if err != nil {
			return err
		}
		ready := map[string]int{}
		for _, pod := range list.Items {
			if isReady(&pod) {
				ready[pod.Labels["app.kubernetes.io/instance"]]++
			}
		}
		pods = list.Items
		if diff := gocmp.Diff(m.pods, ready); diff != "" {
			return fmt.Errorf("pods that are ready (-want +got):\n%s", diff)
		}
		return nil
	})
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return pods
}

// wantsPodsOnce waits until every watched pod is served by exactly one program, or by all replicas, and
// has its workload there.
func (d *deployments) wantsPodsOnce(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		list, err := d.c.Client.CoreV1().Pods(m.watched).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		want, got, attributed := map[string]int{}, map[string]int{}, map[string]int{}
		for _, pod := range list.Items {
			want[pod.Name] = max(1, m.copies)
		}
		for _, p := range programs {
			_, body := d.tls.getAs(ctx, p.Scrapes+"/metrics", p.scraper)
			for _, line := range podInfo.FindAllStringSubmatch(body, -1) {
				got[line[1]]++
			}
			for _, line := range podWorkload.FindAllStringSubmatch(body, -1) {
				attributed[line[1]]++
			}
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			return fmt.Errorf("programs by pod (-want +got):\n%s", diff)
		}
		if m.unattributed {
			want = map[string]int{}
		}
		if diff := gocmp.Diff(want, attributed); diff != "" {
			return fmt.Errorf("workloads by pod (-want +got):\n%s", diff)
		}
		return nil
	})
}

// podInfo and podWorkload match one line of each pod.
var (
	podInfo     = regexp.MustCompile(`(?m)^kube_pod_info\{.*\bpod="([^"]+)"`)
	podWorkload = regexp.MustCompile(`(?m)^kubestate_pod_workload\{.*\bpod="([^"]+)"`)
)

// access returns the rights of a kubeconfig's account beyond those of every account, in its own
// namespace and in another, in the format of `kubectl auth can-i --list`.
func (d *deployments) access(t *testing.T, home, kubeconfig string) string {
	t.Helper()
	nobody := d.kubeconfig(t, "default", "nobody", nil)
	var text strings.Builder
	for _, namespace := range []string{home, "default"} {
		list := func(kubeconfig string) []string {
			own := kubectl{program: d.k.program, kubeconfig: kubeconfig}
			return strings.Split(own.run(t, "auth", "can-i", "--list", "-n", namespace), "\n")
		}
		everybody := map[string]bool{}
		for _, line := range list(nobody) {
			everybody[squeezed(line)] = true
		}
		fmt.Fprintf(&text, "## in the namespace %s\n", namespace)
		for _, line := range list(kubeconfig) {
			if line = squeezed(line); !everybody[line] {
				fmt.Fprintln(&text, line)
			}
		}
	}
	return text.String()
}

// wantsAccess waits until each account of the programs has exactly the rights of a golden file: the
// API server sees changed roles with a delay.
func (d *deployments) wantsAccess(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	path := filepath.Join("testdata", "access", m.name+".txt")
	access := func() string {
		var text strings.Builder
		seen := map[string]bool{}
		for _, p := range programs {
			if account := p.pod.Spec.ServiceAccountName; !seen[account] {
				seen[account] = true
				fmt.Fprintf(&text, "# %s\n%s", account, d.access(t, m.namespace, p.kubeconfig))
			}
		}
		return text.String()
	}
	if *update {
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(access()), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	await(t, settling, func(context.Context) error {
		if diff := gocmp.Diff(string(want), access()); diff != "" {
			return fmt.Errorf("%s (-want +got):\n%s", path, diff)
		}
		return nil
	})
}

// squeezed returns a table line without padding.
func squeezed(line string) string { return strings.Join(strings.Fields(line), " ") }
