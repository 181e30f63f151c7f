package generators_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// usual has objects as large clusters have them, with all that controllers and
// kubelets write, eight of a resource at most.
var usual = cluster{folder: "synthetic-64"}

// BenchmarkReceive decodes objects whole, and cuts and decodes them.
func BenchmarkReceive(b *testing.B) {
	for _, r := range registry.Resources() {
		wires := usualWires(b, r)
		if wires == nil {
			continue
		}
		cutter := cutterOf(b, r)
		buffer := make([]byte, len(slices.MaxFunc(wires, func(a, b []byte) int { return len(a) - len(b) })))
		b.Run(r.Describe().Name+"/whole", func(b *testing.B) {
			receive(b, r, wires, buffer, func(b []byte) int { return len(b) })
		})
		b.Run(r.Describe().Name+"/cut", func(b *testing.B) { receive(b, r, wires, buffer, cutter.Object) })
	}
}

// usualWires are the wire forms of the usual objects of r, if there are any.
func usualWires(tb testing.TB, r generators.Resource) (wires [][]byte) {
	tb.Helper()
	if _, err := usual.read(r.Describe().Name + ".json"); err != nil {
		return nil
	}
	for _, o := range usual.objects(tb, r) {
		wires = append(wires, wireForm(tb, o))
	}
	return wires
}

func receive(b *testing.B, r generators.Resource, wires [][]byte, buffer []byte, cut func([]byte) int) {
	object := reflect.TypeOf(empty(b, r)).Elem()
	received, decoded := 0, 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		wire := buffer[:copy(buffer, wires[i%len(wires)])]
		n := cut(wire)
		if err := reflect.New(object).Interface().(message).Unmarshal(wire[:n]); err != nil {
			b.Fatal(err)
		}
		received += len(wire)
		decoded += n
	}
	b.ReportMetric(float64(received)/float64(b.N), "wire-B/op")
	b.ReportMetric(float64(decoded)/float64(b.N), "decoded-B/op")
}
