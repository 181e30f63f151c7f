package watcher

import (
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/sharding"
)

// A followed resource has a sink of the caller's.
type followed struct {
	resource generators.Resource
	client   *apiclient.Client
	loop     *listwatch.Loop
}

// Follow has Run keep a sink current with all objects of a resource. Statuses and Checks include
// the resource.
func (w *Watcher) Follow(r generators.Resource, client *apiclient.Client, sink listwatch.Sink) {
	name := r.Describe().Name
	loop := listwatch.New(listwatch.Config{
		Resource: name, GoType: r.Recipe().TypeName(), Namespace: metav1.NamespaceAll,
		Shard: listwatch.NewShard(name, sharding.All(), nil, w.metrics.loops), Sink: sink,
		OnListed: w.listed,
		Metrics:  w.metrics.loops, Outages: w.outages, Log: w.log.With("resource", name),
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.followed = append(w.followed, followed{r, client, loop})
	w.signal()
}

func (w *Watcher) allFollowed() []followed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.followed)
}

func (f followed) run(ctx context.Context, w *Watcher) {
	f.loop.Run(ctx, f.client.Resource(f.resource, apiclient.Options{Wants: f.loop.Shard.Wants, Metrics: w.metrics.client, Log: f.loop.Log}))
}
