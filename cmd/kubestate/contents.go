package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

// contents are what a process serves: one cluster, or several.
type contents interface {
	// run keeps the contents current until ctx ends.
	run(ctx context.Context)
	// change applies options, reading snapshots again. It returns the keys of the resources that are
	// rebuilt. On error the contents stay as they are.
	change(opts options.Options) (rebuilt []string, err error)
	// lookAgain makes run look for missing kinds of custom resources now.
	lookAgain()
	// resources returns the stores to serve, clusters those of several clusters, nil for one.
	resources() []*store.Resource
	clusters() []server.Cluster
	// checks returns the readiness checks. setReady is called once all have passed.
	checks() []server.Check
	setReady()
	// missing names the resources that scrapes wait for, of some clusters or of all.
	missing(clusters []string) []string
	// unseen are the resources that cannot be read, of some clusters or of all.
	unseen(clusters []string) []answers.Unseen
	// names returns the names by which clients can select resources.
	names() []string
	// exceeded describes the wanted resources that are older than a maximum, if scrapes fail for those.
	exceeded(age time.Duration, wanted func(resource string) bool) string
}

// newContents returns the contents of the options, and registers their metrics. The gatherer has the metrics of
// single clusters.
func newContents(ctx context.Context, tables *generators.Registry, opts options.Options, reloads reloadMetrics, registry *prometheus.Registry, log *slog.Logger) (contents, prometheus.Gatherer, error) {
	if opts.Several() {
		several, err := newClusterSet(tables, opts, reloads, log)
		if err != nil {
			return nil, nil, err
		}
		registry.MustRegister(clusterCollector{several})
		return several, prometheus.GathererFunc(several.gather), nil
	}
	one, err := newCluster(tables, opts, home(opts), registry, log)
	if err == nil {
		err = one.check(ctx)
	}
	return one, prometheus.Gatherers{}, err
}

func (c *cluster) resources() []*store.Resource { return c.watched.Resources() }

func (c *cluster) clusters() []server.Cluster { return nil }

func (c *cluster) setReady() { c.custom.setSynced() }

func (c *cluster) names() []string { return c.custom.names() }

func (c *cluster) exceeded(age time.Duration, wanted func(resource string) bool) string {
	return watcher.TooOld(c.watched.Statuses(), age, wanted)
}
