package customresource_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/celexpr"
	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
)

// choices is a source of random numbers: bytes first, and then generated numbers.
type choices struct {
	bytes []byte
	rest  *rand.PCG
}

func newChoices(b []byte) *rand.Rand {
	h := fnv.New64()
	h.Write(b)
	return rand.New(&choices{b, rand.NewPCG(h.Sum64(), 1)})
}

// Uint64 repeats one byte eight times: rand.Rand uses upper and lower bits.
func (c *choices) Uint64() uint64 {
	if len(c.bytes) < 2 {
		return c.rest.Uint64()
	}
	v := uint64(binary.LittleEndian.Uint16(c.bytes))
	c.bytes = c.bytes[2:]
	return v * 0x1000100010001
}

// A scenario is a configuration, kinds and objects.
type scenario struct {
	*rand.Rand
	kinds   []customresource.Kind
	objects map[string][]map[string]any // by group and kind
	config  configuration
	extra   []generators.ExtraLabel
	groups  []generators.Group
}

func pick[T any](w *scenario, of ...T) T { return of[w.IntN(len(of))] }

func (w *scenario) oneIn(n int) bool { return w.IntN(n) == 0 }

// keys are keys of maps in objects, and steps.
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

// value returns a random value.
func (w *scenario) value(depth int) any {
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

func (w *scenario) members(depth int) map[string]any {
	all := map[string]any{}
	for range w.IntN(5) {
		all[pick(w, keys...)] = w.value(depth)
	}
	return all
}

// object returns an object of a kind.
func (w *scenario) object(k *customresource.Kind, n int) map[string]any {
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
	if w.oneIn(3) {
		metadata["ownerReferences"] = []any{map[string]any{"kind": "Fleet", "name": "f", "controller": pick[any](w, true, false, nil, "true")}, map[string]any{"kind": "Set", "name": "s"}}
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

// path returns a path, mostly to an existing value.
func (w *scenario) path(from any, steps int) ([]string, any) {
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

func (w *scenario) source(from any, steps int) sourceOf {
	if w.oneIn(12) {
		return sourceOf{CEL: pick(w, expressions...), Join: w.join()}
	}
	path, _ := w.path(from, w.IntN(steps+1))
	return sourceOf{Path: path, Join: w.join()}
}

func (w *scenario) join() *string {
	if !w.oneIn(8) {
		return nil
	}
	return new(pick(w, "", ",", "\n"))
}

// labelNames are valid; pathNames need not be.
var (
	labelNames = []string{"a", "b", "name", "type", "zone", "customresource_kind", "customresource_group", "x_y", "_x", "A1", "condition", "status", "namespace"}
	pathNames  = append([]string{"x-y", "x.y", "é", "1st", "__name__", "*", "*a", "lorem_*", "**", "*1*", "1*", "_name__*", "___*"}, labelNames...)
)

func (w *scenario) common() map[string]string {
	labels := map[string]string{}
	for range max(0, w.IntN(6)-3) {
		labels[pick(w, labelNames...)] = pick(w, texts...)
	}
	return labels
}

func (w *scenario) labels(from any, steps int) map[string]sourceOf {
	labels := map[string]sourceOf{}
	for range w.IntN(4) {
		labels[pick(w, pathNames...)] = w.source(from, steps)
	}
	return labels
}

// typeOf has the types of some families by name.
var typeOf = map[string]string{"g1": "gauge", "g2": "gauge", "n_total": "counter", "i_info": "info", "s": "stateset", "i": "info"}

func (w *scenario) family(object any) *familyOf {
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

// scales returns scale subresources of some versions.
func (w *scenario) scales(versions []string) map[string]customresource.Scale {
	all := map[string]customresource.Scale{}
	path := func(root string) string {
		if w.oneIn(3) {
			return root + "." + pick(w, keys[:8]...) + "." + pick(w, keys[:8]...)
		}
		return root + "." + pick(w, keys[:8]...)
	}
	for _, version := range versions {
		if !w.oneIn(3) {
			all[version] = customresource.Scale{SpecReplicas: path(".spec"), StatusReplicas: path(".status")}
		}
	}
	return all
}

// newScenario returns random kinds and objects, and a valid configuration.
func newScenario(b []byte) *scenario {
	w := &scenario{Rand: newChoices(b), objects: map[string][]map[string]any{}}
	for i, k := range []customresource.Kind{
		{Group: "example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v1", "v1beta1"}, Categories: []string{"all"}},
		{Group: "example.com", Kind: "Gadget", Plural: "gadgets", Versions: []string{"v1"}},
		{Group: "other.example.com", Kind: "Widget", Plural: "widgets", Namespaced: true, Versions: []string{"v2"}, Categories: []string{"all", "managed"}},
	}[:1+w.IntN(3)] {
		k.UID, k.Scales = types.UID(fmt.Sprint("kind-", i)), w.scales(k.Versions)
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
	if w.oneIn(2) {
		w.groups = generators.Groups()
	}
	if w.oneIn(6) {
		w.extra = append(w.extra, generators.ExtraLabel{Name: pick(w, "cluster", "name", "customresource_kind", "a", "workload"), Value: pick(w, "x", "a\"b")})
	}
	return w
}

// decoded returns an object as a variable of expressions.
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
