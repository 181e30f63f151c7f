package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// serviceMonitor is the supported part of a ServiceMonitor; any other field is an error.
type serviceMonitor struct {
	namespace, name string

	JobLabel  string               `json:"jobLabel"`
	Selector  metav1.LabelSelector `json:"selector"`
	Endpoints []endpoint           `json:"endpoints"`
}

type endpoint struct {
	Port              string              `json:"port"`
	Interval          string              `json:"interval"`
	ScrapeTimeout     string              `json:"scrapeTimeout"`
	Scheme            string              `json:"scheme"`
	HonorLabels       bool                `json:"honorLabels"`
	Params            map[string][]string `json:"params"`
	Relabelings       []map[string]any    `json:"relabelings"`
	MetricRelabelings []map[string]any    `json:"metricRelabelings"`
	TLSConfig         struct {
		ServerName string `json:"serverName"`
		CA         struct {
			Secret corev1.SecretKeySelector `json:"secret"`
		} `json:"ca"`
	} `json:"tlsConfig"`
	Authorization struct {
		Credentials corev1.SecretKeySelector `json:"credentials"`
	} `json:"authorization"`
}

// monitor returns the ServiceMonitor kubestate of a namespace.
func (d *deployments) monitor(t *testing.T, namespace string) serviceMonitor {
	t.Helper()
	return d.monitorNamed(t, namespace, "kubestate")
}

func (d *deployments) monitorNamed(t *testing.T, namespace, name string) serviceMonitor {
	t.Helper()
	var object struct{ Spec json.RawMessage }
	must(t, json.Unmarshal([]byte(d.k.run(t, "get", "servicemonitor", name, "-n", namespace, "-o", "json")), &object))
	decoder := json.NewDecoder(bytes.NewReader(object.Spec))
	decoder.DisallowUnknownFields()
	m := serviceMonitor{namespace: namespace, name: name}
	must(t, decoder.Decode(&m))
	return m
}

// credentials returns the TLS and authorization settings of an endpoint, for a scrape
// configuration.
func (d *deployments) credentials(t *testing.T, namespace string, e endpoint) string {
	t.Helper()
	if e.Scheme != "https" {
		return ""
	}
	text, err := yaml.Marshal(map[string]any{
		"scheme":        e.Scheme,
		"authorization": map[string]any{"credentials": string(d.key(t, namespace, e.Authorization.Credentials))},
		"tls_config":    map[string]any{"server_name": e.TLSConfig.ServerName, "ca": string(d.key(t, namespace, e.TLSConfig.CA.Secret))},
	})
	must(t, err)
	return "  " + strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n  ") + "\n"
}

// job returns the scrape configuration of a monitor's endpoint with the operator's target labels,
// for a given discovery and further relabelings.
func (m *serviceMonitor) job(t *testing.T, i int, discovery string, last ...string) string {
	t.Helper()
	e := m.Endpoints[i]
	escaped := func(label string) string { return regexp.MustCompile(`[^a-zA-Z0-9_]`).ReplaceAllString(label, "_") }
	var rules []string
	rule := func(format string, args ...any) { rules = append(rules, fmt.Sprintf(format, args...)) }
	const labelled = "{action: keep, source_labels: [__meta_kubernetes_service_label_%[1]s, __meta_kubernetes_service_labelpresent_%[1]s], regex: (%[2]s);true}"
	for _, label := range slices.Sorted(maps.Keys(m.Selector.MatchLabels)) {
		rule(labelled, escaped(label), m.Selector.MatchLabels[label])
	}
	for _, e := range m.Selector.MatchExpressions {
		if e.Operator != metav1.LabelSelectorOpIn {
			t.Fatalf("operator %s in the selector", e.Operator)
		}
		rule(labelled, escaped(e.Key), strings.Join(e.Values, "|"))
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
	rule("{source_labels: [__meta_kubernetes_service_label_%s], target_label: job, regex: (.+)}", escaped(m.JobLabel))
	rule("{target_label: endpoint, replacement: %s}", e.Port)
	for _, own := range e.Relabelings {
		rules = append(rules, relabeling(t, own))
	}
	rules = append(rules, last...)
	text := fmt.Sprintf("- job_name: serviceMonitor/%s/%s/%d\n  honor_labels: %t\n  kubernetes_sd_configs:\n%s  relabel_configs:\n  - %s\n",
		m.namespace, m.name, i, e.HonorLabels, discovery, strings.Join(rules, "\n  - "))
	if e.Params != nil {
		params, err := json.Marshal(e.Params)
		must(t, err)
		text += fmt.Sprintf("  params: %s\n", params)
	}
	for n, own := range e.MetricRelabelings {
		if n == 0 {
			text += "  metric_relabel_configs:\n"
		}
		text += "  - " + relabeling(t, own) + "\n"
	}
	return text
}

// relabeling returns a relabeling of a monitor in the form of a scrape configuration.
func relabeling(t *testing.T, own map[string]any) string {
	t.Helper()
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
	return string(text)
}

// key waits for the value of a Secret's key.
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

// documentedBlock returns the code block of deploy/README.md that begins with a line.
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

// documentedOverlay writes the overlay of deploy/README.md, with this repository's sources.
func documentedOverlay(t *testing.T) string {
	t.Helper()
	return overlay(t, documentedBlock(t, "# kustomization.yaml"))
}

// overlay writes a kustomization with this repository's sources.
func overlay(t *testing.T, kustomization string) string {
	t.Helper()
	deploy, err := filepath.Abs("../../deploy")
	must(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	from, err := filepath.Rel(dir, deploy)
	must(t, err)
	text := regexp.MustCompile(`github\.com/kubestate/kubestate/deploy/(\S+)\?ref=\S+`).ReplaceAllString(kustomization, from+"/$1")
	must(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o600))
	return dir
}

// documentedNames returns the names of the certificate in deploy/README.md for a namespace.
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
