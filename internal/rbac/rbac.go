// Package rbac turns a choice of resources and namespaces into the roles that
// watching them needs: list and watch on those resources, and nothing else.
package rbac

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// Names of the account that the roles are bound to, and of the roles.
const (
	Account          = "kubestate"
	AccountNamespace = "kube-system"
	role             = "kubestate"
)

// Objects gives the roles and their bindings. Without namespaces that is one
// ClusterRole. With namespaces it is a Role in each, for what lives in
// namespaces, and a ClusterRole for the rest.
func Objects(resources []generators.Resource, namespaces []string) []any {
	if len(namespaces) == 0 {
		return clusterWide(resources)
	}
	var inNamespaces, outside []generators.Resource
	for _, r := range resources {
		if r.Describe().Namespaced {
			inNamespaces = append(inNamespaces, r)
		} else {
			outside = append(outside, r)
		}
	}
	objects := clusterWide(outside)
	for _, namespace := range namespaces {
		objects = append(objects, inNamespace(namespace, inNamespaces)...)
	}
	return objects
}

func clusterWide(resources []generators.Resource) []any {
	if len(resources) == 0 {
		return nil
	}
	return []any{
		&rbacv1.ClusterRole{
			TypeMeta:   typeMeta("ClusterRole"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Labels: labels()},
			Rules:      rules(resources),
		},
		&rbacv1.ClusterRoleBinding{
			TypeMeta:   typeMeta("ClusterRoleBinding"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Labels: labels()},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   subjects(),
		},
	}
}

func inNamespace(namespace string, resources []generators.Resource) []any {
	if len(resources) == 0 {
		return nil
	}
	return []any{
		&rbacv1.Role{
			TypeMeta:   typeMeta("Role"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Namespace: namespace, Labels: labels()},
			Rules:      rules(resources),
		},
		&rbacv1.RoleBinding{
			TypeMeta:   typeMeta("RoleBinding"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Namespace: namespace, Labels: labels()},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role},
			Subjects:   subjects(),
		},
	}
}

func typeMeta(kind string) metav1.TypeMeta {
	return metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: kind}
}

func labels() map[string]string {
	return map[string]string{"app.kubernetes.io/name": "kubestate", "app.kubernetes.io/component": "exporter"}
}

func subjects() []rbacv1.Subject {
	return []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: Account, Namespace: AccountNamespace}}
}

// rules gives one rule an API group, groups in order.
func rules(resources []generators.Resource) []rbacv1.PolicyRule {
	byGroup := map[string][]string{}
	var groups []string
	for _, r := range resources {
		resource := r.Describe().Resource
		if byGroup[resource.Group] == nil {
			groups = append(groups, resource.Group)
		}
		byGroup[resource.Group] = append(byGroup[resource.Group], resource.Resource)
	}
	slices.Sort(groups)
	var all []rbacv1.PolicyRule
	for _, group := range groups {
		slices.Sort(byGroup[group])
		all = append(all, rbacv1.PolicyRule{
			APIGroups: []string{group},
			Resources: byGroup[group],
			Verbs:     []string{"list", "watch"},
		})
	}
	return all
}
