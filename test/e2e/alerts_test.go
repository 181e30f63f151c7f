package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// speedup is the factor by which the tests shorten times of alerts. Scrapes are faster by more than
// that; programs and probes have normal speed.
const speedup = 4

// fastRules writes the shipped rules with shorter times, and returns the pattern of their paths.
func fastRules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, path := range match(t, ruleFiles) {
		text, err := os.ReadFile(path)
		must(t, err)
		hasty := regexp.MustCompile(`(?m)^    for: (.+)$`).ReplaceAllStringFunc(string(text), func(line string) string {
			d, err := time.ParseDuration(strings.ReplaceAll(strings.TrimPrefix(line, "    for: "), "1d", "24h"))
			must(t, err)
			return "    for: " + inSeconds(d/speedup)
		})
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte(hasty), 0o600))
	}
	return filepath.Join(dir, "*.rules.yaml")
}

// wantsNoAlerts scrapes the programs of a mode by its shipped configuration: no alert about
// kubestate is pending or firing, and of the cluster only the one about an unschedulable pod. New
// workloads may count as unavailable.
func (d *deployments) wantsNoAlerts(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	const alerts = `ALERTS{alertname!~"(Deployment|DaemonSet|StatefulSet).*"}`
	p := runPrometheus(t, d.scraping(t, m, programs)+"rule_files: ['"+fastRules(t)+"']\n")
	unschedulable := map[string]float64{`alertname="PodUnschedulable"`: 1}
	p.wantResult(t, "count(up == 1)", map[string]float64{"": float64((max(m.parts, 1) + 1) * len(programs))})
	p.wantResult(t, "count by (alertname) (group by (alertname, pod) ("+alerts+"))", unschedulable)
	began := time.Now()
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, fmt.Sprintf("min(count_over_time(up[%s]))", inSeconds(time.Since(began)+time.Second)))
		if err == nil && (got[""] < 3 || time.Since(began) < 3*time.Second) {
			err = fmt.Errorf("%v scrapes", got)
		}
		return err
	}, p.Process)
	// During the first scrapes, rules see only some of the programs.
	p.wantResult(t, "count by (alertname) (group by (alertname, pod) (count_over_time("+alerts+"[4s])))", unschedulable)
	must(t, p.hasResult(t.Context(), `count by (alertname) (count_over_time(ALERTS{alertname=~"(Deployment|DaemonSet|StatefulSet|Kubestate).*", alertstate="firing"}[1h]))`, map[string]float64{}))
}

// scraping returns the shipped configuration of the mode: of a ServiceMonitor, of annotations, or
// of a Prometheus outside of the cluster.
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
		for i, e := range monitor.Endpoints {
			if (e.Scheme == "https") != m.secured {
				t.Errorf("the port %s is scraped by %q", e.Port, e.Scheme)
			}
			text += monitor.job(t, i, discovery("endpoints"), here...) + d.credentials(t, m.namespace, e)
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
