package generators

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
)

// Builtin lists the tables of this package in the order in which they are served. A
// program makes its registry of them, and of others that it may have.
func Builtin() []Resource {
	return []Resource{
		&CertificateSigningRequests,
		&ClusterRoleBindings,
		&ClusterRoles,
		&ConfigMaps,
		&CronJobs,
		&DaemonSets,
		&Deployments,
		&Endpoints,
		&EndpointSlices,
		&HorizontalPodAutoscalers,
		&IngressClasses,
		&Ingresses,
		&Jobs,
		&Leases,
		&LimitRanges,
		&MutatingAdmissionPolicies,
		&MutatingAdmissionPolicyBindings,
		&MutatingWebhookConfigurations,
		&Namespaces,
		&NetworkPolicies,
		&Nodes,
		&PersistentVolumeClaims,
		&PersistentVolumes,
		&PodDisruptionBudgets,
		&Pods,
		&ReplicaSets,
		&ReplicationControllers,
		&ResourceQuotas,
		&RoleBindings,
		&Roles,
		&Secrets,
		&ServiceAccounts,
		&Services,
		&StatefulSets,
		&StorageClasses,
		&ValidatingAdmissionPolicies,
		&ValidatingAdmissionPolicyBindings,
		&ValidatingWebhookConfigurations,
		&VolumeAttachments,
	}
}

// A Registry holds the tables of a program in the order in which they are served. It
// does not change and may be used concurrently.
type Registry struct {
	resources []Resource
	scheme    func() *runtime.Scheme
}

// NewRegistry makes a registry of valid tables. The error joins what Validate says of
// each, and what two tables have in common that only one may have: the key, the kind
// or the name of a family.
func NewRegistry(tables ...Resource) (*Registry, error) {
	r := &Registry{}
	// A plural is the name of the core group's resource, or else of the first.
	named := map[string]string{}
	var errs []error
	var entries []Description
	for _, table := range tables {
		errs = append(errs, table.Validate())
		d := table.Describe()
		entries = append(entries, d)
		if _, taken := named[d.Resource.Resource]; !taken || d.Resource.Group == "" {
			named[d.Resource.Resource] = d.Key
		}
	}
	for i, table := range tables {
		if d := entries[i]; named[d.Resource.Resource] != d.Key {
			table = byKey{table}
		}
		r.resources = append(r.resources, table)
	}
	if err := errors.Join(append(errs, checkUnique(entries)...)...); err != nil {
		return nil, err
	}
	r.scheme = sync.OnceValue(r.newScheme)
	return r, nil
}

// checkUnique reports what more than one table has.
func checkUnique(entries []Description) (errs []error) {
	owners := map[string]string{}
	claim := func(key, what, name string) {
		if owner, taken := owners[what+name]; taken {
			errs = append(errs, fmt.Errorf("resource %s: %s %s is also in the table of %s", key, what, name, owner))
		}
		owners[what+name] = key
	}
	for _, d := range entries {
		claim(d.Key, "key", d.Key)
		claim(d.Key, "kind", d.Kind.GroupKind().String())
		for _, f := range d.Families {
			if owners["family"+f.Name] != d.Key { // Validate has reported a repetition
				claim(d.Key, "family", f.Name)
			}
		}
	}
	return errs
}

// byKey is a resource that users see by its key, since another one of the registry has
// the plural as its name.
type byKey struct{ Resource }

// Describe gives the catalogue entry.
func (r byKey) Describe() Description {
	d := r.Resource.Describe()
	d.Name = d.Key
	return d
}

// Resources gives all resources.
func (r *Registry) Resources() []Resource { return slices.Clone(r.resources) }

// Defaults gives the resources that are exported when none is asked for.
func (r *Registry) Defaults() []Resource {
	return slices.DeleteFunc(r.Resources(), func(r Resource) bool { return !r.Describe().Default })
}

// Lookup finds a resource by its name or its key.
func (r *Registry) Lookup(name string) (Resource, bool) {
	for _, resource := range r.resources {
		if d := resource.Describe(); d.Name == name || d.Key == name {
			return resource, true
		}
	}
	return nil, false
}

// Names gives the names of resources.
func Names(resources []Resource) []string {
	var names []string
	for _, r := range resources {
		names = append(names, r.Describe().Name)
	}
	return names
}

// Scheme knows the Go types of the resources, in the versions of their recipes. It is
// shared: nobody may add to it.
func (r *Registry) Scheme() *runtime.Scheme { return r.scheme() }
