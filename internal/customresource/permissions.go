package customresource

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Resources returns the resources that the configuration reads, without knowing the definitions: an
// entry for any kind reads "*" of its group. An entry for any group is an error: no role can name
// them.
func (c *Config) Resources() ([]schema.GroupResource, error) {
	var all []schema.GroupResource
	for i := range c.Entries {
		e := &c.Entries[i]
		if strings.Contains(e.Group, "*") {
			return nil, fmt.Errorf("%s: group %s: a role cannot name groups by a wildcard; bind a role of your own to the service account", e.Position, e.Group)
		}
		plural := e.Plural
		switch {
		case e.Kind == "*":
			plural = "*"
		case plural == "":
			guess, _ := meta.UnsafeGuessKindToResource(schema.GroupVersionKind{Group: e.Group, Kind: e.Kind})
			plural = guess.Resource
		}
		if r := (schema.GroupResource{Group: e.Group, Resource: plural}); !slices.Contains(all, r) {
			all = append(all, r)
		}
	}
	return all, nil
}
