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
		{"kube_serviceaccount_info", Gauge, Alpha, Labels{"automount_token"},
			"Whether pods that run as the service account are given its token, empty if it does not say.",
			func(a *corev1.ServiceAccount, s *Samples) { s.One(formatOptional(a.AutomountServiceAccountToken)) }},

		{"kube_serviceaccount_created", Gauge, Alpha, nil,
			"When the service account was created, in Unix seconds.",
			created[*corev1.ServiceAccount]},

		{"kube_serviceaccount_deleted", Gauge, Alpha, nil,
			"When the service account is due to be gone, in Unix seconds.",
			deleted[*corev1.ServiceAccount]},

		{"kube_serviceaccount_secret", Gauge, Alpha, Labels{"name"},
			"The secrets that pods that run as the service account may use.",
			func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.Secrets {
					s.One(a.Secrets[i].Name)
				}
			}},

		{"kube_serviceaccount_image_pull_secret", Gauge, Alpha, Labels{"name"},
			"The secrets with which images of pods that run as the service account are pulled.",
			func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.ImagePullSecrets {
					s.One(a.ImagePullSecrets[i].Name)
				}
			}},

		{"kube_serviceaccount_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the service account that are let through, as labels.",
			annotations[*corev1.ServiceAccount]},

		{"kube_serviceaccount_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the service account that are let through, as labels.",
			labels[*corev1.ServiceAccount]},
	},
}
