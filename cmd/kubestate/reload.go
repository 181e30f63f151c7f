package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/filewatch"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// A reloader applies the configuration file to the watcher when it changes, and on SIGHUP.
type reloader struct {
	tables  *generators.Registry
	args    []string
	current atomic.Pointer[options.Options]
	watched *watcher.Watcher
	place   *sharding.Place
	metrics reloadMetrics
	log     *slog.Logger

	mayBeEmpty bool   // the file was empty at the start
	lastErr    string // logged last, empty if the file is in use
}

// newReloader returns the reloader of a program started with args, of which opts are the options.
func newReloader(tables *generators.Registry, args []string, opts options.Options, watched *watcher.Watcher, place *sharding.Place, reg prometheus.Registerer, log *slog.Logger) *reloader {
	r := &reloader{tables: tables, args: args, watched: watched, place: place, metrics: newReloadMetrics(reg), log: log, mayBeEmpty: opts.ConfigEmpty}
	r.current.Store(&opts)
	r.showShard(opts)
	switch {
	case opts.ConfigErr != nil:
		log.Warn("starting without the configuration file", "err", opts.ConfigErr)
		r.lastErr = opts.ConfigErr.Error()
		r.metrics.failed(opts.Config)
	case opts.Config != "":
		r.metrics.succeeded(opts)
	}
	return r
}

// maxStaleness returns the current --max-staleness.
func (r *reloader) maxStaleness() time.Duration { return r.current.Load().MaxStaleness }

// run reloads when the configuration file changes and on each hangup, until ctx ends.
func (r *reloader) run(ctx context.Context, hangups <-chan os.Signal) {
	path := r.current.Load().Config
	changes := make(chan struct{}, 1)
	var watching sync.WaitGroup
	defer watching.Wait()
	if path != "" {
		watching.Go(func() { r.watch(ctx, path, changes) })
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-changes:
			r.reloadIfChanged()
		case <-hangups:
			if path == "" {
				r.log.Info("SIGHUP ignored: no configuration file")
				continue
			}
			r.lastErr = "" // log the error again
			r.reload()
		}
	}
}

// watch signals changes of the file at path.
func (r *reloader) watch(ctx context.Context, path string, changes chan<- struct{}) {
	err := filewatch.Run(ctx, path, func() {
		select {
		case changes <- struct{}{}:
		default: // a reload is due already
		}
	})
	if err != nil {
		r.log.Warn("configuration file is not watched any more, send SIGHUP to reload", "err", err)
	}
}

// reloadIfChanged reloads unless the file is the one in use: most events in its directory leave it
// unchanged.
func (r *reloader) reloadIfChanged() {
	opts, err := r.parse()
	if err == nil && r.lastErr == "" && string(opts.ConfigSum) == string(r.current.Load().ConfigSum) {
		return
	}
	r.apply(opts, err)
}

// reload reads the configuration and applies it.
func (r *reloader) reload() { r.apply(r.parse()) }

// apply changes to opts, or logs and counts why they cannot be used.
func (r *reloader) apply(opts options.Options, err error) {
	var rebuilt []string
	if err == nil {
		rebuilt, err = r.change(opts)
	}
	if err == nil {
		r.lastErr = ""
		r.metrics.succeeded(opts)
		r.log.Info("configuration file applied", "rebuilding", strings.Join(rebuilt, ","))
		return
	}
	r.metrics.failed(r.current.Load().Config)
	if err.Error() != r.lastErr {
		r.lastErr = err.Error()
		r.log.Error("configuration file refused, keeping the current configuration", "err", oneLine(err))
	}
}

// parse parses arguments and file as at the start, so that a key removed from the file gives way
// to the flag.
func (r *reloader) parse() (options.Options, error) {
	opts, err := options.Parse(r.tables, r.args)
	if err := errors.Join(err, opts.ConfigErr); err != nil {
		return options.Options{}, err
	}
	if opts.ConfigEmpty && !r.mayBeEmpty { // it is probably being written
		return options.Options{}, fmt.Errorf("--config: %s: the file is empty: write {} for no settings", opts.Config)
	}
	// A file is applied as a whole or not at all.
	if keys := r.current.Load().NeedRestart(opts); len(keys) > 0 {
		return options.Options{}, fmt.Errorf("--config: %s: %s cannot change while the program runs: restart it", opts.Config, strings.Join(keys, ", "))
	}
	return opts, nil
}

// change applies opts to the watcher, reading a snapshot again. It returns the keys of the resources
// that are rebuilt.
func (r *reloader) change(opts options.Options) (rebuilt []string, err error) {
	config, err := watcherConfig(r.tables, opts)
	if err != nil {
		return nil, err
	}
	switch opts.Snapshot {
	case "":
		rebuilt = r.watched.Change(config)
	case snapshot.Stdin:
		return nil, errors.New("--snapshot: standard input cannot be read a second time: restart the program")
	default:
		if rebuilt, err = loadSnapshot(r.tables, opts, config, r.watched, r.log); err != nil {
			return nil, err
		}
	}
	r.current.Store(&opts)
	warnIneffective(opts, r.log)
	r.showShard(opts)
	return rebuilt, nil
}

// showShard exports the shard of the options, and what it is a part of, as metrics.
func (r *reloader) showShard(opts options.Options) {
	r.place.Divide(divisionOf(opts))
	if opts.Pod == "" {
		r.place.Set(sharding.Static(opts.Shard, opts.TotalShards))
	}
}

// divisionOf returns what is divided among shards, and what determines them.
func divisionOf(opts options.Options) sharding.Division {
	d := sharding.Division{Of: "all", Shards: "none"}
	switch {
	case opts.Node != "":
		d.Of = "node/" + opts.Node
	case opts.Unscheduled:
		d.Of = "unscheduled"
	}
	switch {
	case opts.Pod != "":
		d.Shards = "statefulset"
	case opts.TotalShards > 1:
		d.Shards = "flags"
	}
	return d
}

// reloadMetrics are metrics of the configuration file. Existing alert rules read their names.
type reloadMetrics struct{ successful, when, hash *prometheus.GaugeVec }

func newReloadMetrics(reg prometheus.Registerer) reloadMetrics {
	about := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"filename", "type"})
	}
	m := reloadMetrics{
		successful: about("kube_state_metrics_last_config_reload_successful", "1 if the configuration file was applied when it was last read, 0 if it was refused."),
		when:       about("kube_state_metrics_last_config_reload_success_timestamp_seconds", "Time when a configuration file was last applied, Unix seconds."),
		hash:       about("kube_state_metrics_config_hash", "First six bytes of the MD5 sum of the configuration file in use, as a number."),
	}
	reg.MustRegister(m.successful, m.when, m.hash)
	return m
}

// fileType is the value of the label type.
const fileType = "config"

func (m reloadMetrics) failed(path string) { m.successful.WithLabelValues(path, fileType).Set(0) }

func (m reloadMetrics) succeeded(opts options.Options) {
	m.successful.WithLabelValues(opts.Config, fileType).Set(1)
	m.when.WithLabelValues(opts.Config, fileType).Set(float64(time.Now().UnixNano()) / 1e9)
	var number uint64
	for i, b := range opts.ConfigSum[:6] {
		number |= uint64(b) << (8 * i)
	}
	m.hash.WithLabelValues(opts.Config, fileType).Set(float64(number))
}
