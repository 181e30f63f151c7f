package main

import (
	"log/slog"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// builtin has the tables that the program has.
var builtin = func() *generators.Registry {
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return tables
}()

// TestEmptyConfig has a configuration file change while the program runs.
func TestEmptyConfig(t *testing.T) {
	f := func(start, then string, refused bool) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "settings.yaml")
		write(t, path, []byte(start))
		args := []string{"--config", path, "--apiserver", "http://127.0.0.1:1"}
		opts, err := options.Parse(builtin, args)
		check(t, err)
		registry, log := server.NewRegistry(), slog.New(slog.DiscardHandler)
		custom := newCustomResources(builtin, registry, log)
		w, err := newWatcher(t.Context(), builtin, custom, opts, watcher.NewMetrics(registry), log)
		check(t, err)
		r := newReloader(builtin, custom, args, opts, w, sharding.NewStatus(registry), registry, log)
		write(t, path, []byte(then))
		r.reloadIfChanged()
		want := ""
		if refused {
			want = "--config: " + path + ": the file is empty: write {} for no settings"
		}
		if d := cmp.Diff(want, r.lastErr); d != "" {
			t.Errorf("%q, then %q (-want +got):\n%s", start, then, d)
		}
		write(t, path, []byte("resources: [nodes]\n"))
		r.reloadIfChanged()
		if opts := r.current.Load(); r.lastErr != "" || len(opts.Resources) != 1 {
			t.Errorf("%q, then %q, then a setting: %d resources, %s", start, then, len(opts.Resources), r.lastErr)
		}
	}
	for _, empty := range []string{"", "\n", "# about to be written\n", "---\n", "null\n"} {
		f("resources: [pods]\n", empty, true)
		f(empty, "resources: [pods]\n", false)
		f(empty, "\n\n", false)
	}
	f("resources: [pods]\n", "{}\n", false)
	f("{}\n", "", true)
}

func TestInfoOf(t *testing.T) {
	f := func(want sharding.Info, args ...string) {
		t.Helper()
		opts, err := options.Parse(builtin, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := infoOf(opts); got != want {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
	}
	f(sharding.Info{Scope: "all", Assignment: "none"})
	f(sharding.Info{Scope: "all", Assignment: "none"}, "--namespaces=shop")
	f(sharding.Info{Scope: "all", Assignment: "flags"}, "--shard=1", "--total-shards=2")
	f(sharding.Info{Scope: "all", Assignment: "statefulset"}, "--pod=kubestate-0", "--pod-namespace=monitoring")
	f(sharding.Info{Scope: "node/worker-1", Assignment: "none"}, "--resources=pods", "--node=worker-1")
	f(sharding.Info{Scope: "node/worker-1", Assignment: "flags"}, "--resources=pods", "--node=worker-1", "--total-shards=2")
	f(sharding.Info{Scope: "unscheduled", Assignment: "none"}, "--resources=pods", "--track-unscheduled-pods")
}
