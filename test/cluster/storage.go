package cluster

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"path"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
)

// Object is an API object of a typed client.
type Object interface {
	runtime.Object
	metav1.Object
}

// prefixes are the key prefixes of kinds in etcd, below /registry. Some differ from the resource's
// name for historical reasons.
var prefixes = map[string]string{
	"ConfigMap":                      "configmaps",
	"CronJob":                        "cronjobs",
	"DaemonSet":                      "daemonsets",
	"Deployment":                     "deployments",
	"EndpointSlice":                  "endpointslices",
	"Endpoints":                      "services/endpoints",
	"HorizontalPodAutoscaler":        "horizontalpodautoscalers",
	"Ingress":                        "ingress",
	"IngressClass":                   "ingressclasses",
	"Job":                            "jobs",
	"Lease":                          "leases",
	"LimitRange":                     "limitranges",
	"Namespace":                      "namespaces",
	"NetworkPolicy":                  "networkpolicies",
	"Node":                           "minions",
	"PersistentVolume":               "persistentvolumes",
	"PersistentVolumeClaim":          "persistentvolumeclaims",
	"Pod":                            "pods",
	"PodDisruptionBudget":            "poddisruptionbudgets",
	"ReplicaSet":                     "replicasets",
	"ResourceQuota":                  "resourcequotas",
	"Secret":                         "secrets",
	"Service":                        "services/specs",
	"StatefulSet":                    "statefulsets",
	"StorageClass":                   "storageclasses",
	"ValidatingWebhookConfiguration": "validatingwebhookconfigurations",
}

// writers bounds concurrent writes.
const writers = 16

// serializer is the API server's storage encoding: the four bytes "k8s\0" and a protobuf envelope
// with version and kind.
var serializer = protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)

// Put writes objects straight to etcd, without defaulting, validation and admission, whether the API
// server runs or not.
//
// Each object has a revision of its own: a resumed watch would miss the rest of a shared one.
func (c *Cluster) Put(ctx context.Context, objects iter.Seq[Object]) error {
	err := each(ctx, objects, func(ctx context.Context, object Object) error {
		key, value, err := stored(object)
		if err != nil {
			return err
		}
		_, err = c.Etcd.Put(ctx, key, value)
		return err
	})
	if err != nil {
		return fmt.Errorf("write to etcd: %w", err)
	}
	return nil
}

// Remove deletes objects straight from etcd, without grace periods and finalizers, each in a revision
// of its own.
func (c *Cluster) Remove(ctx context.Context, objects iter.Seq[Object]) error {
	err := each(ctx, objects, func(ctx context.Context, object Object) error {
		key, _, err := stored(object)
		if err != nil {
			return err
		}
		_, err = c.Etcd.Delete(ctx, key)
		return err
	})
	if err != nil {
		return fmt.Errorf("delete from etcd: %w", err)
	}
	return nil
}

// ChangePod changes a pod in etcd. Concurrent changes of one pod may be lost.
func (c *Cluster) ChangePod(ctx context.Context, name types.NamespacedName, change func(*corev1.Pod)) error {
	key := path.Join("/registry/pods", name.Namespace, name.Name)
	found, err := c.Etcd.Get(ctx, key)
	if err != nil {
		return fmt.Errorf("read from etcd: %w", err)
	}
	if len(found.Kvs) == 0 {
		return fmt.Errorf("read from etcd: no %s", key)
	}
	var pod corev1.Pod
	if _, _, err := serializer.Decode(found.Kvs[0].Value, nil, &pod); err != nil {
		return fmt.Errorf("decode %s: %w", key, err)
	}
	change(&pod)
	_, value, err := stored(&pod)
	if err != nil {
		return err
	}
	if _, err := c.Etcd.Put(ctx, key, value); err != nil {
		return fmt.Errorf("write to etcd: %w", err)
	}
	return nil
}

// each calls f for all objects, concurrently, and returns the first error.
func each(ctx context.Context, objects iter.Seq[Object], f func(context.Context, Object) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for object := range objects {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return f(ctx, object) })
	}
	return group.Wait()
}

// stored returns the object's key and value in etcd.
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
