// Package rollouts compares kubestate's states of rollouts with what kubectl's own functions say.
package rollouts

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// each is the number of objects of each kind.
const each = 3000

// TestRollouts compares random Deployments, StatefulSets and DaemonSets.
func TestRollouts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var objects []metav1.Object
	paused := map[string]bool{}
	for i := range each {
		d := deployment(r, i)
		paused["Deployment/"+d.Name] = d.Spec.Paused
		objects = append(objects, d, statefulSet(r, i), daemonSet(r, i))
	}
	file := filepath.Join(t.TempDir(), "objects.json")
	text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	want, err := process.Results(t.Context(), "rollouts", file)
	if err != nil {
		t.Fatal(err)
	}
	got := ours(t, file)
	if len(want) != len(objects) {
		t.Fatalf("kubectl knows %d of %d objects", len(want), len(objects))
	}
	seen := map[string]int{}
	for name, status := range want {
		state := map[string]string{"complete": "complete", "waiting": "progressing", "failed": "stalled"}[status]
		if status == "waiting" && paused[name] {
			state = "paused"
		}
		if got[name] != state {
			t.Errorf("%s is %q, want %q, since kubectl says %s", name, got[name], state, status)
		}
		kind, _, _ := strings.Cut(name, "/")
		seen[kind+" "+status]++
	}
	for _, common := range []string{
		"Deployment complete", "Deployment waiting", "Deployment failed", "StatefulSet complete", "StatefulSet waiting",
		"StatefulSet refused", "DaemonSet complete", "DaemonSet waiting", "DaemonSet refused",
	} {
		if seen[common] < each/100 {
			t.Errorf("too few are %s: %v", common, seen)
		}
	}
}

// ours returns the states of kubestate, by kind and name.
func ours(t *testing.T, file string) map[string]string {
	program, err := process.Built("kubestate")
	if err != nil {
		t.Fatal(err)
	}
	e, err := exporter.Start(t.Context(), filepath.Join(t.TempDir(), "kubestate.log"), program,
		"--resources=deployments,statefulsets,daemonsets", "--workload-metrics=verdicts", "--snapshot="+file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.Kill(); err != nil {
			t.Error(err)
		}
	}()
	all, err := e.Scrape(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	results := map[string]string{}
	for name, value := range all {
		family, labels, _ := strings.Cut(name, `{namespace="n",`)
		kind := map[string]string{
			"kubestate_deployment_rollout": "Deployment", "kubestate_statefulset_rollout": "StatefulSet", "kubestate_daemonset_rollout": "DaemonSet",
		}[family]
		if kind == "" || value != 1 {
			continue
		}
		_, object, _ := strings.Cut(labels, `="`)
		object, state, _ := strings.Cut(object, `",state="`)
		if known := results[kind+"/"+object]; known != "" {
			t.Errorf("%s is %s and %s", object, known, state)
		}
		results[kind+"/"+object] = strings.TrimSuffix(state, `"}`)
	}
	return results
}

// meta returns the metadata of an object, whose controller has mostly observed the spec.
func meta(r *rand.Rand, name string) (m metav1.ObjectMeta, observed int64) {
	m = metav1.ObjectMeta{Namespace: "n", Name: name, UID: types.UID("uid-" + name), Generation: r.Int64N(4)}
	return m, max(0, m.Generation+[]int64{0, 0, 0, 0, 0, 0, 1, -1}[r.IntN(8)])
}

// few returns a number that mostly is n.
func few(r *rand.Rand, n int32) int32 {
	if r.IntN(4) > 0 {
		return n
	}
	return max(0, n+r.Int32N(5)-2)
}

// some returns a number, or rarely nil.
func some(r *rand.Rand, n int32) *int32 {
	if r.IntN(10) == 0 {
		return nil
	}
	return &n
}

func deployment(r *rand.Rand, i int) *appsv1.Deployment {
	d := &appsv1.Deployment{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}}
	d.ObjectMeta, d.Status.ObservedGeneration = meta(r, fmt.Sprint("deployment-", i))
	n := r.Int32N(4)
	d.Spec.Replicas, d.Spec.Paused = some(r, n), r.IntN(5) == 0
	d.Status.Replicas, d.Status.UpdatedReplicas, d.Status.AvailableReplicas, d.Status.ReadyReplicas = few(r, n), few(r, n), few(r, n), few(r, n)
	for _, of := range []appsv1.DeploymentConditionType{appsv1.DeploymentAvailable, appsv1.DeploymentProgressing, appsv1.DeploymentReplicaFailure} {
		if r.IntN(3) > 0 {
			d.Status.Conditions = append(d.Status.Conditions, appsv1.DeploymentCondition{
				Type: of, Status: pick(r, corev1.ConditionTrue, corev1.ConditionFalse, corev1.ConditionUnknown),
				Reason: pick(r, "NewReplicaSetAvailable", "MinimumReplicasAvailable", "ProgressDeadlineExceeded", "DeploymentPaused", ""),
			})
		}
	}
	r.Shuffle(len(d.Status.Conditions), func(i, j int) {
		d.Status.Conditions[i], d.Status.Conditions[j] = d.Status.Conditions[j], d.Status.Conditions[i]
	})
	return d
}

func statefulSet(r *rand.Rand, i int) *appsv1.StatefulSet {
	s := &appsv1.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}}
	s.ObjectMeta, s.Status.ObservedGeneration = meta(r, fmt.Sprint("statefulset-", i))
	n := r.Int32N(4)
	s.Spec.Replicas = some(r, n)
	s.Spec.UpdateStrategy.Type = pick(r, appsv1.RollingUpdateStatefulSetStrategyType, appsv1.RollingUpdateStatefulSetStrategyType, appsv1.RollingUpdateStatefulSetStrategyType, appsv1.OnDeleteStatefulSetStrategyType, "")
	if r.IntN(3) > 0 {
		s.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: some(r, r.Int32N(6))}
	}
	s.Status.Replicas, s.Status.UpdatedReplicas, s.Status.AvailableReplicas, s.Status.ReadyReplicas = few(r, n), r.Int32N(n+1), few(r, n), few(r, n)
	s.Status.CurrentRevision, s.Status.UpdateRevision = pick(r, "a", "b", ""), pick(r, "a", "b", "")
	return s
}

func daemonSet(r *rand.Rand, i int) *appsv1.DaemonSet {
	d := &appsv1.DaemonSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "DaemonSet"}}
	d.ObjectMeta, d.Status.ObservedGeneration = meta(r, fmt.Sprint("daemonset-", i))
	d.Spec.UpdateStrategy.Type = pick(r, appsv1.RollingUpdateDaemonSetStrategyType, appsv1.RollingUpdateDaemonSetStrategyType, appsv1.RollingUpdateDaemonSetStrategyType, appsv1.OnDeleteDaemonSetStrategyType, "")
	n := r.Int32N(4)
	d.Status.DesiredNumberScheduled, d.Status.CurrentNumberScheduled, d.Status.UpdatedNumberScheduled = n, few(r, n), few(r, n)
	d.Status.NumberAvailable, d.Status.NumberReady, d.Status.NumberUnavailable = few(r, n), few(r, n), r.Int32N(3)
	return d
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }
