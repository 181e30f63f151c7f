package generators_test

import (
	"flag"
	"maps"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/generators"
)

var (
	objectsPerSeed = flag.Int("contract.objects", 100, "random objects of each resource for each seed")
	oneSeed        = flag.Int64("contract.seed", 0, "seed of the random objects instead of 1, 2 and 3")
)

// TestRandomObjects compares rendered random objects with the reference.
func TestRandomObjects(t *testing.T) {
	seeds := []int64{1, 2, 3}
	if testing.Short() {
		seeds = seeds[:1]
	}
	if *oneSeed != 0 {
		seeds = []int64{*oneSeed}
	}
	for _, r := range contracted() {
		t.Run(r.Describe().Name, func(t *testing.T) {
			t.Parallel()
			var judges []*judge
			for _, selection := range []generators.Selection{everything, restricted(r)} {
				judges = append(judges, newJudge(t, r, selection))
			}
			for _, seed := range seeds {
				fill := filler(seed)
				for range *objectsPerSeed {
					typed := empty(t, r)
					fill.Fill(typed)
					form := jsonForm(t, typed)
					for _, j := range judges {
						j.compare(t, typed, form)
					}
				}
			}
		})
	}
}

// restricted selects some families, labels and annotations.
func restricted(r generators.Resource) generators.Selection {
	key := r.Describe().Key
	selection := generators.Selection{
		Deny:   []generators.Pattern{regexp.MustCompile("generation$"), regexp.MustCompile("_s[a-e]")},
		OptIn:  []generators.Pattern{regexp.MustCompile("nodesel")},
		Labels: generators.Allowlist{key: {"aB", "a_*", "*", "a-b*1", "*.io/name", "node*worker", "a.b"}, "others": {"*"}},
	}
	if len(key)%2 == 0 { // the others have no annotations
		selection.Annotations = generators.Allowlist{generators.AnyResource: {"kubernetes.io/ingress.class", "a*_b"}, key: {"*"}}
	}
	return selection
}

// empty returns an empty object of the resource.
func empty(tb testing.TB, r generators.Resource) metav1.Object {
	tb.Helper()
	typed, err := scheme.Scheme.New(r.Describe().Kind)
	if err != nil {
		tb.Fatal(err)
	}
	return typed.(metav1.Object)
}

// A judge compares the series of a table with those of the reference.
type judge struct {
	resource  string
	selection generators.Selection
	families  []string
	renderer  *generators.Renderer
	failures  int
}

// enough is the number of objects whose differences are reported.
const enough = 3

func newJudge(tb testing.TB, r generators.Resource, selection generators.Selection) *judge {
	j := &judge{
		resource:  r.Describe().Name,
		selection: selection,
		families:  familiesOf(r, selection),
		renderer:  r.Compile(selection),
	}
	j.renderer.Recovered = func(family string, _ metav1.Object, reason any) {
		tb.Errorf("%s: panic: %v", family, reason)
	}
	return j
}

// compare compares the series of an object with the given JSON form.
func (j *judge) compare(t *testing.T, typed metav1.Object, form node) {
	t.Helper()
	want := expected(object{form, j.resource, j.selection}, j.families)
	got := j.rendered(t, typed)
	for series, value := range got {
		if want[series] == unspecified {
			want[series] = value
		}
	}
	same := func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }
	if maps.EqualFunc(want, got, same) {
		return
	}
	if j.failures++; j.failures > enough {
		t.Fail()
		return
	}
	t.Errorf("series of %v (-reference +table):\n%s", form.value, cmp.Diff(want, got, cmpopts.EquateNaNs()))
}

// rendered returns the values of the object's series, each of which must be among the lines of
// its family, once.
func (j *judge) rendered(t testing.TB, typed metav1.Object) map[string]float64 {
	t.Helper()
	text, ends := j.renderer.Render(nil, nil, typed)
	if len(ends) != len(j.families) {
		t.Fatalf("%d families rendered, want %d", len(ends), len(j.families))
	}
	values := map[string]float64{}
	start := 0
	for i, end := range ends {
		for line := range strings.Lines(string(text[start:end])) {
			series, value := parseLine(t, line)
			if name, _, _ := strings.Cut(series, "{"); name != j.families[i] {
				t.Errorf("among the lines of %s: %s", j.families[i], line)
			}
			if _, twice := values[series]; twice {
				t.Errorf("twice: %s", series)
			}
			values[series] = value
		}
		start = end
	}
	return values
}

func parseLine(tb testing.TB, line string) (string, float64) {
	tb.Helper()
	line, complete := strings.CutSuffix(line, "\n")
	space := strings.LastIndexByte(line, ' ')
	if !complete || space < 0 {
		tb.Fatalf("no line: %q", line)
	}
	value, err := strconv.ParseFloat(line[space+1:], 64)
	if err != nil {
		tb.Fatalf("%q: %v", line, err)
	}
	return line[:space], value
}
