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
	Reads: Fields{
		"spec", "status.capacity", "status.allocatable", "status.conditions", "status.addresses", "status.nodeInfo",
	},
	Families: []Family[*corev1.Node]{
		{"kube_node_annotations", Gauge, Alpha, Labels{"annotation_*"},
			"The annotations of the node that are let through, as labels.",
			annotations[*corev1.Node]},

		{"kube_node_created", Gauge, Stable, nil,
			"When the node was registered, in Unix seconds.",
			created[*corev1.Node]},

		{"kube_node_deletion_timestamp", Gauge, Alpha, nil,
			"When the node is due to be gone, in Unix seconds.",
			deleted[*corev1.Node]},

		{"kube_node_info", Gauge, Stable,
			Labels{"kernel_version", "os_image", "container_runtime_version", "kubelet_version", "kubeproxy_version",
				"provider_id", "pod_cidr", "system_uuid", "internal_ip"},
			"What the node runs and how it is reached.",
			func(n *corev1.Node, s *Samples) {
				i := &n.Status.NodeInfo
				s.One(i.KernelVersion, i.OSImage, i.ContainerRuntimeVersion, i.KubeletVersion, "deprecated",
					n.Spec.ProviderID, n.Spec.PodCIDR, i.SystemUUID, internalIP(n))
			}},

		{"kube_node_labels", Gauge, Stable, Labels{"label_*"},
			"The labels of the node that are let through, as labels.",
			labels[*corev1.Node]},

		{"kube_node_role", Gauge, Alpha, Labels{"role"},
			"The roles that the node's labels give it.",
			func(n *corev1.Node, s *Samples) {
				s.keys = sortedKeys(s.keys[:0], n.Labels)
				for _, key := range s.keys {
					if role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); ok {
						s.One(role)
					}
				}
			}},

		{"kube_node_spec_pod_cidrs", Gauge, Alpha, Labels{"pod_cidr"},
			"The address ranges of the node's pods.",
			func(n *corev1.Node, s *Samples) {
				for _, cidr := range n.Spec.PodCIDRs {
					s.One(cidr)
				}
			}},

		{"kube_node_spec_taint", Gauge, Stable, Labels{"key", "value", "effect"},
			"The taints that keep pods off the node.",
			func(n *corev1.Node, s *Samples) {
				for i := range n.Spec.Taints {
					t := &n.Spec.Taints[i]
					s.One(t.Key, t.Value, string(t.Effect))
				}
			}},

		{"kube_node_spec_unschedulable", Gauge, Stable, nil,
			"Whether the node takes no new pods.",
			func(n *corev1.Node, s *Samples) { s.Bool(n.Spec.Unschedulable) }},

		{"kube_node_status_allocatable", Gauge, Stable, Labels{"resource", "unit"},
			"How much of each resource the node has for pods.",
			func(n *corev1.Node, s *Samples) { nodeAmounts(n.Status.Allocatable, s) }},

		{"kube_node_status_capacity", Gauge, Stable, Labels{"resource", "unit"},
			"How much of each resource the node has in all.",
			func(n *corev1.Node, s *Samples) { nodeAmounts(n.Status.Capacity, s) }},

		{"kube_node_status_condition", Gauge, Stable, Labels{"condition", "status"},
			"The conditions of the node, with 1 at the status that each has.",
			func(n *corev1.Node, s *Samples) {
				for i := range n.Status.Conditions {
					c := &n.Status.Conditions[i]
					s.Status(string(c.Status), string(c.Type))
				}
			}},

		{"kube_node_status_addresses", Gauge, Alpha, Labels{"type", "address"},
			"The addresses and names of the node.",
			func(n *corev1.Node, s *Samples) {
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
	s.eachAmount(m, func(name, unit string, q resource.Quantity) { s.Milli(q, name, unit) })
}
