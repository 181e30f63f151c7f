package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// haste is by how much sooner alerts fire in the tests than they do in use. Prometheus
// scrapes oftener by more than that; programs and their probes are as fast as in use.
const haste = 4

// hastyRules writes the shipped rules with shorter times, and gives the pattern of their paths.
func hastyRules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range match(t, ruleFiles) {
		text, err := os.ReadFile(path)
		must(t, err)
		hasty := regexp.MustCompile(`(?m)^    for: (.+)$`).ReplaceAllStringFunc(string(text), func(line string) string {
			d, err := time.ParseDuration(strings.ReplaceAll(strings.TrimPrefix(line, "    for: "), "1d", "24h"))
			must(t, err)
			return "    for: " + inSeconds(d/haste)
		})
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte(hasty), 0o600))
	}
	return filepath.Join(dir, "*.rules.yaml")
}

// wantsNoAlerts has a Prometheus scrape the programs of a mode by the configuration that is
// shipped for it: no alert about kubestate fires or is about to, and none of the cluster but
// those about the one pod that waits. Of workloads that are just created some count as not
// available yet.
func (d *deployments) wantsNoAlerts(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	const alerts = `ALERTS{alertname!~"(Deployment|DaemonSet|StatefulSet).*"}`
	p := runPrometheus(t, d.scraping(t, m, programs)+"rule_files: ['"+hastyRules(t)+"']\n")
	answers := func(query string, want map[string]float64) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := p.query(ctx, query)
			if diff := gocmp.Diff(want, got); err == nil && diff != "" {
				err = fmt.Errorf("%s (-want +got):\n%s", query, diff)
			}
			return err
		}
	}
	waits := map[string]float64{`alertname="PodUnschedulable"`: 1}
	await(t, settling, answers("count(up == 1)", map[string]float64{"": float64(2 * len(programs))}), p.Process)
	await(t, settling, answers("count by (alertname) (group by (alertname, pod) ("+alerts+"))", waits), p.Process)
	began := time.Now()
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, fmt.Sprintf("min(count_over_time(up[%s]))", inSeconds(time.Since(began)+time.Second)))
		if err == nil && (got[""] < 3 || time.Since(began) < 3*time.Second) {
			err = fmt.Errorf("%v scrapes", got)
		}
		return err
	}, p.Process)
	// While the first scrapes come in, rules see some of the programs.
	await(t, settling, answers("count by (alertname) (group by (alertname, pod) (count_over_time("+alerts+"[4s])))", waits), p.Process)
	must(t, answers(`count by (alertname) (count_over_time(ALERTS{alertname=~"(Deployment|DaemonSet|StatefulSet|Kubestate).*", alertstate="firing"}[1h]))`, map[string]float64{})(t.Context()))
}

// scraping is the configuration that is shipped for the mode: that of a ServiceMonitor, of
// annotations, or of a Prometheus outside of the cluster, which has addresses.
func (d *deployments) scraping(t *testing.T, m mode, programs []*deployed) string {
	t.Helper()
	var here []string
	for _, p := range programs {
		for port, url := range map[int]string{10241: p.Scrapes, 10242: p.Telemetry} {
			_, address, _ := strings.Cut(url, "://")
			here = append(here, fmt.Sprintf("{source_labels: [__address__], regex: '%s:%d', target_label: __address__, replacement: '%s'}", p.pod.Status.PodIP, port, address))
		}
	}
	credentials := ""
	if m.secured {
		credentials = fmt.Sprintf("  authorization: {credentials: %s}\n  tls_config: {ca_file: %s}\n", programs[0].scraper.token, d.tls.ca)
	}
	discovery := func(role string) string {
		return fmt.Sprintf("  - role: %s\n    api_server: %s\n    authorization: {credentials: %s}\n    tls_config: {ca_file: %s}\n", role, d.c.URL, d.c.Token(d.c.Admin()), d.c.CA)
	}
	const global = "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
	switch {
	case m.monitored:
		monitor, text := d.monitor(t, m.namespace), global+"scrape_configs:\n"
		for i, e := range monitor.Spec.Endpoints {
			if (e.Scheme == "https") != m.secured {
				t.Errorf("the port %s is scraped by %q", e.Port, e.Scheme)
			}
			text += monitor.job(t, i, discovery("endpoints"), here...) + credentials
			if m.secured {
				text += "  scheme: https\n"
			}
		}
		return text
	case m.name == "hostnetwork":
		var addresses []string
		for _, p := range programs {
			addresses = append(addresses, strings.TrimPrefix(p.Scrapes, "https://"), strings.TrimPrefix(p.Telemetry, "https://"))
		}
		return global + "scrape_configs:\n- job_name: kubestate\n  scheme: https\n  honor_labels: true\n  static_configs: [{targets: ['" + strings.Join(addresses, "', '") + "']}]\n" + credentials
	}
	text := replaced(t, string(documented(t, "prometheus.yaml")), "  - role: endpointslice\n", discovery("endpointslice"))
	text = replaced(t, text, "global:\n  scrape_interval: 30s\n", global)
	return text + "  - " + strings.Join(here, "\n  - ") + "\n" + credentials
}

// monitor is the ServiceMonitor of a namespace.
func (d *deployments) monitor(t *testing.T, namespace string) (m serviceMonitor) {
	t.Helper()
	must(t, json.Unmarshal([]byte(d.k.run(t, "get", "servicemonitor", "kubestate", "-n", namespace, "-o", "json")), &m))
	return m
}

// serviceMonitor is what of one becomes part of a configuration.
type serviceMonitor struct {
	Metadata struct{ Namespace, Name string }
	Spec     struct {
		JobLabel  string
		Selector  struct{ MatchLabels map[string]string }
		Endpoints []struct {
			Port, Interval, Scheme string
			HonorLabels            bool
			Relabelings            []map[string]any
		}
	}
}

// job is the scrape configuration of an endpoint of the monitor, with the labels that the
// operator gives to targets. The discovery, and what comes after the relabelling, are given.
func (m *serviceMonitor) job(t *testing.T, i int, discovery string, last ...string) string {
	t.Helper()
	e := m.Spec.Endpoints[i]
	escaped := func(label string) string { return regexp.MustCompile(`[^a-zA-Z0-9_]`).ReplaceAllString(label, "_") }
	var rules []string
	rule := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
	for label, value := range m.Spec.Selector.MatchLabels {
		rule("{action: keep, source_labels: [__meta_kubernetes_service_label_%[1]s, __meta_kubernetes_service_labelpresent_%[1]s], regex: (%[2]s);true}", escaped(label), value)
	}
	rule("{action: keep, source_labels: [__meta_kubernetes_endpoint_port_name], regex: %s}", e.Port)
	for _, kind := range []string{"Node", "Pod"} {
		rule("{source_labels: [__meta_kubernetes_endpoint_address_target_kind, __meta_kubernetes_endpoint_address_target_name], regex: %s;(.*), target_label: %s}", kind, strings.ToLower(kind))
	}
	rule("{source_labels: [__meta_kubernetes_namespace], target_label: namespace}")
	rule("{source_labels: [__meta_kubernetes_service_name], target_label: service}")
	rule("{source_labels: [__meta_kubernetes_pod_name], target_label: pod}")
	rule("{source_labels: [__meta_kubernetes_pod_container_name], target_label: container}")
	rule("{action: drop, source_labels: [__meta_kubernetes_pod_phase], regex: (Failed|Succeeded)}")
	rule("{source_labels: [__meta_kubernetes_service_name], target_label: job}")
	rule("{source_labels: [__meta_kubernetes_service_label_%s], target_label: job, regex: (.+)}", escaped(m.Spec.JobLabel))
	rule("{target_label: endpoint, replacement: %s}", e.Port)
	for _, own := range e.Relabelings {
		names := map[string]string{"sourceLabels": "source_labels", "targetLabel": "target_label"}
		r := map[string]any{}
		for key, value := range own {
			if name, ok := names[key]; ok {
				key = name
			}
			r[key] = value
		}
		text, err := json.Marshal(r)
		must(t, err)
		rules = append(rules, string(text))
	}
	rules = append(rules, last...)
	return fmt.Sprintf("- job_name: serviceMonitor/%s/%s/%d\n  honor_labels: %t\n  kubernetes_sd_configs:\n%s  relabel_configs:\n  - %s\n",
		m.Metadata.Namespace, m.Metadata.Name, i, e.HonorLabels, discovery, strings.Join(rules, "\n  - "))
}
