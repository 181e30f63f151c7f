package generators_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// attribution selects the families of the group alone.
var attribution = generators.Selection{
	Allow: []generators.Pattern{exactly("kubestate_pod_workload"), exactly("kubestate_workload_replicas")}, Groups: generators.Groups(),
}

// withGroups selects all families that Compile takes.
var withGroups = func() generators.Selection {
	s := everything
	s.Groups = generators.Groups()
	return s
}()

func TestWorkloadReplicas(t *testing.T) {
	f := func(r generators.Resource, o metav1.Object, want ...string) {
		t.Helper()
		o.SetNamespace("shop")
		o.SetName("a")
		var lines []string
		for _, w := range want {
			kind, rest, _ := strings.Cut(w, " ")
			state, n, _ := strings.Cut(rest, " ")
			lines = append(lines, `kubestate_workload_replicas{namespace="shop",workload_kind="`+kind+`",workload="a",state="`+state+`"} `+n+"\n")
		}
		got, _ := r.Compile(attribution).Render(nil, nil, o)
		if d := cmp.Diff(strings.Join(lines, ""), string(got)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	controlled := metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "b", UID: "b", Controller: new(true)}}}
	owned := metav1.ObjectMeta{OwnerReferences: []metav1.OwnerReference{{Kind: "Deployment", Name: "b", UID: "b"}}}

	f(&generators.Deployments, &appsv1.Deployment{
		Spec:   appsv1.DeploymentSpec{Replicas: new(int32(6))},
		Status: appsv1.DeploymentStatus{Replicas: 5, ReadyReplicas: 4, AvailableReplicas: 3, UpdatedReplicas: 2, UnavailableReplicas: 9},
	}, "Deployment desired 6", "Deployment current 5", "Deployment ready 4", "Deployment available 3", "Deployment updated 2")
	f(&generators.Deployments, &appsv1.Deployment{}, "Deployment current 0", "Deployment ready 0", "Deployment available 0", "Deployment updated 0")
	f(&generators.StatefulSets, &appsv1.StatefulSet{
		Spec:   appsv1.StatefulSetSpec{Replicas: new(int32(6))},
		Status: appsv1.StatefulSetStatus{Replicas: 5, ReadyReplicas: 4, AvailableReplicas: 3, UpdatedReplicas: 2, CurrentReplicas: 9},
	}, "StatefulSet desired 6", "StatefulSet current 5", "StatefulSet ready 4", "StatefulSet available 3", "StatefulSet updated 2")
	f(&generators.DaemonSets, &appsv1.DaemonSet{
		Status: appsv1.DaemonSetStatus{DesiredNumberScheduled: 6, CurrentNumberScheduled: 5, NumberReady: 4, NumberAvailable: 3, UpdatedNumberScheduled: 2, NumberMisscheduled: 9},
	}, "DaemonSet desired 6", "DaemonSet current 5", "DaemonSet ready 4", "DaemonSet available 3", "DaemonSet updated 2")
	replicas := appsv1.ReplicaSetStatus{Replicas: 5, ReadyReplicas: 4, AvailableReplicas: 3, FullyLabeledReplicas: 9}
	f(&generators.ReplicaSets, &appsv1.ReplicaSet{Spec: appsv1.ReplicaSetSpec{Replicas: new(int32(6))}, Status: replicas},
		"ReplicaSet desired 6", "ReplicaSet current 5", "ReplicaSet ready 4", "ReplicaSet available 3")
	f(&generators.ReplicaSets, &appsv1.ReplicaSet{ObjectMeta: owned, Status: replicas},
		"ReplicaSet current 5", "ReplicaSet ready 4", "ReplicaSet available 3")
	f(&generators.ReplicaSets, &appsv1.ReplicaSet{ObjectMeta: controlled, Status: replicas})

	job := func(parallelism, completions *int32, succeeded int32, conditions ...batchv1.JobCondition) *batchv1.Job {
		return &batchv1.Job{
			ObjectMeta: controlled,
			Spec:       batchv1.JobSpec{Parallelism: parallelism, Completions: completions},
			Status:     batchv1.JobStatus{Active: 2, Ready: new(int32(1)), Succeeded: succeeded, Conditions: conditions},
		}
	}
	condition := func(of batchv1.JobConditionType, is corev1.ConditionStatus) batchv1.JobCondition {
		return batchv1.JobCondition{Type: of, Status: is}
	}
	f(&generators.Jobs, &batchv1.Job{}, "Job current 0", "Job ready 0")
	f(&generators.Jobs, job(new(int32(3)), nil, 0), "Job desired 3", "Job current 2", "Job ready 1")
	f(&generators.Jobs, job(new(int32(3)), nil, 1), "Job desired 2", "Job current 2", "Job ready 1")
	f(&generators.Jobs, job(new(int32(3)), new(int32(9)), 4), "Job desired 3", "Job current 2", "Job ready 1")
	f(&generators.Jobs, job(new(int32(3)), new(int32(5)), 4), "Job desired 1", "Job current 2", "Job ready 1")
	f(&generators.Jobs, job(new(int32(3)), new(int32(5)), 6), "Job desired 0", "Job current 2", "Job ready 1")
	for indexes, desired := range map[string]string{
		"": "3", "0": "3", "1,3-4": "3", "2-5": "2", "0,2,4-5,7": "1", "0-5": "0", "0-8": "0", "x": "3", "5-2": "3", "1-x,7,-": "3", "0-4,99999999999": "1",
	} {
		failed := job(new(int32(3)), new(int32(9)), 3)
		failed.Status.FailedIndexes = &indexes
		f(&generators.Jobs, failed, "Job desired "+desired, "Job current 2", "Job ready 1")
	}
	f(&generators.Jobs, job(nil, new(int32(5)), 1), "Job current 2", "Job ready 1")
	f(&generators.Jobs, job(new(int32(3)), nil, 0, condition(batchv1.JobSuspended, corev1.ConditionFalse)), "Job desired 3", "Job current 2", "Job ready 1")
	for _, ended := range []batchv1.JobConditionType{batchv1.JobSuspended, batchv1.JobComplete, batchv1.JobFailed, batchv1.JobSuccessCriteriaMet, batchv1.JobFailureTarget} {
		f(&generators.Jobs, job(new(int32(3)), new(int32(5)), 4, condition("x", corev1.ConditionTrue), condition(ended, corev1.ConditionTrue)),
			"Job desired 0", "Job current 2", "Job ready 1")
	}
}

func TestPodWorkload(t *testing.T) {
	f := func(want string, owners ...metav1.OwnerReference) {
		t.Helper()
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "a", UID: "1", OwnerReferences: owners}}
		got, _ := generators.Pods.Compile(attribution.Derived()).Render(nil, nil, pod)
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f("")
	f("", metav1.OwnerReference{Kind: "Deployment", Name: "web"})
	f(`kubestate_pod_workload{namespace="shop",pod="a",uid="1",workload_kind="Deployment",workload="w\"eb"} 1`+"\n",
		metav1.OwnerReference{Kind: "Deployment", Name: `w"eb`, Controller: new(true)})
}

// TestGroups holds which families a selection with a group has, of a table and of derived ones.
func TestGroups(t *testing.T) {
	f := func(selection generators.Selection, pods, derived, replicas bool) {
		t.Helper()
		names := func(r generators.Resource, s generators.Selection) []string { return r.Compile(s).Names() }
		if got := names(&generators.Pods, selection.Derived()); (len(got) == 1 && got[0] == "kubestate_pod_workload") != derived || len(got) > 1 {
			t.Errorf("derived families of pods are %q", got)
		}
		if got := names(&generators.Pods, selection); slices.Contains(got, "kube_pod_info") != pods || slices.Contains(got, "kubestate_pod_workload") {
			t.Errorf("families of pods are %q", got)
		}
		if got := names(&generators.Jobs, selection); slices.Contains(got, "kubestate_workload_replicas") != replicas {
			t.Errorf("families of jobs are %q", got)
		}
		if got := names(&generators.ReplicaSets, selection.Derived()); len(got) > 0 {
			t.Errorf("derived families of replica sets are %q", got)
		}
		effect := selection.EffectOn(generators.Pods.Describe()).Families()
		if slices.Contains(effect, "kubestate_pod_workload") != derived {
			t.Errorf("the effect on pods is %q", effect)
		}
	}
	type s = generators.Selection
	on := generators.Groups()
	deny := func(name string) []generators.Pattern { return []generators.Pattern{exactly(name)} }
	f(s{}, true, false, false)
	f(everything, true, false, false)
	f(s{Groups: on}, true, true, true)
	f(s{Groups: on, Deny: deny("kubestate_pod_workload")}, true, false, true)
	f(s{Groups: on, Deny: deny("kubestate_workload_replicas")}, true, true, false)
	f(s{Groups: on, Allow: deny("kubestate_pod_workload")}, false, true, false)
	f(s{Allow: deny("kubestate_pod_workload")}, false, false, false)
}

// TestOwnIdentity holds that families before and behind one with an identity of its own keep that
// of the table, and that a panic between them does not matter.
func TestOwnIdentity(t *testing.T) {
	type family = generators.Family[*corev1.Pod]
	row := func(name string, identity generators.Identity, f func(*corev1.Pod, *generators.Samples)) family {
		return family{Name: name, Type: generators.Gauge, Stability: generators.Alpha, Identity: identity, Labels: labelKeys{"b"}, Help: "Help.", Row: f}
	}
	sample := func(_ *corev1.Pod, s *generators.Samples) { s.One("x") }
	table := validPods()
	table.Families = []family{
		row("a", nil, sample), row("b", generators.Identity{generators.Namespace, generators.Name("c")}, sample),
		row("c", generators.Identity{generators.Name("d")}, func(*corev1.Pod, *generators.Samples) { panic("no") }), row("d", nil, sample),
	}
	if err := table.Validate(); err != nil {
		t.Fatal(err)
	}
	got, _ := table.Compile(generators.Selection{Extra: []generators.ExtraLabel{{Name: "e", Value: "f"}}}).Render(nil, nil,
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "m", UID: "u"}})
	want := `a{e="f",o="m",b="x"} 1` + "\n" + `b{e="f",namespace="n",c="m",b="x"} 1` + "\n" + `d{e="f",o="m",b="x"} 1` + "\n"
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
