package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// podInfoOf matches the namespace and the name of each pod.
var podInfoOf = regexp.MustCompile(`(?m)^kube_pod_info\{namespace="([^"]+)",pod="([^"]+)"`)

// TestStandbyShards runs two replicas of each of two shards, with a Lease for each shard: every pod has
// series once, also after a replica that serves has been killed.
func TestStandbyShards(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	names, err := c.Populate(t.Context(), 200)
	must(t, err)
	want := map[string]int{}
	for _, name := range names {
		want[name.Namespace+"/"+name.Name] = 1
	}
	var replicas []*exporter.Exporter
	for shard := range 2 {
		lease := fmt.Sprint("kubestate-", shard)
		_, err := c.Client.CoordinationV1().Leases("default").Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: lease}}, metav1.CreateOptions{})
		must(t, err)
		for i := range 2 {
			log := filepath.Join(t.TempDir(), fmt.Sprintf("%s-%d.log", lease, i))
			e, err := exporter.Start(t.Context(), log, kubestate, "--kubeconfig", c.Kubeconfig, "--resources=pods", "--lease="+lease, "--lease-duration=3s",
				"--pod-namespace=default", fmt.Sprint("--shard=", shard), "--total-shards=2")
			must(t, err)
			t.Cleanup(func() { must(t, e.Kill()) })
			await(t, settling, e.Ready, e.Process)
			replicas = append(replicas, e)
		}
	}
	// once is a condition: the replicas that run have each pod once, and counts are how many each has.
	once := func(counts *[]int) func(context.Context) error {
		return func(ctx context.Context) error {
			got := map[string]int{}
			*counts = nil
			for _, e := range replicas {
				before := len(got)
				if e.Err() == nil {
					_, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
					if err != nil {
						return err
					}
					for _, match := range podInfoOf.FindAllSubmatch(body, -1) {
						got[string(match[1])+"/"+string(match[2])]++
					}
				}
				*counts = append(*counts, len(got)-before)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				return fmt.Errorf("copies of pods (-want +got):\n%s", diff)
			}
			return nil
		}
	}
	var before, after []int
	await(t, settling, once(&before))
	killed := 2
	if before[killed] == 0 {
		killed = 3
	}
	must(t, replicas[killed].Kill())
	await(t, settling, once(&after))
	moved := slices.Clone(before)
	moved[2], moved[3] = moved[3], moved[2]
	if diff := cmp.Diff(moved, after); diff != "" {
		t.Errorf("pods by replica (-want +got):\n%s", diff)
	}
}
