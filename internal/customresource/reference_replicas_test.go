package customresource_test

import (
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
)

// entriesOf returns the entries of a table.
func (w *scenario) entriesOf(k *customresource.Kind, version, selector string) (all []*entryOf) {
	for _, e := range w.config.Entries {
		if e.matches(k, version) && e.LabelSelector == selector {
			all = append(all, e)
		}
	}
	return all
}

// scaleOf returns the scale subresource of which a table has the replicas; not ok if it has none.
func (w *scenario) scaleOf(k *customresource.Kind, version, selector string) (scale customresource.Scale, ok bool) {
	if scale, ok = k.Scales[version]; !ok || !k.Namespaced || len(w.groups) == 0 {
		return scale, false
	}
	for _, v := range []string{"v2", "v1", "v1beta1"} { // in the order of preference
		_, ok := k.Scales[v]
		if ok && slices.ContainsFunc(w.entriesOf(k, v, ""), func(e *entryOf) bool { return e.Where == "" }) {
			return scale, v == version && selector == ""
		}
	}
	return scale, true
}

// replicas returns the lines of the replicas of an object.
func (v *evaluation) replicas(scale customresource.Scale, entries []*entryOf, selects func(*entryOf) bool) string {
	metadata := v.object.(map[string]any)["metadata"].(map[string]any)
	owners, _ := metadata["ownerReferences"].([]any)
	for _, o := range owners {
		if o.(map[string]any)["controller"] == true {
			return ""
		}
	}
	if !slices.ContainsFunc(entries, selects) {
		return ""
	}
	text := ""
	add := func(state string, n int64) {
		labels := "kubestate_workload_replicas{"
		for _, x := range v.extra {
			labels += x.Name + `="` + string(exposition.AppendLabelValue(nil, x.Value)) + `",`
		}
		labels += `namespace="` + metadata["namespace"].(string) + `",workload_kind="` + v.kind + `",`
		if !slices.ContainsFunc(v.extra, func(x generators.ExtraLabel) bool { return x.Name == "workload" }) {
			labels += `workload="` + metadata["name"].(string) + `",`
		}
		text += labels + `state="` + state + `"} ` + string(exposition.AppendFloat(nil, float64(n))) + "\n"
	}
	if n, ok := keysOf(v.object, scale.SpecReplicas).(int64); ok {
		add("desired", n)
	}
	switch n := keysOf(v.object, scale.StatusReplicas).(type) {
	case int64:
		add("current", n)
	case nil:
		add("current", 0)
	}
	return text
}

// keysOf returns the value at a path of keys of maps; nil if there is none.
func keysOf(of any, path string) any {
	for key := range strings.SplitSeq(path[1:], ".") {
		members, _ := of.(map[string]any)
		of = members[key]
	}
	return of
}
