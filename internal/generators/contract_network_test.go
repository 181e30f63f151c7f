package generators_test

import "slices"

var networkReferences = map[string]resourceReference{
	"endpoints": {
		identity: []string{"namespace", "metadata.namespace", "endpoint", "metadata.name"},
		families: map[string]reference{
			"kube_endpoint_info":        info(),
			"kube_endpoint_created":     created,
			"kube_endpoint_annotations": annotations,
			"kube_endpoint_labels":      labels,
			"kube_endpoint_address":     endpointAddresses,
			"kube_endpoint_ports":       endpointPorts,
		},
	},
	"endpointslices": {
		identity: []string{"endpointslice", "metadata.name", "namespace", "metadata.namespace"},
		families: map[string]reference{
			"kube_endpointslice_info":            info("addresstype", "addressType"),
			"kube_endpointslice_created":         created,
			"kube_endpointslice_endpoints_hints": sliceHints,
			"kube_endpointslice_endpoints":       sliceEndpoints,
			"kube_endpointslice_ports":           each("ports", "port_name", "name", "port_protocol", "protocol", "port_number", "port"),
			"kube_endpointslice_annotations":     annotations,
			"kube_endpointslice_labels":          labels,
		},
	},
	"ingressclasses": {
		identity: []string{"ingressclass", "metadata.name"},
		families: map[string]reference{
			"kube_ingressclass_info":        info("controller", "spec.controller"),
			"kube_ingressclass_created":     created,
			"kube_ingressclass_annotations": annotations,
			"kube_ingressclass_labels":      labels,
		},
	},
	"ingresses": {
		identity: []string{"namespace", "metadata.namespace", "ingress", "metadata.name"},
		families: map[string]reference{
			"kube_ingress_info":                      ingressInfo,
			"kube_ingress_annotations":               annotations,
			"kube_ingress_labels":                    labels,
			"kube_ingress_created":                   created,
			"kube_ingress_metadata_resource_version": resourceVersion,
			"kube_ingress_path":                      ingressPaths,
			"kube_ingress_tls":                       ingressHosts,
		},
	},
	"networkpolicies": {
		identity: []string{"namespace", "metadata.namespace", "networkpolicy", "metadata.name"},
		families: map[string]reference{
			"kube_networkpolicy_created":            created,
			"kube_networkpolicy_annotations":        annotations,
			"kube_networkpolicy_labels":             labels,
			"kube_networkpolicy_spec_ingress_rules": length("spec.ingress"),
			"kube_networkpolicy_spec_egress_rules":  length("spec.egress"),
		},
	},
	"services": {
		identity: []string{"namespace", "metadata.namespace", "service", "metadata.name", "uid", "metadata.uid"},
		families: map[string]reference{
			"kube_service_info": info(
				"cluster_ip", "spec.clusterIP",
				"external_name", "spec.externalName",
				"load_balancer_ip", "spec.loadBalancerIP",
				"external_traffic_policy", "spec.externalTrafficPolicy"),
			"kube_service_created":                      created,
			"kube_service_spec_type":                    info("type", "spec.type"),
			"kube_service_annotations":                  annotations,
			"kube_service_labels":                       labels,
			"kube_service_spec_external_ip":             each("spec.externalIPs", "external_ip", ""),
			"kube_service_status_load_balancer_ingress": each("status.loadBalancer.ingress", "ip", "ip", "hostname", "hostname"),
			"kube_service_deletion_timestamp":           deleted,
		},
	},
}

func endpointAddresses(o object) (all []series) {
	for _, subset := range o.at("subsets").list() {
		for _, port := range subset.at("ports").list() {
			labels := pairsAt(port, []string{"port_protocol", "protocol", "port_number", "port", "port_name", "name"})
			for _, address := range subset.at("addresses").list() {
				all = append(all, one(1, append(labels[:6:6], "ip", address.at("ip").text(), "ready", "true")...)...)
			}
			for _, address := range subset.at("notReadyAddresses").list() {
				all = append(all, one(1, append(labels[:6:6], "ip", address.at("ip").text(), "ready", "false")...)...)
			}
		}
	}
	return all
}

func endpointPorts(o object) (all []series) {
	for _, subset := range o.at("subsets").list() {
		for _, port := range subset.at("ports").list() {
			all = append(all, one(1, pairsAt(port, []string{"port_name", "name", "port_protocol", "protocol", "port_number", "port"})...)...)
		}
	}
	return all
}

// sliceHints identifies an endpoint by its first address.
func sliceHints(o object) (all []series) {
	for _, endpoint := range o.at("endpoints").list() {
		addresses := endpoint.at("addresses").list()
		if len(addresses) == 0 {
			continue
		}
		for _, zone := range endpoint.at("hints.forZones").list() {
			all = append(all, one(1, "address", addresses[0].text(), "for_zone", zone.at("name").text())...)
		}
	}
	return all
}

func sliceEndpoints(o object) (all []series) {
	for _, endpoint := range o.at("endpoints").list() {
		labels := pairsAt(endpoint, []string{
			"ready", "conditions.ready",
			"serving", "conditions.serving",
			"hostname", "hostname",
			"terminating", "conditions.terminating",
			"targetref_kind", "targetRef.kind",
			"targetref_name", "targetRef.name",
			"targetref_namespace", "targetRef.namespace",
			"endpoint_nodename", "nodeName",
			"endpoint_zone", "zone",
		})
		for _, address := range endpoint.at("addresses").list() {
			all = append(all, one(1, append(slices.Clip(labels), "address", address.text())...)...)
		}
	}
	return all
}

func ingressInfo(o object) []series {
	class := o.at("metadata.annotations").key("kubernetes.io/ingress.class")
	if !class.set() {
		class = o.at("spec.ingressClassName")
	}
	return one(1, "ingressclass", class.textOr("_default"))
}

func ingressPaths(o object) (all []series) {
	for _, rule := range o.at("spec.rules").list() {
		for _, path := range rule.at("http.paths").list() {
			labels := []string{"host", rule.at("host").text(), "path", path.at("path").text(), "path_type", path.at("pathType").text()}
			service, resource := path.at("backend.service"), path.at("backend.resource")
			switch {
			case service.set():
				all = append(all, one(1, append(labels,
					"service_name", service.at("name").text(), "service_port", service.at("port.number").textOr("0"))...)...)
			case resource.set():
				all = append(all, one(1, append(labels, pairsAt(resource, []string{
					"resource_api_group", "apiGroup", "resource_kind", "kind", "resource_name", "name",
				})...)...)...)
			}
		}
	}
	return all
}

func ingressHosts(o object) (all []series) {
	for _, tls := range o.at("spec.tls").list() {
		for _, host := range tls.at("hosts").list() {
			all = append(all, one(1, "tls_host", host.text(), "secret", tls.at("secretName").text())...)
		}
	}
	return all
}
