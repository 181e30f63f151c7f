package celexpr_test

import (
	"errors"
	"testing"

	"github.com/kubestate/kubestate/internal/celexpr"
)

func BenchmarkEval(b *testing.B) {
	vars := variables(b)
	for _, text := range []string{
		`object.spec.replicas`,
		`object.?status.?replicas.orValue(0)`,
		`object.status.conditions.exists(c, c.type == "Ready" && c.status == "True")`,
		`quantity(object.spec.memory).asInteger()`,
	} {
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.Eval(vars); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCostLimit measures the time until the cost limit stops an evaluation.
func BenchmarkCostLimit(b *testing.B) {
	vars := celexpr.Variables{Object: make([]any, 1000)}
	for _, text := range []string{
		`object.all(x, object.all(y, x == y))`,
		`object.map(x, object.map(y, y))`,
	} {
		p, err := celexpr.Compile(text, celexpr.Any)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				if _, err := p.Eval(vars); !errors.Is(err, celexpr.ErrCostLimit) {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := celexpr.Compile(`object.?status.?replicas.orValue(0)`, celexpr.Scalar); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	b.SetBytes(int64(len(widget)))
	for b.Loop() {
		if _, err := celexpr.Decode([]byte(widget)); err != nil {
			b.Fatal(err)
		}
	}
}
