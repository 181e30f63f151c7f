package generators

import corev1 "k8s.io/api/core/v1"

// Secrets is the table of v1 Secret families. None reads what is secret.
var Secrets = Table[*corev1.Secret]{
	Resource: corev1.SchemeGroupVersion.WithResource("secrets"),
	Kind:     "Secret",
	Scope:    Namespaced,
	Identity: Identity{Namespace, Name("secret")},
	Reads:    Fields{"type"},
	Columns: []Column[*corev1.Secret]{
		{"Type", func(c *corev1.Secret, cell string) { c.Type = corev1.SecretType(cell) }},
	},
	Families: []Family[*corev1.Secret]{
		{"kube_secret_info", Gauge, Stable, nil,
			"That there is the secret.",
			exists[*corev1.Secret]},

		{"kube_secret_type", Gauge, Stable, Labels{"type"},
			"The type of the secret, which says what it is for.",
			func(c *corev1.Secret, s *Samples) { s.One(string(c.Type)) }},

		{"kube_secret_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the secret that are let through, as labels.",
			annotations[*corev1.Secret]},

		{"kube_secret_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the secret that are let through, as labels.",
			labels[*corev1.Secret]},

		{"kube_secret_created", Gauge, Stable, nil,
			"When the secret was created, in Unix seconds.",
			created[*corev1.Secret]},

		{"kube_secret_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the secret.",
			resourceVersion[*corev1.Secret]},

		{"kube_secret_owner", Gauge, Alpha, Labels{"owner_kind", "owner_name", "owner_is_controller"},
			"What owns the secret.",
			ownersAndController[*corev1.Secret]},
	},
}
