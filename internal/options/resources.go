package options

import (
	"fmt"
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

// enabled returns the resources of --resources.
func (v *values) enabled() ([]generators.Resource, error) {
	if v.customOnly {
		return nil, nil
	}
	if len(v.resources) == 0 {
		return v.registry.Defaults(), nil
	}
	var keys []string
	for _, name := range v.resources {
		key, err := keyOf(v.registry, name)
		if err != nil {
			return nil, fmt.Errorf("--resources: %w", err)
		}
		keys = append(keys, key)
	}
	return slices.DeleteFunc(v.registry.Resources(), func(r generators.Resource) bool {
		return !slices.Contains(keys, r.Describe().Key)
	}), nil
}

// keyOf returns the key of the resource with a name.
func keyOf(registry *generators.Registry, name string) (string, error) {
	if r, ok := registry.Lookup(name); ok {
		return r.Describe().Key, nil
	}
	if instead, ok := movedResources[name]; ok {
		return "", fmt.Errorf("there is no resource %q: %s", name, instead)
	}
	near, _ := nearest.To(name, generators.Names(registry.Resources()))
	return "", fmt.Errorf("there is no resource %q; the nearest is %q", name, near)
}
