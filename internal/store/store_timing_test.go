package store_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/internal/store"
)

// pods are the rendered pods of a golden cluster.
type pods struct {
	families []store.Family
	lines    [][][]string // by pod and family
	uids     []string
}

var uidLabel = regexp.MustCompile(`uid="([^"]+)"`)

func goldenPods(b *testing.B) pods {
	b.Helper()
	f, err := os.Open("../generators/testdata/golden/plain-60/pods.prom.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		b.Fatal(err)
	}
	var p pods
	byName, byUID := map[string]int{}, map[string]int{}
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, _, _ = strings.Cut(name, " ")
			byName[name] = len(p.families)
			p.families = append(p.families, store.Family{Name: name, Header: []byte(line)})
		}
	}
	for line := range strings.Lines(string(text)) {
		m := uidLabel.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		pod, ok := byUID[m[1]]
		if !ok {
			pod = len(p.uids)
			byUID[m[1]] = pod
			p.uids = append(p.uids, m[1])
			p.lines = append(p.lines, make([][]string, len(p.families)))
		}
		name, _, _ := strings.Cut(line, "{")
		p.lines[pod][byName[name]] = append(p.lines[pod][byName[name]], line)
	}
	return p
}

// rendered returns a copy of a pod with the n-th uid, in a state.
func (p pods) rendered(n, state int) store.Rendered {
	pod := n % len(p.uids)
	uid := fmt.Sprintf("%08x%s", n*2654435761&0xffffffff, p.uids[pod][8:])
	r := store.Rendered{UID: uid}
	for i, lines := range p.lines[pod] {
		for _, line := range lines {
			line = strings.Replace(line, p.uids[pod], uid, 1)
			if strings.Contains(p.families[i].Name, "_status_ready") {
				line = fmt.Sprintf("%s %d\n", line[:strings.LastIndexByte(line, ' ')], state)
			}
			r.Text = append(r.Text, line...)
		}
		r.Ends = append(r.Ends, len(r.Text))
	}
	return r
}

const benchPods = 5000

func filled(b *testing.B) (*store.Resource, pods) { return filledInParts(b, 1) }

func filledInParts(b *testing.B, parts int) (*store.Resource, pods) {
	b.Helper()
	p := goldenPods(b)
	r := store.NewResourceInParts(parts, "pods", p.families, 1)
	g := r.Partitions()[0].Begin()
	for n := range benchPods {
		g.Set(p.rendered(n, 1))
	}
	r.Partitions()[0].Replace(g)
	return r, p
}

// BenchmarkResponse writes a response of 5,000 pods. The references copy and compress the same text.
func BenchmarkResponse(b *testing.B) {
	r, _ := filled(b)
	var text strings.Builder
	if err := store.NewResponse([]store.View{r.View()}, "").WriteText(&text); err != nil {
		b.Fatal(err)
	}
	whole := []byte(text.String())
	for name, write := range map[string]func(*store.Response) error{
		"gzip":           func(a *store.Response) error { return a.WriteGzip(io.Discard) },
		"text":           func(a *store.Response) error { return a.WriteText(io.Discard) },
		"reference-copy": func(*store.Response) error { _, err := io.Discard.Write(append([]byte(nil), whole...)); return err },
		"reference-gzip": func(*store.Response) error {
			z, err := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed)
			if err == nil {
				_, err = z.Write(whole)
			}
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(whole)))
			for b.Loop() {
				if err := write(store.NewResponse([]store.View{r.View()}, "")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	s := r.Stats()
	b.Logf("%d bytes of text in %d bytes, %d blocks", len(whole), s.CompressedBytes, s.CompressedBlocks)
}

// BenchmarkParts writes all parts of a response of 5,000 pods one after another, 1 for the whole: a
// number of parts, and that by which the store is arranged.
func BenchmarkParts(b *testing.B) {
	for _, arranged := range []int{1, 8, 64} {
		r, _ := filledInParts(b, arranged)
		for _, n := range []int{1, 8, 64} {
			for _, encoding := range []string{"gzip", "text"} {
				b.Run(fmt.Sprintf("arranged=%d/parts=%d/%s", arranged, n, encoding), func(b *testing.B) {
					size := int64(0)
					for b.Loop() {
						size = writeParts(b, r, n, encoding == "gzip")
					}
					b.ReportMetric(float64(size)/float64(n), "B/part")
				})
			}
		}
	}
}

// writeParts writes n parts and returns their size.
func writeParts(b *testing.B, r *store.Resource, n int, compressed bool) (size int64) {
	for i := range n {
		part := store.NewResponse(store.Views([]*store.Resource{r}, store.Selection{Part: store.Part{Index: i, Of: n}}), "")
		length, write := part.Size(), part.WriteText
		if compressed {
			length, write = part.GzipSize(), part.WriteGzip
		}
		size += length
		if err := write(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	return size
}

// BenchmarkManyResources writes a response of 39 resources with 8 families each: without a union,
// with a union of all resources, and with a union that may repeat series.
func BenchmarkManyResources(b *testing.B) {
	const resources, objects = 39, 100
	for _, c := range []struct {
		name   string
		shared bool
		repeat bool
	}{{"apart", false, false}, {"shared", true, false}, {"unique", true, true}} {
		b.Run(c.name, func(b *testing.B) {
			var all []*store.Resource
			for n := range resources {
				r := manyResource(n, objects, c.shared, c.repeat)
				compactAll(r)
				all = append(all, r)
			}
			b.ReportAllocs()
			for b.Loop() {
				views := make([]store.View, 0, resources)
				for _, r := range all {
					views = append(views, r.View())
				}
				if err := store.NewResponse(views, "").WriteGzip(io.Discard); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkClusters writes a response of 40 clusters with 39 resources of 8 families each, as one, and as
// a response for each cluster.
func BenchmarkClusters(b *testing.B) {
	const clusters, resources, objects = 40, 39, 10
	var all [][]*store.Resource
	for range clusters {
		var of []*store.Resource
		for n := range resources {
			r := manyResource(n, objects, false, false)
			compactAll(r)
			of = append(of, r)
		}
		all = append(all, of)
	}
	write := func(b *testing.B, resources []*store.Resource) {
		if err := store.NewResponse(store.Views(resources, store.Selection{}), "").WriteGzip(io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			write(b, slices.Concat(all...))
		}
	})
	b.Run("each", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			for _, of := range all {
				write(b, of)
			}
		}
	})
}

// manyResource returns the n-th resource of BenchmarkManyResources.
func manyResource(n, objects int, shared, repeat bool) *store.Resource {
	var families []store.Family
	for f := range 8 {
		name := fmt.Sprintf("kube_resource%d_family%d", n, f)
		if f == 0 && shared {
			name = "kube_resource_info"
		}
		families = append(families, store.Family{Name: name, Header: []byte("# TYPE " + name + " gauge\n"), MayRepeat: f == 0 && repeat})
	}
	r := store.NewResource(fmt.Sprint("resource", n), families, 1)
	for o := range objects {
		object := store.Rendered{UID: uidOf("object", o)}
		for _, family := range families {
			object.Text = fmt.Appendf(object.Text, "%s{namespace=\"namespace-%d\",name=\"object-%d-%d\"} 1\n", family.Name, o/10, n, o)
			object.Ends = append(object.Ends, len(object.Text))
		}
		r.Partitions()[0].Set(object)
	}
	return r
}

// BenchmarkUpdate changes the readiness of pods in turn, with a compaction after a number of
// updates.
func BenchmarkUpdate(b *testing.B) {
	for _, every := range []int{1, 100, benchPods * 10} {
		b.Run(fmt.Sprintf("compacted-every-%d", every), func(b *testing.B) {
			r, p := filled(b)
			part := r.Partitions()[0]
			var states [2][]store.Rendered
			for n := range benchPods {
				states[0] = append(states[0], p.rendered(n, 0))
				states[1] = append(states[1], p.rendered(n, 1))
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				part.Set(states[(i/benchPods)%2][(i*37)%benchPods])
				if i%every == every-1 {
					for range 6 {
						part.Compact()
					}
				}
			}
		})
	}
}
