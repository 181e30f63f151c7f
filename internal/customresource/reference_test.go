package customresource_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
)

// The reference implementation renders decoded objects, slowly and simply. It shares libraries of
// numbers, times and expressions with the tested one, but no code.

// A series is a value and its labels.
type series struct {
	own, all map[string]string
	value    float64
}

// An evaluation evaluates the families of one object.
type evaluation struct {
	object               any
	group, version, kind string
	extra                []generators.ExtraLabel
	failures             map[string]int // by "family reason"
	name                 string         // of the family
	series               []series
}

// lines returns the lines of one family of several entries.
func (v *evaluation) lines(name string, of []definitionOf, selects func(*entryOf) bool) string {
	v.name = name
	text, seen := "", map[string]string{}
	for _, d := range of {
		if !selects(d.entry) {
			continue
		}
		for _, s := range v.evaluate(d.entry, d.family) {
			labels := writtenLabels(s.all, v.extra)
			value := string(exposition.AppendFloat(nil, s.value))
			if other, ok := seen[labels]; ok {
				if other != value {
					v.fail("conflict")
				}
				continue
			}
			seen[labels] = value
			text += name + "{" + labels + "} " + value + "\n"
		}
	}
	return text
}

type definitionOf struct {
	entry  *entryOf
	family *familyOf
}

func (v *evaluation) fail(reason string) { v.failures[v.name+" "+reason]++ }

// writtenLabels returns labels in text format: extra ones, and the others by name.
func writtenLabels(labels map[string]string, extra []generators.ExtraLabel) string {
	var words []string
	for _, x := range extra {
		words = append(words, x.Name+`="`+string(exposition.AppendLabelValue(nil, x.Value))+`"`)
	}
	prefix := ""
	if len(words) > 0 {
		prefix = strings.Join(words, ",") + ","
	}
	words = nil
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if !slices.ContainsFunc(extra, func(x generators.ExtraLabel) bool { return x.Name == name }) {
			words = append(words, name+`="`+string(exposition.AppendLabelValue(nil, labels[name]))+`"`)
		}
	}
	return prefix + strings.Join(words, ",")
}

// evaluate returns the series of a family, in order.
func (v *evaluation) evaluate(e *entryOf, f *familyOf) []series {
	base := maps.Clone(e.Common)
	if base == nil {
		base = map[string]string{}
	}
	base["customresource_group"], base["customresource_version"], base["customresource_kind"] = v.group, v.version, v.kind
	maps.Copy(base, f.Common)
	root := maps.Clone(e.Labels)
	if root == nil {
		root = map[string]sourceOf{}
	}
	maps.Copy(root, f.Labels)
	v.read(base, root, v.object, false)

	v.series = nil
	v.follow(f, v.object, f.Path, 0, map[string]string{})
	slices.SortStableFunc(v.series, func(a, b series) int { return compareSets(a.own, b.own) })
	for i := range v.series {
		s := &v.series[i]
		s.all = maps.Clone(base)
		maps.Copy(s.all, s.own)
	}
	return v.series
}

// compareSets compares pairs of names and values, and then the sizes.
func compareSets(a, b map[string]string) int {
	x, y := slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))
	for i := range min(len(x), len(y)) {
		if c := cmp.Or(cmp.Compare(x[i], y[i]), cmp.Compare(a[x[i]], b[y[i]])); c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

// follow follows a path, after nth steps [*], to the elements.
func (v *evaluation) follow(f *familyOf, at any, path []string, nth int, keys map[string]string) {
	for i, step := range path {
		if step != "[*]" {
			at = stepFrom(at, step)
			continue
		}
		for _, m := range members(at) {
			below := maps.Clone(keys)
			if nth < len(f.PathKeys) && f.PathKeys[nth] != "" {
				below[f.PathKeys[nth]] = m.key
			}
			v.follow(f, m.value, path[i+1:], nth+1, below)
		}
		return
	}
	switch f.Type {
	case "info":
		v.info(f, at, keys)
	case "stateset":
		v.stateSet(f, at, keys)
	default:
		v.gauge(f, at, keys)
	}
}

type member struct {
	key   string
	value any
}

// members returns the members of a map by key, or the elements of a list.
func members(of any) []member {
	var all []member
	switch of := of.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(of)) {
			all = append(all, member{key, of[key]})
		}
	case []any:
		for i, value := range of {
			all = append(all, member{strconv.Itoa(i), value})
		}
	}
	return all
}

func (v *evaluation) add(own map[string]string, value float64) {
	v.series = append(v.series, series{own: own, value: value})
}

func (v *evaluation) gauge(f *familyOf, at any, keys map[string]string) {
	switch at := at.(type) {
	case map[string]any:
		for _, m := range members(at) {
			if !v.selects(f.Where, m.value) {
				continue
			}
			direct := f.Value.CEL == "" && len(f.Value.Path) == 1 && f.Value.Path[0] == m.key && !strings.Contains(m.key, ",")
			value := m.value
			if !direct {
				value = v.source(f.Value, m.value)
			}
			n, ok := f.number(value)
			if !ok {
				if direct && value != nil {
					v.fail("value")
				}
				continue
			}
			own := maps.Clone(keys)
			if f.KeyLabel != "" && m.key != "" {
				own[f.KeyLabel] = m.key
			}
			v.read(own, f.Element, m.value, false)
			v.read(own, f.Element, at, true)
			v.add(own, n)
		}
	case []any:
		for _, element := range at {
			v.single(f, element, keys)
		}
	default:
		v.single(f, at, keys)
	}
}

func (v *evaluation) single(f *familyOf, element any, keys map[string]string) {
	if !v.selects(f.Where, element) {
		return
	}
	value := v.source(f.Value, element)
	n, ok := f.number(value)
	if !ok {
		if value != nil {
			v.fail("value")
		}
		return
	}
	own := maps.Clone(keys)
	v.read(own, f.Element, element, false)
	v.add(own, n)
}

func (v *evaluation) info(f *familyOf, at any, keys map[string]string) {
	one := func(key string, value any) {
		if !v.selects(f.Where, value) {
			return
		}
		made := map[string]string{}
		if f.KeyLabel != "" && key != "" {
			made[f.KeyLabel] = key
		}
		v.read(made, f.Element, value, false)
		if len(made) > 0 {
			own := maps.Clone(keys)
			maps.Copy(own, made)
			v.add(own, 1)
		}
	}
	switch of := at.(type) {
	case nil:
	case []any:
		for _, element := range of {
			one("", element)
		}
	case map[string]any:
		one("", at)
		for _, m := range members(at) {
			one(m.key, m.value)
		}
	default:
		one("", at)
	}
}

func (v *evaluation) stateSet(f *familyOf, at any, keys map[string]string) {
	elements := []any{at}
	if list, ok := at.([]any); ok {
		elements = list
	}
	for _, element := range elements {
		if !v.selects(f.Where, element) {
			continue
		}
		value := v.source(f.Value, element)
		if value == nil {
			continue
		}
		text, ok := value.(string)
		if !ok {
			v.fail("value")
			continue
		}
		for i, state := range f.List {
			n := 0.0
			if state == text {
				n = 1
			}
			own := maps.Clone(keys)
			own[f.ListLabel] = state
			if f.listNames != nil {
				own[f.ListLabel] = f.listNames[i]
			}
			v.read(own, f.Element, element, false)
			v.add(own, n)
		}
	}
}

// selects reports whether a Where expression is true.
func (v *evaluation) selects(where string, self any) bool {
	if where == "" {
		return true
	}
	holds, err := compiled(where, celexpr.Bool).Bool(celexpr.Variables{Object: v.object, Self: self})
	if err != nil {
		v.fail("expression")
	}
	return holds
}

// source reads a source.
func (v *evaluation) source(s sourceOf, self any) any {
	if s.CEL == "" {
		return at(self, s.Path)
	}
	result, err := compiled(s.CEL, celexpr.Any).Eval(celexpr.Variables{Object: v.object, Self: self})
	if err != nil {
		v.fail("expression")
	}
	return result
}

// programs are compiled expressions.
var programs = map[string]*celexpr.Program{}

func compiled(text string, result celexpr.Result) *celexpr.Program {
	key := fmt.Sprint(result, text)
	if programs[key] == nil {
		p, err := celexpr.Compile(text, result)
		if err != nil {
			panic(err)
		}
		programs[key] = p
	}
	return programs[key]
}

// read sets the labels of sources; pathsOnly skips expressions, for the map of a member.
func (v *evaluation) read(to map[string]string, from map[string]sourceOf, self any, pathsOnly bool) {
	names := slices.Sorted(maps.Keys(from))
	for _, name := range names {
		if !strings.HasPrefix(name, "*") && !strings.HasSuffix(name, "*") || pathsOnly && from[name].CEL != "" {
			continue
		}
		prefix, ok := strings.CutSuffix(name, "*")
		if !ok {
			prefix = ""
		}
		if copied, isMap := v.source(from[name], self).(map[string]any); isMap {
			for _, m := range members(copied) {
				if prefix+m.key != "" {
					to[labelNameOf(prefix+m.key)] = from[name].text(m.value)
				}
			}
		}
	}
	for _, name := range names {
		if strings.HasPrefix(name, "*") || strings.HasSuffix(name, "*") || pathsOnly && from[name].CEL != "" {
			continue
		}
		if value := v.source(from[name], self); value != nil {
			to[labelNameOf(name)] = from[name].text(value)
		}
	}
}
