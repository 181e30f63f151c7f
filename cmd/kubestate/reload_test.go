package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
)

// builtin has the tables that the program has.
var builtin = func() *generators.Registry {
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return tables
}()

// reloaderOf returns the reloader of a program with the configuration file at path, which logs to log.
func reloaderOf(t *testing.T, path string, log *slog.Logger) *reloader {
	t.Helper()
	args := []string{"--config", path, "--apiserver", "http://127.0.0.1:1"}
	opts, err := options.Parse(builtin, args)
	check(t, err)
	registry := server.NewRegistry()
	content, err := newCluster(builtin, opts, home(opts), registry, log)
	check(t, err)
	return newReloader(builtin, content, args, opts, sharding.NewStatus(registry), newReloadMetrics(registry), log)
}

// timeless returns a logger without times.
func timeless(to io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
}

// pollTwice polls the files of the reloader as often as a change of them takes.
func pollTwice(r *reloader) {
	r.reloadIfChanged()
	r.reloadIfChanged()
}

// TestEmptyConfig has a configuration file change while the program runs.
func TestEmptyConfig(t *testing.T) {
	f := func(start, then string, refused bool) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "settings.yaml")
		write(t, path, []byte(start))
		r := reloaderOf(t, path, slog.New(slog.DiscardHandler))
		becomes := func(text string, refused bool) {
			t.Helper()
			write(t, path, []byte(text))
			pollTwice(r)
			want := ""
			if refused {
				want = "--config: " + path + ": the file is empty: write {} for no settings"
			}
			if d := cmp.Diff(want, r.lastErr); d != "" {
				t.Errorf("%q, then %q, now %q (-want +got):\n%s", start, then, text, d)
			}
		}
		becomes(then, refused)
		becomes("resources: [nodes]\n", false)
		becomes(then, then != "{}\n" && then != "resources: [pods]\n")
		becomes("resources: [nodes]\n", false)
		if n := len(r.current.Load().Resources); n != 1 {
			t.Errorf("%q, then %q, then a setting: %d resources", start, then, n)
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

// TestConfigBetweenPolls has a hangup apply a file whose former content comes back before a poll.
func TestConfigBetweenPolls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.yaml")
	write(t, path, []byte("resources: [pods]\n"))
	r := reloaderOf(t, path, slog.New(slog.DiscardHandler))
	pollTwice(r)
	write(t, path, []byte("resources: [nodes, services]\n"))
	r.reload()
	write(t, path, []byte("resources: [pods]\n"))
	pollTwice(r)
	var names []string
	for _, resource := range r.current.Load().Resources {
		names = append(names, resource.Describe().Name)
	}
	if d := cmp.Diff([]string{"pods"}, names); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestConfigOfPipe has the configuration come from a pipe, which is read once: polls pass over it, and a reload is
// refused.
func TestConfigOfPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings")
	check(t, syscall.Mkfifo(path, 0o600))
	written := make(chan error)
	go func() { written <- os.WriteFile(path, []byte("resources: [pods]\n"), 0o600) }()
	var log bytes.Buffer
	r := reloaderOf(t, path, timeless(&log))
	check(t, <-written)
	pollTwice(r)
	if log.Len() > 0 {
		t.Errorf("polls log %s", log.String())
	}
	r.reload()
	want := "level=ERROR msg=\"configuration file refused, keeping the current configuration\" err=\"a file cannot be read again: " + path + ": not a regular file\"\n"
	if d := cmp.Diff(want, log.String()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if n := len(r.current.Load().Resources); n != 1 {
		t.Errorf("%d resources, want 1", n)
	}
}

// TestConfigBecomesPipe has a pipe, and a directory, take the place of a file: polls find and refuse both.
func TestConfigBecomesPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings")
	write(t, path, []byte("resources: [pods]\n"))
	r := reloaderOf(t, path, slog.New(slog.DiscardHandler))
	f := func(become func(), want string) {
		t.Helper()
		check(t, os.RemoveAll(path))
		become()
		if pollTwice(r); r.lastErr != want {
			t.Errorf("error %q, want %q", r.lastErr, want)
		}
	}
	f(func() { check(t, syscall.Mkfifo(path, 0o600)) }, "a file cannot be read again: "+path+": not a regular file")
	f(func() { write(t, path, []byte("resources: [nodes]\n")) }, "")
	f(func() { check(t, os.Mkdir(path, 0o700)) }, "--config: read "+path+": is a directory")
}

// TestOverwrittenConfig overwrites a configuration file in two steps, 0.3 s apart, at each phase of
// the polls: what was written first is never read.
func TestOverwrittenConfig(t *testing.T) {
	phases := time.Duration(20)
	if testing.Short() {
		phases = 5
	}
	f := func(start, first, rebuilding string) {
		for phase := time.Duration(0); phase < pollInterval; phase += pollInterval / phases {
			synctest.Test(t, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "settings.yaml")
				write(t, path, []byte(start))
				var log bytes.Buffer
				r := reloaderOf(t, path, timeless(&log))
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				running.Go(func() { r.run(ctx, nil) })
				time.Sleep(10*pollInterval + phase)
				write(t, path, []byte(first))
				time.Sleep(300 * time.Millisecond)
				write(t, path, []byte("resources: [nodes]\n"))
				time.Sleep(10 * pollInterval)
				cancel()
				running.Wait()
				if d := cmp.Diff("level=INFO msg=\"configuration file applied\" rebuilding="+rebuilding+"\n", log.String()); d != "" {
					t.Errorf("%q, then %q, at %v (-want +got):\n%s", start, first, phase, d)
				}
			})
		}
	}
	f("resources: [pods]\n", "", "nodes")
	f("", "resources: [pods]\n", `""`)
	f("resources: [pods]\n", "{}\n", "nodes")
	f("resources: [pods]\n", "resources: [secr", "nodes")
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
