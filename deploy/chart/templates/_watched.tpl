{{- /* What is watched, and where: what arguments and roles follow from. */ -}}

{{- /* The namespaces, as JSON: [] for all. */ -}}
{{- define "kubestate.namespaces" -}}
{{- $given := .Values.namespaces -}}
{{- if kindIs "string" $given }}{{ $given = splitList "," (tpl $given .) }}{{ end -}}
{{- $namespaces := list -}}
{{- range $given }}
{{- with tpl . $ | trim }}{{ $namespaces = append $namespaces . }}{{ end -}}
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
{{- if not (hasKey $byKey .) }}
{{- fail (printf "%s: there is no resource %q; there are %s" $value . (keys $byKey | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $chosen := .Values.collectors -}}
{{- if not $chosen }}
{{- range $keys }}
{{- /* What cannot be read without a ClusterRole is left out, unless somebody names it. */ -}}
{{- if or $.Values.rbac.useClusterRole (get $byKey .).namespaced }}{{ $chosen = append $chosen . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $chosen = concat $chosen .Values.collectorsExtra | uniq | sortAlpha -}}
{{- $resources := list -}}
{{- range $chosen }}
{{- if not (has . $.Values.collectorsExclude) }}{{ $resources = append $resources (get $byKey .) }}{{ end -}}
{{- end -}}
{{- if not $resources }}{{ fail "collectors: collectorsExclude leaves none" }}{{ end -}}
{{ toJson $resources }}
{{- end -}}
{{- end }}

{{- /* --resources, unless it is what the program does anyway. */ -}}
{{- define "kubestate.resourcesArgument" -}}
{{- $values := .Values -}}
{{- if and (or $values.collectors $values.collectorsExtra $values.collectorsExclude (not $values.rbac.useClusterRole)) (not (include "kubestate.customOnly" .)) -}}
{{- $keys := list -}}
{{- range include "kubestate.resources" . | fromJsonArray }}{{ $keys = append $keys .key }}{{ end -}}
--resources={{ join "," $keys }}
{{- end -}}
{{- end }}

{{- /* Rules for resources: one for each API group. */ -}}
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

{{- /* Rules for asking who a client is and what it may do. */ -}}
{{- define "kubestate.reviewRules" -}}
- apiGroups: [authentication.k8s.io]
  resources: [tokenreviews]
  verbs: [create]
- apiGroups: [authorization.k8s.io]
  resources: [subjectaccessreviews]
  verbs: [create]
{{- end }}
