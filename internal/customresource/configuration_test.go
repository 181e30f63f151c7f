package customresource_test

import (
	"encoding/json"
	"slices"

	"github.com/kubestate/kubestate/internal/customresource"
)

// A configuration that is written as YAML.
type (
	configuration struct{ Entries []*entryOf }
	entryOf       struct {
		Group, Version, Kind string
		Categories           []string
		LabelSelector        string
		Prefix               *string
		Common               map[string]string
		Labels               map[string]sourceOf
		Conditions           bool
		Where                string
		Families             []*familyOf
	}
	familyOf struct {
		Name, Help, Type    string
		Common              map[string]string
		Labels, Element     map[string]sourceOf
		Path, PathKeys      []string
		Where               string
		Value               sourceOf
		NilIsZero, Duration bool
		KeyLabel, ListLabel string
		List                []string
		listNames           []string // of conditions
	}
	sourceOf struct {
		Path []string
		CEL  string
		Join *string
	}
)

// name returns the full name of a family.
func (e *entryOf) name(f *familyOf) string {
	switch {
	case e.Prefix == nil:
		return "kube_customresource_" + f.Name
	case *e.Prefix == "":
		return f.Name
	}
	return *e.Prefix + "_" + f.Name
}

// conditionsOf returns the families of an entry with conditions.
func conditionsOf() []*familyOf {
	labels := map[string]sourceOf{"name": {Path: []string{"metadata", "name"}}, "namespace": {Path: []string{"metadata", "namespace"}}}
	element := map[string]sourceOf{"condition": {Path: []string{"type"}}}
	path := []string{"status", "conditions"}
	return []*familyOf{
		{
			Name: "condition", Type: "stateset", Labels: labels, Element: element, Path: path, Value: sourceOf{Path: []string{"status"}},
			ListLabel: "status", List: []string{"True", "False", "Unknown"}, listNames: []string{"true", "false", "unknown"},
		},
		{Name: "condition_last_transition_timestamp_seconds", Type: "gauge", Labels: labels, Element: element, Path: path, Value: sourceOf{Path: []string{"lastTransitionTime"}}},
	}
}

// yaml returns the configuration as a document.
func (c *configuration) yaml() []byte {
	type object = map[string]any
	source := func(s sourceOf) any {
		switch {
		case s.CEL != "" && s.Join != nil:
			return object{"cel": s.CEL, "join": *s.Join}
		case s.CEL != "":
			return object{"cel": s.CEL}
		case s.Join != nil:
			path := s.Path
			if path == nil {
				path = []string{}
			}
			return object{"path": path, "join": *s.Join}
		}
		return s.Path
	}
	labels := func(of map[string]sourceOf) object {
		all := object{}
		for name, s := range of {
			all[name] = source(s)
		}
		return all
	}
	resources := []any{}
	for _, e := range c.Entries {
		entry := object{
			"groupVersionKind": object{"group": e.Group, "version": e.Version, "kind": e.Kind}, "commonLabels": e.Common, "labelsFromPath": labels(e.Labels), "conditions": e.Conditions,
			"labelSelector": e.LabelSelector,
		}
		if e.Categories != nil {
			entry["categories"] = e.Categories
		}
		if e.Where != "" {
			entry["where"] = e.Where
		}
		if e.Prefix != nil {
			entry["metricNamePrefix"] = *e.Prefix
		}
		var metrics []any
		for _, f := range e.Families {
			of := object{"path": f.Path, "labelsFromPath": labels(f.Element)}
			set := func(key string, value any, isSet bool) {
				if isSet {
					of[key] = value
				}
			}
			set("labelsFromKeys", f.PathKeys, f.PathKeys != nil)
			set("where", object{"cel": f.Where}, f.Where != "")
			set("valueFrom", source(f.Value), f.Type != "info" && (f.Value.Path != nil || f.Value.CEL != ""))
			set("labelFromKey", f.KeyLabel, f.KeyLabel != "")
			set("nilIsZero", true, f.NilIsZero)
			set("parse", "duration", f.Duration)
			set("labelName", f.ListLabel, f.Type == "stateset")
			set("list", f.List, f.Type == "stateset")
			typ := f.Type
			if typ == "stateset" {
				typ = "stateSet"
			}
			metrics = append(metrics, object{"name": f.Name, "help": f.Help, "commonLabels": f.Common, "labelsFromPath": labels(f.Labels), "each": object{"type": typ, typ: of}})
		}
		entry["metrics"] = metrics
		resources = append(resources, entry)
	}
	text, err := json.Marshal(object{"spec": object{"resources": resources}})
	if err != nil {
		panic(err)
	}
	return text
}

// matches reports whether an entry selects a kind in a version.
func (e *entryOf) matches(k *customresource.Kind, version string) bool {
	group := e.Group == k.Group || e.Group == "*" || e.Group == "*.com"
	category := len(e.Categories) == 0 || slices.Contains(k.Categories, e.Categories[0])
	return group && category && slices.Contains([]string{"", "*", k.Kind}, e.Kind) && slices.Contains([]string{"", "*", version}, e.Version)
}
