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
	Reads:    Fields{"metadata"},
	Families: []Family[*rbacv1.ClusterRole]{
		{"kube_clusterrole_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the role that are let through, as labels.",
			annotations[*rbacv1.ClusterRole]},

		{"kube_clusterrole_labels", Gauge, Alpha, Labels{"label_*"},
			"The labels of the role that are let through, as labels.",
			labels[*rbacv1.ClusterRole]},

		{"kube_clusterrole_info", Gauge, Alpha, nil,
			"That there is the role.",
			exists[*rbacv1.ClusterRole]},

		{"kube_clusterrole_created", Gauge, Alpha, nil,
			"When the role was created, in Unix seconds.",
			created[*rbacv1.ClusterRole]},

		{"kube_clusterrole_metadata_resource_version", Gauge, Alpha, nil,
			"The resource version of the role.",
			resourceVersion[*rbacv1.ClusterRole]},
	},
}
