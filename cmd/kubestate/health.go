package main

import (
	"slices"

	"github.com/kubestate/kubestate/internal/discovery"
	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/standby"
	"github.com/kubestate/kubestate/internal/store"
)

// A backend adapts the content to the server.
type backend struct {
	contents
	status *sharding.Status
	open   bool
	shard  *members.Shard // nil without --pod

	replica *standby.Replica // nil without --lease
}

// Resources returns the stores. A new shard has none until it is ready, so that no object is
// served twice for long.
func (b backend) Resources() []*store.Resource {
	if b.shard != nil && !b.shard.Progress().Serving {
		return nil
	}
	return b.resources()
}

// Shard describes the shard for the start page.
func (b backend) Shard() string { return b.status.String() }

// Open reports whether clients need no token.
func (b backend) Open() bool { return b.open }

// Checks returns the readiness checks of the shard and the content. After all have passed, custom
// resources that a reload or a permission adds do not make the program unready.
func (b backend) Checks() []server.Check {
	var checks []server.Check
	if b.shard != nil {
		progress := b.shard.Progress()
		checks = append(checks, server.Check{Name: "shard", Passed: progress.Ready, Detail: progress.Detail})
	}
	if b.replica != nil { // otherwise a pod without a Lease would replace one that serves
		seen, detail := b.replica.Known()
		checks = append(checks, server.Check{Name: "lease", Passed: seen, Detail: detail})
	}
	checks = append(checks, b.checks()...)
	if !slices.ContainsFunc(checks, func(c server.Check) bool { return !c.Passed && !c.Excluded }) {
		b.setReady()
	}
	return checks
}

// Clusters returns those of the stores, nil for one cluster.
func (b backend) Clusters() []server.Cluster { return b.clusters() }

// Missing names the resources whose first list is not complete, of some clusters or of all: until then
// scrapes get 503.
func (b backend) Missing(clusters []string) []string {
	var names []string
	if b.shard != nil {
		if progress := b.shard.Progress(); !progress.Serving {
			names = append(names, progress.Detail)
		}
	}
	if b.replica != nil {
		if seen, detail := b.replica.Known(); !seen {
			names = append(names, detail)
		}
	}
	return append(names, b.missing(clusters)...)
}

// definitions is the name of the resource whose objects define custom resources.
var definitions = discovery.Definitions.Describe().Name
