package customresource_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/store"
)

// FuzzRender compares series with the reference implementation, and responses with parsed ones.
func FuzzRender(f *testing.F) {
	for seed := range 200 {
		f.Add(binary.LittleEndian.AppendUint64(nil, uint64(seed)*0x9e3779b97f4a7c15))
	}
	f.Fuzz(checkScenario)
}

// TestRandom is FuzzRender for the duration $KUBESTATE_FUZZING, such as 1h.
func TestRandom(t *testing.T) {
	duration, err := time.ParseDuration(os.Getenv("KUBESTATE_FUZZING"))
	if err != nil {
		t.Skip("$KUBESTATE_FUZZING is no duration")
	}
	seed, _ := strconv.ParseUint(os.Getenv("KUBESTATE_SEED"), 10, 64)
	if seed == 0 {
		seed = rand.Uint64()
	}
	first := seed
	for end := time.Now().Add(duration); time.Now().Before(end) && !t.Failed(); seed++ {
		checkScenario(t, binary.LittleEndian.AppendUint64(nil, seed*0x9e3779b97f4a7c15))
	}
	t.Logf("%d configurations from seed %d on", seed-first, first)
}

func checkScenario(t *testing.T, b []byte) {
	w := newScenario(b)
	document := w.config.yaml()
	c, err := customresource.Parse("crs.yaml", document)
	if err != nil {
		t.Fatalf("%v\n%s", err, document)
	}
	if len(c.Faults) > 0 {
		t.Fatalf("%v\n%s", c.Faults, document)
	}
	reg := prometheus.NewRegistry()
	resolved := c.Resolve(w.kinds, nil, nil, customresource.NewReporter(reg, slog.New(slog.DiscardHandler)))
	failures := map[string]int{}
	var resources []*store.Resource
	written := map[string]bool{} // series
	for _, r := range resolved.Tables {
		d := r.Describe()
		renderer := r.Compile(generators.Selection{Extra: w.extra, Groups: w.groups})
		renderer.Recovered = func(family string, _ metav1.Object, reason any) { t.Errorf("%s: panic: %v", family, reason) }
		names, headers, mayRepeat := renderer.Names(), renderer.Headers(), renderer.MayRepeat()
		var families []store.Family
		for i, name := range names {
			families = append(families, store.Family{Name: name, Header: headers[i].Text, Typed: headers[i].Typed, MayRepeat: mayRepeat[i]})
		}
		stored := store.NewResource(d.Name, families, 1)
		resources = append(resources, stored)
		for _, object := range w.objects[d.Kind.Group+d.Kind.Kind] {
			text, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			read, err := jsonobject.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			o := read.(*jsonobject.Object)
			lines, ends := renderer.Render(nil, nil, o)
			wantNames, want := w.reference(d, r.Recipe().LabelSelector, object, failures)
			if d := cmp.Diff(wantNames, names); d != "" {
				t.Fatalf("families (-want +got):\n%s\n%s", d, document)
			}
			start := 0
			for i, end := range ends {
				if d := cmp.Diff(strings.Split(want[i], "\n"), strings.Split(string(lines[start:end]), "\n")); d != "" {
					t.Fatalf("%s in\n%s\nof\n%s\n(-want +got):\n%s", names[i], document, text, d)
				}
				start = end
			}
			for line := range bytes.Lines(lines) {
				written[string(line[:bytes.LastIndexByte(line, ' ')])] = true
			}
			stored.Partitions()[0].Set(store.Rendered{UID: o.Name, Namespace: o.Namespace, Text: lines, Ends: ends})
		}
	}
	if d := cmp.Diff(failures, counted(t, reg)); d != "" {
		t.Errorf("failures (-want +got):\n%s\n%s", d, document)
	}
	var views []store.View
	for _, r := range resources {
		views = append(views, r.View())
	}
	var text, typed bytes.Buffer
	if err := store.NewResponse(views, "").WriteText(&text); err != nil {
		t.Fatal(err)
	}
	if err := store.NewTypedResponse(views, "# EOF\n").WriteText(&typed); err != nil {
		t.Fatal(err)
	}
	checkResponse(t, text.String(), written)
	checkResponse(t, strings.TrimSuffix(typed.String(), "# EOF\n"), written)
	if n, err := parsed(text.String()); err != nil {
		t.Errorf("%v:\n%s", err, text.String())
	} else if n != len(written) {
		t.Errorf("a scraper reads %d series, want %d:\n%s", n, len(written), text.String())
	}
}

// reference returns the families of a table in order, and their lines of an object.
func (w *scenario) reference(d generators.Description, selector string, object map[string]any, failures map[string]int) (names, lines []string) {
	k := &w.kinds[slices.IndexFunc(w.kinds, func(k customresource.Kind) bool { return k.Group == d.Kind.Group && k.Kind == d.Kind.Kind })]
	root := decoded(object)
	root.(map[string]any)["apiVersion"] = d.Kind.GroupVersion().String()
	v := &evaluation{object: root, group: d.Kind.Group, version: d.Kind.Version, kind: d.Kind.Kind, extra: w.extra, failures: failures}
	definitions := map[string][]definitionOf{}
	for _, e := range w.config.Entries {
		if !e.matches(k, d.Kind.Version) || e.LabelSelector != selector {
			continue
		}
		add := func(name string, f *familyOf) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
			definitions[name] = append(definitions[name], definitionOf{e, f})
		}
		for _, f := range e.Families {
			add(e.name(f), f)
		}
		if e.Conditions {
			for _, f := range conditionsOf() {
				add("kubestate_customresource_"+f.Name, f)
			}
		}
	}
	chosen := map[*entryOf]bool{}
	holds := func(e *entryOf) bool {
		if _, ok := chosen[e]; !ok {
			chosen[e] = v.selects(e.Where, root)
		}
		return chosen[e]
	}
	for _, name := range names {
		lines = append(lines, v.lines(name, definitions[name], holds))
	}
	if scale, ok := w.scaleOf(k, d.Kind.Version, selector); ok {
		names = append(names, "kubestate_workload_replicas")
		v.name = "kubestate_workload_replicas"
		lines = append(lines, v.replicas(scale, w.entriesOf(k, d.Kind.Version, selector), holds))
	}
	return names, lines
}

// checkResponse checks that each family has one header, before its series, and that no series is
// repeated.
func checkResponse(t *testing.T, text string, want map[string]bool) {
	t.Helper()
	headers, got := map[string]bool{}, map[string]bool{}
	family := ""
	for line := range strings.Lines(text) {
		if rest, isHelp := strings.CutPrefix(line, "# HELP "); isHelp {
			family, _, _ = strings.Cut(rest, " ")
			if headers[family] {
				t.Errorf("%s has two headers:\n%s", family, text)
			}
			headers[family] = true
			continue
		}
		if rest, isType := strings.CutPrefix(line, "# TYPE "); isType {
			if name, _, _ := strings.Cut(rest, " "); name != family {
				t.Errorf("type of %s in family %s:\n%s", name, family, text)
			}
			continue
		}
		name, _, _ := strings.Cut(line, "{")
		series := line[:strings.LastIndexByte(line, ' ')]
		if name != family || got[series] {
			t.Errorf("%s in family %s, or repeated:\n%s", series, family, text)
		}
		got[series] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
}

// parsed parses the text format by the client library, and returns the number of series.
func parsed(text string) (series int, err error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	for _, f := range families {
		series += len(f.GetMetric())
	}
	return series, err
}
