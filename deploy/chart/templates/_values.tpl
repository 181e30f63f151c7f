{{- /* The values as the templates read them: complete, checked, and each in one form, however they
were given. Every template includes kubestate.values first; the first of them does the work. */ -}}
{{- define "kubestate.values" -}}
{{- if not (hasKey .Values "as the templates read them") -}}
{{- $known := .Files.Get "files/values.json" | fromJson -}}
{{- with include "kubestate.unknown" (dict "given" .Values "known" $known "path" "") | trim }}{{ fail . }}{{ end -}}
{{- include "kubestate.limits" . -}}
{{- include "kubestate.fill" (dict "given" .Values "known" $known) -}}
{{- include "kubestate.lists" . -}}
{{- include "kubestate.forms" . -}}
{{- include "kubestate.defaults" . -}}
{{- include "kubestate.texts" . -}}
{{- $_ := set .Values "as the templates read them" true -}}
{{- include "kubestate.check" . -}}
{{- include "kubestate.workloadMetrics" . -}}
{{- end -}}
{{- end }}

{{- /* Text, a line for each key of "given" at "path" that "known" does not have. A block that is
unknown and disabled does no harm. */ -}}
{{- define "kubestate.unknown" -}}
{{- $instead := dict
  "commonLabels" "customLabels"
  "extraEnvVars" "env"
  "extraVolumeMounts" "volumeMounts"
  "extraVolumes" "volumes"
  "kubeResources" "collectors"
  "replicaCount" "replicas"
  "serviceMonitor" "prometheus.monitor"
  "sidecars" "containers"
-}}
{{- range $key, $value := .given -}}
{{- $path := printf "%s%s" $.path $key -}}
{{- $below := get $.known $key -}}
{{- if hasKey $.known $key -}}
{{- if and (kindIs "map" $below) $below (kindIs "map" $value) -}}
{{- include "kubestate.unknown" (dict "given" $value "known" $below "path" (printf "%s." $path)) -}}
{{- end -}}
{{- else if kindIs "invalid" $value -}}
{{- else if and (kindIs "map" $value) (eq (get $value "enabled" | toString) "false") -}}
{{- else if hasKey $instead $path }}
{{ printf "%s: unknown: here it is %s" $path (get $instead $path) }}
{{- else }}
{{ printf "%s: unknown: the nearest known value is %s%s" $path $.path (include "kubestate.nearest" (dict "word" $key "known" (keys $.known | sortAlpha))) }}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* The "known" word with the least edit distance from "word". */ -}}
{{- define "kubestate.nearest" -}}
{{- $word := splitList "" (trunc 64 .word) -}}
{{- $nearest := "" -}}
{{- $least := 1000 -}}
{{- range $known := .known -}}
{{- $letters := splitList "" $known -}}
{{- /* A row of the edit distance matrix. */ -}}
{{- $row := until (len $letters | add1 | int) -}}
{{- range $i, $letter := $word -}}
{{- $next := list (add1 $i) -}}
{{- range $j, $other := $letters -}}
{{- $next = append $next (min (index $next $j | add1) (index $row (add1 $j) | add1) (add (index $row $j) (ternary 0 1 (eq $letter $other)))) -}}
{{- end -}}
{{- $row = $next -}}
{{- end -}}
{{- if lt (last $row | int) $least -}}
{{- $nearest = $known -}}
{{- $least = last $row | int -}}
{{- end -}}
{{- end -}}
{{ $nearest }}
{{- end }}

{{- /* Default memory limit, if there are limits. */ -}}
{{- define "kubestate.limits" -}}
{{- $limits := (.Values.resources | default dict).limits -}}
{{- if and (kindIs "map" $limits) (not $limits.memory) -}}
{{- if include "kubestate.compatible" . }}{{ $_ := unset $limits "memory" }}{{ else }}{{ $_ := set $limits "memory" "512Mi" }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Null values: maps become empty, switches and numbers their default. */ -}}
{{- define "kubestate.fill" -}}
{{- range $key, $below := .known -}}
{{- if kindIs "map" $below -}}
{{- if kindIs "invalid" (get $.given $key | default nil) }}{{ $_ := set $.given $key dict }}{{ end -}}
{{- if kindIs "map" (get $.given $key) }}{{ include "kubestate.fill" (dict "given" (get $.given $key) "known" $below) }}{{ end -}}
{{- else if not (or (kindIs "invalid" $below) (hasKey $.given $key)) -}}
{{- $_ := set $.given $key $below -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* The items of a list or of comma-separated text, as JSON. */ -}}
{{- define "kubestate.items" -}}
{{- $items := list -}}
{{- $given := . -}}
{{- if not (kindIs "slice" $given) }}{{ $given = list ($given | default "") }}{{ end -}}
{{- range $given -}}
{{- range splitList "," (toString .) -}}
{{- if trim . }}{{ $items = append $items . }}{{ end -}}
{{- end -}}
{{- end -}}
{{ toJson $items }}
{{- end }}

{{- /* The same for resource=[key,...]: commas in brackets separate no items. */ -}}
{{- define "kubestate.allowlist" -}}
{{- $items := list -}}
{{- $given := . -}}
{{- if not (kindIs "slice" $given) }}{{ $given = list ($given | default "") }}{{ end -}}
{{- range $given -}}
{{- range regexFindAll `[^,\[\]]+(\[[^\]]*\])?[^,]*|\[[^\]]*\][^,]*` (toString .) -1 -}}
{{- if trim . }}{{ $items = append $items (trim .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{ toJson $items }}
{{- end }}

{{- define "kubestate.lists" -}}
{{- $values := .Values -}}
{{- range $key := list "collectors" "collectorsExtra" "collectorsExclude" -}}
{{- $items := list -}}
{{- range include "kubestate.items" (get $values $key | default list) | fromJsonArray -}}
{{- range splitList "\n" . }}{{ with trim . }}{{ $items = append $items . }}{{ end }}{{ end -}}
{{- end -}}
{{- $_ := set $values $key $items -}}
{{- end -}}
{{- range $key := list "namespacesDenylist" "metricAllowlist" "metricDenylist" "metricSparse" "workloadStartupBuckets" "finishedKeep" -}}
{{- $_ := set $values $key (include "kubestate.items" (get $values $key | default list) | fromJsonArray) -}}
{{- end -}}
{{- if not (has (get $values "workloadMetrics") (list nil "")) -}}
{{- $groups := list -}}
{{- range include "kubestate.items" $values.workloadMetrics | fromJsonArray }}{{ $groups = append $groups (trim .) }}{{ end -}}
{{- $_ := set $values "workloadMetrics" $groups -}}
{{- end -}}
{{- range $key := list "metricLabelsAllowlist" "metricAnnotationsAllowList" -}}
{{- $_ := set $values $key (include "kubestate.allowlist" (get $values $key | default list) | fromJsonArray) -}}
{{- end -}}
{{- $_ := set $values.customResourceState "presets" (include "kubestate.items" ($values.customResourceState.presets | default list) | fromJsonArray) -}}
{{- range $key := list "extraArgs" "imagePullSecrets" "env" "volumes" "volumeMounts" "containers" "initContainers" "extraManifests" -}}
{{- if not (get $values $key) }}{{ $_ := set $values $key list }}{{ end -}}
{{- end -}}
{{- range $parent := list $values.global $values.serviceAccount -}}
{{- if not (get $parent "imagePullSecrets") }}{{ $_ := set $parent "imagePullSecrets" list }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Values with several accepted forms. */ -}}
{{- define "kubestate.forms" -}}
{{- $values := .Values -}}
{{- $strategy := $values.updateStrategy -}}
{{- if kindIs "string" $strategy -}}
{{- if and $values.autosharding.enabled (eq $strategy "Recreate") }}{{ fail "updateStrategy: a StatefulSet, which autosharding.enabled makes, knows RollingUpdate and OnDelete" }}{{ end -}}
{{- $own := and (eq $strategy "RollingUpdate") (not $values.autosharding.enabled) -}}
{{- $_ := set $values "updateStrategy" (ternary dict (dict "type" $strategy) (or $own (empty $strategy))) -}}
{{- end -}}
{{- with $values.service.ipDualStack -}}
{{- if .enabled -}}
{{- range $key := list "ipFamilies" "ipFamilyPolicy" -}}
{{- if not (get $values.service $key) }}{{ $_ := set $values.service $key (get $values.service.ipDualStack $key) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $digest := $values.image.digest | default $values.image.sha -}}
{{- if $digest }}{{ $_ := set $values.image "digest" (printf "sha256:%s" (trimPrefix "sha256:" $digest)) }}{{ end -}}
{{- /* The unchanged default image of kube-state-metrics' chart is ignored. */ -}}
{{- $image := $values.image -}}
{{- if and (eq (toString $image.repository) "kube-state-metrics/kube-state-metrics") (has ($image.registry | default "") (list "" "registry.k8s.io")) (not $image.tag) (not $image.digest) -}}
{{- $_ := set $image "registry" "ghcr.io" -}}
{{- $_ := set $image "repository" "kubestate/kubestate" -}}
{{- $_ := set $image "replaced" true -}}
{{- end -}}
{{- with $values.prometheus.monitor.namespaceSelector -}}
{{- if not (kindIs "map" .) }}{{ $_ := set $values.prometheus.monitor "namespaceSelector" (dict "matchNames" (include "kubestate.items" . | fromJsonArray)) }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* "true" with compatibility: kube-state-metrics, otherwise empty. */ -}}
{{- define "kubestate.compatible" -}}
{{- if eq (toString .Values.compatibility) "kube-state-metrics" }}true{{ end -}}
{{- end }}

{{- /* Defaults that depend on compatibility. */ -}}
{{- define "kubestate.defaults" -}}
{{- $values := .Values -}}
{{- $compatible := not (empty (include "kubestate.compatible" .)) -}}
{{- $given := list
  (list $values "nameOverride" (ternary "kube-state-metrics" "" (eq .Chart.Name "kubestate")) "")
  (list $values.service "type" "ClusterIP" "ClusterIP")
  (list $values.clusters "label" "cluster" "cluster")
  (list $values.service "port" 8080 10241)
  (list $values.selfMonitor "telemetryPort" 8081 10242)
  (list $values.selfMonitor "enabled" false true)
  (list $values.prometheus.monitor "interval" "" "30s")
  (list $values.prometheus.monitor "honorLabels" false true)
  (list $values.prometheus.monitor "dropTargetLabels" false true)
  (list $values.networkPolicy "from" list (list (dict
    "namespaceSelector" (dict "matchLabels" (dict "kubernetes.io/metadata.name" "monitoring"))
    "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/name" "prometheus")))))
-}}
{{- range $given -}}
{{- $at := index . 0 -}}
{{- $key := index . 1 -}}
{{- if has (get $at $key) (list nil "") }}{{ $_ := set $at $key (ternary (index . 2) (index . 3) $compatible) }}{{ end -}}
{{- end -}}
{{- /* No Lease where pods cannot write it, or readers go to an address of all pods. */ -}}
{{- $leaseless := or $values.autosharding.enabled $values.kubeconfig.enabled (not $values.rbac.create) -}}
{{- $addressed := or $values.prometheus.scrapeconfig.enabled (ne (toString $values.service.type) "ClusterIP") $values.service.clusterIP -}}
{{- $recreated := eq (toString ($values.updateStrategy | default dict).type) "Recreate" -}}
{{- if has (get $values.standby "enabled") (list nil "") }}{{ $_ := set $values.standby "enabled" (not (or (include "kubestate.compatible" .) $leaseless $addressed $recreated)) }}{{ end -}}
{{- $ports := dict "--port" $values.service.port "--telemetry-port" $values.selfMonitor.telemetryPort -}}
{{- $args := list -}}
{{- range $arg := $values.extraArgs -}}
{{- $same := false -}}
{{- range $flag, $port := $ports }}{{ if eq (toString $arg) (printf "%s=%d" $flag (int $port)) }}{{ $same = true }}{{ end }}{{ end -}}
{{- if not $same }}{{ $args = append $args $arg }}{{ end -}}
{{- end -}}
{{- $_ := set $values "extraArgs" $args -}}
{{- end }}

{{- /* Default workload metrics, if a resource has any. */ -}}
{{- define "kubestate.workloadMetrics" -}}
{{- if has (get .Values "workloadMetrics") (list nil "") -}}
{{- $groups := list -}}
{{- range include "kubestate.resources" . | fromJsonArray }}{{ $groups = concat $groups (.groups | default list) }}{{ end -}}
{{- if .Values.customResourceState.enabled }}{{ $groups = append $groups "attribution" }}{{ end -}}
{{- $off := or (include "kubestate.compatible" .) (not (has "attribution" $groups)) -}}
{{- $_ := set .Values "workloadMetrics" (ternary list (list "attribution") (not (empty $off))) -}}
{{- end -}}
{{- end }}

{{- /* Evaluates templates in labels, annotations and scheduling. */ -}}
{{- define "kubestate.texts" -}}
{{- $values := .Values -}}
{{- $monitor := $values.prometheus.monitor -}}
{{- $places := list
  (list $values "customLabels") (list $values "labels") (list $values "podLabels") (list $values "annotations") (list $values "podAnnotations")
  (list $values "nodeSelector") (list $values "affinity") (list $values "topologySpreadConstraints") (list $values "tolerations")
  (list $values.serviceAccount "annotations") (list $values.service "annotations") (list $monitor "additionalLabels") (list $monitor "namespace")
-}}
{{- range $places -}}
{{- $at := index . 0 -}}
{{- $key := index . 1 -}}
{{- $value := get $at $key -}}
{{- $text := ternary (toString $value) (toYaml $value) (kindIs "string" $value) -}}
{{- if contains "{{" $text -}}
{{- if regexMatch `"kube-state-metrics\.` $text }}{{ fail (printf "%s: the templates of kube-state-metrics' chart are not there: take kubestate.name, kubestate.fullname or kubestate.identity" $key) }}{{ end -}}
{{- $filled := tpl $text $ -}}
{{- if kindIs "string" $value -}}
{{- $_ := set $at $key $filled -}}
{{- else -}}
{{- $object := printf "value:\n%s" (indent 2 $filled) | fromYaml -}}
{{- if $object.Error }}{{ fail (printf "%s: no YAML once its templates are filled in: %s" $key $object.Error) }}{{ end -}}
{{- $_ := set $at $key $object.value -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if kindIs "string" $values.affinity -}}
{{- $object := fromYaml $values.affinity -}}
{{- if hasKey $object "Error" }}{{ fail (printf "affinity: no object in YAML: %s" $object.Error) }}{{ end -}}
{{- $_ := set $values "affinity" $object -}}
{{- end -}}
{{- end }}
