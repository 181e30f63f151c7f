package options_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/options"
)

// FuzzConfig holds that any configuration file results in valid options or an error of one line.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		"", "{}", "null", "port: 1\nhost: a\n", "resources: {pods: {}, nodes: }\nnamespaces: [a, b]\n",
		"labels_allow_list: {pods: [a, '*']}\nextra_labels: {cluster: 'a,b', rack: 7}\n",
		"metric_allowlist: ['^kube_(?!pod)']\nmetric_denylist: {a: {}}\n", "server_read_timeout: 1m\nshutdown_delay: -1s\n",
		"a: &a [pods]\nresources: *a\n", "resources: &r\n- *r\n", "resources: [podz]", "- a", "a: [", "port: {}", "? [a]\n: b\n",
		"max_concurrent_scrapes: 99999\n", "extra_labels: {? [a] : b}\n", "labels_allow_list: {pods: *x}\n", "resources: [!!binary aa]\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, err := options.ParseConfig(registry, text)
		if err != nil {
			return
		}
		if len(o.Resources) == 0 || o.Listen == "" || o.ListenTelemetry == "" || o.ShutdownDelay < 0 || o.Timeouts.Read < 0 {
			t.Errorf("%q gives %+v", text, o)
		}
		if err := o.Selection.CheckExtra(o.Resources); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzPatterns holds that accepted patterns match in time.
func FuzzPatterns(f *testing.F) {
	for _, seed := range []string{"", ".", "^kube_pod_", "(a+)+$", "(?<!a)b", "kube_[", `\p{L}`, "(?i)NODE", strings.Repeat("(a|", 40), "a{1000}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, source string) {
		ecma, re2, errECMA, errRE2 := options.CompilePatterns(registry, source)
		if (len(ecma) == 1) != (errECMA == nil) || (len(re2) == 1) != (errRE2 == nil) {
			t.Errorf("%q: %d and %d patterns, %v, %v", source, len(ecma), len(re2), errECMA, errRE2)
		}
		for _, p := range append(ecma, re2...) {
			p.MatchString("kube_pod_container_status_restarts_total")
		}
	})
}

// TestConfigOfEveryKey reads a file with all keys but mutually exclusive ones.
func TestConfigOfEveryKey(t *testing.T) {
	var text strings.Builder
	for _, f := range options.Flags(registry) {
		value := valueFor(f)
		if f.Key == "shard" {
			value = "6" // of as many as total_shards
		}
		if f.Key != "" && f.Key != "snapshot" && f.Key != "track_unscheduled_pods" && f.Key != "namespace_selector" && f.Key != "lease" && f.Key != "clusters" {
			text.WriteString(f.Key + ": " + value + "\n")
		}
	}
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := options.Parse(registry, []string{"--config", path})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text.String())
	}
	if o.Listen != "a:7" || o.MaxScrapes != 7 || o.ShutdownDelay != 3*time.Hour || o.Selection.Extra[0].Value != "a" || o.Kubeconfig != "a" ||
		o.Shard != 6 || o.TotalShards != 7 || o.Node != "a" {
		t.Errorf("%+v", o)
	}
}
