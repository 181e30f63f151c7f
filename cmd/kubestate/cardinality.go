package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/klog/v2"

	"github.com/kubestate/kubestate/internal/cardinality"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/store"
)

// writeCardinality writes a view of a snapshot. It logs warnings alone.
func writeCardinality(ctx context.Context, tables *generators.Registry, opts options.Options, stdout, stderr io.Writer) error {
	logs := slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})
	log := slog.New(logs)
	klog.SetSlogLogger(slog.New(debugHandler{logs}))
	query, err := cardinality.ParseQuery(opts.View.By, opts.View.Sort)
	if err != nil {
		return fmt.Errorf("--%w", err)
	}
	write := cardinality.Table.WriteText
	switch opts.View.Format {
	case "", "text":
	case "json":
		write = cardinality.Table.WriteJSON
	default:
		return fmt.Errorf("--%w", cardinality.Unknown("format", opts.View.Format, []string{"text", "json"}))
	}
	switch {
	case opts.Snapshot == "" && len(opts.Clusters.Snapshots) == 0: // nor in the configuration file
		return errors.New("cardinality needs --snapshot")
	case opts.ConfigErr != nil:
		log.Warn("starting without the configuration file", "err", opts.ConfigErr)
	}
	warnIneffective(opts, log)
	warnCustom(opts, log)
	registry := prometheus.NewRegistry()
	loaded, _, err := newContents(ctx, tables, opts, newReloadMetrics(registry), registry, log)
	if err != nil {
		return err
	}
	if query.By == cardinality.ByCluster && loaded.clusters() == nil {
		return fmt.Errorf("--by=%s needs the snapshots of several clusters, --snapshot NAME=PATH", query.By)
	}
	t, err := cardinality.Count(ctx, query, cardinality.Content{Resources: loaded.resources(), Cluster: namesOfClusters(loaded), Sparse: sparseIn(tables), Kept: opts.KeepsFinished})
	if err != nil {
		return err
	}
	return write(t, stdout)
}

// namesOfClusters returns the names of the clusters of resources, nil for one cluster.
func namesOfClusters(loaded contents) func(*store.Resource) string {
	if loaded.clusters() == nil {
		return nil
	}
	of := map[*store.Resource]string{}
	for _, c := range loaded.clusters() {
		for _, r := range c.Resources {
			of[r] = c.Name
		}
	}
	return func(r *store.Resource) string { return of[r] }
}

// sparseIn returns whether a family of the tables is sparse, by its name.
func sparseIn(tables *generators.Registry) func(family string) bool {
	sparse := map[string]bool{}
	for _, r := range tables.Resources() {
		for _, f := range r.Describe().Families {
			if f.Sparse {
				sparse[f.Name] = true
			}
		}
	}
	return func(family string) bool { return sparse[family] }
}
