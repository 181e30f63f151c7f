package generators

import corev1 "k8s.io/api/core/v1"

// ConfigMaps is the table of v1 ConfigMap families.
var ConfigMaps = Table[*corev1.ConfigMap]{
	Resource: corev1.SchemeGroupVersion.WithResource("configmaps"),
	Kind:     "ConfigMap",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("configmap")},
	Fetch:    Fetch[*corev1.ConfigMap]{Reads: Fields{"metadata"}},
	Families: []Family[*corev1.ConfigMap]{
		{Name: "kube_configmap_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the config map selected by the allowlist.",
			Row:  annotations[*corev1.ConfigMap]},

		{Name: "kube_configmap_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the config map selected by the allowlist.",
			Row:  labels[*corev1.ConfigMap]},

		{Name: "kube_configmap_info", Type: Gauge, Stability: Stable,
			Help: "Presence of the config map (always 1).",
			Row:  exists[*corev1.ConfigMap]},

		{Name: "kube_configmap_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the config map, Unix seconds.",
			Row:  created[*corev1.ConfigMap]},

		{Name: "kube_configmap_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the config map.",
			Row:  resourceVersion[*corev1.ConfigMap]},
	},
}
