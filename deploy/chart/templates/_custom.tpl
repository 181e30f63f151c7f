{{- /* Custom resources: configuration and roles. */ -}}

{{- /* Whether a ConfigMap has a configuration. */ -}}
{{- define "kubestate.customConfigured" -}}
{{- $custom := .Values.customResourceState -}}
{{- if and $custom.enabled (or $custom.existingConfigMap (not $custom.create) $custom.config) }}true{{ end -}}
{{- end }}

{{- define "kubestate.customConfigMap" -}}
{{- $custom := .Values.customResourceState -}}
{{ default (default (include "kubestate.fullname" . | printf "%s-customresourcestate-config") $custom.name) $custom.existingConfigMap }}
{{- end }}

{{- /* The configuration as text: it may be given as an object. */ -}}
{{- define "kubestate.customText" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toYaml . | printf "%s\n" }}{{ end -}}
{{- end }}

{{- /* The resources that the configuration and the presets name, as JSON. A plural that is not
given is guessed as the program does. The group of a wildcard is as it was given. */ -}}
{{- define "kubestate.customResources" -}}
{{- $custom := .Values.customResourceState -}}
{{- $resources := list -}}
{{- if $custom.enabled -}}
{{- if and $custom.create $custom.config (not $custom.existingConfigMap) -}}
{{- $config := include "kubestate.customText" $custom.config | fromYaml -}}
{{- if $config.Error }}{{ fail (printf "customResourceState.config: no YAML: %s" $config.Error) }}{{ end -}}
{{- $spec := $config.spec | default dict -}}
{{- if not (and (kindIs "map" $spec) (kindIs "slice" (get $spec "resources"))) }}{{ fail "customResourceState.config: no list spec.resources, which the program wants" }}{{ end -}}
{{- range $index, $entry := $spec.resources -}}
{{- $kind := dict -}}
{{- if kindIs "map" $entry }}{{ $kind = get $entry "groupVersionKind" }}{{ end -}}
{{- if not (and (kindIs "map" $kind) (hasKey $kind "group")) }}{{ fail (printf "customResourceState.config: spec.resources[%d]: no groupVersionKind with a group" $index) }}{{ end -}}
{{- $plural := get $entry "resourcePlural" | default "" | toString -}}
{{- $word := get $kind "kind" | default "*" | toString | lower -}}
{{- if eq $word "*" -}}
{{- $plural = "*" -}}
{{- else if not $plural -}}
{{- if hasSuffix "endpoints" $word }}{{ $plural = $word }}
{{- else if hasSuffix "s" $word }}{{ $plural = printf "%ses" $word }}
{{- else if hasSuffix "y" $word }}{{ $plural = printf "%sies" (trimSuffix "y" $word) }}
{{- else }}{{ $plural = printf "%ss" $word }}{{ end -}}
{{- end -}}
{{- $resources = append $resources (dict "group" (get $kind "group" | default "" | toString) "resource" $plural) -}}
{{- end -}}
{{- end -}}
{{- $presets := .Files.Get "files/presets.json" | fromJson -}}
{{- range $custom.presets -}}
{{- if not (hasKey $presets .) }}{{ fail (printf "customResourceState.presets: there is no preset %q; there are %s" . (keys $presets | sortAlpha | join ", ")) }}{{ end -}}
{{- $resources = concat $resources (get $presets .) -}}
{{- end -}}
{{- end -}}
{{ uniq $resources | toJson }}
{{- end }}

{{- /* The resources that a role can name, as JSON. */ -}}
{{- define "kubestate.customNamed" -}}
{{- $named := list -}}
{{- range include "kubestate.customResources" . | fromJsonArray -}}
{{- if not (contains "*" .group) }}{{ $named = append $named . }}{{ end -}}
{{- end -}}
{{ toJson $named }}
{{- end }}

{{- /* True if custom resources only are exported. */ -}}
{{- define "kubestate.customOnly" -}}
{{- range .Values.extraArgs -}}
{{- if has . (list "--custom-resource-state-only" "--custom-resource-state-only=true") }}true{{ end -}}
{{- end -}}
{{- end }}

{{- define "kubestate.customArgs" -}}
{{- if include "kubestate.customConfigured" . }}
- {{ printf "--custom-resource-state-config-file=/etc/customresourcestate/%s" .Values.customResourceState.key | quote }}
{{- end }}
{{- if and .Values.customResourceState.enabled .Values.customResourceState.presets }}
- {{ join "," .Values.customResourceState.presets | printf "--custom-resource-presets=%s" | quote }}
{{- end }}
{{- end }}
