package store_test

import (
	"testing"

	"github.com/kubestate/kubestate/internal/store"
)

// BenchmarkBudgets relists and updates 5,000 pods: without budgets, with ones that admit all, and with
// ones that admit a tenth. Balance deletes an admitted pod, which is set again later, and admits the
// oldest withheld one.
func BenchmarkBudgets(b *testing.B) {
	p := goldenPods(b)
	var states [2][]store.Rendered
	series := 0
	for n := range benchPods {
		for state := range states {
			r := p.rendered(n, state)
			r.Created, r.Namespace = int64(n), uidOf("n", n%100)
			states[state] = append(states[state], r)
		}
		for _, lines := range p.lines[n%len(p.uids)] {
			series += len(lines)
		}
	}
	for name, limit := range map[string]int{"off": 0, "on": 2 * series, "over": series / 10} {
		filled := func() *store.Resource {
			r := store.NewResource("pods", p.families, 1)
			if limit > 0 {
				r.LimitSeries(store.Budgets{Series: limit, Namespace: series, Families: map[string]int{"kube_pod_info": benchPods}})
			}
			return r
		}
		relist := func(r *store.Resource, state int) {
			g := r.Partitions()[0].Begin()
			for _, o := range states[state] {
				g.Set(o)
			}
			r.Partitions()[0].Replace(g)
		}
		b.Run("fill/"+name, func(b *testing.B) {
			for b.Loop() {
				relist(filled(), 0)
			}
		})
		r := filled()
		relist(r, 0)
		b.Run("relist/"+name, func(b *testing.B) {
			for b.Loop() {
				relist(r, 0)
			}
		})
		b.Run("update/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.Partitions()[0].Set(states[1-i/benchPods%2][i*37%benchPods])
				if i%100 == 99 {
					r.Compact()
				}
			}
		})
		if limit > 0 {
			b.Run("balance/"+name, func(b *testing.B) {
				for i := 0; b.Loop(); i++ {
					o := states[0][i%benchPods]
					r.Partitions()[0].Delete(o.UID)
					r.Balance()
					r.Partitions()[0].Set(o)
				}
			})
		}
	}
}
