package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestLateConfigCannotProtect has a configuration file come later that asks for
// what the ports were not opened with. It is not taken up in part.
func TestLateConfigCannotProtect(t *testing.T) {
	f := func(config string, want bool) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "settings.yaml")
		args := []string{"--config", path, "--continue-without-config", "--apiserver", "http://127.0.0.1:1"}
		current, err := options.Parse(args)
		if err != nil || current.Awaited == nil {
			t.Fatalf("without a file: %+v, %v", current, err)
		}
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		b := builder{metrics: watcher.NewMetrics(server.NewRegistry()), log: slog.New(slog.DiscardHandler)}
		_, err = b.fromConfig(t.Context(), args, current)
		if want != (err == nil) || err != nil && !strings.Contains(err.Error(), "tls_config and auth_filter count from a start on") {
			t.Errorf("%s: %v", config, err)
		}
	}
	f("resources: [pods]", true)
	f("auth_filter: true", false)
	f("auth_filter: false", true)
	f("tls_config: web.yaml", false)
}
