package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/clusters"
	"github.com/kubestate/kubestate/internal/filewatch"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

// A clusterSet is the contents of several clusters.
type clusterSet struct {
	tables  *generators.Registry
	set     *clusters.Set[*ofSet]
	files   *filewatch.Files
	metrics reloadMetrics
	log     *slog.Logger

	applying sync.Mutex // held while the following changes
	lastErr  string     // of the list, logged last; empty if it is in use

	mu     sync.Mutex
	opts   options.Options
	listed []options.Cluster
	unused []error // of files in the directory without a cluster
}

// ofSet is a cluster of a set, with a registry of its own.
type ofSet struct {
	*cluster
	own *prometheus.Registry
}

// Run is part of clusters.Content. Idle connections are closed at its end, and a second later those whose
// requests were still ending. client-go would keep them for 90 seconds.
func (c *ofSet) Run(ctx context.Context) {
	c.run(ctx)
	if c.current().Snapshot != "" {
		return
	}
	if to, err := c.connect(); err == nil {
		apiclient.CloseIdle(to)
		time.AfterFunc(time.Second, func() { apiclient.CloseIdle(to) })
	}
}

// Complete is part of clusters.Content.
func (c *ofSet) Complete() bool {
	complete := len(c.missing(nil)) == 0
	if complete {
		c.setReady()
	}
	return complete
}

// Failing is part of clusters.Content: a request without a complete list failed.
func (c *ofSet) Failing() bool {
	return slices.ContainsFunc(c.watched.Checks(), func(s watcher.Status) bool { return s.State == watcher.Failing && !s.Settled() })
}

// Listed is part of clusters.Content.
func (c *ofSet) Listed() bool { return c.current().Snapshot != "" || c.watched.Listed() }

// newClusterSet returns the clusters that the options name. It fails if their list is invalid, or a
// snapshot is refused.
func newClusterSet(tables *generators.Registry, opts options.Options, metrics reloadMetrics, log *slog.Logger) (*clusterSet, error) {
	s := &clusterSet{tables: tables, set: clusters.New[*ofSet](log), metrics: metrics, log: log, opts: opts}
	s.files = filewatch.NewFunc(func() []string { return s.current().ClusterFiles() })
	listed, unused, err := opts.ReadClusters()
	if err != nil {
		return nil, err
	}
	specs, err := s.specs(opts, listed)
	if err != nil {
		return nil, err
	}
	if opts.Clusters.Path == "" { // snapshots, of which none may fail
		for i := range specs {
			made, err := specs[i].Make()
			if err != nil {
				return nil, fmt.Errorf("cluster %s: %w", specs[i].Name, err)
			}
			specs[i].Make = func() (*ofSet, error) { return made, nil }
		}
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	s.apply(opts, listed, specs, unused)
	s.metrics.list(opts.Clusters.Path, len(unused) == 0)
	return s, nil
}

// current returns the options in force.
func (s *clusterSet) current() options.Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opts
}

// applyList replaces the clusters by those of a list, with options. On error the clusters stay as they are. The
// caller holds applying.
func (s *clusterSet) applyList(opts options.Options, listed []options.Cluster, unused []error) error {
	specs, err := s.specs(opts, listed)
	if err == nil {
		s.apply(opts, listed, specs, unused)
	}
	return err
}

// apply makes the clusters those of a list with its specifications. The caller holds applying.
func (s *clusterSet) apply(opts options.Options, listed []options.Cluster, specs []clusters.Spec[*ofSet], unused []error) {
	s.set.Apply(specs)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opts, s.listed = opts, listed
	for _, err := range unused {
		if !slices.ContainsFunc(s.unused, func(was error) bool { return was.Error() == err.Error() }) {
			s.log.Error("file in the directory of clusters ignored", "err", err)
		}
	}
	s.unused = unused
}

// specs returns the specifications of a list.
func (s *clusterSet) specs(opts options.Options, listed []options.Cluster) (all []clusters.Spec[*ofSet], err error) {
	for _, c := range listed {
		spec, err := s.spec(opts, c)
		if err != nil {
			return nil, err
		}
		all = append(all, spec)
	}
	return all, nil
}

// spec returns the specification of a cluster.
func (s *clusterSet) spec(opts options.Options, c options.Cluster) (clusters.Spec[*ofSet], error) {
	own, err := opts.For(c)
	if err != nil {
		return clusters.Spec[*ofSet]{}, err
	}
	spec := clusters.Spec[*ofSet]{Name: c.Name, Connection: c.Snapshot}
	var to *rest.Config
	if c.Snapshot == "" {
		var connection clusters.Connection
		connection, spec.Err = connectionOf(opts, c)
		spec.Connection, to = connection.Digest, connection.Config
	}
	spec.Make = func() (*ofSet, error) {
		made := &ofSet{own: prometheus.NewRegistry()}
		labelled := prometheus.WrapRegistererWith(prometheus.Labels{"cluster": c.Name}, made.own)
		var err error
		made.cluster, err = newCluster(s.tables, own, func() (*rest.Config, error) { return rest.CopyConfig(to), nil }, labelled, s.log.With("cluster", c.Name))
		if err != nil {
			return nil, err
		}
		return made, labelled.Register(server.StoreMetrics(made.resources))
	}
	spec.Change = func(of *ofSet) error {
		_, err := of.change(own)
		return err
	}
	return spec, nil
}

// connectionOf returns the connection of a cluster. That of the pod has no digest, as it does not change.
func connectionOf(opts options.Options, c options.Cluster) (clusters.Connection, error) {
	var connection clusters.Connection
	var err error
	kubeconfig := cmp.Or(c.Kubeconfig, opts.Kubeconfig)
	if kubeconfig != "" {
		connection, err = clusters.Connect(kubeconfig, c.Context)
	} else {
		connection.Config, err = restConfig(opts)
	}
	if err == nil {
		err = checkPlugin(kubeconfig, connection.Config.ExecProvider)
	}
	switch {
	case err == nil:
		connection.Config.UserAgent = userAgent()
	case c.Position != c.Kubeconfig: // a line of the list
		err = fmt.Errorf("%s: %w", c.Position, err)
	}
	return connection, err
}

// run keeps the clusters, and their list, current until ctx ends.
func (s *clusterSet) run(ctx context.Context) {
	var running sync.WaitGroup
	defer running.Wait()
	running.Go(func() { s.set.Run(ctx) })
	if s.current().Clusters.Path == "" {
		return
	}
	poll, again := time.NewTicker(pollInterval), time.NewTicker(retryInterval)
	defer poll.Stop()
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
			s.relist()
		case <-again.C:
			s.retry()
		}
	}
}

// retryInterval is the interval of retries of unusable specifications: a file that a kubeconfig names, or a
// plugin, may appear.
const retryInterval = 10 * time.Second

// retry applies the list in use again if the specification of a cluster is not in force.
func (s *clusterSet) retry() {
	failed := func(m clusters.Member[*ofSet]) bool { return m.Err != nil }
	if !slices.ContainsFunc(s.set.Members(), failed) {
		return
	}
	s.applying.Lock()
	defer s.applying.Unlock()
	specs, err := s.specs(s.current(), s.listed)
	if err != nil { // the same options were valid before
		s.log.Error("list of clusters refused", "err", oneLine(err))
		return
	}
	s.set.Apply(specs)
}

// relist reads the list of clusters and their kubeconfigs again if they have changed and are stable.
func (s *clusterSet) relist() {
	s.applying.Lock()
	defer s.applying.Unlock()
	opts := s.current()
	var listed []options.Cluster
	var unused []error
	var err error
	if !s.files.Poll(func() { listed, unused, err = opts.ReadClusters() }) {
		return
	}
	if err == nil {
		err = s.applyList(opts, listed, unused)
	}
	refusedBefore := s.lastErr != ""
	if s.note(opts, err); err == nil && refusedBefore {
		s.logApplied()
	}
}

// note notes that the list of clusters is in use, or logs and counts why not.
func (s *clusterSet) note(opts options.Options, err error) {
	if err == nil {
		s.lastErr = ""
		s.metrics.list(opts.Clusters.Path, len(s.unused) == 0)
		return
	}
	s.metrics.failed(opts.Clusters.Path, clustersType)
	if err.Error() != s.lastErr {
		s.lastErr = err.Error()
		s.log.Error("list of clusters refused, keeping the current one", "err", oneLine(err))
	}
}

// logApplied logs that the list of clusters is in use.
func (s *clusterSet) logApplied() { s.log.Info("list of clusters applied", "clusters", len(s.listed)) }

// change applies options and reads the list of clusters. If the list is refused, the options apply to the current
// one, and the log has the reason, even if it had it before.
func (s *clusterSet) change(opts options.Options) (rebuilt []string, err error) {
	s.applying.Lock()
	defer s.applying.Unlock()
	s.files.Reset()
	listed, unused, refused := opts.ReadClusters()
	if refused != nil {
		listed, unused = s.listed, s.unused
	}
	if err := s.applyList(opts, listed, unused); err != nil {
		return nil, err
	}
	s.lastErr = ""
	if s.note(opts, refused); refused == nil && opts.Clusters.Path != "" {
		s.logApplied()
	}
	return nil, nil
}

func (s *clusterSet) lookAgain() {
	for _, m := range s.set.Members() {
		if m.Content != nil {
			(*m.Content).lookAgain()
		}
	}
}

func (s *clusterSet) resources() (all []*store.Resource) {
	for _, c := range s.clusters() {
		all = append(all, c.Resources...)
	}
	return all
}

func (s *clusterSet) clusters() []server.Cluster {
	opts, all := s.current(), []server.Cluster{}
	for _, m := range s.set.Members() {
		health := healthOf(m)
		c := server.Cluster{
			Name: m.Name, State: describeCluster(m, health), Down: health.State == clusters.Down || health.State == clusters.Invalid, Waiting: waiting(m),
		}
		if m.Content != nil && (m.Complete || opts.ServeIncomplete) {
			c.Resources = (*m.Content).resources()
			c.Expired = func(wanted func(string) bool) bool { return (*m.Content).exceeded(opts.MaxStaleness, wanted) != "" }
		}
		all = append(all, c)
	}
	return all
}

func (s *clusterSet) checks() (checks []server.Check) {
	for _, m := range s.set.Members() {
		checks = append(checks, server.Check{
			Name: "cluster " + m.Name, Passed: m.Complete, Excluded: !m.Awaited, Detail: describeCluster(m, healthOf(m)),
		})
		if m.Content == nil {
			continue
		}
		for _, c := range (*m.Content).checks() {
			if c.Passed && strings.HasPrefix(c.Detail, string(watcher.Synced)) { // as most of forty clusters are
				continue
			}
			c.Name, c.Excluded = m.Name+"/"+c.Name, c.Excluded || !m.Awaited
			checks = append(checks, c)
		}
	}
	return checks
}

func (s *clusterSet) setReady() {}

func (s *clusterSet) missing(only []string) (names []string) {
	for _, m := range s.set.Members() {
		if len(only) == 0 && m.Awaited || slices.Contains(only, m.Name) && waiting(m) {
			names = append(names, "cluster "+m.Name)
		}
	}
	return names
}

func (s *clusterSet) names() []string {
	all := generators.Names(s.tables.Resources())
	for _, m := range s.set.Members() {
		if m.Content != nil {
			all = append(all, (*m.Content).names()...)
		}
	}
	return all
}

// exceeded is empty: a cluster that is too old has no series, and the others have theirs.
func (s *clusterSet) exceeded(time.Duration, func(string) bool) string { return "" }

// gather gathers the metrics of all clusters.
func (s *clusterSet) gather() ([]*dto.MetricFamily, error) {
	var all prometheus.Gatherers
	for _, m := range s.set.Members() {
		if m.Content != nil {
			all = append(all, (*m.Content).own)
		}
	}
	return all.Gather()
}
