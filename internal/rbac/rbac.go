// Package rbac turns what the program is to do into the roles that it needs for
// that: list and watch on the resources, what it asks of whom it serves, and
// nothing else.
package rbac

import (
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
)

// Names of the account that the roles are bound to, and of the roles.
const (
	Account          = "kubestate"
	AccountNamespace = "kubestate"
	role             = "kubestate"
)

// Work is what the roles are for.
type Work struct {
	Resources  []generators.Resource
	Namespaces []string // none for all
	// Reviews are what the auth filter asks of the API server.
	Reviews bool
	// Shards is the StatefulSet whose pods divide the work, empty if there is none.
	Shards types.NamespacedName
}

// Objects gives the roles and their bindings. Without namespaces that is one
// ClusterRole. With namespaces it is a Role in each, for what lives in
// namespaces, and a ClusterRole for the rest. With shards there is a Role for them, and
// the Lease that it is about.
func Objects(w Work) []any {
	var inNamespaces, outside []generators.Resource
	for _, r := range w.Resources {
		if len(w.Namespaces) > 0 && r.Describe().Namespaced {
			inNamespaces = append(inNamespaces, r)
		} else {
			outside = append(outside, r)
		}
	}
	everywhere := rules(outside)
	if w.Reviews {
		everywhere = append(everywhere, reviews()...)
	}
	objects := clusterWide(everywhere)
	for _, namespace := range w.Namespaces {
		objects = append(objects, inNamespace(namespace, rules(inNamespaces))...)
	}
	if w.Shards.Name != "" {
		objects = append(objects, namespaced(role+"-sharding", w.Shards.Namespace, sharing(w.Shards.Name))...)
		objects = append(objects, &lease{
			TypeMeta:   metav1.TypeMeta{APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease"},
			ObjectMeta: metav1.ObjectMeta{Name: w.Shards.Name, Namespace: w.Shards.Namespace, Labels: labels()},
		})
	}
	return objects
}

// A lease is a Lease without a spec: nobody holds it.
type lease struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

// sharing are the rules for seeing the shards of a StatefulSet, and for telling them by
// the annotations of its Lease what is served.
func sharing(set string) []rbacv1.PolicyRule {
	see, its := []string{"get", "list", "watch"}, []string{set}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: see},
		{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, ResourceNames: its, Verbs: see},
		{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, ResourceNames: its, Verbs: append(see, "patch")},
	}
}

func clusterWide(rules []rbacv1.PolicyRule) []any {
	if len(rules) == 0 {
		return nil
	}
	return []any{
		&rbacv1.ClusterRole{
			TypeMeta:   typeMeta("ClusterRole"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Labels: labels()},
			Rules:      rules,
		},
		&rbacv1.ClusterRoleBinding{
			TypeMeta:   typeMeta("ClusterRoleBinding"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Labels: labels()},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   subjects(),
		},
	}
}

func inNamespace(namespace string, rules []rbacv1.PolicyRule) []any {
	if len(rules) == 0 {
		return nil
	}
	return namespaced(role, namespace, rules)
}

// namespaced is a role with a name, and its binding.
func namespaced(role, namespace string, rules []rbacv1.PolicyRule) []any {
	return []any{
		&rbacv1.Role{
			TypeMeta:   typeMeta("Role"),
			ObjectMeta: metav1.ObjectMeta{Name: role, Namespace: namespace, Labels: labels()},
			Rules:      rules,
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

// reviews are the rules for asking who a client is and what it may do.
func reviews() []rbacv1.PolicyRule {
	create := []string{"create"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{authenticationv1.GroupName}, Resources: []string{"tokenreviews"}, Verbs: create},
		{APIGroups: []string{authorizationv1.GroupName}, Resources: []string{"subjectaccessreviews"}, Verbs: create},
	}
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
