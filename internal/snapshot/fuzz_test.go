package snapshot_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/snapshot"
)

// choices are made from bytes; without more bytes the choice is the first.
type choices struct{ bytes []byte }

func (c *choices) n(n int) int {
	if len(c.bytes) < 2 {
		return 0
	}
	v := binary.LittleEndian.Uint16(c.bytes)
	c.bytes = c.bytes[2:]
	return int(v) % n
}

func (c *choices) coin() bool { return c.n(2) == 1 }

// An input is a file with known objects, of which one may be damaged.
type input struct {
	text    []byte
	plain   string   // before it was encoded
	names   []string // of all objects, as namespace/name
	damaged string   // the one that is; empty if none is
	how     string
}

// makeInput makes a file of known objects in chosen forms.
func makeInput(c *choices) input {
	var in input
	var objects []map[string]any
	for i := range 1 + c.n(6) {
		o := map[string]any{"apiVersion": "v1", "kind": "Pod",
			"metadata": map[string]any{"namespace": "shop", "name": fmt.Sprintf("pod-%d", i), "annotations": map[string]any{"text": "a: b\n---\n- {c: \"d\"\n"}},
			"spec": map[string]any{
				"serviceAccountName": fmt.Sprintf("of-%d", i),
				"containers":         []any{map[string]any{"name": "main", "env": []any{map[string]any{"name": "A", "value": "it's #1: {"}}}},
			},
			"status": map[string]any{"phase": "Running"},
		}
		objects = append(objects, o)
		in.names = append(in.names, fmt.Sprintf("shop/pod-%d", i))
	}
	victim := -1
	if c.coin() {
		victim = c.n(len(objects))
		in.damaged = in.names[victim]
	}
	var text strings.Builder
	for i := 0; i < len(objects); {
		n := min(1+c.n(4), len(objects)-i)
		text.WriteString(document(c, &in, objects[i:i+n], victim-i, i+n == len(objects)))
		i += n
	}
	in.plain = text.String()
	in.text = encode(c, in.plain)
	return in
}

// document returns a document of some objects and the separator behind it.
func document(c *choices, in *input, objects []map[string]any, victim int, last bool) string {
	text := ""
	if c.coin() {
		text += asYAML(c, in, objects, victim)
	} else {
		text += asJSON(c, in, objects, victim)
	}
	if last && c.coin() {
		return text
	}
	ends := []string{"---\n", "...\n", "---\n---\n", "--- # next\n", "...\n---\n", "# nothing\n---\n", "\n---\n", "No resources found in default namespace.\n---\n"}
	return text + ends[c.n(len(ends))]
}

func asYAML(c *choices, in *input, objects []map[string]any, victim int) string {
	var all []string
	for i, o := range objects {
		text, err := yaml.Marshal(o)
		if err != nil {
			panic(err)
		}
		one := layout(c, string(text))
		if i == victim {
			one = damage(c, in, one)
		}
		all = append(all, one)
	}
	if len(all) == 1 && c.coin() {
		return all[0]
	}
	if c.n(4) == 0 {
		return strings.Join(all, []string{"---\n", ""}[c.n(2)])
	}
	margin := strings.Repeat(" ", 2*c.n(2))
	items := ""
	for _, one := range all {
		lines := strings.SplitAfter(strings.TrimSuffix(one, "\n"), "\n")
		items += margin + "- " + strings.Join(lines, margin+"  ") + "\n"
	}
	if c.coin() {
		return "kind: List\napiVersion: v1\nitems:\n" + items
	}
	return "apiVersion: v1\nitems:\n" + items + "kind: List\nmetadata:\n  resourceVersion: \"\"\n"
}

// layout lays out YAML as people do: with comments in the first column, and dashes alone.
func layout(c *choices, text string) string {
	layouts := []*strings.Replacer{
		strings.NewReplacer(),
		strings.NewReplacer("spec:\n", "spec:\n# serviceAccountName: none\n", "  serviceAccountName:", "# none\n  serviceAccountName:"),
		strings.NewReplacer("  - env:\n", "  -\n    env:\n", "status:", "# status:\n# - none\nstatus:"),
	}
	return layouts[c.n(len(layouts))].Replace(text)
}

func asJSON(c *choices, in *input, objects []map[string]any, victim int) string {
	var all []string
	compact, list := c.coin(), c.n(3)
	for i, o := range objects {
		var text []byte
		if compact {
			text, _ = json.Marshal(o)
		} else {
			text, _ = json.MarshalIndent(o, map[bool]string{true: "        "}[list > 0], "    ")
		}
		one := string(text)
		if i == victim {
			one = damage(c, in, one)
		}
		all = append(all, one)
	}
	switch {
	case list == 0:
		return strings.Join(all, []string{"\n", "", "\n---\n", ",\n"}[c.n(4)]) + "\n"
	case compact && list == 1:
		return "[" + strings.Join(all, ",") + "]\n"
	case compact:
		return `{"kind":"List","apiVersion":"v1","items":[` + strings.Join(all, ",") + "]}\n"
	case list == 1:
		return "[\n        " + strings.Join(all, ",\n        ") + "\n]\n"
	default:
		return "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        " + strings.Join(all, ",\n        ") + "\n    ],\n    \"kind\": \"List\"\n}\n"
	}
}

// damage changes something in the text of an object.
func damage(c *choices, in *input, text string) string {
	at := c.n(len(text))
	switch c.n(7) {
	case 0:
		in.how = "a byte that is no text"
		return text[:at] + []string{"\xff", "\x00", "\xc3"}[c.n(3)] + text[at:]
	case 1:
		in.how = "a bracket or quote more"
		return text[:at] + []string{"{", "}", "[", "]", "\"", "'", ",", ":", "*", "\t"}[c.n(10)] + text[at:]
	case 2:
		in.how = "a character less"
		return text[:at] + text[min(len(text), at+1):]
	case 3:
		in.how = "a line less"
		lines := strings.SplitAfter(text, "\n")
		n := c.n(len(lines))
		if len(lines) == 1 {
			return text // there would be no object
		}
		return strings.Join(slices.Delete(lines, n, n+1), "")
	case 4:
		in.how = "the end is missing"
		return text[:max(at, 20)]
	case 5:
		in.how = "a redacted value"
		return strings.Replace(text, []string{"Running", "main", "\"", "v1"}[c.n(4)], "***HIDDEN***", 1)
	default:
		in.how = "a field of another type"
		return strings.NewReplacer("Running", "{}", "\"Running\"", "[1]").Replace(text)
	}
}

func encode(c *choices, text string) []byte {
	text = strings.ReplaceAll(text, "\n", []string{"\n", "\r\n", "\r"}[c.n(3)])
	switch c.n(5) {
	case 1:
		return []byte("\ufeff" + text)
	case 2, 3:
		order := []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}[c.n(2)]
		var all bytes.Buffer
		for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
			_ = binary.Write(&all, order, unit)
		}
		return all.Bytes()
	}
	return []byte(text)
}

// outcome is the result of reading an input.
type outcome struct {
	served map[string]string // service accounts by namespace/name
	twice  []string
	report snapshot.Report
}

func readFile(t *testing.T, text []byte) outcome {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return readPath(t, path)
}

func readPath(t *testing.T, path string) outcome {
	t.Helper()
	o := outcome{served: map[string]string{}}
	resources := []generators.Resource{&generators.Pods}
	var err error
	o.report, err = snapshot.Read(path, resources, scheme, nil, func(_ schema.GroupVersionKind, object runtime.Object) error {
		m := object.(metav1.Object)
		name := m.GetNamespace() + "/" + m.GetName()
		if _, ok := o.served[name]; ok {
			o.twice = append(o.twice, name)
		}
		o.served[name] = object.(*corev1.Pod).Spec.ServiceAccountName
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// named reports whether a failure names an object.
func (o outcome) named(name string) bool {
	for _, f := range o.report.Files {
		for _, failure := range f.Failures {
			if strings.Contains(failure, name+":") {
				return true
			}
		}
	}
	return false
}

func (o outcome) failures() (all []string) {
	for _, f := range o.report.Files {
		all = append(all, f.Failures...)
		if f.Err != nil {
			all = append(all, f.Err.Error())
		}
		if f.StrayLines > 0 {
			all = append(all, f.FirstStray)
		}
	}
	return all
}

// checkInput holds that each object of an input is either served or named.
func checkInput(t *testing.T, in input) {
	t.Helper()
	o := readFile(t, in.text)
	said := o.failures()
	wrong := func(format string, args ...any) {
		t.Helper()
		t.Errorf("%s: %s\nserved: %v\nsaid: %q\nskipped: %v\n%s", in.how, fmt.Sprintf(format, args...), o.served, said, o.report.SkippedKinds(), in.plain)
	}
	if len(o.twice) > 0 {
		wrong("%v came twice", o.twice)
	}
	for i, name := range in.names {
		account, served := o.served[name]
		named := o.named(name)
		switch {
		case served && named:
			wrong("%s is served and named", name)
		case name == in.damaged:
		case !served && !named:
			wrong("%s is neither served nor named", name)
		case served && account != fmt.Sprintf("of-%d", i):
			wrong("%s is served with %q", name, account)
		case in.damaged == "" && named:
			wrong("%s is named, and nothing is wrong with it", name)
		}
	}
	if _, served := o.served[in.damaged]; in.damaged != "" && !served && len(said) == 0 && len(o.report.Skipped) == 0 && len(o.served) < len(in.names) {
		wrong("%s is lost without a word", in.damaged)
	}
}

// TestEveryObject reads random inputs.
func TestEveryObject(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1500 {
		data := make([]byte, 128)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if checkInput(t, makeInput(&choices{data})); t.Failed() {
			return
		}
	}
}

// FuzzEveryObject is TestEveryObject with inputs of the fuzzer's choice.
func FuzzEveryObject(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03\x00\x01\x00\x02\x00\x01\x00\x01\x00\x05\x00"))
	f.Fuzz(func(t *testing.T, data []byte) { checkInput(t, makeInput(&choices{data})) })
}
