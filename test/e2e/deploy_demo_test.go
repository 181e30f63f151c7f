package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// demo applies the manifests of the getting-started page, and runs a Prometheus with their
// configuration, which discovers and scrapes kubestate.
func (d *deployments) demo(t *testing.T) {
	m := mode{name: "demo", namespace: "kubestate", directory: "../../deploy/kustomize/overlays/demo", pods: map[string]int{"kubestate": 1}}
	told := []string{"apply", "rollout", "wait"}
	for _, line := range commands(t, "../../deploy/README.md", "Demo") {
		if slices.ContainsFunc(told, func(verb string) bool { return slices.Contains(line, verb) }) {
			d.k.run(t, line...)
		}
	}
	defer d.k.run(t, "delete", "-k", m.directory)
	pod := d.pods(t, m)[0]
	program := d.newDeployed(t, m, pod)
	program.start(t)
	program.probed(t)

	config, err := os.ReadFile(filepath.Join(m.directory, "monitoring", "prometheus.yml"))
	must(t, err)
	p := runPrometheus(t, d.outside(t, string(config), map[string]string{
		pod.Status.PodIP + ":10241": strings.TrimPrefix(program.Scrapes, "http://"),
		pod.Status.PodIP + ":10242": strings.TrimPrefix(program.Telemetry, "http://"),
	}))
	type target struct{ ScrapeURL, Health string }
	want := map[target]bool{{program.Scrapes + "/metrics", "up"}: true, {program.Telemetry + "/metrics", "up"}: true}
	await(t, settling, func(ctx context.Context) error {
		var found struct{ ActiveTargets []target }
		if err := p.get(ctx, "/api/v1/targets", url.Values{"state": {"active"}}, &found); err != nil {
			return err
		}
		if diff := gocmp.Diff(want, set(slices.Values(found.ActiveTargets))); diff != "" {
			return fmt.Errorf("targets (-want +got):\n%s", diff)
		}
		return nil
	}, p.Process, program.Process)
	for query, value := range map[string]float64{
		`sum(kube_deployment_status_replicas_available{job="kubestate"})`:         3,
		`count(kubestate_resource_state{job="kubestate", state="synced"} == 1)`:   32,
		`count(kube_pod_info{job="kubestate", namespace="kubestate", pod=~".+"})`: 1,
		`count(kube_node_role{job="kubestate", role="control-plane", node!=""})`:  1,
	} {
		p.wantResult(t, query, map[string]float64{"": value})
	}
}

// commands returns the arguments of each kubectl in a section of a page, with paths from the
// repository's root.
func commands(t *testing.T, page, heading string) (lines [][]string) {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	_, section, _ := strings.Cut(string(text), "\n## "+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if command, ok := strings.CutPrefix(line, "    kubectl "); ok {
			lines = append(lines, strings.Fields(strings.ReplaceAll(command, "-k deploy/", "-k ../../deploy/")))
		}
	}
	return lines
}

// outside adapts the configuration of a Prometheus in a pod to one outside of the cluster:
// discovery with the pod's account, and addresses of programs in place of pods.
func (d *deployments) outside(t *testing.T, config string, addresses map[string]string) string {
	t.Helper()
	pods, err := d.c.Client.CoreV1().Pods(monitoring).List(t.Context(), metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=prometheus"})
	must(t, err)
	account := d.token(t, monitoring, pods.Items[0].Spec.ServiceAccountName, &pods.Items[0])
	config = replaced(t, config, "  - role: endpointslice\n", fmt.Sprintf(
		"  - role: endpointslice\n    api_server: %s\n    authorization: {credentials: %s}\n    tls_config: {ca_file: %s}\n", d.c.URL, account, d.c.CA))
	config = replaced(t, config, "scrape_interval: 15s", "scrape_interval: 1s")
	config = replaced(t, config, "rule_files: [/etc/prometheus/rules/", "rule_files: ["+repository(t)+"/deploy/monitoring/rules/")
	for from, to := range addresses {
		config += fmt.Sprintf("  - {source_labels: [__address__], regex: %q, target_label: __address__, replacement: %q}\n", from, to)
	}
	return config
}

func repository(t *testing.T) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", ".."))
	must(t, err)
	return path
}
