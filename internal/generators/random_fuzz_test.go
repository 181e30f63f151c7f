package generators_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// FuzzObject renders any object that decodes, given its wire form and the index of its resource.
func FuzzObject(f *testing.F) {
	all := registry.Resources()
	for i, r := range all {
		golden := clusters[0].objects(f, r)
		seeds := slices.Concat(golden[:min(3, len(golden))], malformedObjects[r.Describe().Name])
		for _, o := range seeds {
			f.Add(uint8(i), wireForm(f, o))
		}
	}
	f.Fuzz(func(t *testing.T, place uint8, wire []byte) {
		r := all[int(place)%len(all)]
		o := empty(t, r)
		if o.(message).Unmarshal(wire) != nil {
			t.Skip("not of the type")
		}
		checkScrape(t, r, o)
	})
}

// TestMalformedObjects compares the seeds of FuzzObject with the reference.
func TestMalformedObjects(t *testing.T) {
	for _, r := range contracted() {
		t.Run(r.Describe().Name, func(t *testing.T) {
			j := newJudge(t, r, everything)
			for _, o := range append(malformedObjects[r.Describe().Name], empty(t, r)) {
				checkScrape(t, r, o)
				if _, err := json.Marshal(o); err == nil {
					j.compare(t, o, jsonForm(t, o))
				}
			}
		})
	}
}

func wireForm(tb testing.TB, o metav1.Object) []byte {
	tb.Helper()
	wire, err := o.(message).Marshal()
	if err != nil {
		tb.Fatal(err)
	}
	return wire
}

// checkScrape holds that a scraper parses the object's series.
func checkScrape(t *testing.T, r generators.Resource, o metav1.Object) {
	t.Helper()
	values := newJudge(t, r, everything).rendered(t, o)
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(render(t, r, everything, []metav1.Object{o})))
	if err != nil {
		t.Fatal(err)
	}
	identity := identityOf(r, o)
	read := map[string]bool{}
	for name, family := range families {
		for _, m := range family.GetMetric() {
			var pairs []string
			for _, l := range m.GetLabel() {
				pairs = append(pairs, l.GetName(), l.GetValue())
			}
			read[name+labelText(pairs)] = true
			checkIdentity(t, name, identity, pairs)
		}
	}
	written := map[string]bool{}
	for series := range values {
		written[series] = true
	}
	if !maps.Equal(written, read) {
		t.Errorf("series (-written +read):\n%s", cmp.Diff(written, read))
	}
}

// identityOf returns the parsed identity labels of the object.
func identityOf(r generators.Resource, o metav1.Object) map[string]string {
	metadata := map[string]string{
		"metadata.namespace": o.GetNamespace(),
		"metadata.name":      o.GetName(),
		"metadata.uid":       string(o.GetUID()),
	}
	identity := map[string]string{}
	for label := range slices.Chunk(references[r.Describe().Name].identity, 2) {
		if value, ok := metadata[label[1]]; ok {
			identity[label[0]] = string([]rune(value)) // U+FFFD for each byte that is not UTF-8
		}
	}
	return identity
}

func checkIdentity(t *testing.T, family string, identity map[string]string, pairs []string) {
	t.Helper()
	var found int
	for pair := range slices.Chunk(pairs, 2) {
		if value, ok := identity[pair[0]]; ok && value == pair[1] {
			found++
		}
	}
	if found != len(identity) {
		t.Errorf("%s has labels %q, want %q among them", family, pairs, identity)
	}
}
