package workloads

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// Kinds returns the resources whose controllers are followed, without families: of their objects
// only the metadata is requested.
func Kinds() []generators.Resource {
	return []generators.Resource{
		metadataOf[*batchv1.CronJob](batchv1.SchemeGroupVersion.WithResource("cronjobs"), "CronJob"),
		metadataOf[*appsv1.DaemonSet](appsv1.SchemeGroupVersion.WithResource("daemonsets"), "DaemonSet"),
		metadataOf[*appsv1.Deployment](appsv1.SchemeGroupVersion.WithResource("deployments"), "Deployment"),
		metadataOf[*batchv1.Job](batchv1.SchemeGroupVersion.WithResource("jobs"), "Job"),
		metadataOf[*appsv1.ReplicaSet](appsv1.SchemeGroupVersion.WithResource("replicasets"), "ReplicaSet"),
		metadataOf[*appsv1.StatefulSet](appsv1.SchemeGroupVersion.WithResource("statefulsets"), "StatefulSet"),
	}
}

// Needed returns the kinds to follow for an export of resources: none if they have no pods with derived
// families, and none has counters of workloads.
func Needed(selection generators.Selection, exported []generators.Resource) []generators.Resource {
	for _, r := range exported {
		d := r.Describe()
		if d.Key == pods && selection.Derives(d) || d.Namespaced && selection.Counts(r) {
			return Kinds()
		}
	}
	return nil
}

// pods is the key of the resource whose derived families are those of the package.
const pods = "pods"

func metadataOf[T metav1.Object](r schema.GroupVersionResource, kind string) generators.Resource {
	return metadata{&generators.Table[T]{
		Resource: r, Kind: kind, Scope: generators.Namespaced, Fetch: generators.Fetch[T]{Reads: generators.Fields{"metadata"}},
	}}
}

// metadata is a resource of which only the metadata is requested.
type metadata struct{ generators.Resource }

// Describe returns the catalogue entry. Its name differs from that of the exported resource.
func (m metadata) Describe() generators.Description {
	d := m.Resource.Describe()
	d.Name = "metadata/" + d.Name
	return d
}
