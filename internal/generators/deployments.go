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
	Reads:    Fields{"spec.replicas", "spec.paused", "spec.strategy", "status"},
	Families: []Family[*appsv1.Deployment]{
		{"kube_deployment_owner", Gauge, Alpha, Labels{"owner_kind", "owner_name"},
			"What owns the deployment.",
			owners[*appsv1.Deployment]},

		{"kube_deployment_created", Gauge, Stable, nil,
			"When the deployment was created, in Unix seconds.",
			created[*appsv1.Deployment]},

		{"kube_deployment_status_replicas", Gauge, Stable, nil,
			"How many pods the deployment has, of any template.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.Replicas)) }},

		{"kube_deployment_status_replicas_ready", Gauge, Stable, nil,
			"How many pods of the deployment are ready.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.ReadyReplicas)) }},

		{"kube_deployment_status_replicas_available", Gauge, Stable, nil,
			"How many pods of the deployment have been ready for long enough to count.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.AvailableReplicas)) }},

		{"kube_deployment_status_replicas_unavailable", Gauge, Stable, nil,
			"How many pods the deployment lacks or has without their being available.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UnavailableReplicas)) }},

		{"kube_deployment_status_replicas_updated", Gauge, Stable, nil,
			"How many pods of the deployment have the current template.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(int64(d.Status.UpdatedReplicas)) }},

		{"kube_deployment_status_terminating_replicas", Gauge, Alpha, nil,
			"How many pods of the deployment are being deleted.",
			func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Status.TerminatingReplicas) }},

		{"kube_deployment_status_observed_generation", Gauge, Stable, nil,
			"The generation of the deployment that its controller has acted on.",
			func(d *appsv1.Deployment, s *Samples) { s.Int(d.Status.ObservedGeneration) }},

		{"kube_deployment_status_condition", Gauge, Stable, Labels{"reason", "condition", "status"},
			"The conditions of the deployment, with 1 at the status that each has.",
			deploymentConditions},

		{"kube_deployment_spec_replicas", Gauge, Stable, nil,
			"How many pods the deployment is to have.",
			func(d *appsv1.Deployment, s *Samples) { s.Optional32(d.Spec.Replicas) }},

		{"kube_deployment_spec_paused", Gauge, Stable, nil,
			"Whether the deployment is paused and its controller leaves it alone.",
			func(d *appsv1.Deployment, s *Samples) { s.Bool(d.Spec.Paused) }},

		{"kube_deployment_spec_strategy_rollingupdate_max_unavailable", Gauge, Stable, nil,
			"How many pods may be unavailable while the deployment is updated.",
			func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					shareOfReplicas(d, u.MaxUnavailable, roundDown, s)
				}
			}},

		{"kube_deployment_spec_strategy_rollingupdate_max_surge", Gauge, Stable, nil,
			"How many pods over the wanted number there may be while the deployment is updated.",
			func(d *appsv1.Deployment, s *Samples) {
				if u := d.Spec.Strategy.RollingUpdate; u != nil {
					shareOfReplicas(d, u.MaxSurge, roundUp, s)
				}
			}},

		{"kube_deployment_metadata_generation", Gauge, Stable, nil,
			"The generation of the wanted state of the deployment.",
			generation[*appsv1.Deployment]},

		{"kube_deployment_deletion_timestamp", Gauge, Alpha, nil,
			"When the deployment is due to be gone, in Unix seconds.",
			deleted[*appsv1.Deployment]},

		{"kube_deployment_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the deployment that are let through, as labels.",
			annotations[*appsv1.Deployment]},

		{"kube_deployment_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the deployment that are let through, as labels.",
			labels[*appsv1.Deployment]},
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
