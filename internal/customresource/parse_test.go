package customresource_test

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/kubestate/kubestate/internal/customresource"
)

// paths compares paths by their steps' texts, and nil lists as empty ones.
var paths = cmp.Options{
	cmpopts.IgnoreFields(customresource.Expression{}, "Program"),
	cmp.FilterPath(func(p cmp.Path) bool { return p.Last().Type() != reflect.TypeFor[customresource.Path]() }, cmpopts.EquateEmpty()),
	cmp.Transformer("Texts", func(p customresource.Path) string {
		var texts []string
		for _, step := range p {
			texts = append(texts, step.Text)
		}
		return fmt.Sprintf("%q", texts)
	}),
}

// FuzzParse holds that each message of a configuration or error is one line.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"crs-1.yaml", "crs-2.yaml"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			f.Fatal(err)
		}
		// One seed for each entry: minimizing a large input takes minutes.
		head, entries, _ := strings.Cut(string(text), "\n    - ")
		for entry := range strings.SplitSeq(entries, "\n    - ") {
			f.Add([]byte(head + "\n    - " + entry))
		}
	}
	for _, text := range []string{bomb, extensions, scalars, "a: &a [*a]", entry("<<: [{metrics: [1]}]\n"), gauge("where: &a !!str |\n  x\n")} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := customresource.Parse("crs.yaml", text)
		if err != nil {
			c = &customresource.Config{Faults: []error{err}}
		}
		for _, fault := range c.Faults {
			isLine(t, fault.Error())
		}
		for _, warning := range c.Warnings {
			isLine(t, warning)
		}
	})
}

func isLine(t *testing.T, message string) {
	t.Helper()
	if !strings.HasPrefix(message, "crs.yaml:") || strings.ContainsAny(message, "\n\r") {
		t.Errorf("message %q", message)
	}
}

// scalars has scalars of all YAML types, and merge keys.
const scalars = `
x-labels: &labels
  a: overridden
  b: 0x1F
x-more: &more
  <<: *labels
  c: merged
spec:
  resources:
    - groupVersionKind: {group: example.com, version: 1, kind: ""}
      metricNamePrefix: ~
      commonLabels:
        <<: [*more, {c: later, d: 2024-01-02}]
        a: no
        on: 007
        e: ~
        f: 1.50
        g: !!str null
        h: 'null'
        _1: |
          text
      labelsFromPath:
        on: [~, -1, 0, +1, True, 1e3]
        none:
        1: []
      metrics:
        - name: a
          help: 1_000
          each: {type: GAUGE, gauge: {nilIsZero: On, valueFrom: ~, path: &path [a=b, '[c=d]']}}
        - name: b
          each: {type: stateSet, stateSet: {labelName: no, list: [True, ~, 0x1F, no], path: *path}}
`

func TestParseScalars(t *testing.T) {
	want := []customresource.Entry{{
		Position: "crs.yaml:10", Group: "example.com", Version: "1", Kind: "*", Prefix: "kube_customresource_",
		CommonLabels: []customresource.CommonLabel{
			{"_1", "text\n"}, {"a", "no"}, {"b", "0x1F"}, {"c", "merged"}, {"d", "2024-01-02"},
			{"e", ""}, {"f", "1.50"}, {"g", "null"}, {"h", "null"}, {"on", "007"},
		},
		Labels: []customresource.PathLabel{{Name: "1"}, {Name: "none"}, {Name: "on", Source: path(t, "", "-1", "0", "+1", "True", "1e3")}},
		Families: []customresource.Family{
			{Position: "crs.yaml:27", Name: "kube_customresource_a", Help: "1_000", Type: "gauge", NilIsZero: true, Path: path(t, "a=b", "[c=d]").Path},
			{Position: "crs.yaml:30", Name: "kube_customresource_b", Type: "stateset", Path: path(t, "a=b", "[c=d]").Path,
				ListLabel: "no", List: []string{"True", "", "0x1F", "no"}},
		},
	}}
	parsesTo(t, scalars, want)
}

// extensions has the extensions of the common format.
const extensions = `
spec:
  resources:
    - groupVersionKind: {group: "*", version: "", kind: "*"}
      metricNamePrefix: ""
      categories: [managed]
      conditions: true
      where: has(object.status)
      labelSelector: a=b,c in (d, e)
      fieldSelector: metadata.name=x
    - groupVersionKind: {group: "*.upbound.io"}
      where:
        cel: >-
            true ||
            false
      labelsFromPath:
        c: {cel:   'self.c'}
        d: {path: [d, "[e=f]"], join: ", "}
        e: {path: [], join: ""}
        f: {cel: &f "self.f", join: ~}
      metrics:
        - name: a_total
          each:
            type: Counter
            counter:
              path: [a, "[*]", "[*]"]
              labelsFromKeys: [outer, ""]
              where: {cel: !!str &where   self.g}
              valueFrom: {cel: *f}
              labelFromKey: key
              nilIsZero: yes
              parse: duration
        - name: b
          each:
            type: info
            info:
              where: *where
              labelsFromKeys: []
        - name: c
          each:
            type: stateset
            stateSet: {labelName: c, valueFrom: {path: [c]}}
`

func TestParseExtensions(t *testing.T) {
	join := func(text string) *string { return &text }
	at := func(position, text string) customresource.Expression {
		return customresource.Expression{Position: "crs.yaml:" + position, Text: text}
	}
	want := []customresource.Entry{
		{
			Position: "crs.yaml:4", Group: "*", Version: "*", Kind: "*", Categories: []string{"managed"}, Conditions: true,
			LabelSelector: "a=b,c in (d, e)", FieldSelector: "metadata.name=x", Where: at("8:14", "has(object.status)"),
		},
		{
			Position: "crs.yaml:11", Group: "*.upbound.io", Version: "*", Kind: "*", Prefix: "kube_customresource_", Where: at("14:13", "true || false"),
			Labels: []customresource.PathLabel{
				{Name: "c", Source: customresource.Source{CEL: at("17:21", "self.c")}},
				{Name: "d", Source: path(t, "d", "[e=f]"), Join: join(", ")},
				{Name: "e", Join: join("")},
				{Name: "f", Source: customresource.Source{CEL: at("20:22", "self.f")}},
			},
			Families: []customresource.Family{
				{
					Position: "crs.yaml:22", Name: "kube_customresource_a_total", Type: "counter", Path: path(t, "a", "[*]", "[*]").Path,
					PathKeys: []string{"outer", ""}, Where: at("28:43", "self.g"), KeyLabel: "key", NilIsZero: true,
					Value: customresource.Source{CEL: at("20:22", "self.f")}, Parse: customresource.ParseDuration,
				},
				{Position: "crs.yaml:33", Name: "kube_customresource_b", Type: "info", Where: at("28:43", "self.g")},
				{Position: "crs.yaml:39", Name: "kube_customresource_c", Type: "stateset", ListLabel: "c", Value: path(t, "c")},
			},
		},
	}
	parsesTo(t, extensions, want)
}

func parsesTo(t *testing.T, text string, want []customresource.Entry) {
	t.Helper()
	c, err := customresource.Parse("crs.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(customresource.Config{Entries: want}, *c, paths); d != "" {
		t.Error(d)
	}
}

func path(t *testing.T, steps ...string) customresource.Source {
	t.Helper()
	p, err := customresource.ParsePath(steps)
	if err != nil {
		t.Fatal(err)
	}
	return customresource.Source{Path: p}
}

// TestInvalid holds that Invalid counts entries, not faults.
func TestInvalid(t *testing.T) {
	c, err := customresource.Parse("crs.yaml", []byte(`
spec:
  resources:
    - groupVersionKind: {group: a.example.com, kind: A, version: v1}
      metrics: [{name: "a b", each: {type: gage}}]
    - groupVersionKind: {group: b.example.com, kind: B, version: v1}
      conditions: true
`))
	if err != nil {
		t.Fatal(err)
	}
	if c.Invalid != 1 || len(c.Faults) < 2 || len(c.Entries) != 1 {
		t.Errorf("%d invalid entries with %d faults, %d valid ones", c.Invalid, len(c.Faults), len(c.Entries))
	}
}
