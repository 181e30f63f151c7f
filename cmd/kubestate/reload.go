package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/filewatch"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/sharding"
)

// A reloader applies the configuration file to the content when it changes, and on SIGHUP.
type reloader struct {
	tables  *generators.Registry
	content contents
	files   *filewatch.Files
	args    []string
	current atomic.Pointer[options.Options]
	status  *sharding.Status
	metrics reloadMetrics
	log     *slog.Logger

	lastErr string // logged last, empty if the file is in use
	once    bool   // a file came from a pipe, which cannot be read again
}

// newReloader returns the reloader of a program started with args, of which opts are the options.
func newReloader(tables *generators.Registry, content contents, args []string, opts options.Options, status *sharding.Status, metrics reloadMetrics, log *slog.Logger) *reloader {
	r := &reloader{tables: tables, content: content, files: filewatch.New(opts.Files()...), args: args, status: status, metrics: metrics, log: log}
	r.current.Store(&opts)
	r.once = r.files.Irregular() != nil
	r.showShard(opts)
	switch {
	case opts.ConfigErr != nil:
		log.Warn("starting without the configuration file", "err", opts.ConfigErr)
		r.lastErr = opts.ConfigErr.Error()
		r.metrics.failed(opts.Config, configType)
	default:
		r.metrics.succeeded(opts)
	}
	if opts.Custom.Err != nil {
		r.metrics.failed(opts.Custom.Path, customType)
	}
	return r
}

// maxStaleness returns the current --max-staleness.
func (r *reloader) maxStaleness() time.Duration { return r.current.Load().MaxStaleness }

// keepsFinished is options.Options.KeepsFinished of the current options.
func (r *reloader) keepsFinished(family string) bool { return r.current.Load().KeepsFinished(family) }

// limits is options.Options.Limits of the current options.
func (r *reloader) limits() string { return r.current.Load().Limits() }

// pollInterval is how often the configuration files are read. A change that stays for two polls is
// applied.
const pollInterval = 2 * time.Second

// run reloads when the configuration files change and on each hangup, until ctx ends.
func (r *reloader) run(ctx context.Context, hangups <-chan os.Signal) {
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	if len(r.current.Load().Files()) == 0 {
		poll.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			if r.reloadIfChanged() {
				r.content.lookAgain()
			}
		case <-hangups:
			if now := r.current.Load(); len(now.Files()) == 0 && now.Clusters.Path == "" {
				r.log.Info("SIGHUP ignored: no configuration file")
				continue
			}
			r.lastErr = "" // log the error again
			r.reload()
			r.content.lookAgain()
		}
	}
}

// reloadIfChanged polls the files, and applies content that is new, stable and not in use. It reports
// whether it read such content.
func (r *reloader) reloadIfChanged() bool {
	if r.once {
		return false
	}
	var opts options.Options
	var err error
	if !r.files.Poll(func() { opts, err = r.parse() }) {
		return false
	}
	if err != nil || r.lastErr != "" || !opts.SameFiles(*r.current.Load()) {
		r.apply(opts, err)
	}
	return true
}

// reload reads the configuration and applies it.
func (r *reloader) reload() {
	r.files.Reset()
	r.apply(r.parse())
}

// apply changes to opts, or logs and counts why they cannot be used.
func (r *reloader) apply(opts options.Options, err error) {
	var rebuilt []string
	if err == nil {
		rebuilt, err = r.change(opts)
	}
	if err == nil {
		r.lastErr = ""
		r.metrics.succeeded(opts)
		if len(opts.Files()) > 0 { // otherwise the list of clusters was read alone
			r.log.Info("configuration file applied", "rebuilding", strings.Join(rebuilt, ","))
		}
		return
	}
	if _, custom := errors.AsType[options.CustomError](err); custom {
		r.metrics.failed(r.current.Load().Custom.Path, customType)
	} else {
		r.metrics.failed(r.current.Load().Config, configType)
	}
	if err.Error() != r.lastErr {
		r.lastErr = err.Error()
		r.log.Error("configuration file refused, keeping the current configuration", "err", oneLine(err))
	}
}

// parse parses arguments and file as at the start, so that a key removed from the file gives way
// to the flag.
func (r *reloader) parse() (options.Options, error) {
	if err := r.files.Irregular(); err != nil {
		return options.Options{}, fmt.Errorf("a file cannot be read again: %w", err)
	}
	opts, err := options.Parse(r.tables, r.args)
	if err := errors.Join(err, opts.ConfigErr); err != nil {
		return options.Options{}, err
	}
	if err := opts.Custom.Refusal(r.current.Load().Custom); err != nil {
		return options.Options{}, err
	}
	if opts.ConfigEmpty && !r.current.Load().ConfigEmpty { // it is probably being written
		return options.Options{}, fmt.Errorf("--config: %s: the file is empty: write {} for no settings", opts.Config)
	}
	// A file is applied as a whole or not at all.
	if keys := r.current.Load().NeedRestart(opts); len(keys) > 0 {
		return options.Options{}, fmt.Errorf("--config: %s: %s cannot change while the program runs: restart it", opts.Config, strings.Join(keys, ", "))
	}
	return opts, nil
}

// change applies opts to the content. It returns the keys of the resources that are rebuilt.
func (r *reloader) change(opts options.Options) (rebuilt []string, err error) {
	if rebuilt, err = r.content.change(opts); err != nil {
		return nil, err
	}
	r.current.Store(&opts)
	warnIneffective(opts, r.log)
	warnCustom(opts, r.log)
	r.showShard(opts)
	return rebuilt, nil
}

// showShard exports the assignment of the options.
func (r *reloader) showShard(opts options.Options) {
	r.status.SetInfo(infoOf(opts))
	if opts.Pod == "" {
		r.status.Set(sharding.Static(opts.Shard, opts.TotalShards))
	}
}

// infoOf returns the scope of the sharding and the origin of the assignment.
func infoOf(opts options.Options) sharding.Info {
	i := sharding.Info{Scope: "all", Assignment: "none"}
	switch {
	case opts.Node != "":
		i.Scope = "node/" + opts.Node
	case opts.Unscheduled:
		i.Scope = "unscheduled"
	}
	switch {
	case opts.Pod != "":
		i.Assignment = "statefulset"
	case opts.TotalShards > 1:
		i.Assignment = "flags"
	}
	return i
}

// reloadMetrics are metrics of the configuration file. Existing alert rules read their names.
type reloadMetrics struct{ successful, when, hash *prometheus.GaugeVec }

func newReloadMetrics(reg prometheus.Registerer) reloadMetrics {
	about := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"filename", "type"})
	}
	m := reloadMetrics{
		successful: about("kube_state_metrics_last_config_reload_successful", "Whether the last reload of the configuration file succeeded (1) or failed (0)."),
		when:       about("kube_state_metrics_last_config_reload_success_timestamp_seconds", "Time of the last successful reload of the configuration file, Unix seconds."),
		hash:       about("kube_state_metrics_config_hash", "First six bytes of the MD5 sum of the configuration file in force, as a number."),
	}
	reg.MustRegister(m.successful, m.when, m.hash)
	return m
}

// The values of the label type.
const (
	configType = "config"
	customType = "customresourceconfig"

	clustersType = "clusters"
)

func (m reloadMetrics) failed(path, fileType string) {
	m.successful.WithLabelValues(path, fileType).Set(0)
}

// succeeded notes the files of which the options are, if there are any.
func (m reloadMetrics) succeeded(opts options.Options) {
	m.file(opts.Config, configType, opts.ConfigSum)
	m.file(opts.Custom.Path, customType, opts.Custom.Sum)
}

// list notes whether all of the list of clusters at path is in use, if there is one.
func (m reloadMetrics) list(path string, whole bool) {
	switch {
	case path == "":
	case whole:
		m.successful.WithLabelValues(path, clustersType).Set(1)
		m.when.WithLabelValues(path, clustersType).SetToCurrentTime()
	default:
		m.failed(path, clustersType)
	}
}

// file notes a file in use by the MD5 sum of its content.
func (m reloadMetrics) file(path, fileType string, sum []byte) {
	if path == "" || sum == nil {
		return
	}
	m.successful.WithLabelValues(path, fileType).Set(1)
	m.when.WithLabelValues(path, fileType).Set(float64(time.Now().UnixNano()) / 1e9)
	var number uint64
	for i, b := range sum[:6] {
		number |= uint64(b) << (8 * i)
	}
	m.hash.WithLabelValues(path, fileType).Set(float64(number))
}
