package generators

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Phases of the startup of pods.
const (
	phaseScheduled = "scheduled"
	phaseReady     = "ready"
)

// ownerKind is an identity label with the kind of the owner.
func ownerKind(key string) identityLabel {
	return identityLabel{key, func(o metav1.Object) string { return o.(*Counts).OwnerKind }}
}

// PodCounts, JobCounts and NodeCounts are the tables of the counters of pods, jobs and nodes. They
// belong to no registry: no API server has such objects.
var (
	PodCounts = Table[*Counts]{
		Default:  Off,
		Identity: Identity{Namespace, ownerKind("workload_kind"), Name("workload")},
		Families: []Family[*Counts]{
			{Name: "kubestate_workload_container_terminations_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters, Labels: Labels{"container", "reason"},
				Help: "Terminations of containers of the workload, by reason.",
				Row:  eachCount(terminations, func(c *Count, s *Samples) { s.Count(c, c.Labels[0], c.Labels[1]) })},

			{Name: "kubestate_workload_pods_created_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters,
				Help: "Created pods of the workload.",
				Row:  eachCount(podsCreated, func(c *Count, s *Samples) { s.Count(c) })},

			{Name: "kubestate_workload_pods_deleted_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters,
				Help: "Deleted pods of the workload.",
				Row:  eachCount(podsDeleted, func(c *Count, s *Samples) { s.Count(c) })},

			{Name: "kubestate_workload_pod_failures_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters, Labels: Labels{"reason"},
				Help: "Failed and disrupted pods of the workload, by reason.",
				Row:  eachCount(podFailures, func(c *Count, s *Samples) { s.Count(c, c.Labels[0]) })},

			{Name: "kubestate_workload_pod_startup_seconds", Type: Buckets, Created: true, Stability: Alpha, Group: Counters, Labels: Labels{"phase"},
				Help: "Time from the creation of pods of the workload to a phase, seconds.",
				Row: func(c *Counts, s *Samples) {
					for i := range c.Histograms {
						s.Histogram(&c.Histograms[i], c.Bounds, c.Histograms[i].Labels[0])
					}
				}},
		},
	}

	JobCounts = Table[*Counts]{
		Default:  Off,
		Identity: Identity{Namespace, ownerKind("owner_kind"), Name("owner")},
		Families: []Family[*Counts]{
			{Name: "kubestate_job_results_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters, Labels: Labels{"result", "reason"},
				Help: "Finished jobs of the owner, by result and reason.",
				Row:  eachCount(jobResults, func(c *Count, s *Samples) { s.Count(c, c.Labels[0], c.Labels[1]) })},
		},
	}

	NodeCounts = Table[*Counts]{
		Default:  Off,
		Identity: Identity{Name("node")},
		Families: []Family[*Counts]{
			{Name: "kubestate_node_condition_changes_total", Type: Counter, Created: true, Stability: Alpha, Group: Counters, Labels: Labels{"condition", "status"},
				Help: "Changes of a condition of the node to a status.",
				Row:  eachCount(conditionChanges, func(c *Count, s *Samples) { s.Count(c, c.Labels[0], c.Labels[1]) })},
		},
	}
)
