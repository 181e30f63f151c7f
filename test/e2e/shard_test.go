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

// choosing is the feature by which an API server sends a shard alone.
const choosing = "ShardedListAndWatch=true"

// TestShards holds that shards divide what one kubestate serves without them:
// together they have the same series, and none is in two. So it is with an API
// server that chooses the objects of a shard, with one that does not, and when one
// takes the place of the other.
func TestShards(t *testing.T) {
	const pods = 1200 // several pages
	c := cluster.Start(t, cluster.Options{FeatureGates: []string{choosing}})
	names, err := c.Populate(t.Context(), pods)
	must(t, err)
	whole := start(t, c.Kubeconfig)
	await(t, settling, whole.Ready, whole.Process)

	lasting := startShards(t, c, 3)
	shareOut := func(t *testing.T, chosen float64) {
		for _, total := range []int{1, 2, 3, 4, 7} {
			t.Run(fmt.Sprint(total), func(t *testing.T) {
				shards := startShards(t, c, total)
				wantParts(t, whole, shards...)
				for _, shard := range shards {
					wantChosen(t, shard, total, chosen)
				}
			})
		}
		t.Run("listed in pages", func(t *testing.T) {
			shards := startShards(t, c, 2, "--object-limit=1000000")
			wantParts(t, whole, shards...)
			for _, shard := range shards {
				wantChosen(t, shard, 2, chosen)
			}
		})
	}
	t.Run("chosen by the API server", func(t *testing.T) { shareOut(t, 1) })
	must(t, c.RestartAPIServer(t.Context()))
	t.Run("chosen here", func(t *testing.T) { shareOut(t, 0) })

	// Those that were there all the time.
	change := func(i int) {
		t.Helper()
		name := types.NamespacedName{Namespace: names[i].Namespace, Name: fmt.Sprint("late-", i)}
		_, err := c.Client.CoreV1().Pods(name.Namespace).Create(t.Context(), pod(name), metav1.CreateOptions{})
		must(t, err)
		must(t, c.Client.CoreV1().Pods(names[i].Namespace).Delete(t.Context(), names[i].Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)}))
	}
	change(0)
	wantParts(t, whole, lasting...)
	must(t, c.RestartAPIServer(t.Context(), choosing))
	change(1)
	wantParts(t, whole, lasting...)
	must(t, c.KillAPIServer())
	must(t, c.CompactEtcd(t.Context()))
	must(t, c.StartAPIServer(t.Context()))
	change(2)
	wantParts(t, whole, lasting...)
	t.Run("by node", func(t *testing.T) { checkNodes(t, c, whole) })
}

// checkNodes holds that the pods of a node, or of none, are served alone and as they
// are with all.
func checkNodes(t *testing.T, c *cluster.Cluster, whole *exporter.Exporter) {
	nodes, err := c.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{Limit: 1})
	must(t, err)
	for flag, labelled := range map[string]string{
		"--node=" + nodes.Items[0].Name: fmt.Sprintf("node=%q", nodes.Items[0].Name),
		"--track-unscheduled-pods":      `node=""`,
	} {
		e := start(t, c.Kubeconfig, "--resources=pods", flag)
		await(t, settling, e.Ready, e.Process)
		await(t, settling, func(ctx context.Context) error {
			all, err := whole.Scrape(ctx, "pods")
			if err != nil {
				return err
			}
			got, err := e.Scrape(ctx)
			if err != nil {
				return err
			}
			return nodeServed(all, got, labelled)
		}, e.Process, whole.Process)
	}
}

// nodeServed says what got lacks or has too much, if it is to be that of the pods
// whose kube_pod_info has the label.
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

// startShards runs all of so many shards, and returns when they are ready.
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

// wantParts fails the test unless the parts come to have together what the whole
// has, and no two of them the same.
func wantParts(t *testing.T, whole *exporter.Exporter, parts ...*exporter.Exporter) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		want, err := whole.Scrape(ctx)
		if err != nil {
			return err
		}
		got := exporter.Series{}
		for i, part := range parts {
			series, err := part.Scrape(ctx)
			if err != nil {
				return err
			}
			for name, value := range series {
				if _, twice := got[name]; twice {
					return fmt.Errorf("shard %d of %d has what another has: %s", i, len(parts), name)
				}
				got[name] = value
			}
			if len(parts) > 1 && len(series) > len(want)*3/2/len(parts) {
				return fmt.Errorf("shard %d of %d has %d series of %d", i, len(parts), len(series), len(want))
			}
		}
		if maps.Equal(want, got) {
			return nil
		}
		return fmt.Errorf("%d series, want %d; missing:\n%s", len(got), len(want), firstOf(want, got))
	}, whole.Process)
}

// firstOf gives some of the series that got has not, or has another value of.
func firstOf(want, got exporter.Series) []string {
	var missing []string
	for name, value := range want {
		if is, ok := got[name]; (!ok || is != value) && len(missing) < 5 {
			missing = append(missing, name)
		}
	}
	return slices.Sorted(slices.Values(missing))
}

// wantChosen fails the test unless the shard says of how many it is one, and
// whether the API server chooses for it.
func wantChosen(t *testing.T, shard *exporter.Exporter, total int, chosen float64) {
	t.Helper()
	self, err := shard.Self(t.Context())
	must(t, err)
	if got := self["kube_state_metrics_total_shards"]; got != float64(total) {
		t.Errorf("it is one of %v shards, want %d", got, total)
	}
	got, known := self[`kubestate_shard_server_filtered{resource="pods"}`]
	if known != (total > 1) || known && got != chosen {
		t.Errorf("of %d: whether the API server chooses is %v, %v", total, got, known)
	}
	skipped := 0.0
	for _, resource := range []string{"pods", "configmaps", "secrets", "services"} {
		n := self[fmt.Sprintf("kubestate_shard_skipped_objects_total{resource=%q}", resource)]
		if total > 1 && (n > 0) == (chosen == 1) {
			t.Errorf("of %d: %v %s were skipped", total, n, resource)
		}
		skipped += n
	}
	if total > 1 && chosen == 0 && skipped < 1200/2*0.8 {
		t.Errorf("of %d: only %v objects were skipped", total, skipped)
	}
}
