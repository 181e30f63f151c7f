package generators_test

var configurationReferences = map[string]resourceReference{
	"configmaps": {
		identity: []string{"namespace", "metadata.namespace", "configmap", "metadata.name"},
		families: map[string]reference{
			"kube_configmap_annotations":               annotations,
			"kube_configmap_labels":                    labels,
			"kube_configmap_info":                      info(),
			"kube_configmap_created":                   created,
			"kube_configmap_metadata_resource_version": resourceVersion,
		},
	},
	"limitranges": {
		identity: []string{"namespace", "metadata.namespace", "limitrange", "metadata.name"},
		families: map[string]reference{
			"kube_limitrange":         limits,
			"kube_limitrange_created": created,
		},
	},
	"resourcequotas": {
		identity: []string{"namespace", "metadata.namespace", "resourcequota", "metadata.name"},
		families: map[string]reference{
			"kube_resourcequota_created":     created,
			"kube_resourcequota":             quotas,
			"kube_resourcequota_annotations": annotations,
			"kube_resourcequota_labels":      labels,
		},
	},
	"secrets": {
		identity: []string{"namespace", "metadata.namespace", "secret", "metadata.name"},
		families: map[string]reference{
			"kube_secret_info":                      info(),
			"kube_secret_type":                      info("type", "type"),
			"kube_secret_annotations":               annotations,
			"kube_secret_labels":                    labels,
			"kube_secret_created":                   created,
			"kube_secret_metadata_resource_version": resourceVersion,
			"kube_secret_owner":                     controllingOwners,
		},
	},
	"serviceaccounts": {
		identity: []string{"namespace", "metadata.namespace", "serviceaccount", "metadata.name", "uid", "metadata.uid"},
		families: map[string]reference{
			"kube_serviceaccount_info":              info("automount_token", "automountServiceAccountToken"),
			"kube_serviceaccount_created":           created,
			"kube_serviceaccount_deleted":           deleted,
			"kube_serviceaccount_secret":            each("secrets", "name", "name"),
			"kube_serviceaccount_image_pull_secret": each("imagePullSecrets", "name", "name"),
			"kube_serviceaccount_annotations":       annotations,
			"kube_serviceaccount_labels":            labels,
		},
	},
}

func limits(o object) (all []series) {
	for _, limit := range o.at("spec.limits").list() {
		for _, constraint := range []string{"min", "max", "default", "defaultRequest", "maxLimitRequestRatio"} {
			all = append(all, amounts(limit.at(constraint), "type", limit.at("type").text(), "constraint", constraint)...)
		}
	}
	return all
}

func quotas(o object) []series {
	return append(amounts(o.at("status.hard"), "type", "hard"), amounts(o.at("status.used"), "type", "used")...)
}

// amounts has one series for each resource, under its own name.
func amounts(of node, pairs ...string) (all []series) {
	for _, name := range of.keys() {
		all = append(all, one(of.key(name).quantity().milli(), append([]string{"resource", name}, pairs...)...)...)
	}
	return all
}
