package generators

import (
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
)

// StorageClasses is the table of storage.k8s.io/v1 StorageClass families.
var StorageClasses = Table[*storagev1.StorageClass]{
	Resource: storagev1.SchemeGroupVersion.WithResource("storageclasses"),
	Kind:     "StorageClass",
	Scope:    Cluster,
	Identity: Identity{Name("storageclass")},
	Families: []Family[*storagev1.StorageClass]{
		{Name: "kube_storageclass_info", Type: Gauge, Stability: Stable, Labels: Labels{"provisioner", "reclaim_policy", "volume_binding_mode"},
			Help: "Provisioner, reclaim policy and volume binding mode of the storage class.",
			Row: func(c *storagev1.StorageClass, s *Samples) {
				s.One(c.Provisioner,
					string(valueOr(c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)),
					string(valueOr(c.VolumeBindingMode, storagev1.VolumeBindingImmediate)))
			}},

		{Name: "kube_storageclass_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the storage class, Unix seconds.",
			Row:  created[*storagev1.StorageClass]},

		{Name: "kube_storageclass_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the storage class selected by the allowlist.",
			Row:  annotations[*storagev1.StorageClass]},

		{Name: "kube_storageclass_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the storage class selected by the allowlist.",
			Row:  labels[*storagev1.StorageClass]},
	},
}
