package chart

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// leaf is a value of type string in the schema.
type leaf struct {
	path    string
	pattern *regexp.Regexp
	// free: the enclosing object has no schema.
	free   bool
	values func(string) any // only this leaf
}

// schema is the used part of a JSON schema.
type schema struct {
	Ref                  string             `json:"$ref"`
	Definitions          map[string]*schema `json:"definitions"`
	Type                 any                `json:"type"`
	Enum                 []any              `json:"enum"`
	Pattern              string             `json:"pattern"`
	OneOf                []*schema          `json:"oneOf"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	MaxProperties        *int               `json:"maxProperties"` // an empty object
}

func (s *schema) is(kind string) bool {
	kinds, several := s.Type.([]any)
	return s.Type == kind || several && slices.Contains(kinds, any(kind))
}

// leaves returns the leaves of the schema.
func leaves(t *testing.T) []leaf {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	must(t, err)
	var root schema
	must(t, json.Unmarshal(text, &root))
	var found []leaf
	var walk func(s *schema, path string, values func(any) any)
	walk = func(s *schema, path string, values func(any) any) {
		if s.Ref != "" {
			s = root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		}
		add := func(path string, free bool, values func(string) any) {
			found = append(found, leaf{path: path, pattern: regexp.MustCompile(s.Pattern), free: free, values: values})
		}
		for _, one := range s.OneOf {
			walk(one, path, values)
		}
		if s.is("string") && s.Enum == nil {
			add(path, false, func(v string) any { return values(v) })
		}
		if s.is("array") && s.Items != nil {
			walk(s.Items, path+"[]", func(v any) any { return values([]any{v}) })
		}
		for name, property := range s.Properties {
			walk(property, strings.TrimPrefix(path+"."+name, "."), func(v any) any { return values(map[string]any{name: v}) })
		}
		if !s.is("object") || s.MaxProperties != nil || s.Properties != nil || strings.HasPrefix(path, "extraManifests") {
			return
		}
		_, labels := s.AdditionalProperties.(map[string]any)
		add(path+"{}", !labels, func(v string) any { return values(map[string]any{"example.com/key": v}) })
		add(path+"{key}", !labels, func(v string) any { return values(map[string]any{v: "value"}) })
	}
	walk(&root, "", func(v any) any { return v })
	slices.SortFunc(found, func(a, b leaf) int { return strings.Compare(a.path, b.path) })
	if len(found) < 80 {
		t.Fatalf("only %d values of type string in the schema", len(found))
	}
	for path := range refusing {
		if !slices.ContainsFunc(found, func(l leaf) bool { return l.path == path }) {
			t.Errorf("the schema has no %s", path)
		}
	}
	return found
}

// overlaid merges two values: maps by key, lists by concatenation.
func overlaid(a, b any) any {
	switch b := b.(type) {
	case map[string]any:
		all := map[string]any{}
		if a, ok := a.(map[string]any); ok {
			maps.Copy(all, a)
		}
		for key, value := range b {
			all[key] = overlaid(all[key], value)
		}
		return all
	case []any:
		before, _ := a.([]any)
		return slices.Concat(before, b)
	}
	return b
}

// with returns the values of a base with a string at all leaves.
func with(t *testing.T, base, s string, all []leaf) any {
	t.Helper()
	var values any
	must(t, yaml.Unmarshal([]byte(base), &values))
	for _, l := range all {
		values = overlaid(values, l.values(l.form(s)))
	}
	return values
}

func (l leaf) form(s string) string {
	if form, ok := forms[l.path]; ok {
		return fmt.Sprintf(form, s)
	}
	return s
}

// allows reports whether the schema and the leaf's format allow a string.
func (l leaf) allows(s string) bool {
	if strings.HasSuffix(forms[l.path], "]") && strings.ContainsAny(s, "=[]") {
		return false
	}
	return l.pattern.MatchString(l.form(s)) && l.pattern.MatchString(l.form(marker))
}
