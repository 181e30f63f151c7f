package options

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Limits describes the flags that limit the exported objects in a sentence, shards aside; empty if none does.
func (o Options) Limits() string {
	var all []string
	add := func(flag string, values ...string) {
		if values = slices.DeleteFunc(values, func(v string) bool { return v == "" }); len(values) > 0 {
			all = append(all, flag+"="+strings.Join(values, ","))
		}
	}
	add("--namespaces", slices.Clone(o.Namespaces)...)
	add("--namespaces-denylist", slices.Clone(o.Denied)...)
	add("--namespace-selector", o.NamespaceSelector)
	of := slices.SortedFunc(maps.Keys(o.Selectors), func(a, b schema.GroupResource) int { return cmp.Compare(a.String(), b.String()) })
	for _, resource := range of {
		add("--selector", resource.String()+"="+o.Selectors[resource])
	}
	add("--node", o.Node)
	if o.Unscheduled {
		all = append(all, "--track-unscheduled-pods")
	}
	if o.ObjectLimit > 0 {
		add("--object-limit", strconv.FormatInt(o.ObjectLimit, 10))
	}
	if len(all) == 0 {
		return ""
	}
	return "Limited by " + strings.Join(all, ", ") + "."
}
