package workloads

import (
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// Kinds returns the resources whose controllers are followed, without families: of their objects
// only the metadata is requested.
func Kinds() []generators.Resource {
	return []generators.Resource{
		builtin[*batchv1.CronJob](batchv1.SchemeGroupVersion.WithResource("cronjobs"), "CronJob"),
		builtin[*appsv1.DaemonSet](appsv1.SchemeGroupVersion.WithResource("daemonsets"), "DaemonSet"),
		builtin[*appsv1.Deployment](appsv1.SchemeGroupVersion.WithResource("deployments"), "Deployment"),
		builtin[*batchv1.Job](batchv1.SchemeGroupVersion.WithResource("jobs"), "Job"),
		builtin[*appsv1.ReplicaSet](appsv1.SchemeGroupVersion.WithResource("replicasets"), "ReplicaSet"),
		builtin[*corev1.ReplicationController](corev1.SchemeGroupVersion.WithResource("replicationcontrollers"), "ReplicationController"),
		builtin[*appsv1.StatefulSet](appsv1.SchemeGroupVersion.WithResource("statefulsets"), "StatefulSet"),
	}
}

// Needed returns the kinds to follow for an export of resources, with the custom resources among them:
// none if they have no pods with derived families, and none has counters of workloads.
func Needed(selection generators.Selection, exported []generators.Resource) []generators.Resource {
	needs := func(r generators.Resource) bool {
		d := r.Describe()
		return d.Key == pods && selection.Derives(d) || d.Namespaced && selection.Counts(r)
	}
	if !slices.ContainsFunc(exported, needs) {
		return nil
	}
	all := Kinds()
	for _, r := range exported {
		d := r.Describe()
		known := func(kind generators.Resource) bool {
			return kind.Describe().Resource.GroupResource() == d.Resource.GroupResource()
		}
		if r.Recipe().GoType == nil && !slices.ContainsFunc(all, known) {
			all = append(all, custom(d))
		}
	}
	return all
}

// pods is the key of the resource whose derived families this package renders.
const pods = "pods"

// builtin returns a kind with a Go type.
func builtin[T metav1.Object](r schema.GroupVersionResource, kind string) generators.Resource {
	return metadata{metadataOf[T](r, kind, generators.Namespaced), r.Resource}
}

// custom returns the kind of a custom resource.
func custom(d generators.Description) generators.Resource {
	scope := generators.Cluster
	if d.Namespaced {
		scope = generators.Namespaced
	}
	return metadata{metadataOf[*jsonobject.Object](d.Resource, d.Kind.Kind, scope), d.Resource.GroupResource().String()}
}

func metadataOf[T metav1.Object](r schema.GroupVersionResource, kind string, scope generators.Scope) generators.Resource {
	return &generators.Table[T]{Resource: r, Kind: kind, Scope: scope, Fetch: generators.Fetch[T]{Reads: generators.Fields{"metadata"}}}
}

// metadata is a resource of which only the metadata is requested.
type metadata struct {
	generators.Resource
	name string
}

// Describe returns the catalogue entry. Its name differs from that of the exported resource.
func (m metadata) Describe() generators.Description {
	d := m.Resource.Describe()
	d.Name = "metadata/" + m.name
	return d
}
