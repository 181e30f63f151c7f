package generators

import corev1 "k8s.io/api/core/v1"

// PersistentVolumeClaims is the table of v1 PersistentVolumeClaim families.
var PersistentVolumeClaims = Table[*corev1.PersistentVolumeClaim]{
	Resource: corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"),
	Kind:     "PersistentVolumeClaim",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("persistentvolumeclaim")},
	Families: []Family[*corev1.PersistentVolumeClaim]{
		{"kube_persistentvolumeclaim_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the claim that are let through, as labels.",
			labels[*corev1.PersistentVolumeClaim]},

		{"kube_persistentvolumeclaim_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the claim that are let through, as labels.",
			annotations[*corev1.PersistentVolumeClaim]},

		{"kube_persistentvolumeclaim_info", Gauge, Stable, Labels{"storageclass", "volumename", "volumemode"},
			"Which storage class the claim asks for, and which volume it has.",
			func(c *corev1.PersistentVolumeClaim, s *Samples) {
				class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]
				if !ok {
					class = value(c.Spec.StorageClassName)
				}
				s.One(class, c.Spec.VolumeName, string(value(c.Spec.VolumeMode)))
			}},

		{"kube_persistentvolumeclaim_status_phase", Gauge, Stable, Labels{"phase"},
			"The phase of the claim, with 1 at the one it is in.",
			func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if c.Status.Phase != "" {
					s.OneOf(string(c.Status.Phase), claimPhases)
				}
			}},

		{"kube_persistentvolumeclaim_resource_requests_storage_bytes", Gauge, Stable, nil,
			"How much storage the claim asks for, in bytes.",
			func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if q, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
					s.Ceil(q)
				}
			}},

		{"kube_persistentvolumeclaim_access_mode", Gauge, Stable, Labels{"access_mode"},
			"The ways of mounting that the claim asks for.",
			func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for _, mode := range c.Spec.AccessModes {
					s.One(string(mode))
				}
			}},

		{"kube_persistentvolumeclaim_status_condition", Gauge, Alpha, Labels{"condition", "status"},
			"The conditions of the claim, with 1 at the status that each has.",
			func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for i := range c.Status.Conditions {
					condition := &c.Status.Conditions[i]
					s.Status(string(condition.Status), string(condition.Type))
				}
			}},

		{"kube_persistentvolumeclaim_created", Gauge, Alpha, nil,
			"When the claim was created, in Unix seconds.",
			created[*corev1.PersistentVolumeClaim]},

		{"kube_persistentvolumeclaim_deletion_timestamp", Gauge, Alpha, nil,
			"When the claim is due to be gone, in Unix seconds.",
			deleted[*corev1.PersistentVolumeClaim]},
	},
}

var claimPhases = []string{string(corev1.ClaimLost), string(corev1.ClaimBound), string(corev1.ClaimPending)}
