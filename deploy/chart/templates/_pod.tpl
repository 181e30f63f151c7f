{{- /* The pod, which is the same in a Deployment and a StatefulSet. */ -}}

{{- define "kubestate.args" -}}
- --shutdown-delay=5s
{{- if ne (int .Values.service.port) 10241 }}
- {{ int .Values.service.port | printf "--port=%d" | quote }}
{{- end }}
{{- with .Values.selfMonitor.telemetryHost }}
- {{ printf "--telemetry-host=%s" . | quote }}
{{- end }}
{{- if ne (int .Values.selfMonitor.telemetryPort) 10242 }}
- {{ int .Values.selfMonitor.telemetryPort | printf "--telemetry-port=%d" | quote }}
{{- end }}
{{- with include "kubestate.resourcesArgument" . }}
- {{ quote . }}
{{- end }}
{{- with include "kubestate.namespaces" . | fromJsonArray }}
- {{ join "," . | printf "--namespaces=%s" | quote }}
{{- end }}
{{- range $flag, $value := dict "namespaces-denylist" .Values.namespacesDenylist "metric-allowlist" .Values.metricAllowlist "metric-denylist" .Values.metricDenylist "metric-labels-allowlist" .Values.metricLabelsAllowlist "metric-annotations-allowlist" .Values.metricAnnotationsAllowList }}
{{- with $value }}
- {{ printf "--%s=%s" $flag (join "," .) | quote }}
{{- end }}
{{- end }}
{{- with include "kubestate.customArgs" . }}
{{- trim . | nindent 0 }}
{{- end }}
{{- if .Values.autosharding.enabled }}
- --pod=$(POD_NAME)
- --pod-namespace=$(POD_NAMESPACE)
{{- end }}
{{- if .Values.tls.enabled }}
- --tls-config=/etc/kubestate/web.yaml
{{- end }}
{{- if .Values.authFilter.enabled }}
- --auth-filter
{{- end }}
{{- range .Values.extraArgs }}
- {{ quote . }}
{{- end }}
{{- end }}

{{- /* The object that "text", a template, gives in YAML: what a "value" has instead of an object. */ -}}
{{- define "kubestate.object" -}}
{{- $object := tpl .text .root | fromYaml -}}
{{- if hasKey $object "Error" }}{{ fail (printf "%s: no object in YAML: %s" .value $object.Error) }}{{ end -}}
{{ toYaml $object }}
{{- end }}

{{- define "kubestate.scheme" -}}{{ ternary "https" "http" .Values.tls.enabled }}{{- end }}

{{- /* A probe of "values" at "path" on "port". */ -}}
{{- define "kubestate.probe" -}}
httpGet:
  path: {{ .path | quote }}
  port: {{ .port | quote }}
  {{- if .root.Values.tls.enabled }}
  scheme: HTTPS
  {{- end }}
{{- with omit .values "enabled" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "kubestate.podSecurityContext" -}}
{{- if ne (toString .Values.securityContext.enabled) "false" -}}
{{- with merge (omit .Values.securityContext "enabled") .Values.podSecurityContext }}
{{- toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kubestate.container" -}}
name: kubestate
image: {{ include "kubestate.image" . | quote }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ quote . }}
{{- end }}
args:
{{- include "kubestate.args" . | nindent 0 }}
{{- $env := .Values.env }}
{{- if or .Values.autosharding.enabled $env }}
env:
{{- if .Values.autosharding.enabled }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end }}
{{- with $env }}
{{ toYaml . }}
{{- end }}
{{- end }}
ports:
- name: http-metrics
  containerPort: {{ int .Values.service.port }}
- name: telemetry
  containerPort: {{ int .Values.selfMonitor.telemetryPort }}
{{- with .Values.startupProbe }}
{{- if .enabled }}
startupProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/livez" "port" "http-metrics") | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.livenessProbe }}
{{- if .enabled }}
livenessProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/livez" "port" "http-metrics") | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.readinessProbe }}
{{- if .enabled }}
readinessProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/readyz" "port" "http-metrics") | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $custom := include "kubestate.customConfigured" . }}
{{- if or .Values.tls.enabled $custom .Values.volumeMounts }}
volumeMounts:
{{- if $custom }}
# A directory, since a change would not reach a file of its own.
- name: customresourcestate
  mountPath: /etc/customresourcestate
  readOnly: true
{{- end }}
{{- if .Values.tls.enabled }}
- name: web
  mountPath: /etc/kubestate
  readOnly: true
{{- end }}
{{- with .Values.volumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}
{{- end }}

{{- define "kubestate.pod" -}}
metadata:
  labels:
    {{- include "kubestate.merged" (list (include "kubestate.selector" . | fromYaml) (include "kubestate.version" . | fromYaml) .Values.podLabels .Values.customLabels) | nindent 4 }}
  annotations:
    {{- include "kubestate.merged" (list .Values.podAnnotations (dict "kubectl.kubernetes.io/default-container" "kubestate")) | nindent 4 }}
spec:
  serviceAccountName: {{ include "kubestate.account" . | quote }}
  automountServiceAccountToken: {{ toYaml .Values.automountServiceAccountToken }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (ternary 180 30 .Values.autosharding.enabled) | int }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- if not (kindIs "invalid" .Values.hostUsers) }}
  hostUsers: {{ toYaml .Values.hostUsers }}
  {{- end }}
  {{- with include "kubestate.pullSecrets" (concat .Values.global.imagePullSecrets .Values.imagePullSecrets) }}
  imagePullSecrets:
    {{- trim . | nindent 2 }}
  {{- end }}
  {{- range $key := list "priorityClassName" "dnsPolicy" "dnsConfig" "nodeSelector" "tolerations" "topologySpreadConstraints" "initContainers" }}
  {{- with get $.Values $key }}
  {{- dict $key . | toYaml | nindent 2 }}
  {{- end }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- if kindIs "string" . }}
    {{- include "kubestate.object" (dict "value" "affinity" "root" $ "text" .) | nindent 4 }}
    {{- else }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with include "kubestate.podSecurityContext" . }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
  - {{ include "kubestate.container" . | indent 4 | trimPrefix "    " }}
  {{- with .Values.containers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- $custom := include "kubestate.customConfigured" . }}
  {{- if or .Values.tls.enabled $custom .Values.volumes }}
  volumes:
  {{- if $custom }}
  - name: customresourcestate
    configMap: {name: {{ include "kubestate.customConfigMap" . | quote }}}
  {{- end }}
  {{- if .Values.tls.enabled }}
  # One directory, so that the certificate is found beside the configuration.
  - name: web
    projected:
      sources:
      - configMap: {name: {{ include "kubestate.fullname" . | printf "%s-web" | quote }}}
      - secret: {name: {{ required "tls.secretName: TLS needs a Secret with tls.crt and tls.key" .Values.tls.secretName | quote }}}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end }}
