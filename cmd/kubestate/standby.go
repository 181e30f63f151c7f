package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/standby"
)

// accountNamespace has the namespace of a pod that runs with a service account.
const accountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// newReplica returns one of several replicas with a Lease, nil without --lease.
func newReplica(opts options.Options, served backend, scrapers *server.Scrapers, reg prometheus.Registerer, log *slog.Logger) (*standby.Replica, error) {
	if opts.Lease == "" {
		return nil, nil
	}
	to, err := clientConfig(opts)
	if err != nil {
		return nil, err
	}
	namespace, err := leaseNamespace(opts)
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname() // the name of the pod
	if err != nil {
		return nil, err
	}
	if opts.ShutdownDelay == 0 && opts.Pod == "" {
		log.Warn("--lease without --shutdown-delay: a replica that stops does not wait until another one has been scraped")
	}
	lease := opts.Lease
	if opts.Pod != "" { // a Lease for each shard
		shard, err := members.NumberOf(opts.Pod)
		if err != nil {
			return nil, fmt.Errorf("--pod: %w", err)
		}
		lease += "-" + strconv.Itoa(shard)
	}
	config := standby.Config{
		Namespace: namespace, Lease: lease, Identity: host + "_" + uuid.NewString(), Duration: opts.LeaseDuration,
		Complete: served.completeOnce(), Scraped: scrapers.Since, Scrapers: scrapers.Count,
	}
	return standby.New(config, to, reg, log)
}

// leaseNamespace is the namespace of the Lease.
func leaseNamespace(opts options.Options) (string, error) {
	if opts.PodNamespace != "" {
		return opts.PodNamespace, nil
	}
	name, err := os.ReadFile(accountNamespace)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("--lease %s: no namespace: name it with --pod-namespace, or run in a pod with a service account", opts.Lease)
	} else if err != nil {
		return "", fmt.Errorf("--lease %s: %w", opts.Lease, err)
	}
	return strings.TrimSpace(string(name)), nil
}

// completeOnce returns a function that reports whether everything has been complete once, and the hash ranges
// are now.
func (b backend) completeOnce() func() bool {
	once := false
	return func() bool {
		once = once || len(b.Missing(nil)) == 0
		return once && (b.shard == nil || b.shard.Progress().Complete)
	}
}

// servesNow reports whether a scrape gets series: from the holder of the Lease, and from a shard that leaves
// until others have taken over.
func (b backend) servesNow(ctx context.Context) bool {
	if b.shard == nil {
		return b.replica.Serves(ctx)
	}
	progress := b.shard.Progress()
	return !progress.Left && (progress.Yields || b.replica.Serves(ctx))
}

// replace waits until another replica serves and has been scraped, at most for a time.
func replace(replica *standby.Replica, atMost time.Duration, interrupted <-chan struct{}, log *slog.Logger) {
	began, over := time.Now(), replica.Leave()
	wait(atMost, over, interrupted)
	select {
	case <-over:
		log.Info("another replica serves", "duration", time.Since(began).Round(time.Millisecond))
	default:
		log.Warn("no other replica has been scraped, stopping anyway", "duration", time.Since(began).Round(time.Millisecond))
	}
}

// replicaActor runs the replica, or waits for the interruption if there is none.
func replicaActor(ctx context.Context, replica *standby.Replica) (execute func() error, interrupt func(error)) {
	return background(ctx, func(ctx context.Context) {
		if replica == nil {
			<-ctx.Done()
			return
		}
		replica.Run(ctx)
	})
}
