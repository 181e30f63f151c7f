package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// monitor is what of a ServiceMonitor scrapeConfigs knows: any other field is an error.
type monitor struct {
	JobLabel  string               `json:"jobLabel"`
	Selector  metav1.LabelSelector `json:"selector"`
	Endpoints []endpoint           `json:"endpoints"`
}

type endpoint struct {
	Port          string           `json:"port"`
	Interval      string           `json:"interval"`
	ScrapeTimeout string           `json:"scrapeTimeout"`
	Scheme        string           `json:"scheme"`
	HonorLabels   bool             `json:"honorLabels"`
	Relabelings   []map[string]any `json:"relabelings"`
	TLSConfig     struct {
		ServerName string `json:"serverName"`
		CA         struct {
			Secret corev1.SecretKeySelector `json:"secret"`
		} `json:"ca"`
	} `json:"tlsConfig"`
	Authorization struct {
		Credentials corev1.SecretKeySelector `json:"credentials"`
	} `json:"authorization"`
}

// wantsMonitored has a Prometheus, configured as the operator would by the mode's
// ServiceMonitor, scrape both ports of each program.
func (d *deployments) wantsMonitored(t *testing.T, m mode, programs []*deployed) {
	t.Helper()
	config, err := yaml.Marshal(map[string]any{"scrape_configs": d.scrapeConfigs(t, m.namespace, programs)})
	must(t, err)
	p := runPrometheus(t, string(config))
	await(t, 2*settling, func(ctx context.Context) error {
		for _, query := range []string{`count(up)`, `count(up == 1)`, `count(kube_state_metrics_build_info)`} {
			got, err := p.query(ctx, query)
			if err != nil {
				return err
			}
			want := float64(2 * len(programs))
			if strings.Contains(query, "kube") {
				want = float64(len(programs))
			}
			if got[""] != want {
				return fmt.Errorf("%s is %v, want %v", query, got, want)
			}
		}
		return nil
	}, p.Process)
}

// scrapeConfigs are what the Prometheus operator makes of the ServiceMonitor kubestate,
// with the addresses of the programs in place of those of their pods.
func (d *deployments) scrapeConfigs(t *testing.T, namespace string, programs []*deployed) []any {
	t.Helper()
	var object struct{ Spec json.RawMessage }
	must(t, json.Unmarshal([]byte(d.k.run(t, "get", "servicemonitor", "kubestate", "-n", namespace, "-o", "json")), &object))
	decoder := json.NewDecoder(bytes.NewReader(object.Spec))
	decoder.DisallowUnknownFields()
	var spec monitor
	must(t, decoder.Decode(&spec))
	var configs []any
	for i, e := range spec.Endpoints {
		meta := func(label string) []string { return []string{"__meta_kubernetes_" + label} }
		var rules []any
		for label, value := range spec.Selector.MatchLabels {
			name := regexp.MustCompile(`[^a-zA-Z0-9_]`).ReplaceAllString(label, "_")
			rules = append(rules, map[string]any{"action": "keep", "regex": "(" + value + ");true",
				"source_labels": []string{"__meta_kubernetes_service_label_" + name, "__meta_kubernetes_service_labelpresent_" + name}})
			if label == spec.JobLabel {
				rules = append(rules, map[string]any{"source_labels": meta("service_label_" + name), "regex": "(.+)", "target_label": "job"})
			}
		}
		rules = append(rules, map[string]any{"action": "keep", "source_labels": meta("endpoint_port_name"), "regex": e.Port})
		for target, label := range map[string]string{"namespace": "namespace", "service": "service_name", "pod": "pod_name", "container": "pod_container_name"} {
			rules = append(rules, map[string]any{"source_labels": meta(label), "target_label": target})
		}
		rules = append(rules, map[string]any{"target_label": "endpoint", "replacement": e.Port})
		for _, own := range e.Relabelings {
			rule := map[string]any{}
			for key, value := range own { // of which the names are in camel case
				rule[strings.ToLower(regexp.MustCompile(`[A-Z]`).ReplaceAllString(key, "_$0"))] = value
			}
			rules = append(rules, rule)
		}
		for _, p := range programs {
			address := map[string]string{"http-metrics": p.Scrapes, "telemetry": p.Telemetry}[e.Port]
			for _, target := range []string{"__address__", "instance"} {
				rules = append(rules, map[string]any{"source_labels": meta("pod_name"), "regex": p.pod.Name, "target_label": target, "replacement": host(address)})
			}
		}
		configs = append(configs, map[string]any{
			"job_name": fmt.Sprintf("serviceMonitor/%s/kubestate/%d", namespace, i), "scrape_interval": "10s", "scrape_timeout": "10s",
			"honor_labels": e.HonorLabels, "scheme": e.Scheme,
			"authorization": map[string]any{"credentials": string(d.key(t, namespace, e.Authorization.Credentials))},
			"tls_config":    map[string]any{"server_name": e.TLSConfig.ServerName, "ca": string(d.key(t, namespace, e.TLSConfig.CA.Secret))},
			"kubernetes_sd_configs": []any{map[string]any{
				"role": "endpoints", "namespaces": map[string]any{"names": []string{namespace}}, "api_server": d.c.URL,
				"authorization": map[string]any{"credentials": d.c.Token(d.c.Admin())}, "tls_config": map[string]any{"ca_file": d.c.CA},
			}},
			"relabel_configs": rules,
		})
	}
	return configs
}

// key is what a Secret holds, as soon as it does.
func (d *deployments) key(t *testing.T, namespace string, of corev1.SecretKeySelector) (value []byte) {
	t.Helper()
	awaitAPI(t, d.c, func(ctx context.Context) error {
		secret, err := d.c.Client.CoreV1().Secrets(namespace).Get(ctx, of.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if value = secret.Data[of.Key]; len(value) == 0 {
			return fmt.Errorf("the Secret %s has no %s", of.Name, of.Key)
		}
		return nil
	})
	return value
}

// documentedBlock is the block of code in deploy/README.md that begins with a line.
func documentedBlock(t *testing.T, first string) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/README.md")
	must(t, err)
	at := strings.Index(string(text), "\n    "+first+"\n")
	if at < 0 {
		t.Fatalf("deploy/README.md has no %q", first)
	}
	var block strings.Builder
	for line := range strings.Lines(string(text)[at+1:]) {
		code, ok := strings.CutPrefix(line, "    ")
		if !ok {
			break
		}
		block.WriteString(code)
	}
	return block.String()
}

// documentedOverlay is a directory with the overlay of deploy/README.md, made of the
// sources beside this test.
func documentedOverlay(t *testing.T) string {
	t.Helper()
	deploy, err := filepath.Abs("../../deploy")
	must(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	from, err := filepath.Rel(dir, deploy)
	must(t, err)
	text := regexp.MustCompile(`github\.com/kubestate/kubestate/deploy/(\S+)\?ref=\S+`).ReplaceAllString(documentedBlock(t, "# kustomization.yaml"), from+"/$1")
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))
	return dir
}

// documentedNames are those of the certificate in deploy/README.md, for a namespace.
func documentedNames(t *testing.T, namespace string) []string {
	t.Helper()
	var certificate struct {
		Spec struct {
			DNSNames []string `json:"dnsNames"`
		} `json:"spec"`
	}
	must(t, yaml.Unmarshal([]byte(documentedBlock(t, "apiVersion: cert-manager.io/v1")), &certificate))
	if len(certificate.Spec.DNSNames) == 0 {
		t.Fatal("the certificate has no names")
	}
	return strings.Fields(strings.ReplaceAll(strings.Join(certificate.Spec.DNSNames, " "), monitoring, namespace))
}
