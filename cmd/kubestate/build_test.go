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
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/store"
)

// TestLateConfigCannotProtect has a configuration file appear that needs a restart. No part of it is
// applied.
func TestLateConfigCannotProtect(t *testing.T) {
	f := func(config, want string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "settings.yaml")
		args := []string{"--config", path, "--continue-without-config", "--apiserver", "http://127.0.0.1:1"}
		current, err := options.Parse(builtin, args)
		if err != nil || current.ConfigErr == nil {
			t.Fatalf("without a file: %+v, %v", current, err)
		}
		registry, log := server.NewRegistry(), slog.New(slog.DiscardHandler)
		content, err := newCluster(builtin, current, home(current), registry, log)
		if err != nil {
			t.Fatal(err)
		}
		r := newReloader(builtin, content, args, current, sharding.NewStatus(registry), newReloadMetrics(registry), log)
		if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		r.reload()
		if want != "" {
			want = "--config: " + path + ": " + want + " cannot change while the program runs: restart it"
		}
		if d := cmp.Diff(want, r.lastErr); d != "" {
			t.Errorf("%s (-want +got):\n%s", config, d)
		}
	}
	f("resources: [pods]", "")
	f("auth_filter: true", "auth_filter")
	f("auth_filter: false", "")
	f("auth_filter: true\nauth_filter_audiences: [kubestate]", "auth_filter, auth_filter_audiences")
	f("tls_config: web.yaml\nport: 1\nresources: [pods]", "port, tls_config")
}

// TestKlogVerbosity holds that records of V(5) and above are dropped: client-go logs request bodies,
// which have tokens, at V(8).
func TestKlogVerbosity(t *testing.T) {
	var text bytes.Buffer
	klog.SetSlogLogger(slog.New(debugHandler{slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})}))
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

// TestScrapeShards holds that the store has as many parts as the flag allows.
func TestScrapeShards(t *testing.T) {
	if options.MaxScrapeShards != store.MaxParts {
		t.Errorf("--scrape-shards allows %d, the store %d", options.MaxScrapeShards, store.MaxParts)
	}
}
