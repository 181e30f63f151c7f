package generators_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// typical has objects of a large cluster with all fields that controllers and kubelets write, at
// most eight of a resource.
var typical = cluster{folder: "synthetic-64"}

// BenchmarkReceive decodes objects, with and without cutting.
func BenchmarkReceive(b *testing.B) {
	for _, r := range registry.Resources() {
		wires := typicalWires(b, r)
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

// typicalWires returns the wire forms of the typical objects of r.
func typicalWires(tb testing.TB, r generators.Resource) (wires [][]byte) {
	tb.Helper()
	if _, err := typical.read(r.Describe().Name + ".json"); err != nil {
		return nil
	}
	for _, o := range typical.objects(tb, r) {
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
