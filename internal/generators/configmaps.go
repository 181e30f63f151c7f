package generators

import corev1 "k8s.io/api/core/v1"

// ConfigMaps is the table of v1 ConfigMap families.
var ConfigMaps = Table[*corev1.ConfigMap]{
	Resource: corev1.SchemeGroupVersion.WithResource("configmaps"),
	Kind:     "ConfigMap",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("configmap")},
	Reads:    Fields{"metadata"},
	Families: []Family[*corev1.ConfigMap]{
		{"kube_configmap_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the config map that are let through, as labels.",
			annotations[*corev1.ConfigMap]},

		{"kube_configmap_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the config map that are let through, as labels.",
			labels[*corev1.ConfigMap]},

		{"kube_configmap_info", Gauge, Stable, nil,
			"That there is the config map.",
			exists[*corev1.ConfigMap]},

		{"kube_configmap_created", Gauge, Stable, nil,
			"When the config map was created, in Unix seconds.",
			created[*corev1.ConfigMap]},

		{"kube_configmap_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the config map.",
			resourceVersion[*corev1.ConfigMap]},
	},
}
