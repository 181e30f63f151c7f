package generators_test

import (
	"encoding/base64"
	"strings"
)

var clusterReferences = map[string]resourceReference{
	"certificatesigningrequests": {
		identity: []string{"certificatesigningrequest", "metadata.name", "signer_name", "spec.signerName"},
		families: map[string]reference{
			"kube_certificatesigningrequest_annotations": annotations,
			"kube_certificatesigningrequest_labels":      labels,
			"kube_certificatesigningrequest_created":     created,
			"kube_certificatesigningrequest_condition":   signingConditions,
			"kube_certificatesigningrequest_cert_length": certificateLength,
		},
	},
	"clusterrolebindings": {
		identity: []string{"clusterrolebinding", "metadata.name"},
		families: map[string]reference{
			"kube_clusterrolebinding_annotations":               annotations,
			"kube_clusterrolebinding_labels":                    labels,
			"kube_clusterrolebinding_info":                      info("roleref_kind", "roleRef.kind", "roleref_name", "roleRef.name"),
			"kube_clusterrolebinding_created":                   created,
			"kube_clusterrolebinding_metadata_resource_version": resourceVersion,
		},
	},
	"clusterroles": {
		identity: []string{"clusterrole", "metadata.name"},
		families: map[string]reference{
			"kube_clusterrole_annotations":               annotations,
			"kube_clusterrole_labels":                    labels,
			"kube_clusterrole_info":                      info(),
			"kube_clusterrole_created":                   created,
			"kube_clusterrole_metadata_resource_version": resourceVersion,
		},
	},
	"leases": {
		identity: []string{"lease", "metadata.name"},
		families: map[string]reference{
			"kube_lease_owner":      leaseOwners,
			"kube_lease_renew_time": leaseRenewal,
		},
	},
	"namespaces": {
		identity: []string{"namespace", "metadata.name"},
		families: map[string]reference{
			"kube_namespace_created":          created,
			"kube_namespace_annotations":      annotations,
			"kube_namespace_labels":           labels,
			"kube_namespace_status_phase":     phases("status.phase", "phase", "Active", "Terminating"),
			"kube_namespace_status_condition": statuses,
		},
	},
	"nodes": {
		identity: []string{"node", "metadata.name"},
		families: map[string]reference{
			"kube_node_annotations":        annotations,
			"kube_node_created":            created,
			"kube_node_deletion_timestamp": deleted,
			"kube_node_info":               nodeInfo,
			"kube_node_labels":             labels,
			"kube_node_role":               nodeRoles,
			"kube_node_spec_pod_cidrs":     each("spec.podCIDRs", "pod_cidr", ""),
			"kube_node_spec_taint":         each("spec.taints", "key", "key", "value", "value", "effect", "effect"),
			"kube_node_spec_unschedulable": oneIf("spec.unschedulable"),
			"kube_node_status_allocatable": nodeResources("status.allocatable"),
			"kube_node_status_capacity":    nodeResources("status.capacity"),
			"kube_node_status_condition":   statuses,
			"kube_node_status_addresses":   each("status.addresses", "type", "type", "address", "address"),
		},
	},
	"rolebindings": {
		identity: []string{"namespace", "metadata.namespace", "rolebinding", "metadata.name"},
		families: map[string]reference{
			"kube_rolebinding_annotations":               annotations,
			"kube_rolebinding_labels":                    labels,
			"kube_rolebinding_info":                      info("roleref_kind", "roleRef.kind", "roleref_name", "roleRef.name"),
			"kube_rolebinding_created":                   created,
			"kube_rolebinding_metadata_resource_version": resourceVersion,
		},
	},
	"roles": {
		identity: []string{"namespace", "metadata.namespace", "role", "metadata.name"},
		families: map[string]reference{
			"kube_role_annotations":               annotations,
			"kube_role_labels":                    labels,
			"kube_role_info":                      info(),
			"kube_role_created":                   created,
			"kube_role_metadata_resource_version": resourceVersion,
		},
	},
}

// signingConditions counts the conditions of each type.
func signingConditions(o object) (all []series) {
	for _, sort := range []string{"Approved", "Denied", "Failed"} {
		var count float64
		for _, c := range o.at("status.conditions").list() {
			count += truth(c.at("type").text() == sort)
		}
		all = append(all, one(count, "condition", strings.ToLower(sort))...)
	}
	return all
}

func certificateLength(o object) []series {
	certificate, err := base64.StdEncoding.DecodeString(o.at("status.certificate").text())
	if err != nil {
		panic(err)
	}
	return one(float64(len(certificate)))
}

// leaseOwners has the namespace label after the owner.
func leaseOwners(o object) []series {
	all := owners(o)
	for i := range all {
		all[i].labels = append(all[i].labels,
			"namespace", o.at("metadata.namespace").text(), "lease_holder", o.at("spec.holderIdentity").text())
	}
	return all
}

func leaseRenewal(o object) []series {
	return at(o.at("spec.renewTime"), "namespace", o.at("metadata.namespace").text())
}

func nodeInfo(o object) []series {
	var internal string
	for _, a := range o.at("status.addresses").list() {
		if a.at("type").text() == "InternalIP" {
			internal = a.at("address").text()
		}
	}
	labels := pairsAt(o.node, []string{
		"kernel_version", "status.nodeInfo.kernelVersion",
		"os_image", "status.nodeInfo.osImage",
		"container_runtime_version", "status.nodeInfo.containerRuntimeVersion",
		"kubelet_version", "status.nodeInfo.kubeletVersion",
		"kubeproxy_version", "",
		"provider_id", "spec.providerID",
		"pod_cidr", "spec.podCIDR",
		"system_uuid", "status.nodeInfo.systemUUID",
	})
	labels[9] = "deprecated" // kubeproxy_version
	return one(1, append(labels, "internal_ip", internal)...)
}

func nodeRoles(o object) (all []series) {
	for _, key := range o.at("metadata.labels").keys() {
		if role, ok := strings.CutPrefix(key, "node-role.kubernetes.io/"); ok {
			all = append(all, one(1, "role", role)...)
		}
	}
	return all
}

func nodeResources(path string) reference {
	return func(o object) []series { return resources(o.at(path), nodeUnits, milliOfAll) }
}
