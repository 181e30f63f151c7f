// Command kubestate watches a Kubernetes API server and serves the state of its
// objects to Prometheus.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // schedules name time zones; the image has no files of them

	"github.com/oklog/run"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/rbac"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

// gcPercent is how much garbage may lie beside what is in use, in percent, unless
// the environment says otherwise. What is in use is mostly packed text that the
// collector does not look into, so collecting twice as often as is usual costs
// little and saves a quarter of the memory.
const gcPercent = 50

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if err := start(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "kubestate:", oneLine(err))
		os.Exit(1)
	}
}

// start does what the arguments ask for.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	opts, err := options.Parse(args)
	if err != nil {
		return err
	}
	switch opts.Command {
	case options.Help:
		_, err = io.WriteString(stdout, options.Usage())
	case options.Version:
		_, err = io.WriteString(stdout, version.Get().String())
	case options.RBAC:
		err = rbac.Write(stdout, rbac.Objects(opts.Resources, opts.Namespaces))
	case options.Serve:
		err = serve(ctx, args, opts, stderr)
	}
	return err
}

// serve runs the exporter until a signal arrives or a part of it fails.
func serve(ctx context.Context, args []string, opts options.Options, stderr io.Writer) error {
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
	build := builder{metrics: watcher.NewMetrics(registry), log: log}
	first, err := build.watcher(ctx, opts)
	if err != nil {
		return err
	}
	relay := watcher.NewRelay(first, log)
	relay.Register(registry)
	next := make(chan *watcher.Watcher)

	// Interrupted in this order: answers under way finish before what they are
	// made from stops.
	var g run.Group
	running := context.WithoutCancel(ctx)
	g.Add(background(ctx, untilDone))
	g.Add(server.Serve(scrapes, server.Main(relay.Resources, tooOld(relay, opts.MaxStaleness), registry), server.ScrapeTimeout, log))
	g.Add(server.Serve(telemetry, server.Telemetry(relay.Resources, registry, relay.Unsynced, readiness(relay)), 0, log))
	g.Add(background(running, func(ctx context.Context) error { return relay.Run(ctx, next) }))
	if opts.Awaited != nil {
		log.Warn("starting without the configuration file", "err", opts.Awaited)
		g.Add(background(running, func(ctx context.Context) error { return awaitConfig(ctx, args, opts, build, next) }))
	}
	log.Info("started", "version", version.Get().Version, "scrapes", scrapes.Addr().String(), "telemetry", telemetry.Addr().String())
	err = g.Run()
	log.Info("stopped", "reason", cmp.Or(err, context.Cause(ctx)))
	return err
}

func untilDone(ctx context.Context) error {
	<-ctx.Done()
	return nil
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
