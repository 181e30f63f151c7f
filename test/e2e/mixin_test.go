package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// owned has a pod of each kind of workload, and those about which the joins of owners differ.
const owned = `
apiVersion: v1
kind: List
items:
- {apiVersion: apps/v1, kind: Deployment, metadata: {namespace: shop, name: web, uid: d-web}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: shop, name: web-1, uid: r-web, ownerReferences: [{kind: Deployment, name: web, uid: d-web, controller: true}]}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: shop, name: canary-1, uid: r-canary, ownerReferences: [{kind: Rollout, name: canary, uid: o-canary, controller: true}]}}
- {apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: shop, name: lone, uid: r-lone}}
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: db, uid: s-db}}
- {apiVersion: apps/v1, kind: StatefulSet, metadata: {namespace: shop, name: kafka, uid: s-kafka, ownerReferences: [{kind: Kafka, name: main, uid: k-main, controller: true}]}}
- {apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: shop, name: log, uid: a-log}}
- {apiVersion: batch/v1, kind: Job, metadata: {namespace: shop, name: once, uid: j-once}}
- {apiVersion: batch/v1, kind: CronJob, metadata: {namespace: shop, name: nightly, uid: c-nightly}}
- {apiVersion: batch/v1, kind: Job, metadata: {namespace: shop, name: nightly-1, uid: j-nightly, ownerReferences: [{kind: CronJob, name: nightly, uid: c-nightly, controller: true}]}}
- {apiVersion: batch/v1, kind: Job, metadata: {namespace: shop, name: step-1, uid: j-step, ownerReferences: [{kind: Workflow, name: build, uid: w-build, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web-1-a, uid: p1, ownerReferences: [{kind: ReplicaSet, name: web-1, uid: r-web, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: web-1-b, uid: p2, ownerReferences: [{kind: ReplicaSet, name: web-1, uid: r-web, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: canary-1-a, uid: p3, ownerReferences: [{kind: ReplicaSet, name: canary-1, uid: r-canary, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: lone-a, uid: p4, ownerReferences: [{kind: ReplicaSet, name: lone, uid: r-lone, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: db-0, uid: p5, ownerReferences: [{kind: StatefulSet, name: db, uid: s-db, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: kafka-0, uid: p6, ownerReferences: [{kind: StatefulSet, name: kafka, uid: s-kafka, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: log-a, uid: p7, ownerReferences: [{kind: DaemonSet, name: log, uid: a-log, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: once-a, uid: p8, ownerReferences: [{kind: Job, name: once, uid: j-once, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: nightly-1-a, uid: p9, ownerReferences: [{kind: Job, name: nightly-1, uid: j-nightly, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: step-1-a, uid: p10, ownerReferences: [{kind: Job, name: step-1, uid: j-step, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: cluster-1, uid: p11, ownerReferences: [{kind: Cluster, name: cluster, uid: x-cluster, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: etcd-one, uid: p12, ownerReferences: [{kind: Node, name: one, uid: n-one, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: bare, uid: p13}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: gone-1-a, uid: p14, ownerReferences: [{kind: ReplicaSet, name: gone-1, uid: r-gone, controller: true}]}}
- {apiVersion: v1, kind: Pod, metadata: {namespace: shop, name: left, uid: p15, ownerReferences: [{kind: ReplicaSet, name: web-1, uid: r-web}]}}
`

// workloadOf returns the labels of a pod's workload in the namespace shop.
func workloadOf(pod, workload, kind string) string {
	return fmt.Sprintf("namespace=%q, pod=%q, workload=%q, workload_type=%q", "shop", pod, workload, kind)
}

// TestMixinRules has a Prometheus record the workloads of the same pods by the rules for mixins and by
// joins of owners: the results are equal, but for documented pods.
func TestMixinRules(t *testing.T) {
	t.Parallel()
	rules, err := filepath.Abs(match(t, mixinFiles)[0])
	must(t, err)
	long, err := filepath.Abs("../../deploy/monitoring/mixin/tests/long.rules.yaml")
	must(t, err)
	objects := filepath.Join(t.TempDir(), "objects.yaml")
	must(t, os.WriteFile(objects, []byte(owned), 0o600))
	one := func(workloads ...string) map[string]float64 {
		all := map[string]float64{}
		for _, w := range workloads {
			all[w] = 1
		}
		return all
	}
	// Of both results, the equal ones may be any if both is nil.
	f := func(name, snapshot string, both, onlyShort, onlyLong map[string]float64) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := serve(t, "--snapshot", snapshot, "--workload-metrics=attribution")
			p := runPrometheus(t, fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [%q, %q]\n"+
				"scrape_configs: [{job_name: kubestate, honor_labels: true, static_configs: [{targets: [%q]}]}]\n", rules, long, address(e)))
			await(t, settling, func(ctx context.Context) error {
				const by = "sum by (namespace, pod, workload, workload_type) "
				pods, err := p.query(ctx, "count(kube_pod_info)")
				if err != nil {
					return err
				}
				short, err := p.query(ctx, by+"(namespace_workload_pod:kube_pod_owner:relabel)")
				if err != nil {
					return err
				}
				joined, err := p.query(ctx, by+"(long)")
				if err != nil {
					return err
				}
				if len(joined) == 0 || float64(len(short)) != pods[""] {
					return errors.New("the rules are not recorded of all pods")
				}
				common := map[string]float64{}
				for w, value := range short {
					if joined[w] == value {
						common[w] = value
						delete(short, w)
						delete(joined, w)
					}
				}
				if d := cmp.Diff(both, common); d != "" && both != nil {
					return fmt.Errorf("equal results (-want +got):\n%s", d)
				}
				if d := cmp.Diff([]map[string]float64{onlyShort, onlyLong}, []map[string]float64{short, joined}); d != "" {
					return fmt.Errorf("results of the rules for mixins and of the joins alone (-want +got):\n%s", d)
				}
				return nil
			}, e.Process, p.Process)
		})
	}
	f("every kind", objects, one(
		workloadOf("web-1-a", "web", "deployment"), workloadOf("web-1-b", "web", "deployment"), workloadOf("canary-1-a", "canary", "Rollout"),
		workloadOf("lone-a", "lone", "replicaset"), workloadOf("db-0", "db", "statefulset"), workloadOf("log-a", "log", "daemonset"),
		workloadOf("once-a", "once", "job"), workloadOf("nightly-1-a", "nightly", "CronJob"), workloadOf("step-1-a", "build", "Workflow"),
		workloadOf("cluster-1", "cluster", "Cluster"), workloadOf("etcd-one", "etcd-one", "staticpod"), workloadOf("bare", "bare", "barepod"),
	), one(
		workloadOf("kafka-0", "main", "Kafka"), workloadOf("gone-1-a", "gone-1", "replicaset"), workloadOf("left", "left", "barepod"),
	), one(
		workloadOf("kafka-0", "kafka", "statefulset"), workloadOf("left", "web", "deployment"),
	))
	f("the example cluster", "../../examples/cluster", nil, one(), one())
}
