package generators

import rbacv1 "k8s.io/api/rbac/v1"

// ClusterRoles is the table of rbac.authorization.k8s.io/v1 ClusterRole
// families.
var ClusterRoles = Table[*rbacv1.ClusterRole]{
	Resource: rbacv1.SchemeGroupVersion.WithResource("clusterroles"),
	Kind:     "ClusterRole",
	Scope:    Cluster,
	Default:  Off,
	Identity: Identity{Name("clusterrole")},
	Fetch:    Fetch[*rbacv1.ClusterRole]{Reads: Fields{"metadata"}},
	Families: []Family[*rbacv1.ClusterRole]{
		{Name: "kube_clusterrole_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the cluster role selected by the allowlist.",
			Row:  annotations[*rbacv1.ClusterRole]},

		{Name: "kube_clusterrole_labels", Type: Gauge, Stability: Alpha, Labels: Labels{"label_*"},
			Help: "Labels of the cluster role selected by the allowlist.",
			Row:  labels[*rbacv1.ClusterRole]},

		{Name: "kube_clusterrole_info", Type: Gauge, Stability: Alpha,
			Help: "Presence of the cluster role (always 1).",
			Row:  exists[*rbacv1.ClusterRole]},

		{Name: "kube_clusterrole_created", Type: Gauge, Stability: Alpha,
			Help: "Creation timestamp of the cluster role, Unix seconds.",
			Row:  created[*rbacv1.ClusterRole]},

		{Name: "kube_clusterrole_metadata_resource_version", Type: Gauge, Stability: Alpha,
			Help: "Resource version of the cluster role.",
			Row:  resourceVersion[*rbacv1.ClusterRole]},
	},
}
