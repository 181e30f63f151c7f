package snapshot_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A member is a file of an archive.
type member struct{ name, text string }

func tarGz(t testing.TB, members ...member) string {
	t.Helper()
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Size: int64(len(m.text)), Mode: 0o600}
		if to, ok := strings.CutPrefix(m.text, "-> "); ok {
			h.Typeflag, h.Linkname, h.Size, m.text = tar.TypeSymlink, to, 0, ""
		}
		check(t, w.WriteHeader(h))
		_, err := w.Write([]byte(m.text))
		check(t, err)
	}
	check(t, w.Close())
	return gz(t, all.String())
}

func gz(t testing.TB, text string) string {
	t.Helper()
	var all bytes.Buffer
	w := gzip.NewWriter(&all)
	_, err := w.Write([]byte(text))
	check(t, err)
	check(t, w.Close())
	return all.String()
}

func zipOf(t testing.TB, members ...member) string {
	t.Helper()
	var all bytes.Buffer
	w := zip.NewWriter(&all)
	for _, m := range members {
		f, err := w.Create(m.name)
		check(t, err)
		_, err = f.Write([]byte(m.text))
		check(t, err)
	}
	check(t, w.Close())
	return all.String()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// podText is a pod in a line.
func podText(name string) string {
	return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: %s}, spec: {serviceAccountName: of-%s}}\n", name, name)
}

// TestArchive reads the files of an archive: those with objects, those that are passed over, those
// that cannot be read.
func TestArchive(t *testing.T) {
	type result struct{ Pods, Ignored, Said []string }
	f := func(data string, want result) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "bundle")
		check(t, os.WriteFile(path, []byte(data), 0o600))
		o := readPath(t, path)
		var got result
		for name := range o.served {
			got.Pods = append(got.Pods, strings.TrimPrefix(name, "shop/"))
		}
		slices.Sort(got.Pods) // of a map
		got.Ignored = o.report.IgnoredKinds()
		for _, file := range o.report.Files {
			name := strings.TrimPrefix(file.Path, path)
			if file.Err != nil {
				got.Said = append(got.Said, name+": "+file.Err.Error())
			}
			for _, failure := range file.Failures {
				got.Said = append(got.Said, name+": "+failure)
			}
			if file.StrayLines > 0 {
				got.Said = append(got.Said, name+": "+file.FirstStray)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	pods := func(names ...string) result { return result{Pods: names} }

	f(gz(t, podText("a")+podText("b")), pods("a", "b"))
	f(tarGz(t, member{"a.yaml", podText("a")}, member{"b", podText("b")}, member{"./c/d.json", podText("c")}), pods("a", "b", "c"))
	f(zipOf(t, member{"a.tgz", tarGz(t, member{"a.yaml", podText("a")}, member{"b.gz", gz(t, podText("b"))})}), pods("a", "b"))
	f(tarGz(t, member{"a.zip", zipOf(t, member{"a.yaml", podText("a")})}), pods("a"))

	// What is not Kubernetes, and names that are skipped.
	f(tarGz(t, member{"a.yaml", podText("a")}, member{"x.log", podText("no")}, member{"x.log.gz", gz(t, podText("no"))}, member{"y.html", podText("no")},
		member{"x.json", `{"lines": [1, 2]}`}, member{"y.json", `["an error"]`}, member{"z.gz", gz(t, "words")}, member{"noise.bin", "\x00\x01\x02"},
		member{"core.1234", "words"}, member{"a.yaml~", podText("no")}, member{"l", "-> a.yaml"}, member{"nothing", ""}),
		result{[]string{"a"}, []string{"3 without extension", "2 .json", "2 .log", "1 .bin", "1 .html", "1 .yaml~", "1 links"}, nil})
	f(tarGz(t, member{"a.yaml", podText("a")}, member{".hidden", podText("no")}, member{"..data/x.yaml", podText("no")}, member{"d/.git/x.yaml", podText("no")},
		member{"__MACOSX/._a.yaml", podText("no")}), pods("a"))

	// What cannot be read.
	f(tarGz(t, member{"a.json", "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"x\"}, \"spec\": 1}"}, member{"b", podText("b")}),
		result{[]string{"b"}, nil, []string{": a.json: line 1, document 1: Pod x: spec: number 1 instead of v1.PodSpec"}})
	f(zipOf(t, member{"in.tar.gz", tarGz(t, member{"pods.json.gz", gz(t, podText("''"))})}, member{"b", podText("b")}),
		result{[]string{"b"}, nil, []string{": in.tar.gz: pods.json.gz: line 1, document 1: Pod shop/: metadata.name: no name"}})
	f(tarGz(t, member{"a\nb.yaml", podText("''")}, member{"../c.yaml", podText("no")}, member{"/d.yaml", podText("d")}),
		result{[]string{"d"}, nil, []string{`: "a\nb.yaml": line 1, document 1: Pod shop/: metadata.name: no name`, ": ../c.yaml: its path leads out of the archive"}})
	f(tarGz(t, member{"a.yaml", strings.Replace(podText("a"), "of-a", "\xff", 1)}, member{"b.yaml", strings.Replace(podText("b"), "of-b", "***HIDDEN***", 1)}),
		result{[]string{"b"}, nil, []string{": a.yaml: line 1, document 1: Pod shop/a: invalid UTF-8"}})
	f(tarGz(t, member{"a.json", string([]byte{0xff, 0xfe, 0, 0, 'a', 0, 0, 0})}, member{"a", string([]byte{0xff, 0xfe, 0, 0, 'a', 0, 0, 0})}, member{"b.yaml", podText("b")}),
		result{[]string{"b"}, []string{"1 without extension"}, []string{": a.json: is UTF-32: convert it to UTF-8, for example with iconv"}})
	f(tarGz(t, member{"a.gz", "\x1f\x8b\x08\x00words, which are no deflate data"}, member{"b.zip", "PK\x03\x04"}, member{"c.7z", "7z\xbc\xaf\x27\x1c"}, member{"d", podText("d")}),
		result{[]string{"d"}, nil, []string{": a.gz: flate: corrupt input before offset 5", ": b.zip: zip: not a valid zip file", ": c.7z: is a 7z archive: unpack it with 7z x"}})

	// One object in several files, and a list in two.
	f(tarGz(t, member{"a", podText("a")}, member{"b", podText("a")}, member{"l1", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {namespace: shop, name: c}\n"},
		member{"l2", "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {namespace: shop, name: d}\n"}), pods("a", "c", "d"))
}

// TestArchiveBeyondLimit refuses an archive, in a folder the archive alone.
func TestArchiveBeyondLimit(t *testing.T) {
	deep := podText("a")
	for range 13 {
		deep = gz(t, deep)
	}
	deep = zipOf(t, member{"b.yaml", podText("b")}, member{"pods.json.gz", deep}, member{"c.yaml", podText("c")})
	dir := t.TempDir()
	path := filepath.Join(dir, "bundle.zip")
	check(t, os.WriteFile(path, []byte(deep), 0o600))
	check(t, os.WriteFile(filepath.Join(dir, "d.yaml"), []byte(podText("d")), 0o600))
	const why = "bundle.zip: pods.json.gz: archives are nested deeper than 12 formats"
	o := readPath(t, path)
	if o.report.Err == nil || !strings.HasSuffix(o.report.Err.Error(), why) {
		t.Errorf("alone: %v", o.report.Err)
	}
	o = readPath(t, dir)
	if failure := o.report.Failure(); o.report.Err != nil || failure == nil || !strings.HasSuffix(failure.Error(), why) {
		t.Errorf("in a folder: %v, %v", o.report.Err, failure)
	}
	if d := cmp.Diff(map[string]string{"shop/b": "of-b", "shop/d": "of-d"}, o.served); d != "" {
		t.Errorf("in a folder (-want +got):\n%s", d)
	}
}

// pack packs the text of an input into archives of chosen forms, and cuts them off if chosen.
func pack(t *testing.T, c *choices, text string) (packed string, cut bool) {
	members := []member{{"readme.md", "words"}, {"pods.yaml", text}, {"x.log", "words"}}
	for range 1 + c.n(3) {
		switch c.n(3) {
		case 0:
			members = []member{{"in.zip", zipOf(t, members...)}, {"more.txt", "words"}}
		case 1:
			members = []member{{"in.tgz", tarGz(t, members...)}}
		default:
			for i, m := range members {
				members[i].text = gz(t, m.text)
			}
		}
	}
	packed = tarGz(t, members...)
	if c.coin() {
		packed = zipOf(t, members...)
	}
	if cut = c.coin(); cut {
		packed = packed[:c.n(len(packed))]
	}
	return packed, cut
}

// checkPacked holds that what is served and said of an archive is what is served and said of its
// text, and that a cut costs objects with a word only.
func checkPacked(t *testing.T, c *choices) {
	t.Helper()
	in := makeInput(c)
	packed, cut := pack(t, c, string(in.text))
	plain, got := readFile(t, in.text), readPacked(t, packed)
	if !cut {
		if d := cmp.Diff(plain.served, got.served); d != "" && strings.Contains(in.plain, "apiVersion") {
			t.Errorf("%s: served (-plain +packed):\n%s\n%q\n%v %v", in.how, d, in.text, got.failures(), got.report.Ignored)
		}
		return
	}
	for name, account := range got.served {
		if of, ok := plain.served[name]; !ok || of != account {
			t.Errorf("%s: %s is served with %q", in.how, name, account)
		}
	}
	if len(got.served) < len(plain.served) && len(got.failures()) == 0 && len(packed) >= 512 {
		t.Errorf("%s: only %d of %d objects are served, without a report", in.how, len(got.served), len(plain.served))
	}
}

func readPacked(t *testing.T, packed string) outcome {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bundle")
	check(t, os.WriteFile(path, []byte(packed), 0o600))
	return readPath(t, path)
}

// TestEveryPackedObject reads random inputs in random archives.
func TestEveryPackedObject(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		data := make([]byte, 160)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if checkPacked(t, &choices{data}); t.Failed() {
			return
		}
	}
}

// FuzzEveryPackedObject is TestEveryPackedObject with inputs of the fuzzer's choice.
func FuzzEveryPackedObject(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("\x03\x00\x01\x00\x02\x00\x01\x00\x01\x00\x05\x00"))
	f.Fuzz(func(t *testing.T, data []byte) { checkPacked(t, &choices{data}) })
}

// TestLargeObjects reads objects that would fill the memory, in all forms: each is named, and the
// others are served.
func TestLargeObjects(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and long with the race detector")
	}
	large := strings.Repeat("a", 17<<20)
	f := func(text string, want ...string) {
		t.Helper()
		o := readPacked(t, tarGz(t, member{"a.yaml", text}))
		if d := cmp.Diff(map[string]string{"shop/b": "of-b"}, o.served); d != "" {
			t.Errorf("served (-want +got):\n%s", d)
		}
		if d := cmp.Diff(want, append(o.failures(), o.report.SkippedKinds()...)); d != "" {
			t.Errorf("said (-want +got):\n%s", d)
		}
	}
	b := podText("b")
	f(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "x": "`+large+"\"}\n"+b, "line 1, document 1: Pod a: is larger than 16 MiB")
	f(`{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "x": `+strings.Repeat("[", 17<<20)+strings.Repeat("]", 17<<20)+"}\n"+b, "line 1, document 1: Pod a: is larger than 16 MiB")
	f(`{"apiVersion": "v1", "kind": "Other", "x": "`+large+"\"}\n"+b, "1 v1/Other")
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx: "+large+"\n---\n"+b, "line 1, document 1: Pod a: is larger than 16 MiB")
	f("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx: |\n"+strings.Repeat("  a\n", 5<<20)+"---\n"+b, "line 1, document 1: Pod a: is larger than 16 MiB")
	f("apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a}\n  x: "+large+"\n- "+b, "line 4, document 1, item 1: Pod a: is larger than 16 MiB")
	f("apiVersion: v1\nkind: List\nitems: [{x: "+large+"}]\n---\n"+b, "line 1, document 1: List: is larger than 16 MiB")
	f(b + "# " + large + "\n")
	f(b+large, "line 2: "+large[:80]+"...")
}

// TestDump passes over the logs that kubectl cluster-info dump prints between objects.
func TestDump(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		o := readFile(t, []byte(text))
		got := []string{}
		for name := range o.served {
			got = append(got, strings.TrimPrefix(name, "shop/"))
		}
		slices.Sort(got) // of a map
		if d := cmp.Diff(append([]string{}, want...), got); d != "" || len(o.failures()) > 0 {
			t.Errorf("%s\nsaid %q (-want +got):\n%s", text, o.failures(), d)
		}
	}
	const start, end = "==== START logs for container main of pod shop/a ====\n", "==== END logs for container main of pod shop/a ====\n"
	f(podText("a")+start+"words\n"+podText("no")+"{\"unclosed\n"+end+podText("b"), "a", "b")
	f("apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: a}\n"+start+"kind: x\n---\n"+end+"---\n"+podText("b"), "a", "b")
	f(podText("a")+start+"no line end"+end+start+end+podText("b"), "a", "b")
	f(podText("a")+start+podText("no"), "a")
}
