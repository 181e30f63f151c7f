// Command kubestate watches a Kubernetes API server and serves the state of its
// objects to Prometheus.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // schedules name time zones; the image has no files of them

	"github.com/oklog/run"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

func main() {
	if err := start(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "kubestate:", oneLine(err))
		os.Exit(1)
	}
}

// writeTimeout bounds how long one scrape may take.
const writeTimeout = time.Minute

// start runs the exporter until a signal arrives or a part of it fails.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := options.Parse(args, stdout)
	switch {
	case errors.Is(err, options.ErrHelp):
		return nil
	case err != nil:
		return err
	case opts.Version:
		fmt.Fprint(stdout, version.Get())
		return nil
	}
	// From here on a signal ends the program in good order.
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	logs := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.LogLevel})
	log := slog.New(logs)
	klog.SetSlogLogger(slog.New(details{logs}))

	// Everything that can fail at once fails here, before anything runs.
	scrapes, err := net.Listen("tcp", opts.Listen)
	if err != nil {
		return err
	}
	defer scrapes.Close()
	telemetry, err := net.Listen("tcp", opts.ListenTelemetry)
	if err != nil {
		return err
	}
	defer telemetry.Close()
	registry := server.NewRegistry()
	w := watcher.New(watcher.Config{
		Resources:  opts.Resources,
		Selection:  opts.Selection,
		Namespaces: opts.Namespaces,
		Denied:     opts.Denied,
	}, watcher.NewMetrics(registry), log)
	keepUp, err := follow(ctx, opts, w, log)
	if err != nil {
		return err
	}

	var g run.Group
	g.Add(background(ctx, untilDone))
	g.Add(server.Serve(scrapes, server.Main(w.Resources(), registry), writeTimeout, log))
	g.Add(server.Serve(telemetry, server.Telemetry(registry, w.Unsynced), 0, log))
	g.Add(background(context.WithoutCancel(ctx), keepUp))
	log.Info("started", "version", version.Get().Version, "scrapes", scrapes.Addr().String(), "telemetry", telemetry.Addr().String())
	err = g.Run()
	log.Info("stopped", "reason", cmp.Or(err, context.Cause(ctx)))
	return err
}

// follow gives what keeps w in step with where its objects come from. A
// snapshot is read here, since it does not change.
func follow(ctx context.Context, opts options.Options, w *watcher.Watcher, log *slog.Logger) (func(context.Context) error, error) {
	if opts.Snapshot != "" {
		return untilDone, load(opts, w, log)
	}
	config, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	var resources []schema.GroupVersionResource
	for _, r := range opts.Resources {
		resources = append(resources, r.Describe().Resource)
	}
	client, err := watcher.NewClient(config, resources)
	if err != nil {
		return nil, err
	}
	if err := client.Check(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return w.Watch(ctx, client) }, nil
}

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// load fills w from the snapshot.
func load(opts options.Options, w *watcher.Watcher, log *slog.Logger) error {
	var kinds []schema.GroupVersionKind
	for _, r := range opts.Resources {
		kinds = append(kinds, r.Describe().Kind)
	}
	contents, err := snapshot.Read(opts.Snapshot, kinds)
	if err != nil {
		return fmt.Errorf("snapshot: %w", err)
	}
	if skipped := contents.SkippedKinds(); len(skipped) > 0 {
		log.Warn("the snapshot has objects that are not exported", "skipped", strings.Join(skipped, ", "))
	}
	return w.Load(contents.Objects)
}

// clientConfig says how to reach the API server: by kubeconfig or address, or
// as a pod of the cluster.
func clientConfig(opts options.Options) (*rest.Config, error) {
	config, err := inCluster(opts)
	if err != nil {
		return nil, err
	}
	v := version.Get()
	config.UserAgent = fmt.Sprintf("kubestate/%s (%s/%s)", v.Version, v.OS, v.Arch)
	return config, nil
}

func inCluster(opts options.Options) (*rest.Config, error) {
	if opts.Kubeconfig != "" || opts.APIServer != "" {
		config, err := clientcmd.BuildConfigFromFlags(opts.APIServer, opts.Kubeconfig)
		if err != nil {
			return nil, fmt.Errorf("kubeconfig %s: %w", opts.Kubeconfig, err)
		}
		return config, nil
	}
	config, err := rest.InClusterConfig()
	if errors.Is(err, rest.ErrNotInCluster) {
		return nil, errors.New("no API server: name one with --kubeconfig, or run in a pod with a service account; or serve objects from files with --snapshot")
	}
	return config, err
}

// background adapts a function that runs until its context ends to an actor.
func background(ctx context.Context, f func(context.Context) error) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	return func() error { return f(ctx) }, func(error) { cancel() }
}

// details passes records on at debug level: client-go logs what it retries as
// errors, and what matters of that the watcher logs.
type details struct{ slog.Handler }

func (d details) Enabled(ctx context.Context, _ slog.Level) bool {
	return d.Handler.Enabled(ctx, slog.LevelDebug)
}

func (d details) Handle(ctx context.Context, record slog.Record) error {
	record.Level = slog.LevelDebug
	return d.Handler.Handle(ctx, record)
}

func (d details) WithAttrs(attrs []slog.Attr) slog.Handler {
	return details{d.Handler.WithAttrs(attrs)}
}
func (d details) WithGroup(name string) slog.Handler { return details{d.Handler.WithGroup(name)} }

// oneLine joins the lines of an error.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
