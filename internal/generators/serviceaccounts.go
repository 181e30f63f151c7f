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
			Help: "Whether pods that run as the service account are given its token, empty if it does not say.",
			Row:  func(a *corev1.ServiceAccount, s *Samples) { s.One(formatOptional(a.AutomountServiceAccountToken)) }},

		{Name: "kube_serviceaccount_created", Type: Gauge, Stability: Alpha,
			Help: "When the service account was created, in Unix seconds.",
			Row:  created[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_deleted", Type: Gauge, Stability: Alpha,
			Help: "When the service account is due to be gone, in Unix seconds.",
			Row:  deleted[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_secret", Type: Gauge, Stability: Alpha, Labels: Labels{"name"},
			Help: "The secrets that pods that run as the service account may use.",
			Row: func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.Secrets {
					s.One(a.Secrets[i].Name)
				}
			}},

		{Name: "kube_serviceaccount_image_pull_secret", Type: Gauge, Stability: Alpha, Labels: Labels{"name"},
			Help: "The secrets with which images of pods that run as the service account are pulled.",
			Row: func(a *corev1.ServiceAccount, s *Samples) {
				for i := range a.ImagePullSecrets {
					s.One(a.ImagePullSecrets[i].Name)
				}
			}},

		{Name: "kube_serviceaccount_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "The annotations of the service account that are let through, as labels.",
			Row:  annotations[*corev1.ServiceAccount]},

		{Name: "kube_serviceaccount_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "The labels of the service account that are let through, as labels.",
			Row:  labels[*corev1.ServiceAccount]},
	},
}
