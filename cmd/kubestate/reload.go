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

// reloader has the watcher follow the configuration file.
type reloader struct {
	tables  *generators.Registry
	args    []string
	current atomic.Pointer[options.Options]
	watched *watcher.Watcher
	place   *sharding.Place
	metrics reloadMetrics
	log     *slog.Logger

	wrong string // with the file, as it was logged last; empty if nothing is
}

// newReloader makes the reloader of a program that was started with the arguments,
// which gave opts.
func newReloader(tables *generators.Registry, args []string, opts options.Options, watched *watcher.Watcher, place *sharding.Place, reg prometheus.Registerer, log *slog.Logger) *reloader {
	r := &reloader{tables: tables, args: args, watched: watched, place: place, metrics: newReloadMetrics(reg), log: log}
	r.current.Store(&opts)
	r.show(opts)
	switch {
	case opts.Awaited != nil:
		log.Warn("starting without the configuration file", "err", opts.Awaited)
		r.wrong = opts.Awaited.Error()
		r.metrics.failed(opts.Config)
	case opts.Config != "":
		r.metrics.succeeded(opts)
	}
	return r
}

// maxStaleness is the present bound.
func (r *reloader) maxStaleness() time.Duration { return r.current.Load().MaxStaleness }

// run reads the configuration anew when its file changes, and on each hangup, until
// ctx ends.
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
			r.reloadIfOther()
		case <-hangups:
			if path == "" {
				r.log.Info("SIGHUP: there is no configuration file to read again")
				continue
			}
			r.wrong = "" // whoever asks gets an answer
			r.reload()
		}
	}
}

// watch signals what happens to the file at path.
func (r *reloader) watch(ctx context.Context, path string, changes chan<- struct{}) {
	err := filewatch.Run(ctx, path, func() {
		select {
		case changes <- struct{}{}:
		default: // it will be looked at
		}
	})
	if err != nil {
		r.log.Warn("cannot see changes of the configuration file any more; SIGHUP has it read again", "err", err)
	}
}

// reloadIfOther is reload, except that nothing happens while the file is what is in
// use, or is wrong as it was: much that happens near a file leaves it as it is.
func (r *reloader) reloadIfOther() {
	opts, err := r.parse()
	if err == nil && r.wrong == "" && string(opts.ConfigSum) == string(r.current.Load().ConfigSum) {
		return
	}
	r.take(opts, err)
}

// reload reads the configuration and takes it up. One that cannot be used changes
// nothing, and is logged.
func (r *reloader) reload() { r.take(r.parse()) }

func (r *reloader) take(opts options.Options, err error) {
	var anew []string
	if err == nil {
		anew, err = r.change(opts)
	}
	if err == nil {
		r.wrong = ""
		r.metrics.succeeded(opts)
		r.log.Info("took up the configuration file", "rebuilding", strings.Join(anew, ","))
		return
	}
	r.metrics.failed(r.current.Load().Config)
	if err.Error() != r.wrong {
		r.wrong = err.Error()
		r.log.Error("cannot use the configuration file; the configuration before stays", "err", oneLine(err))
	}
}

// parse reads arguments and file as a start would, so that a key that has left the
// file gives way to the flag.
func (r *reloader) parse() (options.Options, error) {
	opts, err := options.Parse(r.tables, r.args)
	if err := errors.Join(err, opts.Awaited); err != nil {
		return options.Options{}, err
	}
	// Half of what the file asks for must not pass for all of it.
	if keys := r.current.Load().NeedRestart(opts); len(keys) > 0 {
		return options.Options{}, fmt.Errorf("--config: %s: %s cannot change while the program runs: restart it", opts.Config, strings.Join(keys, ", "))
	}
	return opts, nil
}

// change has the watcher go over to the options. It gives the keys of the resources
// that are made anew. Of a snapshot, all content is what its files are now.
func (r *reloader) change(opts options.Options) (anew []string, err error) {
	config, err := configure(opts)
	if err != nil {
		return nil, err
	}
	switch opts.Snapshot {
	case "":
		anew = r.watched.Change(config)
	case snapshot.Stdin:
		return nil, errors.New("--snapshot: standard input cannot be read a second time: restart the program")
	default:
		if anew, err = loadSnapshot(r.tables, opts, config, r.watched, r.log); err != nil {
			return nil, err
		}
	}
	r.current.Store(&opts)
	warnIneffective(opts, r.log)
	r.show(opts)
	return anew, nil
}

// show shows what is divided among shards, and the layout, if that is one of the options.
func (r *reloader) show(opts options.Options) {
	r.place.Divide(divisionOf(opts))
	if opts.Pod == "" {
		r.place.Set(sharding.Static(opts.Shard, opts.TotalShards))
	}
}

// divisionOf is what the options have shards divide.
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

// reloadMetrics tell of the configuration file. Their names and meanings are those
// that alert rules in the field read.
type reloadMetrics struct{ successful, when, hash *prometheus.GaugeVec }

func newReloadMetrics(reg prometheus.Registerer) reloadMetrics {
	about := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"filename", "type"})
	}
	m := reloadMetrics{
		successful: about("kube_state_metrics_last_config_reload_successful", "Whether the configuration file could be used when it was last read: 1 or 0."),
		when:       about("kube_state_metrics_last_config_reload_success_timestamp_seconds", "When the configuration file was last taken up, in Unix time."),
		hash:       about("kube_state_metrics_config_hash", "The first six bytes of the MD5 sum of the configuration file that is in use, as a number."),
	}
	reg.MustRegister(m.successful, m.when, m.hash)
	return m
}

// fileType is the type of the file in the metrics.
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
