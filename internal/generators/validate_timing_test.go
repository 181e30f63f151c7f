package generators_test

import (
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// BenchmarkNewRegistry validates all built-in tables, as each start does.
func BenchmarkNewRegistry(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := generators.NewRegistry(generators.Builtin()...); err != nil {
			b.Fatal(err)
		}
	}
}
