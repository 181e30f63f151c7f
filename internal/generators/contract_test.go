package generators_test

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

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/generators"
)

// contractResource is an entry of testdata/contract.json, in the order of serving.
type contractResource struct {
	Resource   string
	APIVersion string
	Kind       string
	Namespaced bool
	Default    bool
	Families   []contractFamily
}

type contractFamily struct {
	Name            string
	Type            string
	Stability       string
	OptIn           bool
	DeprecatedSince string
	// Labels are the possible label sets of a series, each complete and in order, sorted.
	Labels [][]string
}

func contract(tb testing.TB) []contractResource {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "contract.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var resources []contractResource
	if err := json.Unmarshal(text, &resources); err != nil {
		tb.Fatal(err)
	}
	return resources
}

// everything selects all families but those of groups, labels and annotations.
var everything = generators.Selection{
	OptIn:       []generators.Pattern{regexp.MustCompile(".")},
	Labels:      generators.Allowlist{generators.AnyResource: {"*"}},
	Annotations: generators.Allowlist{generators.AnyResource: {"*"}},
}

// TestTablesFollowTheContract compares the catalogue entries and headers.
func TestTablesFollowTheContract(t *testing.T) {
	want := contract(t)
	var got []contractResource
	for _, r := range contracted() {
		got = append(got, describe(r.Describe()))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("tables (-contract +tables):\n%s", d)
	}
	for _, r := range registry.Resources() {
		checkGoType(t, r)
		checkHeaders(t, r)
	}
}

// registry has the built-in tables.
var registry = func() *generators.Registry {
	r, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		panic(err)
	}
	return r
}()

// contracted returns the resources of the contract. Others have a golden.
func contracted() []generators.Resource {
	return slices.DeleteFunc(registry.Resources(), isOurs)
}

func isOurs(r generators.Resource) bool {
	_, known := references[r.Describe().Name]
	return !known
}

func describe(d generators.Description) contractResource {
	r := contractResource{
		Resource:   d.Name,
		APIVersion: d.Kind.GroupVersion().String(),
		Kind:       d.Kind.Kind,
		Namespaced: d.Namespaced,
		Default:    d.Default,
	}
	for _, f := range d.Families {
		if f.Group != "" {
			continue
		}
		r.Families = append(r.Families, contractFamily{
			Name:            f.Name,
			Type:            string(f.Type),
			Stability:       string(f.Stability),
			OptIn:           f.OptIn,
			DeprecatedSince: f.DeprecatedSince,
			Labels:          labelSets(d.Identity, f.Labels),
		})
	}
	return r
}

// labelSets prepends the identity to each set.
func labelSets(identity []string, own [][]string) [][]string {
	var sets [][]string
	for _, set := range own {
		sets = append(sets, slices.Concat(identity, set))
	}
	slices.SortFunc(sets, slices.Compare)
	return sets
}

// checkGoType holds the Go type, which self-metrics name, to the kind.
func checkGoType(t *testing.T, r generators.Resource) {
	kind := r.Describe().Kind
	if got, want := r.Recipe().TypeName(), "*"+kind.Version+"."+kind.Kind; got != want {
		t.Errorf("Go type of %s is %s, want %s", kind, got, want)
	}
}

// checkHeaders holds the notes of each HELP line and each TYPE line.
func checkHeaders(t *testing.T, r generators.Resource) {
	families := slices.DeleteFunc(r.Describe().Families, func(f generators.FamilyDescription) bool { return f.Group != "" })
	headers := r.Compile(everything).Headers()
	if len(headers) != len(families) {
		t.Fatalf("%s: %d headers of %d families", r.Describe().Name, len(headers), len(families))
	}
	for i, f := range families {
		var notes string
		if f.Stability == generators.Stable {
			notes += "[STABLE] "
		}
		if f.DeprecatedSince != "" {
			notes += "(Deprecated since " + f.DeprecatedSince + ") "
		}
		help := fmt.Sprintf("# HELP %s %s", f.Name, notes)
		text, ok := strings.CutPrefix(string(headers[i].Text), help)
		text, types, _ := strings.Cut(text, "\n")
		if !ok || text == "" || strings.ContainsAny(text[:1], "[(") || types != fmt.Sprintf("# TYPE %s %s\n", f.Name, f.Type) ||
			string(headers[i].Typed) != string(headers[i].Text) {
			t.Errorf("header of %s:\n%s%s", f.Name, headers[i].Text, headers[i].Typed)
		}
	}
}

// TestReferenceMeetsGolden compares the reference with the golden series.
func TestReferenceMeetsGolden(t *testing.T) {
	for _, c := range clusters {
		for _, r := range slices.DeleteFunc(slices.Clone(c.resources), isOurs) {
			t.Run(c.folder+"/"+r.Describe().Name, func(t *testing.T) { checkReference(t, c, r) })
		}
	}
}

func checkReference(t *testing.T, c cluster, r generators.Resource) {
	t.Parallel()
	got := map[string]float64{}
	for _, typed := range c.objects(t, r) {
		o := object{jsonForm(t, typed), r.Describe().Name, c.selection}
		maps.Copy(got, expected(o, familiesOf(r, c.selection)))
	}
	recorded := parseExposition(t, c.series(t, r)).values
	c.correct(t, r, recorded)
	want := map[string]float64{}
	for series, values := range recorded {
		want[series] = values[0]
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-golden +reference):\n%s", d)
	}
}

// familiesOf returns the names of the selected families.
func familiesOf(r generators.Resource, selection generators.Selection) []string {
	var families []string
	for _, f := range r.Describe().Families {
		switch {
		case len(selection.Allow) > 0 && !matchesAny(selection.Allow, f.Name):
		case matchesAny(selection.Deny, f.Name):
		case f.OptIn && !matchesAny(selection.OptIn, f.Name):
		case f.Group != "" && !slices.Contains(selection.Groups, f.Group):
		default:
			families = append(families, f.Name)
		}
	}
	return families
}

func matchesAny(patterns []generators.Pattern, name string) bool {
	return slices.ContainsFunc(patterns, func(p generators.Pattern) bool { return p.MatchString(name) })
}

// TestReferenceIsComplete holds that exactly the families of the contract have a reference.
func TestReferenceIsComplete(t *testing.T) {
	want, got := map[string][]string{}, map[string][]string{}
	for _, r := range contract(t) {
		for _, f := range r.Families {
			want[r.Resource] = append(want[r.Resource], f.Name)
		}
		slices.Sort(want[r.Resource])
	}
	for resource, r := range references {
		got[resource] = slices.Sorted(maps.Keys(r.families))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("families (-contract +reference):\n%s", d)
	}
}
