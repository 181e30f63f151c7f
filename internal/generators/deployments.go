package generators

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// Deployments is the table of apps/v1 Deployment families.
var Deployments = Table[*appsv1.Deployment]{
	Resource: appsv1.SchemeGroupVersion.WithResource("deployments"),
	Kind:     "Deployment",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("deployment")},
	Fetch:    Fetch[*appsv1.Deployment]{Reads: Fields{"spec.replicas", "spec.paused", "spec.strategy", "status"}},
	Families: []Family[*appsv1.Deployment]{
		{Name: "kube_deployment_owner", Type: Gauge, Stability: Alpha, Labels: Labels{"owner_kind", "owner_name"},
			Help: "Owners of the deployment.",
			Row:  owners[*appsv1.Deployment]},

		{Name: "kube_deployment_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the deployment, Unix seconds.",
			Row:  created[*appsv1.Deployment]},

		{Name: "kube_deployment_status_replicas", Type: Gauge, Stability: Stable,
			Help: "Replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.Replicas)) }},

		{Name: "kube_deployment_status_replicas_ready", Type: Gauge, Stability: Stable,
			Help: "Ready replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.ReadyReplicas)) }},

		{Name: "kube_deployment_status_replicas_available", Type: Gauge, Stability: Stable,
			Help: "Available replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.AvailableReplicas)) }},

		{Name: "kube_deployment_status_replicas_unavailable", Type: Gauge, Stability: Stable,
			Help: "Unavailable replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UnavailableReplicas)) }},

		{Name: "kube_deployment_status_replicas_updated", Type: Gauge, Stability: Stable,
			Help: "Updated replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UpdatedReplicas)) }},

		{Name: "kube_deployment_status_terminating_replicas", Type: Gauge, Stability: Alpha,
			Help: "Terminating replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Status.TerminatingReplicas) }},

		{Name: "kube_deployment_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the deployment last observed by its controller.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{Name: "kube_deployment_status_condition", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"reason", "condition", "status"},
			Help: "Conditions of the deployment (1 for the current status of each).",
			Row:  deploymentConditions},

		{Name: "kube_deployment_spec_replicas", Type: Gauge, Stability: Stable,
			Help: "Desired replicas of the deployment.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Spec.Replicas) }},

		{Name: "kube_deployment_spec_paused", Type: Gauge, Stability: Stable,
			Help: "Whether the deployment is paused.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Bool(d.Spec.Paused) }},

		{Name: "kube_deployment_spec_strategy_rollingupdate_max_unavailable", Type: Gauge, Stability: Stable,
			Help: "Maximum unavailable replicas in a rolling update of the deployment.",
			Row: func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					scaledReplicas(d, u.MaxUnavailable, roundDown, s)
				}
			}},

		{Name: "kube_deployment_spec_strategy_rollingupdate_max_surge", Type: Gauge, Stability: Stable,
			Help: "Maximum surge replicas in a rolling update of the deployment.",
			Row: func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					scaledReplicas(d, u.MaxSurge, roundUp, s)
				}
			}},

		{Name: "kube_deployment_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "Generation of the deployment.",
			Row:  generation[*appsv1.Deployment]},

		{Name: "kube_deployment_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the deployment, Unix seconds.",
			Row:  deleted[*appsv1.Deployment]},

		{Name: "kube_deployment_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the deployment selected by the allowlist.",
			Row:  annotations[*appsv1.Deployment]},

		{Name: "kube_deployment_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the deployment selected by the allowlist.",
			Row:  labels[*appsv1.Deployment]},

		{Name: "kubestate_workload_replicas", Type: Gauge, Stability: Alpha, Group: Attribution, Identity: workload("Deployment"), Labels: Labels{"state"},
			Help: "Replicas of the workload, by state.",
			Row:  deploymentReplicas},

		{Name: "kubestate_deployment_rollout", Type: Gauge, Stability: Alpha, Sparse: true, Group: Verdicts, Labels: Labels{"state"},
			Help: "Rollout state of the deployment by the rules of kubectl rollout status (1 for the current state).",
			Row:  deploymentRollout},
	},
}

func deploymentConditions(d *appsv1.Deployment, s *Samples) {
	for i := range d.Status.Conditions {
		c := &d.Status.Conditions[i]
		reason := c.Reason
		switch reason {
		case "", "ReplicaSetUpdated", "ReplicaSetCreateError", "NewReplicaSetCreated", "FoundNewReplicaSet",
			"NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused", "DeploymentResumed",
			"MinimumReplicasAvailable", "MinimumReplicasUnavailable":
		default:
			reason = "unknown"
		}
		s.Status(string(c.Status), reason, string(c.Type))
	}
}

// Rounding of a percentage of a deployment's replicas.
const (
	roundDown = false
	roundUp   = true
)

// scaledReplicas adds n if it is a number, and that percentage of the desired replicas
// otherwise.
func scaledReplicas(d *appsv1.Deployment, n *intstr.IntOrString, up bool, s *Samples) {
	if n == nil || d.Spec.Replicas == nil {
		return
	}
	if scaled, err := intstr.GetScaledValueFromIntOrPercent(n, int(*d.Spec.Replicas), up); err == nil {
		s.Int(int64(scaled))
	}
}
