package e2e

import (
	"fmt"
	"testing"
)

// testStandbyPairs has a Prometheus discover the shards of the overlay sharded-available, of two replicas
// each, and scrape all of them each second. A shard whose replica is killed is back within the duration of
// the Lease, and nothing else leaves a gap or doubles series for longer than a handover.
func testStandbyPairs(t *testing.T) {
	s := newStandby(t, "overlays/sharded-available", 4, 2)
	s.during(t, "killed leader (SIGKILL)", leased+3*second, 0, func() {
		s.d.host.kill(s.holder(t))
		s.settled(t, "v0.1.0")
	})
	s.during(t, "rolling update", 0, orderly, func() {
		s.d.k.run(t, "set", "image", "statefulset/kubestate", "kubestate=ghcr.io/kubestate/kubestate:next", "-n", s.d.namespace)
		s.settled(t, "next")
	})
	s.during(t, "leader cut off", 0, faultTime(t), func() { s.cutOff(t, faultTime(t)) })
	for _, replicas := range []int{6, 4} {
		s.replicas, s.shards = replicas, replicas/2
		s.during(t, fmt.Sprintf("scaled to %d shards", s.shards), 0, 2*orderly, func() { // two handovers, one after the other
			s.d.k.run(t, "scale", "statefulset", "kubestate", fmt.Sprint("--replicas=", replicas), "-n", s.d.namespace)
			s.settled(t, "next")
		})
	}
	s.report(t)
}
