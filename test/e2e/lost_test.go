package e2e

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
)

// TestLostNode loses the node of one of three shards. Another shard takes over all of its share,
// and releases it when the shard has returned, without missing series. Then the Lease is deleted
// and recreated.
func TestLostNode(t *testing.T) {
	t.Parallel()
	const pods = 300
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	_, err := c.Populate(t.Context(), pods)
	must(t, err)
	s := startSet(t, c, 3, 3, "--resources=pods,nodes", "--shard-takeover-after=5s")
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 3) })
	await(t, settling, func(ctx context.Context) error { return s.served(ctx, pods) })

	s.loseNode(t.Context(), shardSet+"-1")
	began := time.Now()
	await(t, settling, func(ctx context.Context) error { return s.served(ctx, pods) })
	t.Logf("all pods are served %s after the loss of a shard", time.Since(began).Round(100*time.Millisecond))
	wantShares(t, s, map[string]float64{shardSet + "-0": 1. / 3, shardSet + "-2": 2. / 3})

	s.findNode(shardSet + "-1")
	await(t, settling, func(ctx context.Context) error {
		// Released ranges have been claimed before: pods are missing in two
		// attempts only if no shard serves them.
		if s.served(ctx, pods) != nil {
			if err := s.served(ctx, pods); err != nil {
				t.Error(err)
			}
		}
		return s.settled(ctx, 3)
	})
	t.Run("lease", func(t *testing.T) { loseLease(t, s) })
}

// served returns an error unless the shards together serve all pods.
func (s *kubelet) served(ctx context.Context, pods int) error {
	seen := map[string]bool{}
	for _, p := range s.shards() {
		series, err := p.Scrape(ctx)
		if err != nil {
			continue // it is not ready, or has ended
		}
		for name := range series {
			if strings.HasPrefix(name, "kube_pod_info{") && !strings.Contains(name, `namespace="`+monitoring+`"`) {
				seen[name] = true
			}
		}
	}
	if len(seen) != pods {
		return fmt.Errorf("%d pods are served, want %d", len(seen), pods)
	}
	return nil
}

// wantShares fails the test unless the shards come to own these shares, as about.
func wantShares(t *testing.T, s *kubelet, want map[string]float64) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		for name, p := range s.shards() {
			self, err := p.Self(ctx)
			if err != nil {
				return err
			}
			if got := self["kubestate_shard_owned_ratio"]; got < want[name]-0.01 || got > want[name]+0.01 {
				return fmt.Errorf("%s owns %v, want %v", name, got, want[name])
			}
		}
		return nil
	})
}

// loseLease deletes the Lease. The shards export that and keep serving; they write their claims
// into a new Lease.
func loseLease(t *testing.T, s *kubelet) {
	missing := func(want float64) func(context.Context) error {
		return func(ctx context.Context) error {
			for name, p := range s.shards() {
				self, err := p.Self(ctx)
				if err != nil {
					return err
				}
				if got := self["kubestate_shard_lease_missing"]; got != want {
					return fmt.Errorf("%s: kubestate_shard_lease_missing %v, want %v", name, got, want)
				}
			}
			return s.settled(ctx, 3)
		}
	}
	leases := s.c.Client.CoordinationV1().Leases(monitoring)
	must(t, leases.Delete(t.Context(), shardSet, metav1.DeleteOptions{}))
	await(t, settling, missing(1))
	_, err := leases.Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: shardSet}}, metav1.CreateOptions{})
	must(t, err)
	await(t, settling, missing(0))
	await(t, settling, func(ctx context.Context) error {
		lease, err := leases.Get(ctx, shardSet, metav1.GetOptions{})
		if err == nil && len(lease.Annotations) != 3 {
			err = fmt.Errorf("claims %v, want three", lease.Annotations)
		}
		return err
	})
}
