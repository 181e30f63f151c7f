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
			Help: "Labels of the persistent volume claim selected by the allowlist.",
			Row:  labels[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the persistent volume claim selected by the allowlist.",
			Row:  annotations[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_info", Type: Gauge, Stability: Stable, Labels: Labels{"storageclass", "volumename", "volumemode"},
			Help: "Storage class, volume name and volume mode of the persistent volume claim.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				class, ok := c.Annotations[corev1.BetaStorageClassAnnotation]
				if !ok {
					class = value(c.Spec.StorageClassName)
				}
				s.One(class, c.Spec.VolumeName, string(value(c.Spec.VolumeMode)))
			}},

		{Name: "kube_persistentvolumeclaim_status_phase", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"phase"},
			Help: "Phase of the persistent volume claim (1 for the current phase).",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if c.Status.Phase != "" {
					s.OneOf(string(c.Status.Phase), claimPhases)
				}
			}},

		{Name: "kube_persistentvolumeclaim_resource_requests_storage_bytes", Type: Gauge, Stability: Stable,
			Help: "Storage requested by the persistent volume claim, bytes.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				if q, ok := c.Spec.Resources.Requests[corev1.ResourceStorage]; ok {
					s.Ceil(q)
				}
			}},

		{Name: "kube_persistentvolumeclaim_access_mode", Type: Gauge, Stability: Stable, Labels: Labels{"access_mode"},
			Help: "Access modes of the persistent volume claim.",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for _, mode := range c.Spec.AccessModes {
					s.One(string(mode))
				}
			}},

		{Name: "kube_persistentvolumeclaim_status_condition", Type: Gauge, Stability: Alpha, Sparse: true, Labels: Labels{"condition", "status"},
			Help: "Conditions of the persistent volume claim (1 for the current status of each).",
			Row: func(c *corev1.PersistentVolumeClaim, s *Samples) {
				for i := range c.Status.Conditions {
					condition := &c.Status.Conditions[i]
					s.Status(string(condition.Status), string(condition.Type))
				}
			}},

		{Name: "kube_persistentvolumeclaim_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the persistent volume claim, Unix seconds.",
			Row:  created[*corev1.PersistentVolumeClaim]},

		{Name: "kube_persistentvolumeclaim_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the persistent volume claim, Unix seconds.",
			Row:  deleted[*corev1.PersistentVolumeClaim]},
	},
}

var claimPhases = []string{string(corev1.ClaimLost), string(corev1.ClaimBound), string(corev1.ClaimPending)}
