package main

import (
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/sharding"
)

// builtin has the tables that the program has.
var builtin = func() *generators.Registry {
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return tables
}()

func TestDivisionOf(t *testing.T) {
	f := func(want sharding.Division, args ...string) {
		t.Helper()
		opts, err := options.Parse(builtin, args)
		if err != nil {
			t.Fatal(err)
		}
		if got := divisionOf(opts); got != want {
			t.Errorf("%q: %+v, want %+v", args, got, want)
		}
	}
	f(sharding.Division{Of: "all", Shards: "none"})
	f(sharding.Division{Of: "all", Shards: "none"}, "--namespaces=shop")
	f(sharding.Division{Of: "all", Shards: "flags"}, "--shard=1", "--total-shards=2")
	f(sharding.Division{Of: "all", Shards: "statefulset"}, "--pod=kubestate-0", "--pod-namespace=monitoring")
	f(sharding.Division{Of: "node/worker-1", Shards: "none"}, "--resources=pods", "--node=worker-1")
	f(sharding.Division{Of: "node/worker-1", Shards: "flags"}, "--resources=pods", "--node=worker-1", "--total-shards=2")
	f(sharding.Division{Of: "unscheduled", Shards: "none"}, "--resources=pods", "--track-unscheduled-pods")
}
