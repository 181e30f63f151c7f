package generators

import (
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Leases is the table of coordination.k8s.io/v1 Lease families. The namespace
// is a family label, since it follows the own labels.
var Leases = Table[*coordinationv1.Lease]{
	Resource: coordinationv1.SchemeGroupVersion.WithResource("leases"),
	Kind:     "Lease",
	Scope:    Namespaced,
	Identity: Identity{Name("lease")},
	Fetch:    Fetch[*coordinationv1.Lease]{Older: []string{"v1beta1"}},
	Families: []Family[*coordinationv1.Lease]{
		{Name: "kube_lease_owner", Type: Gauge, Stability: Alpha, Labels: Labels{"owner_kind", "owner_name", "namespace", "lease_holder"},
			Help: "Owners of the lease, with holder.",
			Row: func(l *coordinationv1.Lease, s *Samples) {
				eachOwner(l, func(owner *metav1.OwnerReference, _ string) {
					s.One(owner.Kind, owner.Name, l.Namespace, value(l.Spec.HolderIdentity))
				})
			}},

		{Name: "kube_lease_renew_time", Type: Gauge, Stability: Alpha, Labels: Labels{"namespace"},
			Help: "Renew time of the lease, Unix seconds.",
			Row: func(l *coordinationv1.Lease, s *Samples) {
				if t := l.Spec.RenewTime; !t.IsZero() {
					s.Int(t.Unix(), l.Namespace)
				}
			}},
	},
}
