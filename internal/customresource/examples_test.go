package customresource_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/exposition"
)

// positions ignores positions.
var positions = cmp.Options{
	cmpopts.IgnoreFields(customresource.Entry{}, "Position"),
	cmpopts.IgnoreFields(customresource.Family{}, "Position"),
}

// TestParseExamples compares large configurations with those that the YAML library decodes.
func TestParseExamples(t *testing.T) {
	f := func(file string, entries, families int, warnings ...string) {
		t.Helper()
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := customresource.Parse(file, text)
		if err != nil {
			t.Fatal(err)
		}
		var want example
		if err := yaml.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want.entries(t), c.Entries, paths, positions); d != "" {
			t.Errorf("%s: %s", file, d)
		}
		if len(c.Faults) > 0 {
			t.Errorf("%s: faults: %q", file, c.Faults)
		}
		if d := cmp.Diff(warnings, c.Warnings); d != "" {
			t.Errorf("%s: warnings: %s", file, d)
		}
		n := 0
		for _, e := range c.Entries {
			n += len(e.Families)
		}
		if len(c.Entries) != entries || n != families {
			t.Errorf("%s: got %d entries and %d families, want %d and %d", file, len(c.Entries), n, entries, families)
		}
	}
	f("crs-1.yaml", 22, 88,
		`crs-1.yaml:49: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:71: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:740: each.stateSet is ignored, as the type is info`,
		`crs-1.yaml:963: each.info is ignored, as the type is stateset`,
		`crs-1.yaml:1023: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:1076: unknown key "description"; the nearest is "conditions"`,
		`crs-1.yaml:1110: each.info is ignored, as the type is gauge`,
		`crs-1.yaml:1362: only the first document is read, not this one`)
	f("crs-2.yaml", 18, 85,
		`crs-2.yaml:196: each.stateSet is ignored, as the type is info`,
		`crs-2.yaml:244: each.stateSet is ignored, as the type is gauge`,
		`crs-2.yaml:318: unknown key "description"; the nearest is "conditions"`,
		`crs-2.yaml:994: each.info is ignored, as the type is stateset`,
		`crs-2.yaml:1058: each.gauge is ignored, as the type is info`,
		`crs-2.yaml:1199: each.stateSet is ignored, as the type is gauge`,
		`crs-2.yaml:1311: unknown key "description"; the nearest is "conditions"`)
}

// An example is a configuration in the common format as the YAML library decodes it.
type example struct {
	Spec struct {
		Resources []struct {
			GroupVersionKind struct{ Group, Version, Kind string } `yaml:"groupVersionKind"`
			MetricNamePrefix *string                               `yaml:"metricNamePrefix"`
			Plural           string                                `yaml:"resourcePlural"`
			Labels           exampleLabels                         `yaml:",inline"`
			Metrics          []struct {
				Name, Help string
				Labels     exampleLabels `yaml:",inline"`
				Each       struct {
					Type     string
					Gauge    exampleMember
					Info     exampleMember
					StateSet exampleMember `yaml:"stateSet"`
				}
			}
		}
	}
}

type exampleLabels struct {
	Common   map[string]string   `yaml:"commonLabels"`
	FromPath map[string][]string `yaml:"labelsFromPath"`
}

type exampleMember struct {
	Path      []string
	FromPath  map[string][]string `yaml:"labelsFromPath"`
	FromKey   string              `yaml:"labelFromKey"`
	ValueFrom []string            `yaml:"valueFrom"`
	NilIsZero bool                `yaml:"nilIsZero"`
	LabelName string              `yaml:"labelName"`
	List      []string
}

func (x *example) entries(t *testing.T) []customresource.Entry {
	t.Helper()
	fromPath := func(m map[string][]string) (labels []customresource.PathLabel) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			labels = append(labels, customresource.PathLabel{Name: name, Source: path(t, m[name]...)})
		}
		return labels
	}
	common := func(m map[string]string) (labels []customresource.CommonLabel) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			labels = append(labels, customresource.CommonLabel{Name: name, Value: m[name]})
		}
		return labels
	}
	var entries []customresource.Entry
	for _, r := range x.Spec.Resources {
		prefix := "kube_customresource_"
		if r.MetricNamePrefix != nil {
			prefix = strings.TrimPrefix(*r.MetricNamePrefix+"_", "_")
		}
		e := customresource.Entry{
			Group: r.GroupVersionKind.Group, Version: r.GroupVersionKind.Version, Kind: r.GroupVersionKind.Kind,
			CommonLabels: common(r.Labels.Common), Labels: fromPath(r.Labels.FromPath), Prefix: prefix, Plural: r.Plural,
		}
		for _, all := range []*string{&e.Version, &e.Kind} {
			if *all == "" {
				*all = "*"
			}
		}
		for _, m := range r.Metrics {
			typ := exposition.Type(strings.ToLower(m.Each.Type))
			each := map[exposition.Type]exampleMember{
				exposition.Gauge: m.Each.Gauge, exposition.Info: m.Each.Info, exposition.StateSet: m.Each.StateSet,
			}[typ]
			e.Families = append(e.Families, customresource.Family{
				Name: prefix + m.Name, Help: m.Help, Type: typ, CommonLabels: common(m.Labels.Common), Labels: fromPath(m.Labels.FromPath),
				Path: path(t, each.Path...).Path, ElementLabels: fromPath(each.FromPath), KeyLabel: each.FromKey,
				Value: path(t, each.ValueFrom...), NilIsZero: each.NilIsZero,
				ListLabel: each.LabelName, List: each.List,
			})
		}
		entries = append(entries, e)
	}
	return entries
}
