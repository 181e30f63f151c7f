{{- /* Watched resources and namespaces, for arguments and roles. */ -}}

{{- /* The namespaces, as JSON: [] for all. */ -}}
{{- define "kubestate.namespaces" -}}
{{- $given := .Values.namespaces | default list -}}
{{- if kindIs "string" $given }}{{ $given = list $given }}{{ end -}}
{{- $namespaces := list -}}
{{- range $given }}
{{- range tpl . $ | splitList "," }}{{ with trim . }}{{ $namespaces = append $namespaces . }}{{ end }}{{ end -}}
{{- end -}}
{{- if .Values.releaseNamespace }}{{ $namespaces = append $namespaces .Release.Namespace }}{{ end -}}
{{ uniq $namespaces | toJson }}
{{- end }}

{{- /* The resources, as JSON: objects of files/resources.json, by name. */ -}}
{{- define "kubestate.resources" -}}
{{- if include "kubestate.customOnly" . }}[]{{ else -}}
{{- $known := .Files.Get "files/resources.json" | fromJsonArray -}}
{{- $byKey := dict -}}
{{- $keys := list -}}
{{- range $known }}
{{- $_ := set $byKey .key . -}}
{{- if .default }}{{ $keys = append $keys .key }}{{ end -}}
{{- end -}}
{{- range $value := list "collectors" "collectorsExtra" "collectorsExclude" }}
{{- range get $.Values $value }}
{{- if eq . "verticalpodautoscalers" }}{{ fail (printf "%s: verticalpodautoscalers are custom resources: set customResourceState.enabled and customResourceState.presets: [vpa]" $value) }}{{ end -}}
{{- if not (hasKey $byKey .) }}
{{- fail (printf "%s: there is no resource %q; there are %s" $value . (keys $byKey | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $chosen := .Values.collectors -}}
{{- if not $chosen }}{{ $chosen = $keys }}{{ end -}}
{{- $chosen = concat $chosen .Values.collectorsExtra | uniq | sortAlpha -}}
{{- $resources := list -}}
{{- range $chosen }}
{{- /* Without a ClusterRole cluster-scoped resources are left out: kubestate.dropped. */ -}}
{{- if and (not (has . $.Values.collectorsExclude)) (or $.Values.rbac.useClusterRole (get $byKey .).namespaced) }}{{ $resources = append $resources (get $byKey .) }}{{ end -}}
{{- end -}}
{{- if not $resources }}{{ fail "collectors: none is left by collectorsExclude, and by rbac.useClusterRole without which nothing is read that lives in no namespace" }}{{ end -}}
{{ toJson $resources }}
{{- end -}}
{{- end }}

{{- /* The owners of pods and jobs, and the kinds that results of jobs need, to follow: as JSON like resources. */ -}}
{{- define "kubestate.owners" -}}
{{- $owners := list -}}
{{- $keys := list -}}
{{- $results := false -}}
{{- range include "kubestate.resources" . | fromJsonArray -}}
{{- $keys = append $keys .key -}}
{{- if .result }}{{ $results = has "verdicts" $.Values.workloadMetrics }}{{ end -}}
{{- end -}}
{{- $attributed := and (has "attribution" .Values.workloadMetrics) (has "pods" $keys) -}}
{{- $counted := and (has "counters" .Values.workloadMetrics) (or (has "pods" $keys) (has "jobs" $keys)) -}}
{{- range .Files.Get "files/resources.json" | fromJsonArray -}}
{{- if or (and (or $attributed $counted) .owner) (and $results .result) }}{{ $owners = append $owners . }}{{ end -}}
{{- end -}}
{{ toJson $owners }}
{{- end }}

{{- /* Named resources that need a ClusterRole, as JSON. */ -}}
{{- define "kubestate.dropped" -}}
{{- $keys := list -}}
{{- range include "kubestate.resources" . | fromJsonArray }}{{ $keys = append $keys .key }}{{ end -}}
{{- $dropped := list -}}
{{- if not (or .Values.rbac.useClusterRole (include "kubestate.customOnly" .)) -}}
{{- range concat .Values.collectors .Values.collectorsExtra -}}
{{- if not (or (has . $keys) (has . $.Values.collectorsExclude)) }}{{ $dropped = append $dropped . }}{{ end -}}
{{- end -}}
{{- end -}}
{{ toJson $dropped }}
{{- end }}

{{- /* --resources, unless it is the default. */ -}}
{{- define "kubestate.resourcesArgument" -}}
{{- $values := .Values -}}
{{- if and (or $values.collectors $values.collectorsExtra $values.collectorsExclude (not $values.rbac.useClusterRole)) (not (include "kubestate.customOnly" .)) -}}
{{- $keys := list -}}
{{- range include "kubestate.resources" . | fromJsonArray }}{{ $keys = append $keys .key }}{{ end -}}
--resources={{ join "," $keys }}
{{- end -}}
{{- end }}

{{- /* Rules for resources, one per API group. */ -}}
{{- define "kubestate.rules" -}}
{{- $groups := dict -}}
{{- range . }}
{{- $_ := set $groups .group (append (get $groups .group | default list) .resource) -}}
{{- end -}}
{{- range $group := keys $groups | sortAlpha }}
- apiGroups: [{{ quote $group }}]
  resources:
  {{- range get $groups $group | uniq | sortAlpha }}
  - {{ quote . }}
  {{- end }}
  verbs: [list, watch]
{{- end }}
{{- end }}

{{- /* Rules for TokenReviews and SubjectAccessReviews. */ -}}
{{- define "kubestate.reviewRules" -}}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
