package cluster

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"path"

	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/kubernetes/scheme"
)

// Object is an API object of a typed client.
type Object interface {
	runtime.Object
	metav1.Object
}

// prefixes are the places of kinds in etcd, below /registry. Most are named as
// the resource; nodes and services are not, for historical reasons.
var prefixes = map[string]string{
	"ConfigMap":               "configmaps",
	"Deployment":              "deployments",
	"EndpointSlice":           "endpointslices",
	"Endpoints":               "services/endpoints",
	"HorizontalPodAutoscaler": "horizontalpodautoscalers",
	"Job":                     "jobs",
	"Namespace":               "namespaces",
	"Node":                    "minions",
	"Pod":                     "pods",
	"ReplicaSet":              "replicasets",
	"Secret":                  "secrets",
	"Service":                 "services/specs",
}

// Writing in transactions of batchSize objects keeps below etcd's limits of 128
// operations and 1.5 MB; writers is how many are under way at once.
const (
	batchSize = 100
	writers   = 4
)

// serializer writes the API server's storage encoding: the four bytes "k8s\0"
// and a protobuf envelope that names version and kind.
var serializer = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// Put writes objects straight into etcd, where the API server finds them as if
// it had written them itself. Nothing is defaulted, validated or admitted: that
// is the purpose. It works before the API server starts and while it runs.
func (c *Cluster) Put(ctx context.Context, objects iter.Seq[Object]) error {
	group, ctx := errgroup.WithContext(ctx)
	batches := make(chan []Object)
	group.Go(func() error {
		defer close(batches)
		return sendBatches(ctx, objects, batches)
	})
	for range writers {
		group.Go(func() error {
			for batch := range batches {
				if err := c.putBatch(ctx, batch); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("write to etcd: %w", err)
	}
	return nil
}

func sendBatches(ctx context.Context, objects iter.Seq[Object], batches chan<- []Object) error {
	send := func(batch []Object) error {
		select {
		case batches <- batch:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	batch := make([]Object, 0, batchSize)
	for object := range objects {
		batch = append(batch, object)
		if len(batch) == batchSize {
			if err := send(batch); err != nil {
				return err
			}
			batch = make([]Object, 0, batchSize)
		}
	}
	return send(batch)
}

func (c *Cluster) putBatch(ctx context.Context, batch []Object) error {
	ops := make([]clientv3.Op, 0, len(batch))
	for _, object := range batch {
		key, value, err := stored(object)
		if err != nil {
			return err
		}
		ops = append(ops, clientv3.OpPut(key, value))
	}
	_, err := c.Etcd.Txn(ctx).Then(ops...).Commit()
	return err
}

// Remove deletes an object straight from etcd, with no grace and no finalizers.
func (c *Cluster) Remove(ctx context.Context, object Object) error {
	key, _, err := stored(object)
	if err != nil {
		return err
	}
	if _, err := c.Etcd.Delete(ctx, key); err != nil {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return nil
}

// stored returns where and how the API server keeps the object.
func stored(object Object) (key, value string, err error) {
	kinds, _, err := scheme.Scheme.ObjectKinds(object)
	if err != nil {
		return "", "", fmt.Errorf("encode %s: %w", object.GetName(), err)
	}
	prefix, ok := prefixes[kinds[0].Kind]
	if !ok {
		return "", "", fmt.Errorf("encode %s: no etcd prefix for %s", object.GetName(), kinds[0].Kind)
	}
	object = object.DeepCopyObject().(Object)
	object.GetObjectKind().SetGroupVersionKind(kinds[0])
	var encoded bytes.Buffer
	if err := serializer.Encode(object, &encoded); err != nil {
		return "", "", fmt.Errorf("encode %s: %w", object.GetName(), err)
	}
	return path.Join("/registry", prefix, object.GetNamespace(), object.GetName()), encoded.String(), nil
}
