{{- /* Several clusters: arguments, volume, targets. */ -}}

{{- define "kubestate.clustersName" -}}{{ include "kubestate.fullname" . | printf "%s-clusters" }}{{- end }}

{{- /* The clusters that are targets of their own, as JSON; one empty text for none. */ -}}
{{- define "kubestate.clustersTargets" -}}
{{ ternary .Values.clusters.targets list .Values.clusters.enabled | default (list "") | toJson }}
{{- end }}

{{- /* "true" if the cluster of the pod is watched, otherwise empty. */ -}}
{{- define "kubestate.atHome" -}}
{{- $home := not .Values.clusters.enabled -}}
{{- range .Values.clusters.list -}}
{{- if .home }}{{ $home = true }}{{ end -}}
{{- end -}}
{{- if $home }}true{{ end -}}
{{- end }}

{{- /* The values by which kubestate.resources are those of the cluster of the pod, as JSON: a list may have others. */ -}}
{{- define "kubestate.homeValues" -}}
{{- $values := deepCopy .Values -}}
{{- range .Values.clusters.list -}}
{{- if and $.Values.clusters.enabled .home .resources -}}
{{- $own := list -}}
{{- range $.Files.Get "files/resources.json" | fromJsonArray }}{{ $own = append $own .key }}{{ end -}}
{{- $named := list -}}
{{- range .resources }}{{ if has . $own }}{{ $named = append $named . }}{{ end }}{{ end -}}
{{- if $named -}}
{{- $_ := set $values "collectors" $named -}}
{{- $_ := set $values "collectorsExtra" list -}}
{{- $_ := set $values "collectorsExclude" list -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{ toJson $values }}
{{- end }}

{{- define "kubestate.clustersArgs" -}}
{{- $clusters := .Values.clusters }}
{{- if $clusters.enabled }}
- --clusters=/etc/clusters{{ if $clusters.list }}/clusters.yaml{{ end }}
{{- if ne $clusters.label "cluster" }}
- {{ printf "--cluster-label=%s" $clusters.label | quote }}
{{- end }}
{{- if $clusters.downFails }}
- --cluster-down-fails
{{- end }}
{{- end }}
{{- end }}

{{- define "kubestate.clustersVolume" -}}
{{- $clusters := .Values.clusters -}}
# One directory: the file names the kubeconfigs beside it.
- name: clusters
  projected:
    sources:
    {{- if $clusters.list }}
    - configMap: {name: {{ include "kubestate.clustersName" . | quote }}}
    {{- end }}
    {{- if $clusters.kubeconfigs }}
    - secret: {name: {{ include "kubestate.clustersName" . | quote }}}
    {{- end }}
    {{- range $clusters.secrets }}
    - secret: {name: {{ quote . }}}
    {{- end }}
{{- end }}

{{- define "kubestate.checkClusters" -}}
{{- $values := .Values -}}
{{- $clusters := $values.clusters -}}
{{- if $clusters.enabled -}}
{{- if not (or $clusters.kubeconfigs $clusters.secrets $clusters.list) }}{{ fail "clusters.kubeconfigs: there is no cluster: give some, or secrets that have them" }}{{ end -}}
{{- if $values.kubeconfig.enabled }}{{ fail "clusters.enabled: kubeconfig.enabled names one cluster: add it to clusters.kubeconfigs" }}{{ end -}}
{{- if $values.autosharding.enabled }}{{ fail "clusters.enabled: the pods of autosharding.enabled divide the objects of their own cluster: divide clusters.kubeconfigs among releases" }}{{ end -}}
{{- range $name := keys $clusters.kubeconfigs | sortAlpha -}}
{{- if not (regexMatch `^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$` $name) }}{{ fail (printf "clusters.kubeconfigs: %q cannot be the name of a cluster: want a DNS name in lower case" $name) }}{{ end -}}
{{- end -}}
{{- $names := list -}}
{{- range $i, $cluster := $clusters.list -}}
{{- if not $cluster.name }}{{ fail (printf "clusters.list[%d]: a cluster without a name" $i) }}{{ end -}}
{{- if has $cluster.name $names }}{{ fail (printf "clusters.list: duplicate cluster %s" $cluster.name) }}{{ end -}}
{{- $names = append $names $cluster.name -}}
{{- if and $cluster.context (not $cluster.kubeconfig) }}{{ fail (printf "clusters.list: cluster %s: a context needs a kubeconfig here" $cluster.name) }}{{ end -}}
{{- end -}}
{{- if and $clusters.targets (not $values.prometheus.monitor.enabled) }}{{ fail "clusters.targets: they are endpoints of a ServiceMonitor: set prometheus.monitor.enabled" }}{{ end -}}
{{- end -}}
{{- end }}
