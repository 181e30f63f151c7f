package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/options"
	"github.com/kubestate/kubestate/internal/presets"
	"github.com/kubestate/kubestate/internal/results"
	"github.com/kubestate/kubestate/internal/workloads"
)

// watched is a resource in the chart: its part of arguments and roles.
type watched struct {
	Key        string `json:"key"`
	Group      string `json:"group"`
	Resource   string `json:"resource"`
	Namespaced bool   `json:"namespaced"`
	Default    bool   `json:"default"`
	Owner      bool   `json:"owner,omitempty"`  // of pods
	Result     bool   `json:"result,omitempty"` // of jobs
}

// chart adds the chart's resources, and the table of its values.
func chart(registry *generators.Registry, files map[string][]byte) error {
	var resources []watched
	for _, r := range registry.Resources() {
		d := r.Describe()
		owner := slices.ContainsFunc(workloads.Kinds(), func(kind generators.Resource) bool { return kind.Describe().Key == d.Key })
		resources = append(resources, watched{d.Name, d.Resource.Group, d.Resource.Resource, d.Namespaced, d.Default, owner, results.Has(d)})
	}
	text, err := json.MarshalIndent(resources, "", "  ")
	if err != nil {
		return err
	}
	files["deploy/chart/files/resources.json"] = append(text, '\n')
	if files["deploy/chart/files/presets.json"], err = presetResources(); err != nil {
		return err
	}
	if files["deploy/chart/files/values.json"], err = valueKeys("deploy/chart/values.schema.json", "deploy/chart/values.yaml"); err != nil {
		return err
	}
	spellings, err := json.MarshalIndent(options.Spellings(registry), "", "  ")
	if err != nil {
		return err
	}
	files["deploy/chart/files/flags.json"] = append(spellings, '\n')
	files["deploy/chart/values.md"], err = values("deploy/chart/values.yaml")
	return err
}

// A presetResource is a resource that a preset reads. Its group may be a wildcard.
type presetResource struct {
	Group    string `json:"group"`
	Resource string `json:"resource"`
}

// presetResources returns the resources of each preset, for the chart's roles.
func presetResources() ([]byte, error) {
	all := map[string][]presetResource{}
	for _, name := range presets.Names() {
		text, _ := presets.Get(name)
		config, err := customresource.Parse(name, text)
		if err != nil {
			return nil, err
		}
		for _, entry := range config.Entries {
			resource := presetResource{entry.Group, "*"}
			if !strings.Contains(entry.Group, "*") {
				one, err := (&customresource.Config{Entries: []customresource.Entry{entry}}).Resources()
				if err != nil {
					return nil, err
				}
				resource.Resource = one[0].Resource
			}
			if !slices.Contains(all[name], resource) {
				all[name] = append(all[name], resource)
			}
		}
	}
	text, err := json.MarshalIndent(all, "", "  ")
	return append(text, '\n'), err
}

// A schema is the part of the values' schema about keys.
type schema struct {
	Ref                  string            `json:"$ref"`
	Definitions          map[string]schema `json:"definitions"`
	Properties           map[string]schema `json:"properties"`
	Type                 any               `json:"type"`
	AdditionalProperties json.RawMessage   `json:"additionalProperties"`
}

// valueKeys returns the known keys of the values, as nested maps. An object of arbitrary keys is an
// empty map. Booleans and numbers have their defaults, and other values are null.
func valueKeys(schemaPath, defaultsPath string) ([]byte, error) {
	text, err := os.ReadFile(schemaPath)
	if err != nil {
		return nil, err
	}
	var root schema
	if err := json.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("%s: %w", schemaPath, err)
	}
	if text, err = os.ReadFile(defaultsPath); err != nil {
		return nil, err
	}
	var defaults any
	if err := k8syaml.Unmarshal(text, &defaults); err != nil {
		return nil, fmt.Errorf("%s: %w", defaultsPath, err)
	}
	var keys func(s schema, standard any) any
	keys = func(s schema, standard any) any {
		if s.Ref != "" {
			s = root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		}
		if s.Type != "object" {
			switch standard.(type) {
			case bool, float64:
				return standard
			}
			return nil
		}
		if s.AdditionalProperties != nil {
			s.Properties = nil
		}
		level := map[string]any{}
		below, _ := standard.(map[string]any)
		for key, property := range s.Properties {
			level[key] = keys(property, below[key])
		}
		return level
	}
	text, err = json.MarshalIndent(keys(root, defaults), "", "  ")
	return append(text, '\n'), err
}

// values returns a table of the chart's values: each key with its default and its comment.
func values(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "<!-- %s -->\n# Values\n\n| value | default | meaning |\n| --- | --- | --- |\n", notice)
	err = valueRows(&b, "", document.Content[0])
	return b.Bytes(), err
}

// valueRows writes the rows of a map's keys, whose names begin with prefix. A map in one line is a
// value.
func valueRows(b *bytes.Buffer, prefix string, keys *yaml.Node) error {
	for i := 0; i < len(keys.Content); i += 2 {
		key, value := keys.Content[i], keys.Content[i+1]
		comment := strings.TrimSpace(strings.ReplaceAll(key.HeadComment, "# ", ""))
		if value.Kind == yaml.MappingNode && len(value.Content) > 0 && value.Style != yaml.FlowStyle {
			if comment != "" {
				fmt.Fprintf(b, "| `%s` | | %s |\n", prefix+key.Value, cell(comment))
			}
			if err := valueRows(b, prefix+key.Value+".", value); err != nil {
				return err
			}
			continue
		}
		var standard any
		if err := value.Decode(&standard); err != nil {
			return err
		}
		text, err := json.Marshal(standard)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", prefix+key.Value, text, cell(comment))
	}
	return nil
}
