package generators_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/api/resource"
)

// The tests of this file compare the reference with the contract's examples.

func TestReferenceQuantities(t *testing.T) {
	for _, test := range []struct {
		text                   string
		milli, rounded, approx float64
	}{
		{"1500u", 0.002, 1, 0.0015},
		{"1n", 0.001, 1, 1e-9},
		{"-1500u", -0.002, -1, -0.0015},
		{"100E", 0, 0, 1e20},
		{"300m", 0.3, 1, 0.3},
		{"0.3", 0.3, 1, 0.30000000000000004},
		{"50m", 0.05, 1, 0.05},
		{"1.5Gi", 1610612736, 1610612736, 1610612736},
		{"9223372036854776", 9223372036854776, 9223372036854776, 9223372036854776},
	} {
		q := node{test.text, true}.quantity()
		got := []float64{q.milli(), q.rounded(), q.approximate()}
		if want := []float64{test.milli, test.rounded, test.approx}; !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", test.text, got, want)
		}
	}
}

func TestReferenceUnits(t *testing.T) {
	for name, want := range map[string][]string{
		"cpu":                        {"core"},
		"ephemeral-storage":          {"byte"},
		"pods":                       {"integer"},
		"attachable-volumes-aws-ebs": {"byte"},
		"hugepages-a/b":              {"byte", "integer"},
		"example.com/gpu":            {"integer"},
		"foo.kubernetes.io/x":        nil,
		"requests.foo/bar":           nil,
		"Example.com/x":              nil,
		"count/pods/x":               nil,
	} {
		if got := nodeUnits(name); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", name, got, want)
		}
	}
	if got := podUnits("pods"); got != nil {
		t.Errorf("pods of a pod: got %v", got)
	}
}

func TestReferenceKeys(t *testing.T) {
	for _, test := range []struct{ keys, names []string }{
		{[]string{"a.b/C", "fooBar"}, []string{"label_a_b_c", "label_foo_bar"}},
		{[]string{"x-", "x."}, []string{"label_x__conflict1", "label_x__conflict2"}},
		{[]string{"a-b", "a.b", "a/b"}, []string{"label_a_b_conflict1", "label_a_b_conflict2", "label_a_b_conflict3"}},
		{
			[]string{"a-b", "a-b_conflict1", "a.b"},
			[]string{"label_a_b_conflict2", "label_a_b_conflict1", "label_a_b_conflict3"},
		},
		{
			[]string{"a-b", "a.b", "a_b_conflict1"},
			[]string{"label_a_b_conflict1_conflict1", "label_a_b_conflict2", "label_a_b_conflict1_conflict2"},
		},
	} {
		var got []string
		for pair := range slices.Chunk(dynamicLabels("label", node{}, test.keys), 2) {
			got = append(got, pair[0])
		}
		if d := cmp.Diff(test.names, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", test.keys, d)
		}
	}
}

// TestToleranceAsWritten holds the one value that depends on the notation of a quantity, which
// the JSON form does not preserve.
func TestToleranceAsWritten(t *testing.T) {
	tolerance := resource.MustParse("0.3")
	h := &autoscalingv2.HorizontalPodAutoscaler{Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
		Behavior: &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{Tolerance: &tolerance}},
	}}
	for _, r := range contracted() {
		if r.Describe().Name == "horizontalpodautoscalers" {
			got := newJudge(t, r, everything).rendered(t, h)
			const series = `kube_horizontalpodautoscaler_spec_behavior_scale_up_tolerance{namespace="",horizontalpodautoscaler=""}`
			if want := 0.30000000000000004; got[series] != want {
				t.Errorf("got %v, want %v", got[series], want)
			}
		}
	}
}
