package options

import (
	"fmt"
	"slices"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/nearest"
)

// enabled returns the resources of --resources.
func (v *values) enabled() ([]generators.Resource, error) {
	if len(v.resources) == 0 {
		return defaults(), nil
	}
	for _, key := range v.resources {
		if err := checkResource(key); err != nil {
			return nil, fmt.Errorf("--resources: %w", err)
		}
	}
	return slices.DeleteFunc(generators.All(), func(r generators.Resource) bool {
		return !slices.Contains(v.resources, r.Describe().Key)
	}), nil
}

func defaults() []generators.Resource {
	return slices.DeleteFunc(generators.All(), func(r generators.Resource) bool { return !r.Describe().Default })
}

func checkResource(key string) error {
	all := keys(generators.All())
	if slices.Contains(all, key) {
		return nil
	}
	near, _ := nearest.To(key, all)
	return fmt.Errorf("there is no resource %q; the nearest is %q", key, near)
}

// KnownResources returns the keys of all resources.
func KnownResources() []string { return keys(generators.All()) }

func keys(resources []generators.Resource) []string {
	var ks []string
	for _, r := range resources {
		ks = append(ks, r.Describe().Key)
	}
	return ks
}
