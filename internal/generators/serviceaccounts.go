package generators

import corev1 "k8s.io/api/core/v1"

// ServiceAccounts is the table of v1 ServiceAccount families.
var ServiceAccounts = Table[*corev1.ServiceAccount]{
	Resource: corev1.SchemeGroupVersion.WithResource("serviceaccounts"),
	Kind:     "ServiceAccount",
	Scope:    Namespaced,
	Default:  Off,
	Identity: Identity{Namespace, Name("serviceaccount"), UID},
	Families: []Family[*corev1.ServiceAccount]{
		{Name: "kube_serviceaccount_info", Type: Gauge, Stability: Alpha, Labels: Labels{"automount_token"},
			Help: "Token automount setting of the service account, empty if unset.",
			Row:  func(a *corev1.ServiceAccount, s *Samples) { s.One(formatOptional(a.AutomountServiceAccountToken)) }},

		{Name: "kube_serviceaccount_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the service account, Unix seconds.",
			Row:  created[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_deleted", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the service account, Unix seconds.",
			Row:  deleted[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_secret", Type: Gauge, Stability: Alpha, Labels: Labels{"name"},
			Help: "Secrets of the service account.",
			Row: func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.Secrets {
					s.One(a.Secrets[i].Name)
				}
			}},

		{Name: "kube_serviceaccount_image_pull_secret", Type: Gauge, Stability: Alpha, Labels: Labels{"name"},
			Help: "Image pull secrets of the service account.",
			Row: func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.ImagePullSecrets {
					s.One(a.ImagePullSecrets[i].Name)
				}
			}},

		{Name: "kube_serviceaccount_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the service account selected by the allowlist.",
			Row:  annotations[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the service account selected by the allowlist.",
			Row:  labels[*corev1.ServiceAccount]},
	},
}
