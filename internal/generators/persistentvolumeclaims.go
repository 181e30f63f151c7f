package generators

import corev1 "k8s.io/api/core/v1"

// PersistentVolumeClaims is the table of v1 PersistentVolumeClaim families.
var PersistentVolumeClaims = Table[*corev1.PersistentVolumeClaim]{
	Resource: corev1.SchemeGroupVersion.WithResource("persistentvolumeclaims"),
	Kind:     "PersistentVolumeClaim",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("persistentvolumeclaim")},
	Families: []Family[*corev1.PersistentVolumeClaim]{
		{Name: "kube_persistentvolumeclaim_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the claim that are let through, as labels.",
			Row:  labels[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the claim that are let through, as labels.",
			Row:  annotations[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_info", Type: Gauge, Stability: Stable, Labels: Labels{"storageclass", "volumename", "volumemode"},
			Help: "Which storage class the claim asks for, and which volume it has.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]
				if !ok {
					class = value(c.Spec.StorageClassName)
				}
				s.One(class, c.Spec.VolumeName, string(value(c.Spec.VolumeMode)))
			}},

		{Name: "kube_persistentvolumeclaim_status_phase", Type: Gauge, Stability: Stable, Labels: Labels{"phase"},
			Help: "The phase of the claim, with 1 at the one it is in.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if c.Status.Phase != "" {
					s.OneOf(string(c.Status.Phase), claimPhases)
				}
			}},

		{Name: "kube_persistentvolumeclaim_resource_requests_storage_bytes", Type: Gauge, Stability: Stable,
			Help: "How much storage the claim asks for, in bytes.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if q, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
					s.Ceil(q)
				}
			}},

		{Name: "kube_persistentvolumeclaim_access_mode", Type: Gauge, Stability: Stable, Labels: Labels{"access_mode"},
			Help: "The ways of mounting that the claim asks for.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for _, mode := range c.Spec.AccessModes {
					s.One(string(mode))
				}
			}},

		{Name: "kube_persistentvolumeclaim_status_condition", Type: Gauge, Stability: Alpha, Labels: Labels{"condition", "status"},
			Help: "The conditions of the claim, with 1 at the status that each has.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for i := range c.Status.Conditions {
					condition := &c.Status.Conditions[i]
					s.Status(string(condition.Status), string(condition.Type))
				}
			}},

		{Name: "kube_persistentvolumeclaim_created", Type: Gauge, Stability: Alpha,
			Help: "When the claim was created, in Unix seconds.",
			Row:  created[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "When the claim is due to be gone, in Unix seconds.",
			Row:  deleted[*corev1.PersistentVolumeClaim]},
	},
}

var claimPhases = []string{string(corev1.ClaimLost), string(corev1.ClaimBound), string(corev1.ClaimPending)}
