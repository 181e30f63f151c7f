package e2e

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// filtersShards is the feature gate for API servers that filter by shard.
const filtersShards = "ShardedListAndWatch=true"

// testShards holds that shards divide the series of an unsharded kubestate, without repeats: with
// an API server that filters by shard, with one that does not, and when one replaces the other.
func testShards(t *testing.T) {
	const pods = 1200 // several pages
	c := cluster.Start(t, cluster.Options{FeatureGates: []string{filtersShards}})
	names, err := c.Populate(t.Context(), pods)
	must(t, err)
	unsharded := start(t, c.Kubeconfig)
	await(t, settling, unsharded.Ready, unsharded.Process)

	lasting := startShards(t, c, 3)
	shareOut := func(t *testing.T, filtered float64) {
		for _, total := range []int{1, 2, 3, 4, 7} {
			t.Run(fmt.Sprint(total), func(t *testing.T) {
				shards := startShards(t, c, total)
				wantShards(t, unsharded, shards...)
				for _, shard := range shards {
					wantFiltered(t, shard, total, filtered)
				}
			})
		}
		t.Run("listed in pages", func(t *testing.T) {
			shards := startShards(t, c, 2, "--object-limit=1000000")
			wantShards(t, unsharded, shards...)
			for _, shard := range shards {
				wantFiltered(t, shard, 2, filtered)
			}
		})
	}
	t.Run("filtered by the API server", func(t *testing.T) { shareOut(t, 1) })
	must(t, c.RestartAPIServer(t.Context()))
	t.Run("filtered here", func(t *testing.T) { shareOut(t, 0) })

	// The shards that ran all the time.
	change := func(i int) {
		t.Helper()
		name := types.NamespacedName{Namespace: names[i].Namespace, Name: fmt.Sprint("late-", i)}
		_, err := c.Client.CoreV1().Pods(name.Namespace).Create(t.Context(), pod(name), metav1.CreateOptions{})
		must(t, err)
		must(t, c.Client.CoreV1().Pods(names[i].Namespace).Delete(t.Context(), names[i].Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
	}
	change(0)
	wantShards(t, unsharded, lasting...)
	must(t, c.RestartAPIServer(t.Context(), filtersShards))
	change(1)
	wantShards(t, unsharded, lasting...)
	must(t, c.KillAPIServer())
	must(t, c.CompactEtcd(t.Context()))
	must(t, c.StartAPIServer(t.Context()))
	change(2)
	wantShards(t, unsharded, lasting...)
	t.Run("by node", func(t *testing.T) { checkNodes(t, c, unsharded) })
}

// checkNodes holds that the pods of a node, and those without a node, are served with the same
// series as among all pods.
func checkNodes(t *testing.T, c *cluster.Cluster, unsharded *exporter.Exporter) {
	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{Limit: 1})
	must(t, err)
	for flag, labelled := range map[string]string{
		"--node=" + nodes.Items[0].Name: fmt.Sprintf("node=%q", nodes.Items[0].Name),
		"--track-unscheduled-pods":      `node=""`,
	} {
		e := start(t, c.Kubeconfig, "--resources=pods", flag)
		await(t, settling, e.Ready, e.Process)
		await(t, settling, func(ctx context.Context) error {
			all, err := unsharded.Scrape(ctx, "pods")
			if err != nil {
				return err
			}
			got, err := e.Scrape(ctx)
			if err != nil {
				return err
			}
			return nodeServed(all, got, labelled)
		}, e.Process, unsharded.Process)
	}
}

// nodeServed returns an error unless got has exactly the series of the pods whose kube_pod_info has
// the label.
func nodeServed(all, got exporter.Series, label string) error {
	want, has := set(slices.Values(all.Containing("kube_pod_info{", label))), set(slices.Values(got.Containing("kube_pod_info{")))
	if len(want) < 3 || !maps.Equal(want, has) {
		return fmt.Errorf("%d pods with %s, want %d", len(has), label, len(want))
	}
	for name, value := range got {
		if unfiltered, ok := all[name]; !ok || unfiltered != value {
			return fmt.Errorf("%s is %v, without the filter %v, %v", name, value, unfiltered, ok)
		}
	}
	return nil
}

// startShards runs all shards, and returns when they are ready.
func startShards(t *testing.T, c *cluster.Cluster, total int, args ...string) []*exporter.Exporter {
	t.Helper()
	var shards []*exporter.Exporter
	for i := range total {
		shards = append(shards, start(t, c.Kubeconfig, append(args, fmt.Sprint("--shard=", i), fmt.Sprint("--total-shards=", total))...))
	}
	for _, shard := range shards {
		await(t, settling, shard.Ready, shard.Process)
	}
	return shards
}

// wantShards fails the test unless the shards come to have the series of the unsharded kubestate,
// each once.
func wantShards(t *testing.T, unsharded *exporter.Exporter, shards ...*exporter.Exporter) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		want, err := unsharded.Scrape(ctx)
		if err != nil {
			return err
		}
		got := exporter.Series{}
		for i, shard := range shards {
			series, err := shard.Scrape(ctx)
			if err != nil {
				return err
			}
			for name, value := range series {
				if _, twice := got[name]; twice {
					return fmt.Errorf("shard %d of %d repeats %s", i, len(shards), name)
				}
				got[name] = value
			}
			if len(shards) > 1 && len(series) > len(want)*3/2/len(shards) {
				return fmt.Errorf("shard %d of %d has %d series of %d", i, len(shards), len(series), len(want))
			}
		}
		if maps.Equal(want, got) {
			return nil
		}
		return fmt.Errorf("%d series, want %d; missing:\n%s", len(got), len(want), someMissing(want, got))
	}, unsharded.Process)
}

// someMissing returns some of the series that got lacks, or has with another value.
func someMissing(want, got exporter.Series) []string {
	var missing []string
	for name, value := range want {
		if is, ok := got[name]; (!ok || is != value) && len(missing) < 5 {
			missing = append(missing, name)
		}
	}
	return slices.Sorted(slices.Values(missing))
}

// wantFiltered checks the shard's metrics: the number of shards, and whether the API server filters.
func wantFiltered(t *testing.T, shard *exporter.Exporter, total int, filtered float64) {
	t.Helper()
	self, err := shard.Self(t.Context())
	must(t, err)
	if got := self["kube_state_metrics_total_shards"]; got != float64(total) {
		t.Errorf("%v shards, want %d", got, total)
	}
	got, known := self[`kubestate_shard_server_filtered{resource="pods"}`]
	if known != (total > 1) || known && got != filtered {
		t.Errorf("of %d shards: filtered is %v, %v", total, got, known)
	}
	skipped := 0.0
	for _, resource := range []string{"pods", "configmaps", "secrets", "services"} {
		n := self[fmt.Sprintf("kubestate_shard_skipped_objects_total{resource=%q}", resource)]
		if total > 1 && (n > 0) == (filtered == 1) {
			t.Errorf("of %d shards: %v %s skipped", total, n, resource)
		}
		skipped += n
	}
	if total > 1 && filtered == 0 && skipped < 1200/2*0.8 {
		t.Errorf("of %d shards: only %v objects skipped", total, skipped)
	}
}
