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
		{"kube_storageclass_info", Gauge, Stable, Labels{"provisioner", "reclaim_policy", "volume_binding_mode"},
			"What makes volumes of the storage class, when, and what becomes of them when their claims are gone.",
			func(c *storagev1.StorageClass, s *Samples) {
				s.One(c.Provisioner,
					string(valueOr(c.ReclaimPolicy, corev1.PersistentVolumeReclaimDelete)),
					string(valueOr(c.VolumeBindingMode, storagev1.VolumeBindingImmediate)))
			}},

		{"kube_storageclass_created", Gauge, Stable, nil,
			"When the storage class was created, in Unix seconds.",
			created[*storagev1.StorageClass]},

		{"kube_storageclass_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the storage class that are let through, as labels.",
			annotations[*storagev1.StorageClass]},

		{"kube_storageclass_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the storage class that are let through, as labels.",
			labels[*storagev1.StorageClass]},
	},
}
