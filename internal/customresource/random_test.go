package customresource_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"maps"
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
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
	"github.com/kubestate/kubestate/internal/store"
)

// choices is a source of random numbers that takes them from bytes first.
type choices struct {
	bytes []byte
	rest  *rand.PCG
}

func newChoices(b []byte) *rand.Rand {
	h := fnv.New64()
	h.Write(b)
	return rand.New(&choices{b, rand.NewPCG(h.Sum64(), 1)})
}

// Uint64 gives eight bytes of the same value: rand.Rand takes upper and lower bits.
func (c *choices) Uint64() uint64 {
	if len(c.bytes) < 2 {
		return c.rest.Uint64()
	}
	v := uint64(binary.LittleEndian.Uint16(c.bytes))
	c.bytes = c.bytes[2:]
	return v * 0x1000100010001
}

// A world is a configuration, kinds and objects.
type world struct {
	*rand.Rand
	kinds   []customresource.Kind
	objects map[string][]map[string]any // by group and kind
	config  configuration
	extra   []generators.ExtraLabel
}

func pick[T any](w *world, of ...T) T { return of[w.IntN(len(of))] }

func (w *world) oneIn(n int) bool { return w.IntN(n) == 0 }

// keys are those of maps in objects, and steps.
var keys = []string{
	"a", "b", "c", "name", "status", "ready", "type", "count", "a", "b", "name", "ready", "0", "1", "-1", "01", "k=v", "a=x", "a,b", "", "é", "x-y", "x_y", "x.y/z", "1st", "__name__", "_", "A",
	"customresource_kind", "[b]", "[b=", "metadata", "apiVersion", "*", "Ready", "a\x00b",
}

var texts = []string{
	"", "x", "v", "Ready", "True", "False", "true", "FALSE", "Yes", "no", "Unknown", "unKNOWN", "on", "t", "1", "0", "-0", "+1", "01", "12", "1.5", ".5", "5.", "0.3", "1e3", "1E3", "1e400", "-1e400", "1e-12", "7n", "1Ki", "1024", "100E",
	"1e30", "5m", "30s", "1h30m", "15m", "-2s", "1.5h", "3d", "50%", "12.5%", "-5%", "%", "0%", "Inf", "-inf", "NaN", "infinity", "0x1p4", "0x10", "1_000", "1,5", "10MB", " 1", "1 ", "8.08k", "8080",
	"2024-01-02", "2024-01-02T03:04:05Z", "2024-01-02T3:04:05Z", "2024-01-02T03:04:05.999999999+01:00", "1969-12-31T23:59:59.5Z", "2024-13-02T03:04:05Z", "2024-01-02T03:04:05z", "0001-01-01T00:00:00Z",
	"12345678901234567890", "a\nb", "a\\b", `a"b`, "tab\tbed", "é", "日本", "\u00a0", "\u2028", "🙂", "\x00", "\r\n", "#", "<>&", "a=b", "x y", "[1 2]", "map[]", "<nil>", "9223372036854775808",
	strings.Repeat("9", 400) + "%", strings.Repeat("long ", 50),
}

var numbers = []string{
	"0", "1", "-1", "7", "1024", "8080", "1.0", "1.5", "-2.25", "1e3", "1e21", "1e-7", "0.1", "123456789", "1234567.5", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616", "9007199254740993",
	"1e308", "5e-324", "-0.0", "100000000000000000000000",
}

// value is any value of an object.
func (w *world) value(depth int) any {
	n := 10
	if depth <= 0 {
		n = 7
	}
	switch w.IntN(n) {
	case 0:
		return nil
	case 1:
		return w.oneIn(2)
	case 2:
		return json.Number(pick(w, numbers...))
	case 3, 4, 5, 6:
		return pick(w, texts...)
	case 7:
		list := []any{}
		for range w.IntN(4) {
			list = append(list, w.value(depth-1))
		}
		return list
	case 8:
		list := []any{}
		for range w.IntN(5) {
			list = append(list, w.members(depth-1))
		}
		return list
	}
	return w.members(depth - 1)
}

func (w *world) members(depth int) map[string]any {
	all := map[string]any{}
	for range w.IntN(5) {
		all[pick(w, keys...)] = w.value(depth)
	}
	return all
}

// object makes an object of a kind.
func (w *world) object(k *customresource.Kind, n int) map[string]any {
	metadata := map[string]any{"name": fmt.Sprintf("%s-%d", strings.ToLower(k.Kind), n), "uid": fmt.Sprintf("uid-%s-%d", strings.ToLower(k.Kind), n), "generation": json.Number(pick(w, "1", "3"))}
	if k.Namespaced {
		metadata["namespace"] = pick(w, "default", "team-a")
	}
	if w.oneIn(2) {
		labels := map[string]any{}
		for range w.IntN(4) {
			labels[pick(w, "app", "app.kubernetes.io/name", "tier", "a-b", "a_b", "a.b", "name", "9")] = pick(w, "", "x", "y", "a.b-c")
		}
		metadata["labels"] = labels
	}
	o := map[string]any{"apiVersion": k.Group + "/" + k.Versions[0], "kind": k.Kind, "metadata": metadata, "spec": w.members(3)}
	if !w.oneIn(4) {
		status := w.members(3)
		if !w.oneIn(3) {
			conditions := []any{}
			for range w.IntN(4) {
				c := map[string]any{"type": pick(w, "Ready", "Synced", "Healthy"), "status": pick[any](w, "True", "False", "Unknown", "Other", nil, true), "lastTransitionTime": pick[any](w, "2024-01-02T03:04:05Z", "2025-01-02T03:04:05Z", nil)}
				conditions = append(conditions, c)
			}
			status["conditions"] = conditions
		}
		o["status"] = status
	}
	if w.oneIn(6) {
		o[pick(w, keys[:12]...)] = w.value(2)
	}
	return o
}

// path leads mostly to something that is there.
func (w *world) path(from any, steps int) ([]string, any) {
	var path []string
	for range steps {
		step := pick(w, append(keys, "[a=x]", "[type=Ready]", "[ready=False]", "[ready=true]", "[a=1Ki]", "[=]", "[count=NaN]", "a=v", "status=True", "+1", "-2", "99999999999999999999")...)
		if all := members(from); len(all) > 0 && !w.oneIn(5) {
			m := pick(w, all...)
			step = m.key
			if _, isList := from.([]any); isList {
				switch w.IntN(4) {
				case 0:
					step = fmt.Sprint(w.IntN(7) - 3)
				case 1, 2:
					if of, ok := m.value.(map[string]any); ok && len(of) > 0 {
						found := pick(w, members(of)...)
						if text := fmt.Sprint(found.value); !strings.Contains(found.key, "=") && len(text) < 30 {
							step = "[" + found.key + "=" + pick(w, text, text, pick(w, texts...)) + "]"
						}
					}
				}
			} else if text, isText := m.value.(string); isText && w.oneIn(3) {
				step += "=" + text
			}
		}
		if strings.HasPrefix(step, "[") && strings.HasSuffix(step, "]") && !strings.Contains(step, "=") {
			step = "a"
		}
		path, from = append(path, step), stepFrom(from, step)
	}
	return path, from
}

var (
	// expressions and conditions, some of which fail for most objects.
	expressions = []string{
		"self", "object.metadata.name", "object.?spec.?a", "self.a", "object.spec", "size(object.metadata)", "1.5", "'5m'", "[dyn(1), dyn('a'), dyn(null)]", "{'x-y': dyn(1), '1': dyn('b'), '': dyn(2)}", "self == null", "object.metadata.?labels", "null", "string(self)",
		"type(self) == string ? self : 'none'", "object.?status.?conditions",
	}
	wheres = []string{"true", "false", "self != null", "has(object.status)", "self.a == 'x'", "type(self) == string", "object.metadata.name.endsWith('1')", "self.type == 'Ready'", "has(self.a)"}
)

func (w *world) source(from any, steps int) sourceOf {
	if w.oneIn(12) {
		return sourceOf{CEL: pick(w, expressions...), Join: w.join()}
	}
	path, _ := w.path(from, w.IntN(steps+1))
	return sourceOf{Path: path, Join: w.join()}
}

func (w *world) join() *string {
	if !w.oneIn(8) {
		return nil
	}
	return new(pick(w, "", ",", "\n"))
}

// labelNames are valid, and pathNames any that are not empty.
var (
	labelNames = []string{"a", "b", "name", "type", "zone", "customresource_kind", "customresource_group", "x_y", "_x", "A1", "condition", "status", "namespace"}
	pathNames  = append([]string{"x-y", "x.y", "é", "1st", "__name__", "*", "*a", "lorem_*", "**", "*1*", "1*", "_name__*", "___*"}, labelNames...)
)

func (w *world) common() map[string]string {
	labels := map[string]string{}
	for range max(0, w.IntN(6)-3) {
		labels[pick(w, labelNames...)] = pick(w, texts...)
	}
	return labels
}

func (w *world) labels(from any, steps int) map[string]sourceOf {
	labels := map[string]sourceOf{}
	for range w.IntN(4) {
		labels[pick(w, pathNames...)] = w.source(from, steps)
	}
	return labels
}

// typeOf has the types of families by their names, but for some.
var typeOf = map[string]string{"g1": "gauge", "g2": "gauge", "n_total": "counter", "i_info": "info", "s": "stateset", "i": "info"}

func (w *world) family(object any) *familyOf {
	name := pick(w, slices.Sorted(maps.Keys(typeOf))...)
	f := &familyOf{Name: name, Type: typeOf[name], Help: pick(w, "", "Help.", "a\\b\nc", `"quoted" é`, "a\x00b\rc"), Common: w.common(), Labels: w.labels(object, 3)}
	if w.oneIn(20) && f.Type != "counter" {
		f.Type = pick(w, "gauge", "info", "stateset")
	}
	path, at := w.path(object, w.IntN(4))
	if len(path) > 0 && w.oneIn(5) {
		path[w.IntN(len(path))] = "[*]"
		if w.oneIn(3) {
			path = append(path, "[*]")
		}
		at = nil
		if n := strings.Count(strings.Join(path, " "), "[*]"); w.oneIn(2) {
			for i := range n {
				f.PathKeys = append(f.PathKeys, pick(w, "", fmt.Sprintf("key%d", i), labelNames[i], labelNames[i+3]))
			}
		}
	}
	f.Path = path
	if w.oneIn(6) {
		f.Where = pick(w, wheres...)
	}
	element := at
	if all := members(at); len(all) > 0 {
		element = pick(w, all...).value
	}
	f.Element = w.labels(element, 2)
	if f.Type != "info" {
		f.Value = w.source(element, 2)
		f.Value.Join = nil
		if all, ok := at.(map[string]any); ok && len(all) > 0 && w.oneIn(3) {
			f.Value = sourceOf{Path: []string{pick(w, members(all)...).key}}
		}
		if slices.ContainsFunc(f.Value.Path, func(step string) bool {
			return strings.HasPrefix(step, "[") && !strings.Contains(step, "=") && strings.HasSuffix(step, "]")
		}) {
			f.Value.Path = nil
		}
	}
	switch f.Type {
	case "stateset":
		f.ListLabel = pick(w, labelNames...)
		for range w.IntN(5) {
			f.List = append(f.List, pick(w, "Ready", "x", "True", "v", "", "a\nb"))
		}
		return f
	case "info":
	default:
		f.NilIsZero, f.Duration = w.oneIn(4), w.oneIn(6)
	}
	if w.oneIn(2) {
		f.KeyLabel = pick(w, labelNames...)
	}
	return f
}

// newWorld draws kinds, objects and a valid configuration.
func newWorld(b []byte) *world {
	w := &world{Rand: newChoices(b), objects: map[string][]map[string]any{}}
	for i, k := range []customresource.Kind{
		{Group: "example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v1", "v1beta1"}, Categories: []string{"all"}},
		{Group: "example.com", Kind: "Gadget", Plural: "gadgets", Versions: []string{"v1"}},
		{Group: "other.example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v2"}, Categories: []string{"all", "managed"}},
	}[:1+w.IntN(3)] {
		k.UID = types.UID(fmt.Sprint("kind-", i))
		w.kinds = append(w.kinds, k)
		for n := range 1 + w.IntN(3) {
			w.objects[k.Group+k.Kind] = append(w.objects[k.Group+k.Kind], w.object(&k, n))
		}
	}
	for range 1 + w.IntN(4) {
		k := pick(w, w.kinds...)
		object := pick(w, w.objects[k.Group+k.Kind]...)
		e := &entryOf{
			Group: k.Group, Kind: pick(w, k.Kind, k.Kind, k.Kind, "*", ""), Version: pick(w, k.Versions[0], "*", "", k.Versions[len(k.Versions)-1], "v7"),
			Common: w.common(), Labels: w.labels(decoded(object), 3), Conditions: w.oneIn(4), LabelSelector: pick(w, "", "", "", "", "a=b"),
		}
		if w.oneIn(8) {
			e.Group, e.Categories = "*", []string{pick(w, "all", "managed")}
		} else if w.oneIn(8) {
			e.Group = "*.com"
		}
		if w.oneIn(2) {
			e.Labels["name"], e.Labels["namespace"] = sourceOf{Path: []string{"metadata", "name"}}, sourceOf{Path: []string{"metadata", "namespace"}}
		}
		if !w.oneIn(4) {
			e.Prefix = new(pick(w, "", "my", "my"))
		}
		if w.oneIn(8) {
			e.Where = pick(w, wheres...)
		}
		for range 1 + w.IntN(4) {
			e.Families = append(e.Families, w.family(decoded(object)))
		}
		w.config.Entries = append(w.config.Entries, e)
	}
	if w.oneIn(6) {
		w.extra = append(w.extra, generators.ExtraLabel{Name: pick(w, "cluster", "name", "customresource_kind", "a"), Value: pick(w, "x", "a\"b")})
	}
	return w
}

// decoded is an object as expressions have it.
func decoded(object any) any {
	text, err := json.Marshal(object)
	if err != nil {
		panic(err)
	}
	value, err := celexpr.Decode(text)
	if err != nil {
		panic(err)
	}
	return value
}

// yaml is a configuration as a document.
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

// matches says whether an entry chooses a kind in a version.
func (e *entryOf) matches(k *customresource.Kind, version string) bool {
	group := e.Group == k.Group || e.Group == "*" || e.Group == "*.com"
	category := len(e.Categories) == 0 || slices.Contains(k.Categories, e.Categories[0])
	return group && category && slices.Contains([]string{"", "*", k.Kind}, e.Kind) && slices.Contains([]string{"", "*", version}, e.Version)
}

// FuzzRender compares what is rendered with the reference, and responses with what scrapers read.
func FuzzRender(f *testing.F) {
	for seed := range 200 {
		f.Add(binary.LittleEndian.AppendUint64(nil, uint64(seed)*0x9e3779b97f4a7c15))
	}
	f.Fuzz(checkWorld)
}

// TestRandom is FuzzRender for the time that $KUBESTATE_FUZZING says, such as 1h.
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
		checkWorld(t, binary.LittleEndian.AppendUint64(nil, seed*0x9e3779b97f4a7c15))
	}
	t.Logf("%d configurations from seed %d on", seed-first, first)
}

func checkWorld(t *testing.T, b []byte) {
	w := newWorld(b)
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
		renderer := r.Compile(generators.Selection{Extra: w.extra})
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

// reference gives the families of a table in order, and their lines for an object.
func (w *world) reference(d generators.Description, selector string, object map[string]any, failures map[string]int) (names, lines []string) {
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
			chosen[e] = v.holds(e.Where, root)
		}
		return chosen[e]
	}
	for _, name := range names {
		lines = append(lines, v.lines(name, definitions[name], holds))
	}
	return names, lines
}

// checkResponse holds that each family has one header, before its series, and each series is
// there once.
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
				t.Errorf("the type of %s is in %s:\n%s", name, family, text)
			}
			continue
		}
		name, _, _ := strings.Cut(line, "{")
		series := line[:strings.LastIndexByte(line, ' ')]
		if name != family || got[series] {
			t.Errorf("%s is in %s, or is there twice:\n%s", series, family, text)
		}
		got[series] = true
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("series (-want +got):\n%s", d)
	}
}

// parsed parses the text format as client libraries do, and gives the number of series.
func parsed(text string) (series int, err error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(text))
	for _, f := range families {
		series += len(f.GetMetric())
	}
	return series, err
}
