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
			Help: "What owns the deployment.",
			Row:  owners[*appsv1.Deployment]},

		{Name: "kube_deployment_created", Type: Gauge, Stability: Stable,
			Help: "When the deployment was created, in Unix seconds.",
			Row:  created[*appsv1.Deployment]},

		{Name: "kube_deployment_status_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the deployment has, of any template.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.Replicas)) }},

		{Name: "kube_deployment_status_replicas_ready", Type: Gauge, Stability: Stable,
			Help: "How many pods of the deployment are ready.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.ReadyReplicas)) }},

		{Name: "kube_deployment_status_replicas_available", Type: Gauge, Stability: Stable,
			Help: "How many pods of the deployment have been ready for long enough to count.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.AvailableReplicas)) }},

		{Name: "kube_deployment_status_replicas_unavailable", Type: Gauge, Stability: Stable,
			Help: "How many pods the deployment lacks or has without their being available.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UnavailableReplicas)) }},

		{Name: "kube_deployment_status_replicas_updated", Type: Gauge, Stability: Stable,
			Help: "How many pods of the deployment have the current template.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UpdatedReplicas)) }},

		{Name: "kube_deployment_status_terminating_replicas", Type: Gauge, Stability: Alpha,
			Help: "How many pods of the deployment are being deleted.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Status.TerminatingReplicas) }},

		{Name: "kube_deployment_status_observed_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the deployment that its controller has acted on.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{Name: "kube_deployment_status_condition", Type: Gauge, Stability: Stable, Labels: Labels{"reason", "condition", "status"},
			Help: "The conditions of the deployment, with 1 at the status that each has.",
			Row:  deploymentConditions},

		{Name: "kube_deployment_spec_replicas", Type: Gauge, Stability: Stable,
			Help: "How many pods the deployment is to have.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Spec.Replicas) }},

		{Name: "kube_deployment_spec_paused", Type: Gauge, Stability: Stable,
			Help: "Whether the deployment is paused and its controller leaves it alone.",
			Row:  func(d *appsv1.Deployment, s *Samples) { s.Bool(d.Spec.Paused) }},

		{Name: "kube_deployment_spec_strategy_rollingupdate_max_unavailable", Type: Gauge, Stability: Stable,
			Help: "How many pods may be unavailable while the deployment is updated.",
			Row: func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					shareOfReplicas(d, u.MaxUnavailable, roundDown, s)
				}
			}},

		{Name: "kube_deployment_spec_strategy_rollingupdate_max_surge", Type: Gauge, Stability: Stable,
			Help: "How many pods over the wanted number there may be while the deployment is updated.",
			Row: func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					shareOfReplicas(d, u.MaxSurge, roundUp, s)
				}
			}},

		{Name: "kube_deployment_metadata_generation", Type: Gauge, Stability: Stable,
			Help: "The generation of the wanted state of the deployment.",
			Row:  generation[*appsv1.Deployment]},

		{Name: "kube_deployment_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "When the deployment is due to be gone, in Unix seconds.",
			Row:  deleted[*appsv1.Deployment]},

		{Name: "kube_deployment_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the deployment that are let through, as labels.",
			Row:  annotations[*appsv1.Deployment]},

		{Name: "kube_deployment_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the deployment that are let through, as labels.",
			Row:  labels[*appsv1.Deployment]},
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

// How a share of a deployment's replicas becomes a whole number.
const (
	roundDown = false
	roundUp   = true
)

// shareOfReplicas adds n if it is a number, and that share of the wanted
// replicas if it is a percentage.
func shareOfReplicas(d *appsv1.Deployment, n *intstr.IntOrString, up bool, s *Samples) {
	if n == nil || d.Spec.Replicas == nil {
		return
	}
	if share, err := intstr.GetScaledValueFromIntOrPercent(n, int(*d.Spec.Replicas), up); err == nil {
		s.Int(int64(share))
	}
}
