// Package rbac makes least-privilege RBAC roles for a configuration: list and watch of its
// resources, the reviews of the auth filter, and the Lease of its shards or replicas.
package rbac

import (
	"slices"
	"strconv"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
)

// Names of the service account and its roles.
const (
	Account          = "kubestate"
	AccountNamespace = "kubestate"
	role             = "kubestate"
)

// Config is the part of a configuration that needs permissions.
type Config struct {
	Resources  []generators.Resource
	Namespaces []string // none for all
	// Custom are custom resources, whose scope is unknown; Definitions permits reading
	// their definitions.
	Custom      []schema.GroupResource
	Definitions bool
	// Reviews permits the TokenReviews and SubjectAccessReviews of the auth filter.
	Reviews bool
	// Shards is the StatefulSet of the shards, empty if there is none.
	Shards types.NamespacedName
	// Leases are those by which replicas elect one, of one namespace: one Lease, one for each shard, or
	// none.
	Leases []types.NamespacedName
}

// Objects returns the roles and their bindings: one ClusterRole without namespaces. With
// namespaces it returns a Role in each for namespaced resources, and a ClusterRole for all others.
// With shards or a Lease of replicas it adds their Role and Lease.
func Objects(c Config) []any {
	var namespaced, cluster []schema.GroupResource
	for _, r := range c.Resources {
		d := r.Describe()
		if of := d.Resource.GroupResource(); len(c.Namespaces) > 0 && d.Namespaced {
			namespaced = append(namespaced, of)
		} else {
			cluster = append(cluster, of)
		}
	}
	cluster = append(cluster, c.Custom...)
	if c.Definitions {
		cluster = append(cluster, schema.GroupResource{Group: "apiextensions.k8s.io", Resource: "customresourcedefinitions"})
	}
	clusterRules := readRules(cluster)
	if c.Reviews {
		clusterRules = append(clusterRules, reviewRules()...)
	}
	objects := clusterRole(clusterRules)
	for _, namespace := range c.Namespaces {
		if rules := readRules(namespaced); len(rules) > 0 {
			objects = append(objects, namespacedRole(role, namespace, rules)...)
		}
	}
	if c.Shards.Name != "" {
		objects = append(objects, namespacedRole(role+"-sharding", c.Shards.Namespace, shardingRules(c.Shards.Name))...)
		objects = append(objects, newLease(c.Shards))
	}
	if len(c.Leases) > 0 {
		var names []string
		for _, l := range c.Leases {
			names = append(names, l.Name)
		}
		objects = append(objects, namespacedRole(role+"-standby", c.Leases[0].Namespace, []rbacv1.PolicyRule{leaseRule(names...)})...)
		for _, l := range c.Leases {
			objects = append(objects, newLease(l))
		}
	}
	return objects
}

// A lease is a Lease without a spec, and so without a holder.
type lease struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
}

func newLease(name types.NamespacedName) *lease {
	return &lease{
		TypeMeta:   metav1.TypeMeta{APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{Name: name.Name, Namespace: name.Namespace, Labels: labels()},
	}
}

// LeasesOfShards are the Leases of a number of shards with standbys.
func LeasesOfShards(lease types.NamespacedName, shards int) (all []types.NamespacedName) {
	for i := range shards {
		all = append(all, types.NamespacedName{Namespace: lease.Namespace, Name: lease.Name + "-" + strconv.Itoa(i)})
	}
	return all
}

// leaseRule permits to read and patch Leases.
func leaseRule(names ...string) rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, ResourceNames: names, Verbs: []string{"get", "list", "watch", "patch"}}
}

// shardingRules permit to read a StatefulSet, its pods and its Lease, and to patch the Lease.
func shardingRules(set string) []rbacv1.PolicyRule {
	read, names := []string{"get", "list", "watch"}, []string{set}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: read},
		{APIGroups: []string{"apps"}, Resources: []string{"statefulsets"}, ResourceNames: names, Verbs: read},
		leaseRule(set),
	}
}

// clusterRole returns a ClusterRole and its binding, nothing without rules.
func clusterRole(rules []rbacv1.PolicyRule) []any {
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

// namespacedRole returns a Role and its binding.
func namespacedRole(role, namespace string, rules []rbacv1.PolicyRule) []any {
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

// reviewRules permit to create reviews.
func reviewRules() []rbacv1.PolicyRule {
	create := []string{"create"}
	return []rbacv1.PolicyRule{
		{APIGroups: []string{authenticationv1.GroupName}, Resources: []string{"tokenreviews"}, Verbs: create},
		{APIGroups: []string{authorizationv1.GroupName}, Resources: []string{"subjectaccessreviews"}, Verbs: create},
	}
}

// readRules permit list and watch of resources, with one rule for each API group.
func readRules(resources []schema.GroupResource) []rbacv1.PolicyRule {
	byGroup := map[string][]string{}
	var groups []string
	for _, resource := range resources {
		if byGroup[resource.Group] == nil {
			groups = append(groups, resource.Group)
		}
		byGroup[resource.Group] = append(byGroup[resource.Group], resource.Resource)
	}
	slices.Sort(groups)
	var all []rbacv1.PolicyRule
	for _, group := range groups {
		slices.Sort(byGroup[group])
		byGroup[group] = slices.Compact(byGroup[group]) // Custom may repeat Resources
		all = append(all, rbacv1.PolicyRule{
			APIGroups: []string{group},
			Resources: byGroup[group],
			Verbs:     []string{"list", "watch"},
		})
	}
	return all
}
