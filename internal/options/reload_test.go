package options_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/options"
)

// others are values other than the default, by type.
var others = map[string]string{
	"bool": "true", "string": "a", "uint16": "7", "list": "[pods]", "allowlist": "{pods: [a]}", "labels": "{cluster: a}", "duration": "3h",
	"int32": "7", "int64": "7", "float64": "0.7", "mode": "off", "int": "7", "budgets": "{pods: 7}",
	"selectors": "{pods: a}", "bounds": "[1, 2.5]",
}

// valueFor returns a value for a flag other than the default.
func valueFor(f options.Flag) string {
	switch f.Key {
	case "custom_resource_config":
		return "'{spec: {resources: []}}'"
	case "custom_resource_presets":
		return "[flux]"
	case "metric_sparse":
		return "[phase]"
	case "workload_metrics":
		return "[attribution]"
	}
	return others[f.Type]
}

// TestNeedRestart changes each key by itself.
func TestNeedRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config.yaml")
	parse := func(text string) options.Options {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := options.Parse(registry, []string{"--config", path, "--auto-gomemlimit=false", "--enable-gzip-encoding=false", "--resources", "pods", "--total-shards", "9"})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	custom := filepath.Join(t.TempDir(), "custom.yaml")
	if err := os.WriteFile(custom, []byte("spec: {resources: []}"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := parse("")
	reloadable := 0
	for _, f := range options.Flags(registry) {
		if f.Key == "" {
			continue
		}
		var want []string
		if reloadable++; !f.Reloadable {
			reloadable--
			want = []string{f.Key}
		}
		text := f.Key + ": " + valueFor(f)
		switch f.Key {
		case "custom_resources_only": // which is nothing without custom resources
			text += "\ncustom_resource_presets: [flux]"
		case "custom_resource_state_config_file":
			text = f.Key + ": " + custom
		}
		if f.Key == "pod" || f.Key == "namespace" { // one is nothing without the other
			text, want = "pod: a\nnamespace: a", []string{"namespace", "pod"}
		}
		if f.Key == "auth_filter_audiences" {
			text, want = text+"\nauth_filter: true", []string{"auth_filter", f.Key}
		}
		if d := cmp.Diff(want, before.NeedRestart(parse(text))); d != "" {
			t.Errorf("%s (-want +got):\n%s", f.Key, d)
		}
	}
	if reloadable != 30 {
		t.Errorf("%d keys are reloadable", reloadable)
	}
	want := []string{"host", "port"}
	if d := cmp.Diff(want, before.NeedRestart(parse("port: 7\nhost: a\nresources: [pods]\n"))); d != "" {
		t.Errorf("several keys (-want +got):\n%s", d)
	}
}
