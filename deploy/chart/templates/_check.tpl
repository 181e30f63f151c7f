{{- /* Refuses combinations of values, and values of other charts without an equivalent. */ -}}
{{- define "kubestate.check" -}}
{{- $values := .Values -}}
{{- range $key, $instead := dict
  "kubeRBACProxy" "there is no proxy: authFilter.enabled has kubestate ask the API server itself, and tls.enabled serves TLS"
  "podSecurityPolicy" "Kubernetes has none since 1.25: the pod fits the level restricted of Pod Security, which a label of the namespace enforces"
-}}
{{- if (get $values $key | default dict).enabled }}{{ fail (printf "%s.enabled: %s" $key $instead) }}{{ end -}}
{{- end -}}
{{- $config := $values.prometheus.scrapeconfig -}}
{{- if $config.enabled -}}
{{- if $values.prometheus.monitor.enabled }}{{ fail "prometheus.scrapeconfig.enabled: prometheus.monitor.enabled has it scraped already" }}{{ end -}}
{{- if $values.autosharding.enabled }}{{ fail "prometheus.scrapeconfig.enabled: all pods are one target, and each of autosharding.enabled has a part: set prometheus.monitor.enabled" }}{{ end -}}
{{- if $values.standby.enabled }}{{ fail "prometheus.scrapeconfig.enabled: all pods are one target, and one of standby.enabled serves: set prometheus.monitor.enabled" }}{{ end -}}
{{- if and $values.authFilter.enabled (not $config.authorization) }}{{ fail "prometheus.scrapeconfig.authorization: with authFilter.enabled name the token of an account that may get /metrics" }}{{ end -}}
{{- if and $values.tls.enabled (not $config.tlsConfig) (not (has $config.namespace (list nil "" (include "kubestate.namespace" .)))) }}{{ fail "prometheus.scrapeconfig.tlsConfig: a ScrapeConfig cannot name the Secret of another namespace: say there how to check the certificate" }}{{ end -}}
{{- end -}}
{{- if and $values.rbac.clusterRoleSelectors $values.rbac.extraRules }}{{ fail "rbac.extraRules: the API server replaces the rules of a role with rbac.clusterRoleSelectors: write them to a ClusterRole that is selected" }}{{ end -}}
{{- if not $values.rbac.useClusterRole -}}
{{- if not (include "kubestate.namespaces" . | fromJsonArray) }}{{ fail "rbac.useClusterRole: without a ClusterRole only namespaces can be read: name some in namespaces" }}{{ end -}}
{{- if $values.authFilter.enabled }}{{ fail "rbac.useClusterRole: authFilter.enabled asks the API server about readers, which needs a ClusterRole" }}{{ end -}}
{{- if and $values.rbac.create (not $values.rbac.useExistingRole) $values.customResourceState.enabled $values.rbac.customResourceState.createClusterRoleRules }}{{ fail "rbac.useClusterRole: customResourceState.enabled reads CustomResourceDefinitions, which needs a ClusterRole: if the account has that right from elsewhere, set rbac.customResourceState.createClusterRoleRules to false" }}{{ end -}}
{{- end -}}
{{- range include "kubestate.namespaces" . | fromJsonArray -}}
{{- if not (regexMatch `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$` .) }}{{ fail (printf "namespaces: %q is no name of a namespace" .) }}{{ end -}}
{{- end -}}
{{- if and $values.namespaceSelector (include "kubestate.namespaces" . | fromJsonArray) }}{{ fail "namespaceSelector: namespaces and releaseNamespace choose namespaces, too: leave them out" }}{{ end -}}
{{- with $values.customResourceState -}}
{{- if .enabled -}}
{{- if and (not .create) (not (or .name .existingConfigMap)) }}{{ fail "customResourceState.name: without customResourceState.create it is the ConfigMap with the configuration" }}{{ end -}}
{{- if not (or (include "kubestate.customConfigured" $) .presets) }}{{ fail "customResourceState.config: there is no configuration: give one, existingConfigMap or presets" }}{{ end -}}
{{- end -}}
{{- end -}}
{{- /* Included for what they refuse. */ -}}
{{- $_ := include "kubestate.customResources" . -}}
{{- $_ := include "kubestate.resources" . -}}
{{- $monitor := $values.prometheus.monitor -}}
{{- if and $monitor.enabled $values.tls.enabled (not $monitor.tlsConfig) (not (has $monitor.namespace (list "" (include "kubestate.namespace" .)))) -}}
{{- fail "prometheus.monitor.tlsConfig: a ServiceMonitor cannot name the Secret of another namespace: say there how to check the certificate" -}}
{{- end -}}
{{- if hasSuffix "kube-state-metrics" (toString $values.image.repository) }}{{ fail (printf "image.repository: %s is the image of kube-state-metrics, which does not know the arguments of this chart: leave image out, or name where kubestate's is" $values.image.repository) }}{{ end -}}
{{- if and (include "kubestate.compatible" .) (eq (toString $values.image.repository) "kubestate/kubestate") (regexMatch `^v?[12]\.[0-9]` (toString $values.image.tag)) (not (regexMatch `^v[12]\.` .Chart.AppVersion)) }}{{ fail (printf "image.tag: %s is a version of kube-state-metrics: leave it out" $values.image.tag) }}{{ end -}}
{{- if eq (toString $values.networkPolicy.flavor) "cilium" }}{{ fail "networkPolicy.flavor: Cilium enforces the NetworkPolicy of flavor kubernetes; write a CiliumNetworkPolicy among extraManifests" }}{{ end -}}
{{- if and $values.kubeconfig.enabled (not $values.kubeconfig.secret) }}{{ fail "kubeconfig.secret: the file, in base64" }}{{ end -}}
{{- if and $values.kubeconfig.enabled $values.autosharding.enabled }}{{ fail "kubeconfig.enabled: the pods of autosharding.enabled know each other by the API server of their own cluster" }}{{ end -}}
{{- if and $values.standby.enabled $values.autosharding.enabled (has "counters" ($values.workloadMetrics | default list)) }}{{ fail "standby.enabled: counters of workloadMetrics are handed to other shards, not to the standby of one: leave out standby.enabled or autosharding.enabled" }}{{ end -}}
{{- if and $values.standby.enabled $values.kubeconfig.enabled }}{{ fail "standby.enabled: the Lease is in the cluster of the pods, and kubeconfig.enabled reads another one" }}{{ end -}}
{{- include "kubestate.checkClusters" . -}}
{{- include "kubestate.checkArguments" . -}}
{{- range $argument := $values.extraArgs -}}
{{- range $flag, $value := dict "port" "service.port" "telemetry-port" "selfMonitor.telemetryPort" "telemetry-host" "selfMonitor.telemetryHost" "resources" "collectors" "namespaces" "namespaces" "namespace-selector" "namespaceSelector" "auth-filter" "authFilter.enabled" "workload-metrics" "workloadMetrics" "tls-config" "tls.enabled" "pod" "autosharding.enabled" "pod-namespace" "autosharding.enabled" "lease" "standby.enabled" "lease-duration" "standby.leaseDuration" "scrape-shards" "scrapeShards" "clusters" "clusters.enabled" "cluster-label" "clusters.label" "cluster-down-fails" "clusters.downFails" -}}
{{- if or (eq $argument (printf "--%s" $flag)) (hasPrefix (printf "--%s=" $flag) $argument) }}{{ fail (printf "extraArgs: %s: say that by %s, which other manifests follow too" $argument $value) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if and $values.namespaceSelector (has "verdicts" $values.workloadMetrics) }}{{ fail "namespaceSelector: verdicts of workloadMetrics follow the jobs of a CronJob in all namespaces, or in those of namespaces" }}{{ end -}}
{{- range $values.workloadMetrics -}}
{{- if not (has . (list "attribution" "counters" "verdicts")) }}{{ fail (printf "workloadMetrics: there is no group %q; there are attribution, counters and verdicts" .) }}{{ end -}}
{{- end -}}
{{- range $key := list "metricAllowlist" "metricDenylist" "metricSparse" "finishedKeep" -}}
{{- range get $values $key -}}
{{- if regexMatch `\{[0-9]+$` . }}{{ fail (printf "%s: %q: commas separate patterns, so that none can have one in it" $key .) }}{{ end -}}
{{- /* The program accepts syntax that RE2 lacks, such as (?!: not checked here. */ -}}
{{- $pattern := trim . -}}
{{- if not (or (regexMatch `\(\?|\\[1-9]` $pattern) (regexMatch (printf "(?:%s)|" $pattern) "")) }}{{ fail (printf "%s: %q is no regular expression" $key .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $known := list "*" -}}
{{- range .Files.Get "files/resources.json" | fromJsonArray }}{{ $known = append $known .key }}{{ end -}}
{{- range $resource, $selector := $values.selectors -}}
{{- if or (eq $resource "*") (not (has $resource $known)) }}{{ fail (printf "selectors: there is no resource %q; the nearest is %s" $resource (include "kubestate.nearest" (dict "word" $resource "known" $known))) }}{{ end -}}
{{- if not (trim $selector) }}{{ fail (printf "selectors: %s: the selector is empty" $resource) }}{{ end -}}
{{- range $other := $known -}}
{{- if regexMatch (printf `,\s*%s\s*=` (regexQuoteMeta $other)) $selector }}{{ fail (printf "selectors: %s: %q: for the label %s write %s in (...), as an argument reads the selector of another resource there" $resource $selector $other $other) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "metricLabelsAllowlist" "metricAnnotationsAllowList" -}}
{{- range get $values $key -}}
{{- if not (regexMatch `^[^=\[\]]+=\[[^=\[\]]*\]$` .) }}{{ fail (printf "%s: %q is not a resource and its keys, such as pods=[app,team]" $key .) }}{{ end -}}
{{- $resource := splitList "=" . | first | trim -}}
{{- if not (has $resource $known) }}{{ fail (printf "%s: there is no resource %q; the nearest is %s" $key $resource (include "kubestate.nearest" (dict "word" $resource "known" $known))) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $values.podDisruptionBudget -}}
{{- if and (hasKey . "minAvailable") (hasKey . "maxUnavailable") }}{{ fail "podDisruptionBudget: minAvailable and maxUnavailable exclude each other" }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Refuses arguments that the program would refuse after the release. */ -}}
{{- define "kubestate.checkArguments" -}}
{{- $known := .Files.Get "files/flags.json" | fromJson -}}
{{- $shown := list -}}
{{- range $name, $flag := $known }}{{ if not (or $flag.hidden $flag.removed) }}{{ $shown = append $shown $name }}{{ end }}{{ end -}}
{{- $before := "" -}}
{{- range .Values.extraArgs -}}
{{- if $before -}}
{{- $before = "" -}}
{{- else if regexMatch `^-v[=0-9]` . -}}
{{- else -}}
{{- if not (regexMatch `^(--[a-zA-Z]|-v$)` .) }}{{ fail (printf "extraArgs: %q: no flag" .) }}{{ end -}}
{{- $name := regexFind `^[^=]*` . | trimPrefix "-" | trimPrefix "-" | replace "_" "-" -}}
{{- $flag := get $known $name | default dict -}}
{{- if $flag.removed }}{{ fail (printf "extraArgs: --%s was removed: %s" $name $flag.removed) }}{{ end -}}
{{- if not $flag.type }}{{ fail (printf "extraArgs: --%s: unknown flag; the nearest is --%s" $name (include "kubestate.nearest" (dict "word" $name "known" $shown))) }}{{ end -}}
{{- $value := regexReplaceAll `^[^=]*=?` . "" -}}
{{- if contains "=" . -}}
{{- if and (eq $flag.type "bool") (not (has $value (list "true" "false" "1" "0" "t" "f" "T" "F" "TRUE" "FALSE" "True" "False"))) }}{{ fail (printf "extraArgs: %s: want true or false" .) }}{{ end -}}
{{- if and (regexMatch `^u?int` $flag.type) (not (regexMatch `^[-+]?[0-9]+$` $value)) }}{{ fail (printf "extraArgs: %s: want a number" .) }}{{ end -}}
{{- if and (eq $flag.type "duration") (not (regexMatch `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$` $value)) }}{{ fail (printf "extraArgs: %s: want a duration, such as 30s" .) }}{{ end -}}
{{- else if ne $flag.type "bool" -}}
{{- $before = . -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $before }}{{ fail (printf "extraArgs: %s: the value is missing" $before) }}{{ end -}}
{{- end }}
