{{- /* The pod template of Deployment and StatefulSet. */ -}}

{{- define "kubestate.args" -}}
- --shutdown-delay={{ ternary "60s" "5s" (and .Values.standby.enabled (not .Values.autosharding.enabled)) }}
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
{{- with .Values.namespaceSelector }}
- {{ printf "--namespace-selector=%s" . | quote }}
{{- end }}
{{- range $resource, $selector := .Values.selectors }}
- {{ printf "--selector=%s=%s" $resource $selector | quote }}
{{- end }}
{{- range $flag, $value := dict "namespaces-denylist" .Values.namespacesDenylist "metric-allowlist" .Values.metricAllowlist "metric-denylist" .Values.metricDenylist "metric-sparse" .Values.metricSparse "workload-metrics" .Values.workloadMetrics "workload-startup-buckets" .Values.workloadStartupBuckets "finished-keep" .Values.finishedKeep "metric-labels-allowlist" .Values.metricLabelsAllowlist "metric-annotations-allowlist" .Values.metricAnnotationsAllowList }}
{{- with $value }}
- {{ printf "--%s=%s" $flag (join "," .) | quote }}
{{- end }}
{{- end }}
{{- range $flag, $value := dict "finished-pods-after" .Values.finishedPodsAfter "finished-jobs-after" .Values.finishedJobsAfter }}
{{- with $value }}
- {{ printf "--%s=%s" $flag . | quote }}
{{- end }}
{{- end }}
{{- if gt (int .Values.scrapeShards) 1 }}
- {{ int .Values.scrapeShards | printf "--scrape-shards=%d" | quote }}
{{- end }}
{{- $budgets := list }}
{{- range $name, $series := .Values.seriesBudget }}
{{- if $series }}{{ $budgets = append $budgets (printf "%s=%d" $name (int64 $series)) }}{{ end }}
{{- end }}
{{- with $budgets }}
- {{ join "," . | printf "--series-budget=%s" | quote }}
{{- end }}
{{- with .Values.seriesBudgetPerNamespace }}
- {{ printf "--series-budget-per-namespace=%d" (int64 .) | quote }}
{{- end }}
{{- if .Values.kubeconfig.enabled }}
- --kubeconfig=/opt/k8s/.kube/config
{{- end }}
{{- with include "kubestate.clustersArgs" . }}
{{- trim . | nindent 0 }}
{{- end }}
{{- with include "kubestate.customArgs" . }}
{{- trim . | nindent 0 }}
{{- end }}
{{- if .Values.autosharding.enabled }}
- --pod=$(POD_NAME)
- --pod-namespace=$(POD_NAMESPACE)
{{- end }}
{{- if .Values.standby.enabled }}
- {{ include "kubestate.fullname" . | printf "--lease=%s" | quote }}
{{- if not .Values.autosharding.enabled }}
- --pod-namespace=$(POD_NAMESPACE)
{{- end }}
{{- if ne .Values.standby.leaseDuration "6s" }}
- {{ printf "--lease-duration=%s" .Values.standby.leaseDuration | quote }}
{{- end }}
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

{{- /* A probe of "values" at "path" on the main port, unless httpGet is set. */ -}}
{{- define "kubestate.probe" -}}
{{- $get := .values.httpGet | default dict }}
{{- $port := $get.port | default (include "kubestate.port" .root) }}
httpGet:
  path: {{ $get.path | default .path | quote }}
  port: {{ if kindIs "string" $port }}{{ quote $port }}{{ else }}{{ int $port }}{{ end }}
  {{- with upper ($get.scheme | default "" | toString) | default (ternary "HTTPS" "" .root.Values.tls.enabled) }}
  scheme: {{ quote . }}
  {{- end }}
  {{- range $key := list "host" "httpHeaders" }}
  {{- with get $get $key }}
  {{- dict $key . | toYaml | nindent 2 }}
  {{- end }}
  {{- end }}
{{- with omit .values "enabled" "httpGet" }}
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
name: {{ include "kubestate.containerName" . | quote }}
image: {{ include "kubestate.image" . | quote }}
{{- with .Values.image.pullPolicy }}
imagePullPolicy: {{ quote . }}
{{- end }}
args:
{{- include "kubestate.args" . | nindent 0 }}
{{- $env := .Values.env }}
{{- $addressed := or .Values.autosharding.enabled .Values.standby.enabled }}
{{- if or $addressed $env }}
env:
{{- if .Values.autosharding.enabled }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- end }}
{{- if $addressed }}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
{{- end }}
{{- with $env }}
{{ toYaml . }}
{{- end }}
{{- end }}
ports:
- name: {{ include "kubestate.port" . | quote }}
  containerPort: {{ int .Values.service.port }}
- name: {{ include "kubestate.telemetryPort" . | quote }}
  containerPort: {{ int .Values.selfMonitor.telemetryPort }}
{{- with .Values.startupProbe }}
{{- if .enabled }}
startupProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/livez") | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.livenessProbe }}
{{- if .enabled }}
livenessProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/livez") | nindent 2 }}
{{- end }}
{{- end }}
{{- with .Values.readinessProbe }}
{{- if .enabled }}
readinessProbe:
  {{- include "kubestate.probe" (dict "root" $ "values" . "path" "/readyz") | nindent 2 }}
{{- end }}
{{- end }}
{{- $resources := dict }}
{{- range $key, $value := .Values.resources }}{{ if $value }}{{ $_ := set $resources $key $value }}{{ end }}{{ end }}
{{- with $resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
terminationMessagePolicy: FallbackToLogsOnError
{{- with .Values.containerSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- $custom := include "kubestate.customConfigured" . }}
{{- if or .Values.tls.enabled $custom .Values.clusters.enabled .Values.kubeconfig.enabled .Values.volumeMounts }}
volumeMounts:
{{- if $custom }}
# A directory: a file mounted by subPath never changes.
- name: customresourcestate
  mountPath: /etc/customresourcestate
  readOnly: true
{{- end }}
{{- if .Values.clusters.enabled }}
- name: clusters
  mountPath: /etc/clusters
  readOnly: true
{{- end }}
{{- if .Values.kubeconfig.enabled }}
- name: kubeconfig
  mountPath: /opt/k8s/.kube
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
    {{- include "kubestate.merged" (list .Values.selectorOverride (include "kubestate.identity" . | fromYaml) (include "kubestate.part" . | fromYaml) (include "kubestate.version" . | fromYaml) .Values.podLabels .Values.customLabels) | nindent 4 }}
  annotations:
    {{- include "kubestate.merged" (list .Values.podAnnotations (dict "kubectl.kubernetes.io/default-container" (include "kubestate.containerName" .))) | nindent 4 }}
spec:
  serviceAccountName: {{ include "kubestate.account" . | quote }}
  automountServiceAccountToken: {{ toYaml .Values.automountServiceAccountToken }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds | default (ternary 180 (ternary 90 30 .Values.standby.enabled) .Values.autosharding.enabled) | int }}
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
  {{- if and .Values.standby.enabled (gt (int .Values.replicas) 1) (not .Values.affinity) }}
  # Preferred: with two nodes the third pod of an update needs a place.
  affinity:
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels:
              {{- include "kubestate.selector" . | nindent 14 }}
  {{- end }}
  {{- range $key := list "priorityClassName" "dnsPolicy" "dnsConfig" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "initContainers" }}
  {{- with get $.Values $key }}
  {{- dict $key . | toYaml | nindent 2 }}
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
  {{- if or .Values.tls.enabled $custom .Values.clusters.enabled .Values.kubeconfig.enabled .Values.volumes }}
  volumes:
  {{- if $custom }}
  - name: customresourcestate
    configMap: {name: {{ include "kubestate.customConfigMap" . | quote }}}
  {{- end }}
  {{- if .Values.clusters.enabled }}
  {{- include "kubestate.clustersVolume" . | nindent 2 }}
  {{- end }}
  {{- if .Values.kubeconfig.enabled }}
  - name: kubeconfig
    secret: {secretName: {{ include "kubestate.fullname" . | printf "%s-kubeconfig" | quote }}}
  {{- end }}
  {{- if .Values.tls.enabled }}
  # One directory: the configuration names the certificate beside it.
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
