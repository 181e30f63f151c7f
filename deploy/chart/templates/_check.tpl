{{- /* What does not go together, and what charts of this kind have and this one does not. */ -}}
{{- define "kubestate.check" -}}
{{- $values := .Values -}}
{{- range $key, $instead := dict
  "kubeRBACProxy" "there is no proxy: authFilter.enabled has kubestate ask the API server itself, and tls.enabled serves TLS"
  "verticalPodAutoscaler" "write one among extraManifests"
  "kubeconfig" "mount it by volumes and volumeMounts, and name it in extraArgs"
-}}
{{- if (get $values $key | default dict).enabled }}{{ fail (printf "%s.enabled: %s" $key $instead) }}{{ end -}}
{{- end -}}
{{- if ($values.prometheus.scrapeconfig | default dict).enabled }}{{ fail "prometheus.scrapeconfig.enabled: write a ScrapeConfig among extraManifests" }}{{ end -}}
{{- if not $values.rbac.useClusterRole -}}
{{- if not (include "kubestate.namespaces" . | fromJsonArray) }}{{ fail "rbac.useClusterRole: without a ClusterRole only namespaces can be read: name some in namespaces" }}{{ end -}}
{{- if $values.authFilter.enabled }}{{ fail "rbac.useClusterRole: authFilter.enabled asks the API server about readers, which needs a ClusterRole" }}{{ end -}}
{{- if and $values.customResourceState.enabled $values.rbac.customResourceState.createClusterRoleRules }}{{ fail "rbac.useClusterRole: customResourceState.enabled reads CustomResourceDefinitions, which needs a ClusterRole: if the account has that right from elsewhere, set rbac.customResourceState.createClusterRoleRules to false" }}{{ end -}}
{{- range include "kubestate.resources" . | fromJsonArray -}}
{{- if not .namespaced }}{{ fail (printf "collectors: %s live in no namespace, and can only be read with rbac.useClusterRole" .key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range include "kubestate.namespaces" . | fromJsonArray -}}
{{- if not (regexMatch `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$` .) }}{{ fail (printf "namespaces: %q is no name of a namespace" .) }}{{ end -}}
{{- end -}}
{{- with $values.customResourceState -}}
{{- if .enabled -}}
{{- if and (not .create) (not (or .name .existingConfigMap)) }}{{ fail "customResourceState.name: without customResourceState.create it is the ConfigMap with the configuration" }}{{ end -}}
{{- if not (or (include "kubestate.customConfigured" $) .presets) }}{{ fail "customResourceState.config: there is no configuration: give one, existingConfigMap or presets" }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $_ := include "kubestate.customResources" . -}}
{{- $monitor := $values.prometheus.monitor -}}
{{- if and $monitor.enabled $values.tls.enabled (not $monitor.tlsConfig) (not (has $monitor.namespace (list "" (include "kubestate.namespace" .)))) -}}
{{- fail "prometheus.monitor.tlsConfig: a ServiceMonitor cannot name the Secret of another namespace: say there how to check the certificate" -}}
{{- end -}}
{{- range $argument := $values.extraArgs -}}
{{- range $flag, $value := dict "port" "service.port" "telemetry-port" "selfMonitor.telemetryPort" "telemetry-host" "selfMonitor.telemetryHost" "resources" "collectors" "namespaces" "namespaces" "auth-filter" "authFilter.enabled" "tls-config" "tls.enabled" "pod" "autosharding.enabled" "pod-namespace" "autosharding.enabled" -}}
{{- if or (eq $argument (printf "--%s" $flag)) (hasPrefix (printf "--%s=" $flag) $argument) }}{{ fail (printf "extraArgs: %s: say that by %s, which other manifests follow too" $argument $value) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "metricAllowlist" "metricDenylist" -}}
{{- range get $values $key -}}
{{- if contains "," . }}{{ fail (printf "%s: %q: arguments are separated by commas, so that no pattern can have one" $key .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "metricLabelsAllowlist" "metricAnnotationsAllowList" -}}
{{- range get $values $key -}}
{{- if not (regexMatch `^[^=\[\]]+=\[[^=\[\]]*\]$` .) }}{{ fail (printf "%s: %q is not a resource and its keys, such as pods=[app,team]" $key .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $values.podDisruptionBudget -}}
{{- if and (hasKey . "minAvailable") (hasKey . "maxUnavailable") }}{{ fail "podDisruptionBudget: minAvailable and maxUnavailable exclude each other" }}{{ end -}}
{{- end -}}
{{- end }}
