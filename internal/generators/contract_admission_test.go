package generators_test

var admissionReferences = map[string]resourceReference{
	"mutatingadmissionpolicies": {
		identity: []string{"namespace", "metadata.namespace", "mutatingadmissionpolicy", "metadata.name"},
		families: map[string]reference{
			"kube_mutatingadmissionpolicy_info": info(
				"param_api_version", "spec.paramKind.apiVersion",
				"param_kind", "spec.paramKind.kind",
				"failure_policy", "spec.failurePolicy",
				"reinvocation_policy", "spec.reinvocationPolicy"),
			"kube_mutatingadmissionpolicy_created": created,
		},
	},
	"mutatingadmissionpolicybindings": {
		identity: []string{"namespace", "metadata.namespace", "mutatingadmissionpolicybinding", "metadata.name"},
		families: map[string]reference{
			"kube_mutatingadmissionpolicybinding_info": info(
				"policy_name", "spec.policyName",
				"param_name", "spec.paramRef.name",
				"param_namespace", "spec.paramRef.namespace",
				"param_not_found_action", "spec.paramRef.parameterNotFoundAction"),
			"kube_mutatingadmissionpolicybinding_created": created,
		},
	},
	"mutatingwebhookconfigurations": {
		identity: []string{"namespace", "metadata.namespace", "mutatingwebhookconfiguration", "metadata.name"},
		families: map[string]reference{
			"kube_mutatingwebhookconfiguration_info":                      info(),
			"kube_mutatingwebhookconfiguration_created":                   created,
			"kube_mutatingwebhookconfiguration_metadata_resource_version": resourceVersion,
			"kube_mutatingwebhookconfiguration_webhook_clientconfig_service": each("webhooks",
				"webhook_name", "name",
				"service_name", "clientConfig.service.name",
				"service_namespace", "clientConfig.service.namespace"),
		},
	},
	"validatingadmissionpolicies": {
		identity: []string{"namespace", "metadata.namespace", "validatingadmissionpolicy", "metadata.name"},
		families: map[string]reference{
			"kube_validatingadmissionpolicy_info": info(
				"param_api_version", "spec.paramKind.apiVersion",
				"param_kind", "spec.paramKind.kind",
				"failure_policy", "spec.failurePolicy"),
			"kube_validatingadmissionpolicy_created": created,
		},
	},
	"validatingadmissionpolicybindings": {
		identity: []string{"namespace", "metadata.namespace", "validatingadmissionpolicybinding", "metadata.name"},
		families: map[string]reference{
			"kube_validatingadmissionpolicybinding_info": info(
				"policy_name", "spec.policyName",
				"param_name", "spec.paramRef.name",
				"param_namespace", "spec.paramRef.namespace",
				"param_not_found_action", "spec.paramRef.parameterNotFoundAction"),
			"kube_validatingadmissionpolicybinding_created":           created,
			"kube_validatingadmissionpolicybinding_validation_action": each("spec.validationActions", "action", ""),
		},
	},
	"validatingwebhookconfigurations": {
		identity: []string{"namespace", "metadata.namespace", "validatingwebhookconfiguration", "metadata.name"},
		families: map[string]reference{
			"kube_validatingwebhookconfiguration_info":                      info(),
			"kube_validatingwebhookconfiguration_created":                   created,
			"kube_validatingwebhookconfiguration_metadata_resource_version": resourceVersion,
			"kube_validatingwebhookconfiguration_webhook_clientconfig_service": each("webhooks",
				"webhook_name", "name",
				"service_name", "clientConfig.service.name",
				"service_namespace", "clientConfig.service.namespace"),
		},
	},
}
