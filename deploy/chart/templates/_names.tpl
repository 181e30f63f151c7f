{{- /* Names and labels. Of the helpers, name, fullname, namespace, account and image give text,
to be quoted where it is written; what the others give is YAML. */ -}}

{{- define "kubestate.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "kubestate.fullname" -}}
{{- $name := include "kubestate.name" . -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 63 | trimSuffix "-" }}
{{- else if contains $name .Release.Name -}}
{{ .Release.Name | trunc 63 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "kubestate.namespace" -}}
{{ default .Release.Namespace .Values.namespaceOverride }}
{{- end }}

{{- define "kubestate.identity" -}}
app.kubernetes.io/name: {{ include "kubestate.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{- /* Selector labels of the pods. Immutable, so without a version. */ -}}
{{- define "kubestate.selector" -}}
{{- with .Values.selectorOverride }}{{ toYaml . }}{{ else }}{{ include "kubestate.identity" . }}{{ end -}}
{{- end }}

{{- /* Labels of objects and pods that are in no selector. */ -}}
{{- define "kubestate.part" -}}
app.kubernetes.io/component: {{ ternary "metrics" "exporter" (not (empty (include "kubestate.compatible" .))) | quote }}
{{- if include "kubestate.compatible" . }}
app.kubernetes.io/part-of: {{ include "kubestate.name" . | quote }}
{{- end }}
{{- end }}

{{- define "kubestate.version" -}}
app.kubernetes.io/version: {{ default .Chart.AppVersion .Values.image.tag | trunc 63 | quote }}
{{- end }}

{{- /* Labels of objects other than pods. */ -}}
{{- define "kubestate.commonLabels" -}}
{{ include "kubestate.version" . }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | quote }}
{{- if .Values.releaseLabel }}
release: {{ .Release.Name | quote }}
{{- end }}
{{- end }}

{{- define "kubestate.labels" -}}
{{ include "kubestate.merged" (list (include "kubestate.identity" . | fromYaml) (include "kubestate.part" . | fromYaml) (include "kubestate.commonLabels" . | fromYaml) .Values.customLabels) }}
{{- end }}

{{- /* Merges a list of maps; the first map with a key wins. */ -}}
{{- define "kubestate.merged" -}}
{{- $merged := dict -}}
{{- range . }}{{ $merged = merge $merged (. | default dict) }}{{ end -}}
{{ toYaml $merged }}
{{- end }}

{{- define "kubestate.metadata" -}}
name: {{ include "kubestate.fullname" . | quote }}
namespace: {{ include "kubestate.namespace" . | quote }}
labels:
  {{- include "kubestate.labels" . | nindent 2 }}
{{- end }}

{{- define "kubestate.telemetryName" -}}
{{ include "kubestate.name" . | trunc 53 | printf "%s-telemetry" }}
{{- end }}

{{- /* Names of ports and container. */ -}}
{{- define "kubestate.port" -}}
{{- if include "kubestate.compatible" . }}http{{ else }}http-metrics{{ end -}}
{{- end }}
{{- define "kubestate.telemetryPort" -}}
{{- if include "kubestate.compatible" . }}metrics{{ else }}telemetry{{ end -}}
{{- end }}
{{- define "kubestate.containerName" -}}
{{- if include "kubestate.compatible" . }}kube-state-metrics{{ else }}kubestate{{ end -}}
{{- end }}

{{- define "kubestate.account" -}}
{{ default (ternary (include "kubestate.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name }}
{{- end }}

{{- define "kubestate.image" -}}
{{- $image := .Values.image -}}
{{- $registry := default $image.registry .Values.global.imageRegistry -}}
{{- with $registry }}{{ . }}/{{ end }}{{ $image.repository }}
{{- if $image.digest -}}
@{{ $image.digest }}
{{- else -}}
:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end }}

{{- /* Image pull secrets, each a name or an object. */ -}}
{{- define "kubestate.pullSecrets" -}}
{{- range . }}
- name: {{ if kindIs "string" . }}{{ quote . }}{{ else }}{{ quote .name }}{{ end }}
{{- end }}
{{- end }}

{{- /* Names of the Leases by which pods elect the one that serves, as JSON: one for each pair of pods of
autosharding, and ten at least, for more pods by kubectl scale. */ -}}
{{- define "kubestate.leases" -}}
{{- $names := list -}}
{{- $name := include "kubestate.fullname" . -}}
{{- if .Values.autosharding.enabled -}}
{{- range $shard := until (max 10 (div (add1 (int .Values.replicas)) 2) | int) }}{{ $names = append $names (printf "%s-%d" $name $shard) }}{{ end -}}
{{- else -}}
{{- $names = append $names $name -}}
{{- end -}}
{{ toJson $names }}
{{- end }}
