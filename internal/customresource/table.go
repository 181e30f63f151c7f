package customresource

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apitypes "k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// A Kind is a kind of custom resources that an API server has.
type Kind struct {
	Group, Kind, Plural string
	Namespaced          bool
	Categories          []string
	Versions            []string         // served ones
	Scales              map[string]Scale // by version, of those with a scale subresource
	UID                 apitypes.UID     // of its definition; a recreated one has another
}

// matches reports whether an entry selects the kind, in any version.
func (e *Entry) matches(k *Kind) bool {
	return matchesGroup(e.Group, k.Group) && (e.Kind == "*" || e.Kind == k.Kind) &&
		(len(e.Categories) == 0 || slices.ContainsFunc(e.Categories, func(c string) bool { return slices.Contains(k.Categories, c) }))
}

func matchesGroup(pattern, group string) bool {
	suffix, wildcard := strings.CutPrefix(pattern, "*")
	return wildcard && strings.HasSuffix(group, suffix) || group == pattern
}

// A table is a generators.Resource for one kind and version, of the entries with the same selectors.
type table struct {
	kind        *Kind
	entries     []*Entry
	description generators.Description
	families    []tableFamily  // the first of description.Families
	indexes     map[string]int // in families, by name
	replicas    *replicas      // the last family of the description; nil for none
	report      *Reporter
}

// A tableFamily is a family of a table.
type tableFamily struct {
	definitions []*definition
	identity    identity // of all definitions' series
	shared      bool     // with another table of the same objects
}

// mayRepeat reports whether several objects may have equal series.
func (f *tableFamily) mayRepeat(namespaced bool, extra []generators.ExtraLabel) bool {
	id := maps.Clone(f.identity)
	for _, l := range extra {
		delete(id, l.Name)
	}
	return f.shared || !id.isUnique(namespaced)
}

// A Resolution has the tables of a configuration and the present kinds.
type Resolution struct {
	// Tables are in the order of responses.
	Tables []generators.Resource
	// Extended are exported resources with additional families, by their keys.
	Extended map[string]generators.Resource
	// Entries are those of the configuration, in order.
	Entries []EntryResources
}

// EntryResources has the names of an entry's tables.
type EntryResources struct {
	*Entry
	Resources []string
}

// Resolve returns the tables of the kinds that the configuration selects. Those of an exported
// resource's kind extend it. Aliases of tables exclude the reserved names.
func (c *Config) Resolve(kinds []Kind, exported []generators.Resource, reserved []string, report *Reporter) Resolution {
	headers := c.headers()
	var all []*table
	for i := range kinds {
		for _, version := range kinds[i].Versions {
			all = append(all, c.tablesOf(&kinds[i], version, headers, report)...)
		}
	}
	var own []*table
	extends := map[*table]generators.Resource{}
	for _, t := range all {
		if of := t.extends(exported); of != nil {
			extends[t] = of
		} else {
			own = append(own, t)
		}
	}
	addReplicas(own, exported)
	for _, t := range all {
		t.describe()
	}
	inOrder := func(a, b *table) int { return strings.Compare(a.description.Order, b.description.Order) }
	slices.SortFunc(all, inOrder)
	r := Resolution{Extended: map[string]generators.Resource{}}
	for _, t := range all {
		of := extends[t]
		if of == nil {
			r.Tables = append(r.Tables, t)
			continue
		}
		d := of.Describe()
		t.description.Name = d.Name
		r.Extended[d.Key] = generators.Extend(of, t)
	}
	alias(own, reserved)
	for i := range c.Entries {
		e := EntryResources{Entry: &c.Entries[i]}
		for _, t := range all {
			if slices.Contains(t.entries, e.Entry) {
				e.Resources = append(e.Resources, t.description.Name)
			}
		}
		r.Entries = append(r.Entries, e)
	}
	return r
}

// Groups returns the groups that entries name, without the excluded ones.
func (c *Config) Groups(excluded map[string]bool) []string {
	var groups []string
	for _, e := range c.Entries {
		if !strings.HasPrefix(e.Group, "*") && !slices.Contains(groups, e.Group) && !excluded[e.Group] {
			groups = append(groups, e.Group)
		}
	}
	return groups
}

// A header is the HELP and TYPE of a family in all tables.
type header struct {
	help string
	typ  exposition.Type
}

// headers returns the headers of the first definitions.
func (c *Config) headers() map[string]header {
	// Conditions are state sets with the type gauge, as other exporters have them.
	headers := map[string]header{conditionName: {conditionHelp, exposition.Gauge}, changeName: {changeHelp, exposition.Gauge}}
	for i := range c.Entries {
		for _, f := range c.Entries[i].Families {
			if _, ok := headers[f.Name]; !ok {
				headers[f.Name] = header{f.Help, f.Type}
			}
		}
	}
	return headers
}

// selectors are the selectors of an entry.
type selectors struct{ label, field string }

// tablesOf returns the tables of one kind and version: one for each pair of selectors.
func (c *Config) tablesOf(k *Kind, version string, headers map[string]header, report *Reporter) []*table {
	var tables []*table
	bySelectors := map[selectors]*table{}
	for i := range c.Entries {
		e := &c.Entries[i]
		if !e.matches(k) || e.Version != "*" && e.Version != version {
			continue
		}
		s := selectors{e.LabelSelector, e.FieldSelector}
		if bySelectors[s] == nil {
			bySelectors[s] = newTable(k, version, report)
			tables = append(tables, bySelectors[s])
		}
		bySelectors[s].add(e, headers)
	}
	holders := map[string]int{}
	for _, t := range tables {
		for name := range t.indexes {
			holders[name]++
		}
	}
	for _, t := range tables {
		for name, i := range t.indexes {
			t.families[i].shared = holders[name] > 1
		}
	}
	return tables
}

func newTable(k *Kind, version string, report *Reporter) *table {
	gv := schema.GroupVersion{Group: k.Group, Version: version}
	return &table{kind: k, report: report, indexes: map[string]int{}, description: generators.Description{
		Resource:   gv.WithResource(k.Plural),
		Kind:       gv.WithKind(k.Kind),
		Namespaced: k.Namespaced,
		Default:    true,
	}}
}

// extends returns the exported resource of the table's objects; nil if there is none.
func (t *table) extends(exported []generators.Resource) generators.Resource {
	if t.entries[0].LabelSelector != "" || t.entries[0].FieldSelector != "" {
		return nil
	}
	for _, r := range exported {
		if r.Describe().Kind == t.description.Kind && generators.Extendable(r) {
			return r
		}
	}
	return nil
}

// add adds the families of an entry.
func (t *table) add(e *Entry, headers map[string]header) {
	t.entries = append(t.entries, e)
	gvk := t.description.Kind
	forced := labels{}
	for i, value := range []string{gvk.Group, gvk.Version, gvk.Kind} {
		forced = append(forced, generators.Label{Name: forcedLabels[i], Value: value})
	}
	families := e.Families
	if e.Conditions {
		families = slices.Concat(families, conditions())
	}
	for i := range families {
		f := &families[i]
		d := newDefinition(e, f, forced)
		at, known := t.indexes[f.Name]
		if !known {
			at = len(t.families)
			t.indexes[f.Name] = at
			h := headers[f.Name]
			t.families = append(t.families, tableFamily{identity: d.identity()})
			t.description.Families = append(t.description.Families, generators.FamilyDescription{
				Name: f.Name, Type: h.typ, Help: h.help,
			})
		}
		of := &t.families[at]
		of.definitions = append(of.definitions, d)
		of.identity.intersect(d.identity())
	}
}

// describe completes the description once all entries are added.
func (t *table) describe() {
	d := &t.description
	d.Key = strings.TrimSuffix(d.Resource.Resource+"."+d.Resource.Version+"."+d.Resource.Group, ".")
	first := t.entries[0]
	if first.LabelSelector != "" || first.FieldSelector != "" {
		d.Key += "?" + first.LabelSelector
	}
	if first.FieldSelector != "" {
		d.Key += "&" + first.FieldSelector
	}
	d.Name = d.Key // independent of other kinds
	d.Order = d.Resource.GroupVersion().String() + ", Resource=" + d.Resource.Resource + "\x00" + d.Key
	sum := sha256.New()
	fmt.Fprintf(sum, "%q %v %v %v %q %q", t.kind.UID, d.Resource, d.Kind, d.Namespaced, first.LabelSelector, first.FieldSelector)
	for i := range t.families {
		d.Families[i].MayRepeat = t.families[i].mayRepeat(t.kind.Namespaced, nil)
		fmt.Fprintf(sum, "\n%+v", d.Families[i])
		for _, f := range t.families[i].definitions {
			fmt.Fprintf(sum, "\n%s", f.definitionText())
		}
	}
	if t.replicas != nil {
		family := WorkloadReplicas
		family.MayRepeat = t.replicas.mayRepeat(nil)
		d.Families = append(d.Families, family)
		fmt.Fprintf(sum, "\n%+v %+v", family, *t.replicas)
	}
	d.Definition = hex.EncodeToString(sum.Sum(nil))
}

// definitionText returns everything that the lines of a definition depend on.
func (d *definition) definitionText() string {
	f := *d.Family
	f.Position = ""
	root := d.entry.Labels
	text, err := json.Marshal([]any{f, root, d.entry.CommonLabels, d.entry.Where.Text})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

// alias sets the aliases by which clients select tables: the plural, which several groups may share,
// and the plural with the group, without reserved names. They are independent of other kinds.
func alias(tables []*table, reserved []string) {
	for _, t := range tables {
		d := &t.description
		d.Aliases = []string{d.Resource.GroupResource().String()}
		if d.Resource.Group != "" {
			d.Aliases = append(d.Aliases, d.Resource.Resource)
		}
		d.Aliases = slices.DeleteFunc(d.Aliases, func(name string) bool { return slices.Contains(reserved, name) })
	}
}

// Describe returns the catalogue entry.
func (t *table) Describe() generators.Description { return t.description }

// Recipe returns the fetch recipe.
func (t *table) Recipe() generators.Recipe {
	return generators.Recipe{
		Versions:      []schema.GroupVersionResource{t.description.Resource},
		LabelSelector: t.entries[0].LabelSelector, FieldSelector: t.entries[0].FieldSelector,
	}
}

// Validate returns nil: only valid entries become tables.
func (t *table) Validate() error { return nil }

// Compile binds the table to a selection.
func (t *table) Compile(selection generators.Selection) *generators.Renderer {
	e := &evaluator{fields: &jsonobject.Fields{}, report: t.report, extra: selection.Extra, kind: t.description.Kind, gv: t.description.Kind.GroupVersion().String()}
	var rows []generators.Row
	for i := range t.families {
		f := &t.families[i]
		for _, d := range f.definitions {
			d.read(e.fields)
		}
		row := generators.Row{
			FamilyDescription: t.description.Families[i],
			Row:               func(_ metav1.Object, to *generators.Samples) { e.render(f.definitions, to) },
		}
		row.MayRepeat = f.mayRepeat(t.kind.Namespaced, selection.Extra)
		rows = append(rows, row)
	}
	if t.replicas != nil && slices.Contains(selection.EffectOn(t.description).Families(), WorkloadReplicas.Name) {
		t.replicas.read(e.fields)
		row := generators.Row{
			FamilyDescription: WorkloadReplicas,
			Row:               func(_ metav1.Object, to *generators.Samples) { e.replicas(t.replicas, t.entries, to) },
		}
		row.MayRepeat = t.replicas.mayRepeat(selection.Extra)
		rows = append(rows, row)
	}
	e.fields.Seal()
	return generators.NewRenderer(rows, selection, e.begin)
}
