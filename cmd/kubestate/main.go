// Command kubestate exports the state of Kubernetes objects as Prometheus metrics. It watches an
// API server, or reads a snapshot from files.
package main

import (
	"cmp"
	"context"
	"errors"
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
	"unicode"
	"unicode/utf8"

	"github.com/oklog/run"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/memory"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/version"
)

func main() {
	memory.TuneGC(minGarbage)
	command, err := start(context.Background(), arguments(os.Args), os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, errFindings) {
		fmt.Fprintln(os.Stderr, "kubestate:", oneLine(err))
	}
	os.Exit(status(command, err))
}

// status is the exit status of an error: of kubestate answers 1 for findings, and 2 for other errors.
func status(command options.Command, err error) int {
	switch {
	case err == nil:
		return 0
	case !errors.Is(err, errFindings) && command == options.Answers:
		return 2
	}
	return 1
}

// start runs the command of the arguments, and returns it.
func start(ctx context.Context, args []string, stdout, stderr io.Writer) (options.Command, error) {
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		return "", err
	}
	opts, err := options.Parse(tables, args)
	if err != nil {
		return opts.Command, err
	}
	switch opts.Command {
	case options.Help:
		_, err = io.WriteString(stdout, options.Usage(tables))
	case options.Version:
		_, err = io.WriteString(stdout, version.Get().String())
	case options.RBAC:
		err = writeRoles(tables, stdout, opts)
	case options.Presets:
		err = writePresets(stdout, opts.Preset)
	case options.Answers:
		err = writeAnswers(ctx, tables, opts, stdout, stderr)
	case options.Cardinality:
		err = writeCardinality(ctx, tables, opts, stdout, stderr)
	case options.Serve:
		err = serve(ctx, tables, args, opts, stderr)
	}
	return opts.Command, err
}

// serve runs the exporter until a signal arrives or a part of it fails.
func serve(ctx context.Context, tables *generators.Registry, args []string, opts options.Options, stderr io.Writer) error {
	// SIGINT and SIGTERM begin an orderly shutdown; SIGHUP reloads and must not terminate the program.
	ctx, release := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer release()
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	logs := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opts.LogLevel})
	log := slog.New(logs)
	klog.SetSlogLogger(slog.New(debugHandler{logs}))

	if len(opts.Klog) > 0 {
		log.Warn("flags have no effect: logs go to stderr", "flags", opts.Klog)
	}
	warnIneffective(opts, log)
	warnCustom(opts, log)
	limitMemory(opts.MemoryShare, log)

	// Whatever can fail at the start fails here, before anything runs.
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
	reloads := newReloadMetrics(registry)
	content, ofClusters, err := newContents(ctx, tables, opts, reloads, registry, log)
	if err != nil {
		return err
	}
	protect, err := protection(opts, registry, log)
	if err != nil {
		return err
	}
	status := sharding.NewStatus(registry)
	reload := newReloader(tables, content, args, opts, status, reloads, log)
	scrapers := server.NewScrapers()
	shard, err := newShard(opts, content, scrapers, status, registry, log)
	if err != nil {
		return err
	}
	served := backend{content, status, !opts.AuthFilter, shard, nil}
	replica, err := newReplica(opts, served, scrapers, registry, log)
	if err != nil {
		return err
	}
	served.replica = replica

	// run.Group interrupts in this order: responses in progress finish before the watcher stops.
	var g run.Group
	running := context.WithoutCancel(ctx)
	probes := server.NewProbes(served.Checks)
	answers := server.ScrapeConfig{
		Limits:   server.Limits{Scrapes: opts.MaxScrapes, Answer: opts.Timeouts.Write},
		Missing:  served.Missing,
		Exceeded: func(wanted func(string) bool) string { return content.exceeded(reload.maxStaleness(), wanted) },
		Known:    content.names,
		Log:      log,

		DownFails: opts.Clusters.DownFails,
	}
	if opts.ServeIncomplete {
		answers.Missing = nil
	}
	if replica != nil {
		answers.Serves = served.servesNow
	}
	main := server.Main(served, answers, probes, registry)
	metrics := http.Handler(main)
	if shard != nil || replica != nil { // only a handover needs to know who scrapes
		metrics = scrapers.Watch(main)
	}
	own := server.Telemetry(served, server.TelemetryConfig{
		Own:           prometheus.Gatherers{registry, ofClusters},
		Profiling:     profiling(opts, telemetry.Addr()),
		Sparse:        sparseIn(tables),
		Kept:          reload.keepsFinished,
		AnswerContent: served.answerContent(opts.Snapshot != "" || len(opts.Clusters.Snapshots) > 0, reload.limits),
	}, probes, registry)
	g.Add(until(ctx, func(interrupted <-chan struct{}) {
		stopping := time.Now()
		release() // a second signal ends the program at once
		log.Info("stopping", "delay", opts.ShutdownDelay)
		probes.Stop()
		if shard != nil {
			handOver(shard, interrupted, log)
		} else if replica != nil {
			replace(replica, opts.ShutdownDelay, interrupted, log)
			return
		}
		wait(time.Until(stopping.Add(opts.ShutdownDelay)), nil, interrupted)
	}))
	evicted, evictedTelemetry := server.Evictions(registry)
	execute, interrupt := server.Serve(scrapes, protect(metrics, main.Serves), web, server.Timeouts(opts.Timeouts), evicted, log)
	executeTelemetry, interruptTelemetry := server.Serve(telemetry, protect(own, own.Serves), web, server.TelemetryTimeouts, evictedTelemetry, log)
	g.Add(both(execute, interrupt, executeTelemetry, interruptTelemetry))
	g.Add(background(running, content.run))
	g.Add(shardActor(running, shard, replica))
	g.Add(replicaActor(running, replica))
	g.Add(background(running, func(ctx context.Context) { reload.run(ctx, hangups) }))
	log.Info("started", "version", version.Get().Version, "scrapes", scrapes.Addr().String(), "telemetry", telemetry.Addr().String())
	err = g.Run()
	log.Info("stopped", "reason", cmp.Or(err, context.Cause(ctx)))
	return err
}

// oneLine returns the text of an error in one line, without characters that a terminal would obey.
func oneLine(err error) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, strings.Join(strings.Fields(err.Error()), " "))
}
