package counters_test

import (
	"strconv"
	"testing"

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
