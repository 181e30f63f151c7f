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
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
	_ "time/tzdata" // schedules name time zones; the image has no files of them

	"github.com/oklog/run"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/memory"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/version"
	"github.com/kubestate/kubestate/internal/watcher"
)

func main() {
	memory.KeepRoom(garbage)
	if err := start(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "kubestate:", oneLine(err))
		os.Exit(1)
	}
}

// start does what the arguments ask for.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		return err
	}
	opts, err := options.Parse(tables, args)
	if err != nil {
		return err
	}
	switch opts.Command {
	case options.Help:
		_, err = io.WriteString(stdout, options.Usage(tables))
	case options.Version:
		_, err = io.WriteString(stdout, version.Get().String())
	case options.RBAC:
		err = writeRoles(stdout, opts)
	case options.Serve:
		err = serve(ctx, tables, args, opts, stderr)
	}
	return err
}

// serve runs the exporter until a signal arrives or a part of it fails.
func serve(ctx context.Context, tables *generators.Registry, args []string, opts options.Options, stderr io.Writer) error {
	// From here on a signal ends the program in good order.
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	hangups := make(chan os.Signal, 1) // do not
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	logs := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.LogLevel})
	log := slog.New(logs)
	klog.SetSlogLogger(slog.New(details{logs}))

	warnIneffective(opts, log)
	limitMemory(opts.MemoryShare, log)

	// Everything that can fail at once fails here, before anything runs.
	web := server.WebConfig{Path: opts.WebConfig, ByToken: opts.AuthFilter}
	if err := web.Check(); err != nil {
		return err
	}
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
	watched, err := newWatcher(ctx, tables, opts, watcher.NewMetrics(registry), log)
	if err != nil {
		return err
	}
	protect, err := protection(opts, registry, log)
	if err != nil {
		return err
	}
	watched.Register(registry)
	place := sharding.NewPlace(registry)
	reload := newReloader(tables, args, opts, watched, place, registry, log)
	scrapers := server.NewScrapers()
	shard, err := newShard(opts, watched, scrapers, place, registry, log)
	if err != nil {
		return err
	}
	served := source{watched, place, !opts.AuthFilter, shard}

	// Interrupted in this order: answers under way finish before what they are
	// made from stops.
	var g run.Group
	running := context.WithoutCancel(ctx)
	probes := server.NewProbes(served.Checks)
	answers := server.ScrapeConfig{
		Limits:   server.Limits{Scrapes: opts.MaxScrapes, Answer: opts.Timeouts.Write},
		Missing:  served.Missing,
		Exceeded: tooOld(watched, reload.maxStaleness),
		Known:    generators.Names(tables.Resources()),
	}
	if opts.ServeIncomplete {
		answers.Missing = nil
	}
	main := server.Main(served, answers, probes, registry)
	metrics := http.Handler(main)
	if shard != nil { // nobody else asks who scrapes
		metrics = scrapers.Watch(main)
	}
	own := server.Telemetry(served, server.TelemetryConfig{Own: registry, Profiling: profiling(opts, telemetry.Addr())}, probes, registry)
	g.Add(until(ctx, func(interrupted <-chan struct{}) {
		stopping := time.Now()
		release() // a second signal ends the program at once
		log.Info("stopping", "in", opts.ShutdownDelay)
		probes.Stop()
		if shard != nil {
			handOver(shard, interrupted, log)
		}
		wait(time.Until(stopping.Add(opts.ShutdownDelay)), nil, interrupted)
	}))
	execute, interrupt := server.Serve(scrapes, protect(metrics, main.Serves), web, server.Timeouts(opts.Timeouts), log)
	executeTelemetry, interruptTelemetry := server.Serve(telemetry, protect(own, own.Serves), web, server.TelemetryTimeouts, log)
	g.Add(both(execute, interrupt, executeTelemetry, interruptTelemetry))
	g.Add(background(running, watched.Run))
	g.Add(shardActor(running, shard))
	g.Add(background(running, func(ctx context.Context) { reload.run(ctx, hangups) }))
	log.Info("started", "version", version.Get().Version, "scrapes", scrapes.Addr().String(), "telemetry", telemetry.Addr().String())
	err = g.Run()
	log.Info("stopped", "reason", cmp.Or(err, context.Cause(ctx)))
	return err
}

// oneLine joins the lines of an error.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
