package options

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kubestate/kubestate/internal/generators"
)

// groups returns the groups of --workload-metrics.
func (v *values) groups() (groups []generators.Group, err error) {
	for _, name := range v.workloadMetrics.unique() {
		group := generators.Group(name)
		if !slices.Contains(generators.Groups(), group) {
			return nil, fmt.Errorf("--workload-metrics: unknown group %q; known are %s", name, joined(generators.Groups()))
		}
		groups = append(groups, group)
	}
	return groups, nil
}

// joined returns the names of groups.
func joined(groups []generators.Group) string {
	var names []string
	for _, g := range groups {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}
