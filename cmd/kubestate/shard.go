package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/rbac"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/standby"
	"github.com/kubestate/kubestate/internal/workloads"
)

// newShard returns the shard that follows the StatefulSet of the own pod, nil without --pod.
func newShard(opts options.Options, content contents, scrapers *server.Scrapers, status *sharding.Status, reg prometheus.Registerer, log *slog.Logger) (*members.Shard, error) {
	if opts.Pod == "" {
		return nil, nil
	}
	to, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	watched := content.(*cluster).watched // --clusters excludes --pod
	config := members.Config{
		Pod: opts.Pod, Namespace: opts.PodNamespace, Content: watched, Increments: watched.Increments(), Scraped: scrapers.Since, Scrapers: scrapers.Count, Status: status,
		TakeoverAfter: opts.TakeoverAfter, Delay: opts.ShutdownDelay, Drain: server.Drain,
	}
	return members.New(config, to, reg, log)
}

// writeRoles writes the RBAC objects that serving with these options needs: with --clusters one role for all
// of the clusters, without what the process needs in its own.
func writeRoles(tables *generators.Registry, to io.Writer, opts options.Options) error {
	resources := neededBy(opts)
	if opts.Clusters.Path != "" {
		opts.AuthFilter, opts.Lease = false, ""
		listed, _, err := opts.ReadClusters()
		if err != nil {
			return err
		}
		if len(listed) > 0 { // each may have resources of its own
			resources = nil
		}
		for _, c := range listed {
			own, err := opts.For(c)
			if err != nil {
				return err
			}
			resources = append(resources, neededBy(own)...)
		}
	}
	config := rbac.Config{Resources: resources, Namespaces: opts.Namespaces, Reviews: opts.AuthFilter}
	if opts.NamespaceSelector != "" {
		config.Resources = append(config.Resources, &generators.Namespaces)
	}
	if custom := opts.Custom.Config; custom != nil {
		all, err := custom.Resources()
		if err != nil {
			return err
		}
		for _, of := range all {
			if builtin, ok := tables.Lookup(of.String()); ok { // whose scope is known
				config.Resources = append(config.Resources, builtin)
			} else {
				config.Custom = append(config.Custom, of)
			}
		}
		config.Definitions = true
	}
	if opts.Pod != "" {
		set, err := members.SetOf(opts.Pod)
		if err != nil {
			return fmt.Errorf("--pod: %w", err)
		}
		config.Shards = types.NamespacedName{Namespace: opts.PodNamespace, Name: set}
	}
	if lease := (types.NamespacedName{Namespace: cmp.Or(opts.PodNamespace, rbac.AccountNamespace), Name: opts.Lease}); lease.Name != "" {
		config.Leases = append(config.Leases, lease)
		if opts.Pod != "" {
			config.Leases = rbac.LeasesOfShards(lease, opts.TotalShards)
		}
	}
	return rbac.Write(to, rbac.Objects(config))
}

// neededBy returns the resources that options export, and those that derived families of them read.
func neededBy(opts options.Options) []generators.Resource {
	return slices.Concat(opts.Resources, workloads.Needed(opts.Selection, opts.Resources), results.Needed(opts.Selection, opts.Resources))
}

// handOver waits until other shards serve the objects of this one, or the time is up.
func handOver(shard *members.Shard, interrupted <-chan struct{}, log *slog.Logger) {
	began, over := time.Now(), shard.Leave()
	wait(shard.Limit(), over, interrupted)
	select {
	case <-over:
		log.Info("handover complete", "duration", time.Since(began).Round(time.Millisecond))
	default:
		log.Warn("handover incomplete, stopping anyway", "duration", time.Since(began).Round(time.Millisecond))
	}
}

// shardActor runs the shard, or waits for the interruption if there is none.
func shardActor(ctx context.Context, shard *members.Shard, replica *standby.Replica) (execute func() error, interrupt func(error)) {
	ctx, cancel := context.WithCancel(ctx)
	execute = func() error {
		if shard == nil {
			<-ctx.Done()
			return nil
		}
		if replica == nil {
			return shard.Run(ctx, nil)
		}
		return shard.Run(ctx, replica)
	}
	return execute, func(error) { cancel() }
}
