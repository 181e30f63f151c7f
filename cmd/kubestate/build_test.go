package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/klog/v2"

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

// TestNoBodiesOfRequests logs as client-go does: at V(8) and more it logs the
// bodies of requests, which hold tokens.
func TestNoBodiesOfRequests(t *testing.T) {
	var text bytes.Buffer
	klog.SetSlogLogger(slog.New(details{slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})}))
	t.Cleanup(klog.ClearLogger)
	log := klog.Background()
	for level := range 12 {
		log.V(level).Info("record", "v", level)
	}
	log.Error(nil, "record", "v", "error")
	var got []string
	for line := range strings.Lines(text.String()) {
		_, line, _ = strings.Cut(line, " ")
		got = append(got, strings.TrimSpace(line))
	}
	var want []string
	for _, v := range []string{"0", "1", "2", "3", "4", "error"} {
		want = append(want, "level=DEBUG msg=record v="+v)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("logged (-want +got):\n%s", d)
	}
}
