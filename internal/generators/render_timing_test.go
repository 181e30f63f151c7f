package generators_test

import "testing"

// BenchmarkRender renders the objects of a golden cluster by resource, with all families and
// labels.
func BenchmarkRender(b *testing.B) {
	c := clusters[0]
	for _, r := range c.resources {
		b.Run(r.Describe().Name, func(b *testing.B) {
			objects := c.objects(b, r)
			renderer := r.Compile(c.selection)
			var text []byte
			var ends []int
			written := 0
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				text, ends = renderer.Render(text[:0], ends[:0], objects[i%len(objects)])
				written += len(text)
			}
			b.ReportMetric(float64(written)/float64(b.N), "text-B/op")
		})
	}
}

// BenchmarkDecode decodes the same objects from protobuf, for comparison.
func BenchmarkDecode(b *testing.B) {
	c := clusters[0]
	for _, r := range c.resources {
		b.Run(r.Describe().Name, func(b *testing.B) {
			var wires [][]byte
			var target message
			for _, o := range c.objects(b, r) {
				target = o.(message)
				wire, err := target.Marshal()
				if err != nil {
					b.Fatal(err)
				}
				wires = append(wires, wire)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				target.Reset()
				if err := target.Unmarshal(wires[i%len(wires)]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
