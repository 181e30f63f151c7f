package counters_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/counters"
	"github.com/kubestate/kubestate/internal/sharding"
)

// TestDivide holds that counters begin before their increments count, and that those which were kept count
// for the controller that the owner has by then.
func TestDivide(t *testing.T) {
	l, _ := newLedger()
	l.Divide(func(n int) { t.Errorf("%d changes were dropped", n) })
	replicaSet, deployment := counters.Owner{Namespace: "a", Kind: "ReplicaSet", Name: "r"}, counters.Owner{Namespace: "a", Kind: "Deployment", Name: "d"}
	owner := replicaSet
	add := func(version int, restarts int32) {
		l.Add(counters.Entry{Resource: "pods", UID: "u", ResourceVersion: strconv.Itoa(version), Owner: owner, Increments: podIncrements(restarts)})
	}
	at := func(version string) sharding.Cut {
		return sharding.Cut{Ranges: sharding.All(), At: sharding.Positions{"pods": version}}
	}
	f := func(o counters.Owner, unobserved, created string) {
		t.Helper()
		labels := `{namespace="a",workload_kind="` + o.Kind + `",workload="` + o.Name + `"`
		want := []string{
			"container_terminations_total" + labels + `,container="a",reason="Error"} 0`,
			"container_terminations_total" + labels + `,container="a",reason="OOMKilled"} 0`,
		}
		if unobserved != "" {
			want = append(want, "container_terminations_total"+labels+`,container="a",reason="unobserved"} `+unobserved)
		}
		if created != "" {
			want = append(want, "pods_created_total"+labels+"} "+created)
		}
		want = append(want, "pods_deleted_total"+labels+"} 0", "pod_failures_total"+labels+`,reason="Evicted"} 0`)
		expect(t, answer(l, false), want...)
	}
	add(5, 2)
	add(6, 3)
	f(replicaSet, "", "")
	l.Move(replicaSet, deployment)
	owner = deployment
	f(deployment, "", "")
	l.Resume(at("5"))
	f(deployment, "3", "1")
	add(7, 4)
	l.Hold(sharding.All())
	add(8, 1)
	add(9, 1)
	l.Settle(at("8"))
	l.Discard(sharding.All())
	l.Resume(at("9"))
	add(9, 1)
	f(deployment, "8", "3")
}

// TestDivideMoves has pods of ReplicaSets whose Deployment becomes known at any time, while increments are kept
// and counted in turn: all of them count for the Deployment.
func TestDivideMoves(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		l, c := newLedger()
		l.Divide(func(n int) { t.Errorf("%d changes were dropped", n) })
		of := func(kind string, n int) counters.Owner {
			return counters.Owner{Namespace: "n", Kind: kind, Name: fmt.Sprint(kind, n)}
		}
		known, want := map[int]bool{}, map[string]int{}
		learn := func(n int) {
			known[n] = true
			l.Move(of("ReplicaSet", n), of("Deployment", n))
		}
		held := true
		for i := range 100 {
			n := rnd.IntN(5)
			switch rnd.IntN(10) {
			case 0:
				learn(n)
			case 1:
				if held = !held; held {
					l.Hold(sharding.All())
				} else {
					l.Resume(sharding.Cut{Ranges: sharding.All()})
				}
			case 2:
				c.Time = c.Add(time.Minute)
				l.Sweep(func(counters.Owner) bool { return true }, func(uint64) bool { return rnd.IntN(2) == 0 })
			default:
				last := of("ReplicaSet", n)
				if known[n] {
					last = of("Deployment", n)
				}
				owner := l.Resolve(of("ReplicaSet", n), last)
				l.Add(counters.Entry{Resource: "pods", UID: fmt.Sprint(i), ResourceVersion: fmt.Sprint(i + 1), Owner: owner, Increments: podIncrements(0)})
				want[of("Deployment", n).Name]++
			}
		}
		for n := range 5 {
			learn(n)
		}
		l.Resume(sharding.Cut{Ranges: sharding.All()})
		got := map[string]int{}
		for _, line := range answer(l, false) {
			if rest, ok := strings.CutPrefix(line, `pods_created_total{namespace="n",workload_kind="Deployment",workload="`); ok {
				name, value, _ := strings.Cut(rest, `"} `)
				var err error
				if got[name], err = strconv.Atoi(value); err != nil {
					t.Fatal(err)
				}
			} else if strings.Contains(line, "ReplicaSet") {
				t.Errorf("seed %d: %s", seed, line)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("seed %d: created pods (-want +got):\n%s", seed, d)
		}
	}
}
