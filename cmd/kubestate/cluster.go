package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// A cluster has the content of one API server or snapshot, and keeps it current.
type cluster struct {
	tables  *generators.Registry
	connect connector
	custom  *customResources
	watched *watcher.Watcher
	log     *slog.Logger
	again   chan struct{} // a send makes run look for missing kinds

	mu   sync.Mutex // held by calls that change watched
	opts options.Options
}

// A connector returns the address and the credentials of an API server.
type connector func() (*rest.Config, error)

// home is the connector of the API server that the options name.
func home(opts options.Options) connector {
	return func() (*rest.Config, error) { return clientConfig(opts) }
}

// newCluster returns the cluster of the options and registers its metrics. A snapshot is loaded when it
// returns, and connect is not called. No request is sent.
func newCluster(tables *generators.Registry, opts options.Options, connect connector, reg prometheus.Registerer, log *slog.Logger) (*cluster, error) {
	c := &cluster{tables: tables, connect: connect, custom: newCustomResources(tables, reg, log), log: log, again: make(chan struct{}, 1), opts: opts}
	if err := c.custom.find(opts); err != nil {
		return nil, err
	}
	config, err := c.config(opts)
	if err != nil {
		return nil, err
	}
	c.watched = watcher.New(config, watcher.NewMetrics(reg), log)
	if opts.Snapshot == "" {
		err = c.custom.follow(opts, connect, c.watched)
	} else {
		_, err = loadSnapshot(tables, opts, config, c.watched, log)
	}
	if err != nil {
		return nil, err
	}
	c.register(reg)
	return c, nil
}

// config returns the watcher's configuration. It has no client for a snapshot.
func (c *cluster) config(opts options.Options) (watcher.Config, error) {
	config := watcherConfig(c.custom, opts)
	if opts.Snapshot != "" {
		return config, nil
	}
	to, err := c.connect()
	if err == nil {
		config.Client, err = apiclient.New(to, c.tables.Scheme())
	}
	return config, err
}

// check fails if a retry cannot help: the API server refuses the credentials, or is none.
func (c *cluster) check(ctx context.Context) error {
	if c.current().Snapshot != "" {
		return nil
	}
	config, err := c.config(c.current())
	if err != nil {
		return err
	}
	return config.Client.Check(ctx)
}

// register registers the metrics of the content.
func (c *cluster) register(reg prometheus.Registerer) {
	c.watched.Register(reg)
	c.custom.register(reg, c.watched)
}

// discoveryInterval is the interval of discovery for missing kinds without a definition.
const discoveryInterval = time.Minute

// run keeps the content and the kinds of custom resources current until ctx ends.
func (c *cluster) run(ctx context.Context) {
	var watching sync.WaitGroup
	defer watching.Wait()
	watching.Go(func() { c.watched.Run(ctx) })
	again := time.NewTicker(discoveryInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.custom.catalog.Changes():
			c.useKinds(ctx, true)
		case <-again.C:
			c.findKinds(ctx)
		case <-c.again:
			c.findKinds(ctx)
		}
	}
}

// lookAgain makes run look for missing kinds now.
func (c *cluster) lookAgain() {
	select {
	case c.again <- struct{}{}:
	default:
	}
}

// findKinds looks for kinds that are missing.
func (c *cluster) findKinds(ctx context.Context) {
	if c.custom.incomplete() {
		c.useKinds(ctx, false)
	}
}

// current returns the options in force.
func (c *cluster) current() options.Options {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opts
}

// useKinds makes the watcher watch the present kinds of custom resources.
func (c *cluster) useKinds(ctx context.Context, complete bool) {
	opts := c.current()
	if opts.Snapshot != "" {
		return // its kinds change with its files
	}
	c.custom.refresh(ctx, opts, complete)
	c.mu.Lock()
	defer c.mu.Unlock()
	config, err := c.config(c.opts)
	if err != nil { // the same options were valid before
		c.log.Error("custom resources: changed kinds not watched", "err", err)
		return
	}
	rebuilt := c.watched.Change(config)
	c.custom.apply()
	if len(rebuilt) > 0 {
		c.log.Info("custom resources: kinds have changed", "building", strings.Join(rebuilt, ","))
	}
}

// change applies options, reading a snapshot again. It returns the keys of the resources that are
// rebuilt. On error the content stays as it is.
func (c *cluster) change(opts options.Options) (rebuilt []string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if opts.Snapshot == snapshot.Stdin {
		return nil, errors.New("--snapshot: standard input cannot be read a second time: restart the program")
	}
	if err := errors.Join(c.custom.find(opts), c.custom.follow(opts, c.connect, c.watched)); err != nil {
		return nil, err
	}
	config, err := c.config(opts)
	if err != nil {
		return nil, err
	}
	if opts.Snapshot == "" {
		rebuilt = c.watched.Change(config)
	} else if rebuilt, err = loadSnapshot(c.tables, opts, config, c.watched, c.log); err != nil {
		return nil, err
	}
	c.opts = opts
	return rebuilt, nil
}

// checks returns the readiness checks of the resources.
func (c *cluster) checks() (checks []server.Check) {
	late := c.custom.hasSynced()
	statuses, pending := c.custom.statuses(c.watched.Checks, c.watched.Pending)
	for _, s := range statuses {
		words := []string{string(s.State)}
		if s.Reason != "" {
			words = append(words, "("+s.Reason+")")
		}
		words = append(words, "for", time.Since(s.Since).Round(time.Second).String())
		if s.Complete && s.Lacking > 0 {
			words = append(words, fmt.Sprintf("without %d selected namespaces, which are being added", s.Lacking))
		}
		checks = append(checks, server.Check{
			Name: s.Resource, Passed: s.Complete, Excluded: s.Refused() || late && s.Resource == definitions, Detail: strings.Join(words, " "),
		})
	}
	for _, name := range pending {
		checks = append(checks, server.Check{Name: name, Detail: "custom resource, not complete yet"})
	}
	return checks
}

// missing names the resources whose first list is not complete.
func (c *cluster) missing([]string) (names []string) {
	statuses, pending := c.custom.statuses(c.watched.Checks, c.watched.Pending)
	for _, s := range statuses {
		if !s.Settled() {
			names = append(names, s.Resource)
		}
	}
	return append(names, pending...)
}
