{{- /* The pod, which is the same in a Deployment and a StatefulSet. */ -}}

{{- define "kubestate.args" -}}
- --shutdown-delay=5s
{{- if ne (int .Values.service.port) 10241 }}
- --port={{ .Values.service.port }}
{{- end }}
{{- with .Values.selfMonitor.telemetryHost }}
- --telemetry-host={{ . }}
{{- end }}
{{- if ne (int .Values.selfMonitor.telemetryPort) 10242 }}
- --telemetry-port={{ .Values.selfMonitor.telemetryPort }}
{{- end }}
{{- with include "kubestate.resourcesArgument" . }}
- {{ . }}
{{- end }}
{{- with include "kubestate.namespaces" . | fromJsonArray }}
- --namespaces={{ join "," . }}
{{- end }}
{{- range $flag, $value := dict "namespaces-denylist" .Values.namespacesDenylist "metric-allowlist" .Values.metricAllowlist "metric-denylist" .Values.metricDenylist "metric-labels-allowlist" .Values.metricLabelsAllowlist "metric-annotations-allowlist" .Values.metricAnnotationsAllowList }}
{{- with $value }}
- {{ printf "--%s=%s" $flag (join "," .) | quote }}
{{- end }}
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

{{- define "kubestate.scheme" -}}{{ ternary "https" "http" .Values.tls.enabled }}{{- end }}

{{- /* A probe of "values" at "path" on "port". */ -}}
{{- define "kubestate.probe" -}}
httpGet:
  path: {{ .path }}
  port: {{ .port }}
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
image: {{ include "kubestate.image" . }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ . }}
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
  containerPort: {{ .Values.service.port }}
- name: telemetry
  containerPort: {{ .Values.selfMonitor.telemetryPort }}
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
{{- if or .Values.tls.enabled .Values.volumeMounts }}
volumeMounts:
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
    {{- include "kubestate.selector" . | nindent 4 }}
    {{- include "kubestate.version" . | nindent 4 }}
    {{- with merge (dict) .Values.podLabels .Values.customLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: kubestate
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "kubestate.account" . }}
  automountServiceAccountToken: {{ .Values.automountServiceAccountToken }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (ternary 180 30 .Values.autosharding.enabled) }}
  {{- if .Values.hostNetwork }}
  hostNetwork: true
  {{- end }}
  {{- if not (kindIs "invalid" .Values.hostUsers) }}
  hostUsers: {{ .Values.hostUsers }}
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
    {{- ternary (tpl (toString .) $) (toYaml .) (kindIs "string" .) | nindent 4 }}
  {{- end }}
  {{- with include "kubestate.podSecurityContext" . }}
  securityContext:
    {{- . | nindent 4 }}
  {{- end }}
  containers:
  - {{ include "kubestate.container" . | nindent 4 | trim }}
  {{- with .Values.containers }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- if or .Values.tls.enabled .Values.volumes }}
  volumes:
  {{- if .Values.tls.enabled }}
  # One directory, so that the certificate is found beside the configuration.
  - name: web
    projected:
      sources:
      - configMap: {name: {{ include "kubestate.fullname" . }}-web}
      - secret: {name: {{ required "tls.secretName: TLS needs a Secret with tls.crt and tls.key" .Values.tls.secretName }}}
  {{- end }}
  {{- with .Values.volumes }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
  {{- end }}
{{- end }}
