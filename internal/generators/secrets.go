package generators

import corev1 "k8s.io/api/core/v1"

// Secrets is the table of v1 Secret families. No family reads data.
var Secrets = Table[*corev1.Secret]{
	Resource: corev1.SchemeGroupVersion.WithResource("secrets"),
	Kind:     "Secret",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("secret")},
	Fetch: Fetch[*corev1.Secret]{
		Reads: Fields{"type"},
		Columns: []PrinterColumn[*corev1.Secret]{
			{"Type", func(c *corev1.Secret, cell string) { c.Type = corev1.SecretType(cell) }},
		},
	},
	Families: []Family[*corev1.Secret]{
		{Name: "kube_secret_info", Type: Gauge, Stability: Stable,
			Help: "Presence of the secret (always 1).",
			Row:  exists[*corev1.Secret]},

		{Name: "kube_secret_type", Type: Gauge, Stability: Stable, Labels: Labels{"type"},
			Help: "Type of the secret.",
			Row:  func(c *corev1.Secret, s *Samples) { s.One(string(c.Type)) }},

		{Name: "kube_secret_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the secret selected by the allowlist.",
			Row:  annotations[*corev1.Secret]},

		{Name: "kube_secret_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the secret selected by the allowlist.",
			Row:  labels[*corev1.Secret]},

		{Name: "kube_secret_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the secret, Unix seconds.",
			Row:  created[*corev1.Secret]},

		{Name: "kube_secret_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the secret.",
			Row:  resourceVersion[*corev1.Secret]},

		{Name: "kube_secret_owner", Type: Gauge, Stability: Alpha, Labels: Labels{"owner_kind", "owner_name", "owner_is_controller"},
			Help: "Owners of the secret.",
			Row:  ownersAndController[*corev1.Secret]},
	},
}
