package generators

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// Nodes is the table of v1 Node families.
var Nodes = Table[*corev1.Node]{
	Resource: corev1.SchemeGroupVersion.WithResource("nodes"),
	Kind:     "Node",
	Scope:    Cluster,
	Identity: Identity{Name("node")},
	Fetch: Fetch[*corev1.Node]{
		Reads: Fields{
			"spec", "status.capacity", "status.allocatable", "status.conditions", "status.addresses", "status.nodeInfo",
		},
	},
	Memo: &nodeMemo,
	Families: []Family[*corev1.Node]{
		{Name: "kube_node_annotations", Type: Gauge, Stability: Alpha, Labels: Labels{"annotation_*"},
			Help: "Annotations of the node selected by the allowlist.",
			Row:  annotations[*corev1.Node]},

		{Name: "kube_node_created", Type: Gauge, Stability: Stable,
			Help: "Creation timestamp of the node, Unix seconds.",
			Row:  created[*corev1.Node]},

		{Name: "kube_node_deletion_timestamp", Type: Gauge, Stability: Alpha,
			Help: "Deletion timestamp of the node, Unix seconds.",
			Row:  deleted[*corev1.Node]},

		{Name: "kube_node_info", Type: Gauge, Stability: Stable,
			Labels: Labels{"kernel_version", "os_image", "container_runtime_version", "kubelet_version", "kubeproxy_version",
				"provider_id", "pod_cidr", "system_uuid", "internal_ip"},
			Help: "System information, provider ID, pod CIDR and internal IP of the node.",
			Row: func(n *corev1.Node, s *Samples) {
				i := &n.Status.NodeInfo
				s.One(i.KernelVersion, i.OSImage, i.ContainerRuntimeVersion, i.KubeletVersion, "deprecated",
					n.Spec.ProviderID, n.Spec.PodCIDR, i.SystemUUID, internalIP(n))
			}},

		{Name: "kube_node_labels", Type: Gauge, Stability: Stable, Labels: Labels{"label_*"},
			Help: "Labels of the node selected by the allowlist.",
			Row:  labels[*corev1.Node]},

		{Name: "kube_node_role", Type: Gauge, Stability: Alpha, Labels: Labels{"role"},
			Help: "Roles of the node.",
			Row: func(n *corev1.Node, s *Samples) {
				s.keys = sortedKeys(s.keys[:0], n.Labels)
				for _, key := range s.keys {
					if role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); ok {
						s.One(role)
					}
				}
			}},

		{Name: "kube_node_spec_pod_cidrs", Type: Gauge, Stability: Alpha, Labels: Labels{"pod_cidr"},
			Help: "Pod CIDRs of the node.",
			Row: func(n *corev1.Node, s *Samples) {
				for _, cidr := range n.Spec.PodCIDRs {
					s.One(cidr)
				}
			}},

		{Name: "kube_node_spec_taint", Type: Gauge, Stability: Stable, Labels: Labels{"key", "value", "effect"},
			Help: "Taints of the node.",
			Row: func(n *corev1.Node, s *Samples) {
				for i := range n.Spec.Taints {
					t := &n.Spec.Taints[i]
					s.One(t.Key, t.Value, string(t.Effect))
				}
			}},

		{Name: "kube_node_spec_unschedulable", Type: Gauge, Stability: Stable,
			Help: "Whether the node is unschedulable (cordoned).",
			Row:  func(n *corev1.Node, s *Samples) { s.Bool(n.Spec.Unschedulable) }},

		{Name: "kube_node_status_allocatable", Type: Gauge, Stability: Stable, Labels: Labels{"resource", "unit"},
			Help: "Allocatable resources of the node.",
			Row:  func(n *corev1.Node, s *Samples) { nodeAmounts(n.Status.Allocatable, s) }},

		{Name: "kube_node_status_capacity", Type: Gauge, Stability: Stable, Labels: Labels{"resource", "unit"},
			Help: "Resource capacity of the node.",
			Row:  func(n *corev1.Node, s *Samples) { nodeAmounts(n.Status.Capacity, s) }},

		{Name: "kube_node_status_condition", Type: Gauge, Stability: Stable, Sparse: true, Labels: Labels{"condition", "status"},
			Help: "Conditions of the node (1 for the current status of each).",
			Row: func(n *corev1.Node, s *Samples) {
				for i := range n.Status.Conditions {
					c := &n.Status.Conditions[i]
					s.Status(string(c.Status), string(c.Type))
				}
			}},

		{Name: "kube_node_status_addresses", Type: Gauge, Stability: Alpha, Labels: Labels{"type", "address"},
			Help: "Addresses of the node, by type.",
			Row: func(n *corev1.Node, s *Samples) {
				for i := range n.Status.Addresses {
					a := &n.Status.Addresses[i]
					s.One(string(a.Type), a.Address)
				}
			}},
	},
}

// internalIP is the last of the node's addresses of that type.
func internalIP(n *corev1.Node) (ip string) {
	for i := range n.Status.Addresses {
		if a := &n.Status.Addresses[i]; a.Type == corev1.NodeInternalIP {
			ip = a.Address
		}
	}
	return ip
}

func nodeAmounts(m corev1.ResourceList, s *Samples) {
	s.eachQuantity(m, func(name, unit string, q resource.Quantity) { s.Milli(q, name, unit) })
}
