package options

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/generators"
)

// selectors is a flag of the form resource=selector,resource=selector. A repeated flag adds
// resources.
type selectors struct {
	registry *generators.Registry
	text     map[schema.GroupResource]string
}

// Set adds the selectors of a flag. A part that begins with the name of a resource and = begins
// its selector; other parts continue the selector before.
func (s *selectors) Set(text string) error {
	parsed := selectors{registry: s.registry, text: s.text}
	name, selector := "", ""
	for _, part := range selectorParts(text) {
		before, after, ok := strings.Cut(part, "=")
		before = strings.TrimSpace(before)
		_, known := s.registry.Lookup(before)
		switch {
		case ok && known:
			if err := parsed.add(name, selector); err != nil {
				return err
			}
			name, selector = before, after
		case ok && (name == "" || isSelector(after)):
			_, err := keyOf(s.registry, before)
			return err
		case name == "":
			return fmt.Errorf("want resource=selector at %q", part)
		default:
			selector += "," + part
		}
	}
	err := parsed.add(name, selector)
	if err == nil {
		s.text = parsed.text
	}
	return err
}

// selectorParts splits a text at commas outside of parentheses.
func selectorParts(text string) []string {
	depth := 0
	var parts []string
	start := 0
	for i, c := range text {
		switch {
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

// isSelector reports whether a text is a selector with an operator, and no value of a label.
func isSelector(text string) bool {
	_, err := labels.Parse(text)
	return err == nil && strings.ContainsAny(text, "=!<>(")
}

// add adds the selector of a resource; no name is none.
func (s *selectors) add(name, selector string) error {
	if name == "" {
		return nil
	}
	key, err := keyOf(s.registry, name)
	if err != nil {
		return err
	}
	parsed, err := labels.Parse(selector)
	switch {
	case err != nil:
		return fmt.Errorf("%s: selector %q: %w", name, selector, err)
	case parsed.Empty():
		return fmt.Errorf("%s: the selector is empty", name)
	}
	r, _ := s.registry.Lookup(key)
	of := r.Describe().Resource.GroupResource()
	if other, twice := s.text[of]; twice {
		return fmt.Errorf("%s: two selectors, %q and %q: join them by a comma", name, other, parsed)
	}
	next := map[schema.GroupResource]string{of: parsed.String()}
	maps.Copy(next, s.text)
	s.text = next
	return nil
}

func (s *selectors) setYAML(node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return errors.New("want a mapping of resources to label selectors")
	}
	parsed := selectors{registry: s.registry}
	for resource, value := range entries(node) {
		if isNull(value) {
			continue
		}
		if value.Kind != yaml.ScalarNode {
			return fmt.Errorf("%s: want a label selector", resource.Value)
		}
		if err := parsed.add(resource.Value, value.Value); err != nil {
			return err
		}
	}
	if len(parsed.text) > 0 {
		*s = parsed
	}
	return nil
}

func (s *selectors) String() string { return "" }
func (s *selectors) Type() string   { return "selectors" }

// unusedSelectors describes the selectors of resources that are not enabled.
func (o Options) unusedSelectors() []string {
	var all []string
	for of := range o.Selectors {
		if !slices.ContainsFunc(o.Resources, func(r generators.Resource) bool { return r.Describe().Resource.GroupResource() == of }) {
			all = append(all, fmt.Sprintf("--selector: resource %s is not enabled", of))
		}
	}
	slices.Sort(all)
	return all
}

// checkNamespaceSelector returns the selector of --namespace-selector in its standard form.
func (o Options) checkNamespaceSelector(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	selector, err := labels.Parse(text)
	switch {
	case err != nil:
		return "", fmt.Errorf("--namespace-selector: selector %q: %w", text, err)
	case selector.Empty():
		return "", errors.New("--namespace-selector: the selector is empty")
	case len(o.Namespaces) > 0:
		return "", errors.New("--namespace-selector excludes --namespaces: both choose namespaces")
	case o.ObjectLimit > 0:
		return "", errors.New("--namespace-selector excludes --object-limit: the limit is per namespace, and all share one list")
	}
	return selector.String(), nil
}
