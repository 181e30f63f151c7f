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
			Help: "What makes volumes of the storage class, when, and what becomes of them when their claims are gone.",
			Row: func(c *storagev1.StorageClass, s *Samples) {
				s.One(c.Provisioner,
					string(valueOr(c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)),
					string(valueOr(c.VolumeBindingMode, storagev1.VolumeBindingImmediate)))
			}},

		{Name: "kube_storageclass_created", Type: Gauge, Stability: Stable,
			Help: "When the storage class was created, in Unix seconds.",
			Row:  created[*storagev1.StorageClass]},

		{Name: "kube_storageclass_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the storage class that are let through, as labels.",
			Row:  annotations[*storagev1.StorageClass]},

		{Name: "kube_storageclass_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "The labels of the storage class that are let through, as labels.",
			Row:  labels[*storagev1.StorageClass]},
	},
}
