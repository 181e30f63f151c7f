package e2e

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// categraf has the keys of Categraf's input.prometheus that the documented file may have; others
// are an error.
type categraf struct {
	Interval  int `toml:"interval"`
	Instances []struct {
		URLs               []string          `toml:"urls"`
		BearerTokenFile    string            `toml:"bearer_token_file"`
		UseTLS             bool              `toml:"use_tls"`
		InsecureSkipVerify bool              `toml:"insecure_skip_verify"`
		Timeout            string            `toml:"timeout"`
		Labels             map[string]string `toml:"labels"`
	} `toml:"instances"`
}

// readCategraf reads the documented file with another URL and token file.
func readCategraf(t *testing.T, url, tokenFile string) categraf {
	t.Helper()
	text := string(documented(t, "categraf.toml"))
	text = replaced(t, text, "https://kubestate.kubestate.svc:10241", url)
	text = replaced(t, text, "/var/run/secrets/kubernetes.io/serviceaccount/token", tokenFile)
	var config categraf
	read, err := toml.Decode(text, &config)
	must(t, err)
	if unknown := read.Undecoded(); len(unknown) != 0 || len(config.Instances) != 1 {
		t.Fatalf("%d instances, unknown keys %v", len(config.Instances), unknown)
	}
	return config
}

// scrapedLikeCategraf scrapes as Categraf does with the documented file: a token file, unchecked
// certificates, protobuf before text, the parser of prometheus/common, and its own labels over
// those of series. Categraf itself cannot be run here.
func scrapedLikeCategraf(t *testing.T, s *secured, token string) {
	instance := readCategraf(t, s.Scrapes, secretFile(t, token)).Instances[0]
	timeout, err := time.ParseDuration(instance.Timeout)
	must(t, err)
	client := &http.Client{Timeout: timeout}
	if instance.UseTLS && instance.InsecureSkipVerify {
		client.Transport = unchecked().Transport
	}
	file, err := os.ReadFile(instance.BearerTokenFile)
	must(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, instance.URLs[0], nil)
	must(t, err)
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(file)))
	request.Header.Set("Accept", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3")
	response, err := client.Do(request)
	must(t, err)
	defer response.Body.Close()
	if got := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK || got != "text/plain; version=0.0.4; charset=utf-8" {
		t.Errorf("status %d, content type %q", response.StatusCode, got)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(response.Body)
	must(t, err)
	for name, family := range families {
		for label := range instance.Labels {
			if found := slices.Collect(maps.Keys(sumBy(family, label))); !slices.Equal(found, []string{""}) {
				t.Errorf("%s has a label %s, which Categraf overwrites", name, label)
			}
		}
	}
	f := func(name string, want map[string]float64, by ...string) {
		t.Helper()
		if d := cmp.Diff(want, sumBy(families[name], by...)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("kube_deployment_spec_replicas", map[string]float64{"cart": 2, "web": 5}, "deployment")
	f("kube_deployment_status_replicas_available", map[string]float64{"cart": 2, "web": 3}, "deployment")
	f("kube_pod_status_phase", map[string]float64{"Pending": 2, "Running": 5, "Succeeded": 2, "Failed": 1, "Unknown": 0}, "phase")
	f("kube_pod_container_status_waiting_reason", map[string]float64{"web-3 CrashLoopBackOff": 1, "web-4 ImagePullBackOff": 1}, "pod", "reason")
	f("kube_pod_status_unschedulable", map[string]float64{"web-6": 1}, "pod")
	f("kube_pod_container_status_last_terminated_reason", map[string]float64{"web-3 OOMKilled": 1}, "pod", "reason")
	f("kube_job_status_active", map[string]float64{"import": 2, "migrate": 0, "report": 0}, "job_name")
	f("kube_job_status_failed", map[string]float64{"import": 0, "migrate": 0, "report": 1}, "job_name")
}

// sumBy sums the samples of a family by labels.
func sumBy(family *dto.MetricFamily, by ...string) map[string]float64 {
	sums := map[string]float64{}
	for _, m := range family.GetMetric() {
		var values []string
		for _, name := range by {
			for _, l := range m.GetLabel() {
				if l.GetName() == name {
					values = append(values, l.GetValue())
				}
			}
		}
		sums[strings.Join(values, " ")] += m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return sums
}
