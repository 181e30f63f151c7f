package generators_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// huge is a number of labels or list entries that renders in a moment in linear time, and in
// minutes in quadratic time.
const huge = 300_000

// TestHugeMaps renders maps whose keys have different label names, one name, and one name for
// each two.
func TestHugeMaps(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and long with the race detector")
	}
	f := func(what string, key func(i int) string, want ...string) {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := make(map[string]string, huge)
			for i := range huge {
				m[key(i)] = ""
			}
			text := sampled(generators.Labels{"label_*"}, func(s *generators.Samples) { s.All(m) })
			if n := strings.Count(text, "="); n != 1+huge {
				t.Errorf("%d labels, want %d", n, 1+huge)
			}
			for _, label := range want {
				if n := strings.Count(text, ","+label+"="); n != 1 {
					t.Errorf("%d labels %s", n, label)
				}
			}
		})
	}
	f("different", strconv.Itoa, "label_0", "label_299999")
	// Each bit of the number is one of two invalid characters.
	f("same", func(i int) string {
		var key [19]byte
		for bit := range key {
			key[bit] = ".-"[i>>bit&1]
		}
		return string(key[:])
	}, "label_"+strings.Repeat("_", 19)+"_conflict1", "label_"+strings.Repeat("_", 19)+"_conflict300000")
	f("pairs", func(i int) string { return strconv.Itoa(i/2) + ".-"[i%2:i%2+1] },
		"label_0__conflict1", "label_0__conflict2", "label_149999__conflict2")
}

// TestHugeLists renders a list with each entry twice.
func TestHugeLists(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and long with the race detector")
	}
	table := tableOf(familyOf(generators.Labels{"key"}, func(_ *corev1.Pod, s *generators.Samples) {
		for i := range huge {
			s.One(s.Itoa(int64(i % (huge / 2))))
		}
	}))
	text, _ := table.Compile(generators.Selection{}).Render(nil, nil, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}})
	if n := strings.Count(string(text), "\n"); n != huge/2 {
		t.Errorf("%d series, want %d", n, huge/2)
	}
}

// TestHugePods renders pods whose lists of the spec and the status are joined, by nested loops
// and by maps.
func TestHugePods(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine, and long with the race detector")
	}
	pod := func(n int) *corev1.Pod {
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
		for i := range n {
			name := strconv.Itoa(i)
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: name, Image: "spec"})
			p.Spec.ResourceClaims = append(p.Spec.ResourceClaims, corev1.PodResourceClaim{Name: name, ResourceClaimTemplateName: new("template")})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: name, Image: "first"})
			p.Status.ResourceClaimStatuses = append(p.Status.ResourceClaimStatuses, corev1.PodResourceClaimStatus{Name: name, ResourceClaimName: new("first" + name)})
		}
		// A second status of a name, and one of no container.
		p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{Name: "1", Image: "second"}, corev1.ContainerStatus{Name: "x"})
		p.Status.ResourceClaimStatuses = append(p.Status.ResourceClaimStatuses, corev1.PodResourceClaimStatus{Name: "1", ResourceClaimName: new("second")})
		return p
	}
	renderer := generators.Pods.Compile(generators.Selection{Allow: []generators.Pattern{regexp.MustCompile("^kube_pod_(container_info|resourceclaim_info)$")}})
	f := func(n int) {
		t.Helper()
		var containers, claims strings.Builder
		for i := range n {
			name := strconv.Itoa(i)
			line := func(image string) {
				containers.WriteString(`kube_pod_container_info{namespace="",pod="p",uid="",container="` + name +
					`",image_spec="spec",image="` + image + `",image_id="",container_id=""} 1` + "\n")
			}
			line("first")
			if i == 1 {
				line("second")
			}
			claims.WriteString(`kube_pod_resourceclaim_info{namespace="",pod="p",uid="",claim_name="` + name +
				`",resourceclaim_name="first` + name + `",resourceclaim_template_name="template"} 1` + "\n")
		}
		if text, _ := renderer.Render(nil, nil, pod(n)); string(text) != containers.String()+claims.String() {
			t.Errorf("%d containers and claims: other lines than expected", n)
		}
	}
	f(2)
	f(100)
	f(200)
	f(huge / 2)
}
