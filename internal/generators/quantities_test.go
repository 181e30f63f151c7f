package generators_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestQuantities rounds quantities up to a whole number, to thousandths, and to the nearest
// float64.
func TestQuantities(t *testing.T) {
	f := func(q, ceil, milli, approximate string) {
		t.Helper()
		parsed := resource.MustParse(q)
		before := parsed.DeepCopy()
		got := sampled(generators.Labels{"by"}, func(s *generators.Samples) {
			s.Ceil(parsed, "ceil")
			s.Milli(parsed, "milli")
			s.Approximate(parsed, "approximate")
		})
		want := fmt.Sprintf("x{o=\"p\",by=\"ceil\"} %s\nx{o=\"p\",by=\"milli\"} %s\nx{o=\"p\",by=\"approximate\"} %s\n", ceil, milli, approximate)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", q, d)
		}
		if d := cmp.Diff(before, parsed); d != "" {
			t.Errorf("%s was changed:\n%s", q, d)
		}
	}
	f("0", "0", "0", "0")
	f("1", "1", "1", "1")
	f("-1", "-1", "-1", "-1")
	f("250m", "1", "0.25", "0.25")
	f("1500m", "2", "1.5", "1.5")
	f("-250m", "-1", "-0.25", "-0.25")
	f("-1500m", "-2", "-1.5", "-1.5")
	f("300m", "1", "0.3", "0.3")
	f("0.3", "1", "0.3", "0.30000000000000004")
	f("50m", "1", "0.05", "0.05")
	f("1500u", "1", "0.002", "0.0015")
	f("-1500u", "-1", "-0.002", "-0.0015")
	f("1n", "1", "0.001", "1e-09")
	f("-1n", "-1", "-0.001", "-1e-09")
	f("1.0000001", "2", "1.001", "1.0000001")
	f("1k", "1000", "1000", "1000")
	f("1Ki", "1024", "1024", "1024")
	f("1.5Ki", "1536", "1536", "1536")
	f("1e3", "1000", "1000", "1000")
	f("128974848", "128974848", "128974848", "128974848")
	f("129e6", "129000000", "129000000", "129000000")
	f("123Mi", "128974848", "128974848", "128974848")
	f("16Gi", "17179869184", "17179869184", "17179869184")
	f("1Pi", "1125899906842624", "1125899906842624", "1125899906842624")
	// Thousandths fit an int64 up to here, and not beyond.
	f("9007199254740991", "9007199254740991", "9007199254740991", "9007199254740991")
	f("9223372036854775", "9223372036854775", "9.223372036854774e+15", "9.223372036854776e+15")
	f("9223372036854776", "9223372036854776", "9.223372036854776e+15", "9.223372036854776e+15")
	f("1Ei", "1152921504606846976", "1.152921504606847e+18", "1.152921504606847e+18")
	f("9223372036854775807", "9223372036854775807", "9.223372036854776e+18", "9.223372036854776e+18")
}

func TestQuantitiesOfList(t *testing.T) {
	list := corev1.ResourceList{
		"memory":         resource.MustParse("1Gi"),
		"cpu":            resource.MustParse("1500u"),
		"nvidia.com/gpu": resource.MustParse("2"),
	}
	f := samplesAre(t, generators.Labels{"resource"}.Or("resource", "type", "more"))
	f(func(s *generators.Samples) { s.Quantities(nil) })
	f(func(s *generators.Samples) { s.Quantities(list) },
		`,resource="cpu"} 0.002`, `,resource="memory"} 1073741824`, `,resource="nvidia.com/gpu"} 2`)
	f(func(s *generators.Samples) { s.Quantities(list, "hard", "m"); s.Quantities(list, "used", "m") },
		`,resource="cpu",type="hard",more="m"} 0.002`, `,resource="memory",type="hard",more="m"} 1073741824`, `,resource="nvidia.com/gpu",type="hard",more="m"} 2`,
		`,resource="cpu",type="used",more="m"} 0.002`, `,resource="memory",type="used",more="m"} 1073741824`, `,resource="nvidia.com/gpu",type="used",more="m"} 2`)
}

func TestResourceNames(t *testing.T) {
	var s generators.Samples
	f := func(name, label string, units ...string) {
		t.Helper()
		for range 2 { // what is remembered is no different
			gotLabel, gotUnits := s.ResourceName(name)
			if d := cmp.Diff(append([]string{label}, units...), append([]string{gotLabel}, gotUnits...)); d != "" {
				t.Errorf("%q (-want +got):\n%s", name, d)
			}
		}
	}
	f("cpu", "cpu", "core")
	f("memory", "memory", "byte")
	f("storage", "storage", "byte")
	f("ephemeral-storage", "ephemeral_storage", "byte")
	f("pods", "pods", "integer")
	f("hugepages-2Mi", "hugepages_2Mi", "byte")
	f("hugepages-", "hugepages_", "byte")
	f("attachable-volumes-aws-ebs", "attachable_volumes_aws_ebs", "byte")
	// Extended resources have a domain.
	f("nvidia.com/gpu", "nvidia_com_gpu", "integer")
	f("example.com/Foo_1.b", "example_com_Foo_1_b", "integer")
	f("cpu/x", "cpu_x", "integer")
	f("hugepages-a/b", "hugepages_a_b", "byte", "integer")
	f("attachable-volumes-a/b", "attachable_volumes_a_b", "byte", "integer")
	f("a/"+strings.Repeat("x", 63), "a_"+strings.Repeat("x", 63), "integer")
	f(strings.Repeat("a", 244)+"/b", strings.Repeat("a", 244)+"_b", "integer")
	// Unknown resources.
	f("", "")
	f("gpu", "gpu")
	f("CPU", "CPU")
	f("Pods", "Pods")
	f("hugepages", "hugepages")
	f("requests.cpu", "requests_cpu")
	f("kubernetes.io/batch-cpu", "kubernetes_io_batch_cpu")
	f("foo.kubernetes.io/x", "foo_kubernetes_io_x")
	f("notkubernetes.io/x", "notkubernetes_io_x")
	f("requests.example.com/x", "requests_example_com_x")
	f("Example.com/x", "Example_com_x")
	f("a/b/c", "a_b_c")
	f("/b", "_b")
	f("a/", "a_")
	f("a/-b", "a__b")
	f("-a/b", "_a_b")
	f("a-/b", "a__b")
	f("a b/c", "a_b_c")
	f("a/"+strings.Repeat("x", 64), "a_"+strings.Repeat("x", 64))
	f(strings.Repeat("a", 245)+"/b", strings.Repeat("a", 245)+"_b")
	f("naïve.com/x", "na_ve_com_x")
	f("a\xff\xfe/x", "a___x")
}

// TestManyResourceNames has more names than the cache.
func TestManyResourceNames(t *testing.T) {
	var s generators.Samples
	name := make([]byte, 0, 32) // written over each time, as decoders do not
	for range 2 {
		for i := range 10000 {
			name = fmt.Appendf(name[:0], "example.com/x-%d", i)
			label, units := s.ResourceName(string(name))
			if want := fmt.Sprintf("example_com_x_%d", i); label != want || len(units) != 1 || units[0] != "integer" {
				t.Fatalf("%s: %s, %q", name, label, units)
			}
		}
	}
}
