package generators

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
)

// Builtin returns the tables of this package in the order of serving.
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

// OwnTables returns the tables of exported families that no resource of an API server has.
func OwnTables() []Resource { return []Resource{&FinishedCounts, &PodCounts, &JobCounts, &NodeCounts} }

// A Registry holds the tables of a program in the order of serving. It is immutable and
// safe for concurrent use.
type Registry struct {
	resources []Resource
	scheme    func() *runtime.Scheme
}

// NewRegistry returns a registry of valid tables. The error joins the faults of each, and
// the keys, kinds and family names that two of them share. Families with an identity of their own
// and equal descriptions may share a name.
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

// checkUnique returns an error for each key, kind and family name of two tables.
func checkUnique(entries []Description) (errs []error) {
	owners, shared := map[string]string{}, map[string]FamilyDescription{}
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
			if other, ok := shared[f.Name]; ok && reflect.DeepEqual(f, other) {
				continue
			}
			if f.Identity != nil {
				shared[f.Name] = f
			}
			if owners["family"+f.Name] != d.Key { // Validate reports duplicates within a table
				claim(d.Key, "family", f.Name)
			}
		}
	}
	return errs
}

// byKey is a resource whose name is its key, since another one of the registry has the
// plural.
type byKey struct{ Resource }

// Describe returns the catalogue entry.
func (r byKey) Describe() Description {
	d := r.Resource.Describe()
	d.Name = d.Key
	return d
}

// Resources returns all resources.
func (r *Registry) Resources() []Resource { return slices.Clone(r.resources) }

// Defaults returns the resources that are exported by default.
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

// Names returns the names of resources.
func Names(resources []Resource) []string {
	var names []string
	for _, r := range resources {
		names = append(names, r.Describe().Name)
	}
	return names
}

// Scheme has the Go types of the resources in the versions of their recipes. It is
// shared and must not be changed.
func (r *Registry) Scheme() *runtime.Scheme { return r.scheme() }
