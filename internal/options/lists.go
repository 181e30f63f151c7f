package options

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/kubestate/kubestate/internal/generators"
)

// list is a comma-separated flag. White space around entries and empty entries are ignored. A
// repeated flag appends.
type list []string

func (l *list) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			*l = append(*l, part)
		}
	}
	return nil
}

func (l *list) String() string { return strings.Join(*l, ",") }
func (l *list) Type() string   { return "list" }

// unique returns the list without duplicates, in order.
func (l *list) unique() []string {
	var once []string
	for _, part := range *l {
		if !slices.Contains(once, part) {
			once = append(once, part)
		}
	}
	return once
}

// extraLabels is a flag of the form name=value,name=value. A repeated flag appends.
type extraLabels []generators.ExtraLabel

func (e *extraLabels) Set(s string) error {
	return eachPair(s, "name=value", func(name, value string) error {
		*e = append(*e, generators.ExtraLabel{Name: name, Value: value})
		return nil
	})
}

// eachPair calls add with the pairs of a text such as name=value,name=value until add returns an error.
// An error names the form that a pair should have.
func eachPair(s, form string, add func(name, value string) error) error {
	var pairs list
	_ = pairs.Set(s) // any text is a list
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("want %s at %q", form, pair)
		}
		if err := add(strings.TrimSpace(name), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

func (e *extraLabels) String() string { return "" }
func (e *extraLabels) Type() string   { return "labels" }

// allowlist is a flag of the form resource=[key,key],resource=[key]. A repeated flag replaces the
// one before.
type allowlist generators.Allowlist

func (a *allowlist) Set(s string) error {
	parsed, err := parseAllowlist(s)
	if err != nil {
		return err
	}
	*a = parsed
	return nil
}

func (a *allowlist) String() string { return "" }
func (a *allowlist) Type() string   { return "allowlist" }

// resolve replaces the names of resources by their keys. It rejects unknown resources and label
// keys with more than one *.
func (a allowlist) resolve(flag string, registry *generators.Registry) (generators.Allowlist, error) {
	if a == nil {
		return nil, nil
	}
	resolved := generators.Allowlist{}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		resource := name
		if name != generators.AnyResource {
			var err error
			if resource, err = keyOf(registry, name); err != nil {
				return nil, fmt.Errorf("%s: %w", flag, err)
			}
		}
		for _, key := range a[name] {
			if strings.Count(key, "*") > 1 {
				return nil, fmt.Errorf("%s: %q has more than one *", flag, key)
			}
		}
		resolved[resource] = append(resolved[resource], a[name]...)
	}
	return resolved, nil
}

// parseAllowlist parses an allowlist. An error quotes the rest from the offending position.
func parseAllowlist(s string) (allowlist, error) {
	parsed := allowlist{}
	rest := strings.TrimSpace(s)
	for rest != "" {
		resource, after, ok := strings.Cut(rest, "=")
		if !ok || strings.ContainsAny(resource, "[],") {
			return nil, fmt.Errorf("want resource=[key,...] at %q", rest)
		}
		keys, after, err := parseKeys(strings.TrimLeftFunc(after, unicode.IsSpace))
		if err != nil {
			return nil, err
		}
		resource = strings.TrimSpace(resource)
		parsed[resource] = append(parsed[resource], keys...)
		if rest, err = afterComma(after); err != nil {
			return nil, err
		}
	}
	return parsed, nil
}

// parseKeys parses [key,...] and returns the rest behind it.
func parseKeys(s string) (keys []string, after string, err error) {
	inside, ok := strings.CutPrefix(s, "[")
	if !ok {
		return nil, "", fmt.Errorf("want [ at %q", s)
	}
	inside, after, ok = strings.Cut(inside, "]")
	if !ok || strings.ContainsAny(inside, "[=") {
		return nil, "", fmt.Errorf("want ] at the end of %q", s)
	}
	if strings.TrimSpace(inside) == "" {
		return nil, after, nil
	}
	for key := range strings.SplitSeq(inside, ",") {
		if key = strings.TrimSpace(key); key == "" {
			return nil, "", fmt.Errorf("empty key in %q", "["+inside+"]")
		}
		keys = append(keys, key)
	}
	return keys, after, nil
}

// afterComma skips the comma between two resources, and returns nothing at the end.
func afterComma(s string) (string, error) {
	if s = strings.TrimSpace(s); s == "" {
		return "", nil
	}
	rest, ok := strings.CutPrefix(s, ",")
	if rest = strings.TrimSpace(rest); !ok || rest == "" {
		return "", fmt.Errorf("want a comma and a resource at %q", s)
	}
	return rest, nil
}
