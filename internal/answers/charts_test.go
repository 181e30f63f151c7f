package answers_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/store"
)

// drawn returns charts as text, a line for each title and bar.
func drawn(charts []answers.Chart) string {
	var b strings.Builder
	for _, c := range charts {
		fmt.Fprintf(&b, "%s, %s, %d more\n", c.Title, c.Unit, c.More)
		for _, bar := range c.Bars {
			var parts []string
			for _, p := range bar.Parts {
				parts = append(parts, c.Amount(p.Value)+" "+p.Name)
			}
			fmt.Fprintf(&b, "  %s: %s of %s\n", bar.Name, strings.Join(parts, ", "), c.Amount(bar.Whole))
		}
	}
	return b.String()
}

// TestChartsOfExample compares the charts of the example cluster with sums over its objects, and has those of a
// namespace, which have no nodes.
func TestChartsOfExample(t *testing.T) {
	counts, requested, allocatable := map[string]float64{}, map[string]float64{}, map[string]float64{}
	content := loadChanged(t, example, "", all, func(object runtime.Object) bool {
		switch o := object.(type) {
		case *corev1.Pod:
			counts[o.Namespace+" "+string(o.Status.Phase)]++
			if o.Status.Phase == corev1.PodSucceeded || o.Status.Phase == corev1.PodFailed {
				break
			}
			for _, c := range o.Spec.Containers {
				requested["CPU requested "+o.Spec.NodeName] += c.Resources.Requests.Cpu().AsApproximateFloat64()
				requested["Memory requested "+o.Spec.NodeName] += c.Resources.Requests.Memory().AsApproximateFloat64()
			}
		case *corev1.Node:
			allocatable["CPU requested "+o.Name] = o.Status.Allocatable.Cpu().AsApproximateFloat64()
			allocatable["Memory requested "+o.Name] = o.Status.Allocatable.Memory().AsApproximateFloat64()
		}
		return true
	})
	delete(requested, "CPU requested ") // of pods without a node
	delete(requested, "Memory requested ")
	charts := answers.Charts(content)
	gotCounts, gotRequested, gotAllocatable := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, c := range charts {
		for _, b := range c.Bars {
			for _, p := range b.Parts {
				if b.Whole == 0 {
					gotCounts[b.Name+" "+p.Name] = p.Value
					continue
				}
				gotAllocatable[c.Title+" "+b.Name] = b.Whole
				gotRequested[c.Title+" "+b.Name] = p.Value
			}
		}
	}
	for _, compared := range []struct {
		name      string
		want, got map[string]float64
	}{{"pods", counts, gotCounts}, {"requested", requested, gotRequested}, {"allocatable", allocatable, gotAllocatable}} {
		if d := cmp.Diff(compared.want, compared.got, cmpopts.EquateApprox(1e-12, 0)); d != "" || len(compared.want) == 0 {
			t.Errorf("%s (-objects +charts):\n%s", compared.name, d)
		}
	}
	f := func(want string, namespaces ...string) {
		t.Helper()
		content.Namespaces = namespaces
		if d := cmp.Diff(want, drawn(answers.Charts(content))); d != "" {
			t.Errorf("%q (-want +got):\n%s", namespaces, d)
		}
	}
	f("Pods by phase, pods, 0 more\n  shop: 10 Running, 3 Pending, 1 Failed of 0\n", "shop")
	f("", "none")
}

// family makes a resource with one family. The first label of its lines is the uid of an object.
func family(name string, lines ...string) *store.Resource {
	r := store.NewResource(name, []store.Family{{Name: name}}, 1)
	for i, line := range lines {
		text := []byte(name + line + "\n")
		r.Partitions()[0].Set(store.Rendered{UID: fmt.Sprint(i), Text: text, Ends: []int{len(text)}})
	}
	return r
}

// TestChartsOfClusters has bars of equal names in two clusters, nodes without requests, and none of a node that can
// allocate nothing.
func TestChartsOfClusters(t *testing.T) {
	charts := answers.Charts(answers.Content{Resources: []*store.Resource{
		family("kube_pod_status_phase",
			`{cluster="a",namespace="shop",pod="x",uid="1",phase="Running"} 1`, `{cluster="a",namespace="shop",pod="x",uid="1",phase="Failed"} 0`,
			`{cluster="b",namespace="shop",pod="x",uid="2",phase="Running"} 1`, `{cluster="b",namespace="shop",pod="y",uid="3",phase="Unknown"} 1`,
			`{namespace="shop",pod="x",uid="4",phase="Succeeded"} 1`),
		family("kube_pod_container_resource_requests",
			`{cluster="a",namespace="shop",pod="x",uid="1",container="c",node="n",resource="cpu",unit="core"} 0.1`,
			`{cluster="a",namespace="shop",pod="x",uid="1",container="d",node="n",resource="cpu",unit="core"} 0.2`,
			`{cluster="a",namespace="shop",pod="z",uid="5",container="d",node="",resource="cpu",unit="core"} 8`,
			`{cluster="b",namespace="shop",pod="x",uid="2",container="c",node="n",resource="memory",unit="byte"} 1.610612736e+09`),
		family("kube_node_status_allocatable",
			`{cluster="a",node="n",resource="cpu",unit="core"} 4`, `{cluster="b",node="n",resource="cpu",unit="core"} 2`, `{node="zero",resource="cpu",unit="core"} 0`,
			`{cluster="b",node="n",resource="memory",unit="byte"} 1073741824`),
	}})
	if d := cmp.Diff(`Pods by phase, pods, 0 more
  b/shop: 1 Running, 1 Unknown of 0
  a/shop: 1 Running of 0
  shop: 1 Succeeded of 0
CPU requested, cores, 0 more
  a/n: 0.3 requested of 4
  b/n: 0 requested of 2
Memory requested, bytes, 0 more
  b/n: 1.5Gi requested of 1Gi
`, drawn(charts)); d != "" {
		t.Errorf("charts (-want +got):\n%s", d)
	}
}

// TestChartsAreBounded has the largest of many bars, and the number of the others.
func TestChartsAreBounded(t *testing.T) {
	var lines []string
	for n := range answers.MaxRows + 5 {
		for pod := range n + 1 {
			lines = append(lines, fmt.Sprintf(`{namespace="n%d",pod="p%d",uid="%d-%d",phase="Running"} 1`, n, pod, n, pod))
		}
	}
	charts := answers.Charts(answers.Content{Resources: []*store.Resource{family("kube_pod_status_phase", lines...)}})
	bars := charts[0].Bars
	if len(bars) != answers.MaxRows || charts[0].More != 5 || bars[0].Name != "n24" || bars[0].Parts[0].Value != 25 || bars[len(bars)-1].Name != "n5" {
		t.Errorf("charts:\n%s", drawn(charts))
	}
}
