package options

import (
	"errors"
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

// checkGroups rejects flags that exclude groups.
func (o Options) checkGroups() error {
	if len(o.Selection.Groups) > 0 && o.NamespaceSelector != "" {
		return errors.New("--workload-metrics excludes --namespace-selector: the controllers of pods are followed in all namespaces or in those of --namespaces")
	}
	return nil
}

// joined returns the names of groups.
func joined(groups []generators.Group) string {
	var names []string
	for _, g := range groups {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}
