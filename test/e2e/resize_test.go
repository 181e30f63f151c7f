package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
)

// calm is the number of scrapes of every shard between two resizes, with no duplicates.
const calm = 3

// TestResize resizes a StatefulSet of real processes under churn, and judges every scrape of a
// Prometheus.
func TestResize(t *testing.T) {
	t.Parallel()
	const lasting = 300
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	_, err := c.Populate(t.Context(), lasting)
	must(t, err)
	s := startSet(t, c, 4, 1, "--resources=pods,deployments,nodes", "--workload-metrics=attribution")
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 1) })
	p := runPrometheus(t, s.configuration(shardRules(t)))
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, "count("+lastingPods+")")
		if err == nil && got[""] < lasting {
			err = fmt.Errorf("%v pods are scraped, want %d", got, lasting)
		}
		return err
	}, p.Process)

	churning := startChurn(t, c)
	began := time.Now()
	var resized []resize
	s.awaitScrapes(p, began, calm)
	for _, replicas := range []int32{3, 2, 4, 1} {
		asked := time.Now()
		s.resize(t.Context(), replicas)
		over := time.Now()
		resized = append(resized, resize{asked, over, replicas})
		s.awaitScrapes(p, over, calm)
	}
	churning()
	history := recordShards(t, p, began, resized)
	history.check(t, lasting)
	checkWorkloads(t, c, p, began)
	history.draw(t)
	t.Run("kill", func(t *testing.T) { killOne(t, s, p, lasting) })
}

// checkWorkloads checks every scrape of the shards since a time: each pod has the workload that the API
// server's objects say, and has it in the same responses as its other series.
func checkWorkloads(t *testing.T, c *cluster.Cluster, p *prometheus, since time.Time) {
	t.Helper()
	pods, err := c.Client.CoreV1().Pods(metav1.NamespaceAll).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	controllers, err := controllersIn(t.Context(), c)
	must(t, err)
	workloads := map[string]string{}
	for i := range pods.Items {
		workloads[string(pods.Items[i].UID)] = controllers.workload(&pods.Items[i])
	}
	type sample struct {
		shard, uid string
		at         float64
	}
	both := strings.Replace(lastingPods, "kube_pod_info{", `{__name__=~"kube_pod_info|kubestate_pod_workload", `, 1)
	all, err := p.samples(t.Context(), both, since) // in one query: scrapes go on
	must(t, err)
	served, attributed := map[sample]int{}, map[sample]int{}
	for _, series := range all {
		m, seen := series.Metric, served
		if m["__name__"] == "kubestate_pod_workload" {
			seen = attributed
			got := fmt.Sprintf("namespace=%q,workload_kind=%q,workload=%q", m["namespace"], m["workload_kind"], m["workload"])
			if want := workloads[m["uid"]]; got != want {
				t.Errorf("the workload of pod %s was %s, want %s", m["pod"], got, want)
			}
		}
		for _, value := range series.Values {
			seen[sample{m["shard"], m["uid"], value[0].(float64)}]++
		}
	}
	if d := cmp.Diff(served, attributed); d != "" {
		t.Errorf("samples of pods by scrape (-their other series +their workload):\n%.2000s", d)
	}
	t.Logf("%d samples of workloads of pods", len(attributed))
}

// killOne kills one of two shards: the other one keeps serving its share, and alerts fire.
func killOne(t *testing.T, s *kubelet, p *prometheus, pods float64) {
	s.resize(t.Context(), 2)
	alert := func(state string) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := p.query(ctx, `count by (alertname) (ALERTS{alertstate="`+state+`"})`)
			want := map[string]float64{`alertname="KubestateShardMissing"`: 1, `alertname="KubestateObjectsUnserved"`: 1}
			if diff := cmp.Diff(want, got); err == nil && diff != "" {
				err = fmt.Errorf("alerts (-want +got):\n%s", diff)
			}
			return err
		}
	}
	owned := func(ctx context.Context) (map[string]float64, error) {
		return p.query(ctx, "count by (shard) ("+lastingPods+")")
	}
	// A scrape may see a partial release.
	var shares map[string]float64
	await(t, settling, func(ctx context.Context) (err error) {
		shares, err = owned(ctx)
		first, second := shares[`shard="0"`], shares[`shard="1"`]
		if err == nil && (first == 0 || second == 0 || first+second != pods) {
			err = fmt.Errorf("the shards have %v, want %v pods between them", shares, pods)
		}
		return err
	}, p.Process)
	s.kill(shardSet + "-1")
	began := time.Now()
	await(t, settling, alert("firing"), p.Process)
	t.Logf("alerts fire %s after the kill, with for: 5s", time.Since(began).Round(100*time.Millisecond))
	delete(shares, `shard="1"`)
	await(t, settling, func(ctx context.Context) error {
		got, err := owned(ctx)
		if diff := cmp.Diff(shares, got); err == nil && diff != "" {
			err = fmt.Errorf("pods after a kill (-want +got):\n%s", diff)
		}
		return err
	}, p.Process)
}

// shardRules returns the path of the rules for shards, with shorter times.
func shardRules(t *testing.T) (path string) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/monitoring/rules/sharding.rules.yaml")
	must(t, err)
	path = filepath.Join(t.TempDir(), "sharding.rules.yaml")
	must(t, os.WriteFile(path, bytes.ReplaceAll(text, []byte("for: 2m"), []byte("for: 5s")), 0o600))
	return path
}
