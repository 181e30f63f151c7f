package generators_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// sparse is the selection with every Sparse family thinned out.
func sparse(s generators.Selection) generators.Selection {
	s.Sparse = []generators.Pattern{regexp.MustCompile(".")}
	return s
}

// sparseFamilies are the Sparse families of a resource.
func sparseFamilies(r generators.Resource) (names []string) {
	for _, f := range r.Describe().Families {
		if f.Sparse {
			names = append(names, f.Name)
		}
	}
	return names
}

// TestSparseDeclarations lists the Sparse families.
func TestSparseDeclarations(t *testing.T) {
	var got []string
	for _, r := range registry.Resources() {
		got = append(got, sparseFamilies(r)...)
	}
	want := []string{
		"kubestate_cronjob_last_result",
		"kubestate_daemonset_rollout",
		"kube_deployment_status_condition", "kubestate_deployment_rollout",
		"kube_horizontalpodautoscaler_status_condition",
		"kube_job_complete", "kube_job_failed",
		"kube_namespace_status_phase", "kube_namespace_status_condition",
		"kube_node_status_condition",
		"kube_persistentvolumeclaim_status_phase", "kube_persistentvolumeclaim_status_condition",
		"kube_persistentvolume_status_phase",
		"kube_pod_status_phase", "kube_pod_status_qos_class", "kube_pod_status_ready", "kube_pod_status_scheduled",
		"kubestate_statefulset_rollout",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestSparse has exact lines of objects in both forms. A line that begins with 0 is one of the
// full form alone.
func TestSparse(t *testing.T) {
	f := func(r generators.Resource, o metav1.Object, family, lines string) {
		t.Helper()
		full, thin := "", ""
		for line := range strings.Lines(lines) {
			value, series, _ := strings.Cut(strings.TrimSpace(line), " ")
			line := family + "{" + series + "} " + value + "\n"
			full += line
			if value != "0" {
				thin += line
			}
		}
		s := generators.Selection{Allow: []generators.Pattern{exactly(family)}}
		if d := cmp.Diff(full, lineText(r, s, o)); d != "" {
			t.Errorf("%s (-want +got):\n%s", family, d)
		}
		if d := cmp.Diff(thin, lineText(r, sparse(s), o)); d != "" {
			t.Errorf("%s, sparse (-want +got):\n%s", family, d)
		}
	}
	meta := metav1.ObjectMeta{Namespace: "n", Name: "o", UID: "u"}

	pod := &corev1.Pod{ObjectMeta: meta, Status: corev1.PodStatus{Phase: corev1.PodRunning, QOSClass: corev1.PodQOSBurstable,
		Conditions:        []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionFalse}, {Type: corev1.PodScheduled, Status: corev1.ConditionTrue}},
		ContainerStatuses: []corev1.ContainerStatus{{Name: "c"}}}}
	f(&generators.Pods, pod, "kube_pod_status_phase", `0 namespace="n",pod="o",uid="u",phase="Pending"
		0 namespace="n",pod="o",uid="u",phase="Succeeded"
		0 namespace="n",pod="o",uid="u",phase="Failed"
		0 namespace="n",pod="o",uid="u",phase="Unknown"
		1 namespace="n",pod="o",uid="u",phase="Running"`)
	f(&generators.Pods, pod, "kube_pod_status_qos_class", `0 namespace="n",pod="o",uid="u",qos_class="BestEffort"
		1 namespace="n",pod="o",uid="u",qos_class="Burstable"
		0 namespace="n",pod="o",uid="u",qos_class="Guaranteed"`)
	f(&generators.Pods, pod, "kube_pod_status_ready", `0 namespace="n",pod="o",uid="u",condition="true"
		1 namespace="n",pod="o",uid="u",condition="false"
		0 namespace="n",pod="o",uid="u",condition="unknown"`)
	f(&generators.Pods, pod, "kube_pod_status_scheduled", `1 namespace="n",pod="o",uid="u",condition="true"
		0 namespace="n",pod="o",uid="u",condition="false"
		0 namespace="n",pod="o",uid="u",condition="unknown"`)

	node := &corev1.Node{ObjectMeta: meta, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{
		{Type: corev1.NodeReady, Status: corev1.ConditionUnknown},
		{Type: `} 0\` + "\n", Status: corev1.ConditionTrue}, // a name made to look like the end of a line
	}}}
	f(&generators.Nodes, node, "kube_node_status_condition", `0 node="o",condition="Ready",status="true"
		0 node="o",condition="Ready",status="false"
		1 node="o",condition="Ready",status="unknown"
		1 node="o",condition="} 0\\\n",status="true"
		0 node="o",condition="} 0\\\n",status="false"
		0 node="o",condition="} 0\\\n",status="unknown"`)

	// The second status of one type repeats series: the first counts.
	deployment := &appsv1.Deployment{ObjectMeta: meta, Status: appsv1.DeploymentStatus{Conditions: []appsv1.DeploymentCondition{
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable"},
		{Type: appsv1.DeploymentAvailable, Status: corev1.ConditionFalse, Reason: "MinimumReplicasAvailable"},
	}}}
	f(&generators.Deployments, deployment, "kube_deployment_status_condition",
		`1 namespace="n",deployment="o",reason="MinimumReplicasAvailable",condition="Available",status="true"
		0 namespace="n",deployment="o",reason="MinimumReplicasAvailable",condition="Available",status="false"
		0 namespace="n",deployment="o",reason="MinimumReplicasAvailable",condition="Available",status="unknown"`)

	hpa := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: meta, Status: autoscalingv2.HorizontalPodAutoscalerStatus{
		Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue}}}}
	f(&generators.HorizontalPodAutoscalers, hpa, "kube_horizontalpodautoscaler_status_condition",
		`1 namespace="n",horizontalpodautoscaler="o",condition="AbleToScale",status="true"
		0 namespace="n",horizontalpodautoscaler="o",condition="AbleToScale",status="false"
		0 namespace="n",horizontalpodautoscaler="o",condition="AbleToScale",status="unknown"`)
}

// lineText is the lines of an object.
func lineText(r generators.Resource, s generators.Selection, o metav1.Object) string {
	text, _ := r.Compile(s).Render(nil, nil, o)
	return string(text)
}

// TestSparseIsPartOfFull holds over every golden object that the sparse form is the full one
// without the series of value 0 of Sparse families, whose values are 0 and 1.
func TestSparseIsPartOfFull(t *testing.T) {
	for _, c := range clusters {
		for _, r := range c.resources {
			t.Run(c.folder+"/"+r.Describe().Name, func(t *testing.T) {
				t.Parallel()
				sparse, names := r.Compile(sparse(c.selection)), sparseFamilies(r)
				full := r.Compile(c.selection)
				for _, o := range c.objects(t, r) {
					want, wantEnds := withoutZeros(t, full, names, o)
					got, gotEnds := sparse.Render(nil, nil, o)
					if d := cmp.Diff(want, string(got)); d != "" || !slices.Equal(wantEnds, gotEnds) {
						t.Fatalf("%s: ends %v, want %v (-want +got):\n%s", o.GetName(), gotEnds, wantEnds, d)
					}
				}
			})
		}
	}
}

// withoutZeros is what r renders, without the zeros of some families.
func withoutZeros(t *testing.T, r *generators.Renderer, names []string, o metav1.Object) (kept string, ends []int) {
	t.Helper()
	text, fullEnds := r.Render(nil, nil, o)
	start := 0
	for i, end := range fullEnds {
		thinned := slices.Contains(names, r.Names()[i])
		for line := range strings.Lines(string(text[start:end])) {
			_, value := parseLine(t, line)
			if thinned && value != 0 && value != 1 {
				t.Errorf("not a value of a Sparse family: %s", line)
			}
			if !thinned || value != 0 {
				kept += line
			}
		}
		start, ends = end, append(ends, len(kept))
	}
	return kept, ends
}

// TestSparseRenderAllocatesNothing is TestRenderAllocatesNothing of the sparse form.
func TestSparseRenderAllocatesNothing(t *testing.T) {
	for _, c := range clusters {
		c.selection = sparse(c.selection)
		for _, r := range c.resources {
			if sparseFamilies(r) != nil {
				checkAllocations(t, c, r)
			}
		}
	}
}

// TestSparsePanic holds that a row that panics has no lines, and the next family has its own.
func TestSparsePanic(t *testing.T) {
	bad := familyOf(generators.Labels{"a"}, func(_ *corev1.Pod, s *generators.Samples) {
		s.Bool(false, "1")
		s.Bool(true, "2")
		panic("bad")
	})
	good := familyOf(generators.Labels{"a"}, func(_ *corev1.Pod, s *generators.Samples) { s.OneOf("2", []string{"1", "2"}) })
	bad.Sparse, good.Sparse, good.Name = true, true, "y"
	if d := cmp.Diff("y{o=\"p\",a=\"2\"} 1\n", lineText(tableOf(bad, good), sparse(generators.Selection{}), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
