package customresource

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
	fieldselector "k8s.io/apimachinery/pkg/fields"
	labelselector "k8s.io/apimachinery/pkg/labels"

	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/nearest"
)

// Parse parses the first document of a YAML file. Positions and messages begin with the file's name.
// An error is about the file as a whole; an entry with faults is dropped, and its faults are in
// Config.Faults.
func Parse(name string, text []byte) (*Config, error) {
	d, err := readDocument(name, text)
	if err != nil {
		return nil, err
	}
	var outside []message
	nodes := reader{document: d, faults: &outside}.resources()
	if len(outside) > 0 {
		return nil, d.errorAt(outside[0])
	}
	c := &Config{}
	for i, node := range nodes {
		var faults []message
		entry := reader{document: d, subject: fmt.Sprintf("entry %d", i+1), faults: &faults}.entry(node)
		if len(faults) == 0 {
			c.Entries = append(c.Entries, entry)
		} else {
			c.Invalid++
		}
		for _, f := range sorted(faults) {
			c.Faults = append(c.Faults, d.errorAt(f))
		}
	}
	for _, w := range sorted(d.warnings) {
		c.Warnings = append(c.Warnings, d.format(w))
	}
	c.Warnings = append(c.Warnings, typeConflicts(c.Entries)...)
	return c, nil
}

// resources returns the nodes of the entries.
func (r reader) resources() []*yaml.Node {
	root := r.mapping(r.root, "")
	maps.DeleteFunc(root.fields, func(key string, _ field) bool { return strings.HasPrefix(key, "x-") })
	root.get("kind")
	root.get("apiVersion")
	spec := root.sub("spec")
	root.warnUnread()
	if root.get("spec") == nil {
		root.faultAt("spec", "missing")
		return nil
	}
	nodes := spec.list("resources")
	if spec.get("resources") == nil {
		spec.faultAt("resources", "missing; a list without entries is []")
	}
	spec.warnUnread()
	return nodes
}

func (r reader) entry(node *yaml.Node) Entry {
	m := r.mapping(node, "")
	kind := m.sub("groupVersionKind")
	e := Entry{
		Position: r.position(node),
		Group:    kind.text("group"),
		Version:  orWildcard(kind.text("version")),
		Kind:     orWildcard(kind.text("kind")),
	}
	kind.warnUnread()
	m.subject += fmt.Sprintf(" (%s/%s %s)", word(e.Group), word(e.Version), word(e.Kind))
	kind.subject = m.subject

	e.Categories = m.texts("categories")
	if slices.Contains(e.Categories, "") {
		m.faultAt("categories", "empty name")
	}
	kind.checkGroup("group", e.Group, len(e.Categories) > 0)
	e.LabelSelector = m.text("labelSelector")
	if _, err := labelselector.Parse(e.LabelSelector); err != nil {
		m.faultAt("labelSelector", "%v", err)
	}
	e.FieldSelector = m.text("fieldSelector")
	if _, err := fieldselector.ParseSelector(e.FieldSelector); err != nil {
		m.faultAt("fieldSelector", "%v", err)
	}
	e.Where = m.where()
	e.CommonLabels = m.commonLabels()
	e.Labels = m.pathLabels()
	e.Prefix = m.prefix()
	e.Conditions = m.boolean("conditions")
	if !e.Conditions {
		m.require("metrics")
	}
	for i, node := range m.list("metrics") {
		e.Families = append(e.Families, m.family(node, i+1, e.Prefix))
	}
	m.text("errorLogV") // has no effect
	e.Plural = m.text("resourcePlural")
	m.warnUnread()
	return e
}

func orWildcard(text string) string {
	if text == "" {
		return "*"
	}
	return text
}

func (m *mapping) checkGroup(key, group string, categories bool) {
	suffix, wildcard := strings.CutPrefix(group, "*.")
	switch {
	case group == "" && m.has(key): // the core group
	case group == "":
		m.require(key)
	case group == "*" && !categories:
		m.faultAt(key, `"*" needs categories`)
	case group != "*" && (strings.Contains(suffix, "*") || wildcard && suffix == ""):
		m.faultAt(key, "want a group or *. and a suffix, not %.64q", group)
	}
}

// prefix reads the prefix of families, with its underscore.
func (m *mapping) prefix() string {
	const key = "metricNamePrefix"
	prefix := m.text(key)
	switch {
	case m.get(key) == nil:
		return DefaultPrefix + "_"
	case prefix == "":
		return ""
	case !model.LegacyValidation.IsValidMetricName(prefix):
		m.faultAt(key, "invalid prefix %.64q", prefix)
		return "" // no further fault for each name
	}
	return prefix + "_"
}

func (r reader) family(node *yaml.Node, number int, prefix string) Family {
	entry := r.subject
	r.subject = fmt.Sprintf("%s, metric %d", entry, number)
	m := r.mapping(node, "")
	name := m.text("name")
	if name != "" {
		m.subject = entry + ", metric " + word(name)
	}
	f := Family{Position: r.position(node), Name: prefix + name, Help: m.text("help")}
	m.require("name")
	if name != "" && !model.LegacyValidation.IsValidMetricName(f.Name) {
		m.faultAt("name", "invalid metric name %.64q", f.Name)
	}
	f.CommonLabels = m.commonLabels()
	f.Labels = m.pathLabels()
	m.text("errorLogV")
	m.sub("each").define(&f)
	m.warnUnread()
	if f.Type == exposition.Counter && !strings.HasSuffix(name, "_total") {
		m.faultAt("name", "the name of a counter ends in _total")
	}
	return f
}

// types are the types in lower case, and members the keys of their definitions.
var (
	types   = []string{string(exposition.Gauge), string(exposition.Counter), string(exposition.Info), string(exposition.StateSet)}
	members = []string{"gauge", "counter", "info", "stateSet"}
)

// define reads the value of each into a family.
func (m *mapping) define(f *Family) {
	m.require("type")
	typ := strings.ToLower(m.text("type"))
	if typ != "" && !slices.Contains(types, typ) {
		m.unknown("type", types)
		return
	}
	for i, key := range members {
		definition := m.get(key)
		switch {
		case types[i] == typ && definition == nil:
			m.faultAt(key, "missing")
		case types[i] == typ:
			f.Type = exposition.Type(typ)
			m.sub(key).defineType(f)
		case definition != nil && typ != "":
			m.warn(m.fields[key].key, "%s is ignored, as the type is %s", m.at(key), typ)
		}
	}
	m.warnUnread()
}

// unknown adds a fault for a value that is not known.
func (m *mapping) unknown(key string, known []string) {
	near, _ := nearest.To(strings.ToLower(m.text(key)), known)
	m.fault(m.get(key), "", "unknown %s %.64q; the nearest is %q", key, m.text(key), near)
}

// defineType reads the definition of a type.
func (m *mapping) defineType(f *Family) {
	f.Path = m.steps(m.get("path"), m.at("path"))
	f.PathKeys = m.pathKeys(f.Path)
	f.Where = m.where()
	f.ElementLabels = m.pathLabels()
	if f.Type != exposition.StateSet {
		f.KeyLabel = m.labelName("labelFromKey")
	}
	if f.Type != exposition.Info {
		var join *string
		if f.Value, join = m.source(m.get("valueFrom"), m.at("valueFrom")); join != nil {
			m.faultAt("valueFrom", "join is for labels")
		}
	}
	switch f.Type {
	case exposition.Gauge, exposition.Counter:
		f.NilIsZero = m.boolean("nilIsZero")
		f.Parse = Parsing(m.text("parse"))
		if f.Parse != ParseNumber && f.Parse != ParseDuration {
			m.unknown("parse", []string{string(ParseDuration)})
		}
	case exposition.StateSet:
		m.require("labelName")
		f.ListLabel = m.labelName("labelName")
		f.List = m.texts("list")
	}
	m.warnUnread()
}

// pathKeys reads the label names of the steps [*] of a path.
func (m *mapping) pathKeys(path Path) []string {
	const key = "labelsFromKeys"
	names, seen := m.texts(key), map[string]bool{"": false}
	for _, name := range names {
		if name != "" && !isLabelName(name) {
			m.faultAt(key, "invalid label name %.64q", name)
		}
		if seen[name] {
			m.faultAt(key, "label name %.64q twice", name)
		}
		seen[name] = name != ""
	}
	steps := 0
	for _, step := range path {
		if step.Kind == EachStep {
			steps++
		}
	}
	if len(names) > 0 && len(names) != steps {
		m.faultAt(key, "want a name for each step [*] of the path, %d, not %d", steps, len(names))
	}
	return names
}

// where reads an expression: a string, or the value of the key cel.
func (m *mapping) where() Expression {
	const key = "where"
	node := m.get(key)
	if node == nil || node.Kind != yaml.MappingNode {
		return m.expression(key, celexpr.Bool)
	}
	sub := m.sub(key)
	sub.require("cel")
	e := sub.expression("cel", celexpr.Bool)
	sub.warnUnread()
	return e
}

// expression compiles an expression. A fault has the line and column within its text.
func (m *mapping) expression(key string, result celexpr.Result) Expression {
	text := m.text(key)
	if text == "" {
		return Expression{}
	}
	program, err := celexpr.Compile(text, result)
	if err != nil {
		m.faultAt(key, "%v", err)
	}
	return Expression{Position: m.textPosition(m.get(key)), Text: text, Program: program}
}

func (m *mapping) commonLabels() []CommonLabel {
	const key = "commonLabels"
	var labels []CommonLabel
	sub := m.sub(key)
	for _, name := range sub.keys() {
		if !isLabelName(name) {
			m.fault(sub.fields[name].key, sub.path, "invalid label name %.64q", name)
		}
		labels = append(labels, CommonLabel{name, sub.text(name)})
	}
	return labels
}

func (m *mapping) pathLabels() []PathLabel {
	var labels []PathLabel
	sub := m.sub("labelsFromPath")
	for _, name := range sub.keys() {
		node := sub.fields[name].value
		if name == "" {
			m.fault(sub.fields[name].key, sub.path, "empty label name")
		}
		l := PathLabel{Name: name}
		l.Source, l.Join = m.source(node, sub.at(word(name)))
		labels = append(labels, l)
	}
	return labels
}

// labelName reads the name of a label; empty for none.
func (m *mapping) labelName(key string) string {
	name := m.text(key)
	if name != "" && !isLabelName(name) {
		m.faultAt(key, "invalid label name %.64q", name)
	}
	return name
}

func isLabelName(name string) bool {
	return model.LegacyValidation.IsValidLabelName(name) && name != model.MetricNameLabel
}

// source reads a list of steps, or a mapping with a path or an expression, and with join.
func (r reader) source(node *yaml.Node, path string) (s Source, join *string) {
	if node == nil || node.Kind != yaml.MappingNode {
		s.Path = r.steps(node, path)
	} else {
		m := r.mapping(node, path)
		s.Path = r.steps(m.get("path"), m.at("path"))
		s.CEL = m.expression("cel", celexpr.Any)
		if (m.get("path") == nil) == (s.CEL.Text == "") {
			r.fault(node, path, "want either path or cel")
		}
		if text := m.text("join"); m.get("join") != nil {
			join = &text
		}
		m.warnUnread()
	}
	for _, step := range s.Path {
		if step.Kind == EachStep {
			r.fault(node, path, "a step [*] is only for each.*.path")
		}
	}
	return s, join
}

// steps reads a path.
func (r reader) steps(node *yaml.Node, path string) Path {
	p, err := ParsePath(r.textElements(node, path))
	if err != nil {
		r.fault(node, path, "%v", err)
	}
	return p
}

// typeConflicts warns about families whose type differs from that of an earlier definition.
func typeConflicts(entries []Entry) []string {
	var warnings []string
	first := map[string]Family{}
	for _, e := range entries {
		for _, f := range e.Families {
			if other, ok := first[f.Name]; !ok {
				first[f.Name] = f
			} else if other.Type != f.Type {
				warnings = append(warnings, fmt.Sprintf("%s: family %s has the type %s here, and %s at %s, which counts",
					f.Position, f.Name, f.Type, other.Type, other.Position))
			}
		}
	}
	return warnings
}

// word quotes a text unless it is a single word.
func word(text string) string {
	quoted := strconv.Quote(text)
	if len(quoted) != len(text)+2 || text == "" || strings.ContainsAny(text, " ,:()") {
		return fmt.Sprintf("%.64q", text)
	}
	return fmt.Sprintf("%.64s", text)
}
