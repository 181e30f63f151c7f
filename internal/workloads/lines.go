package workloads

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/exposition"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// lines render derived families. They serve one goroutine at a time.
type lines struct {
	renderer *generators.Renderer
	others   int        // families of the partition before the derived ones
	pod      corev1.Pod // whose controller is the workload
	ends     []int      // scratch memory
}

func newLines(r *generators.Renderer, others int) *lines {
	l := &lines{renderer: r.Clone(), others: others}
	l.pod.OwnerReferences = []metav1.OwnerReference{{Controller: new(true)}}
	return l
}

// add adds the lines of a pod to r.
func (l *lines) add(r *store.Rendered, p *corev1.Pod, w workload) {
	l.pod.Namespace, l.pod.Name, l.pod.UID = p.Namespace, p.Name, p.UID
	l.setWorkload(w)
	r.Text, r.Ends = l.renderer.Render(r.Text, r.Ends, &l.pod)
}

// ownWorkload returns the workload of a pod without a controller: its node for a mirror pod, or itself.
func ownWorkload(p *corev1.Pod) workload {
	if _, mirror := p.Annotations[corev1.MirrorPodAnnotationKey]; mirror && p.Spec.NodeName != "" {
		return workload{"Node", p.Spec.NodeName}
	}
	return workload{"Pod", p.Name}
}

// addNone is add for a pod without lines.
func (l *lines) addNone(r *store.Rendered) {
	for range l.renderer.Names() {
		r.Ends = append(r.Ends, len(r.Text))
	}
}

// rewrite replaces the lines of pods with the given controllers, by the rewriter of a partition. follow
// returns their workload. The name of a pod is parsed from its lines.
func (l *lines) rewrite(rewriter func(int, store.Owners, func(dst, lines []byte, owner *controller) []byte), owners store.Owners, follow func(*controller) workload) {
	if len(owners) == 0 {
		return
	}
	for family := range l.renderer.Names() {
		omitted := slices.Repeat([]bool{true}, len(l.renderer.Names()))
		omitted[family] = false
		rewriter(l.others+family, owners, func(dst, lines []byte, owner *controller) []byte {
			l.identify(lines)
			l.setWorkload(follow(owner))
			dst, l.ends = l.renderer.RenderWithout(omitted, dst, l.ends[:0], &l.pod)
			return dst
		})
	}
}

// identify sets the identity of the pod to that of lines.
func (l *lines) identify(lines []byte) {
	for name, value := range exposition.Labels(lines) {
		switch name {
		case "namespace":
			l.pod.Namespace = value
		case "pod":
			l.pod.Name = value
		case "uid":
			l.pod.UID = types.UID(value)
			return
		}
	}
}

func (l *lines) setWorkload(w workload) {
	l.pod.OwnerReferences[0].Kind, l.pod.OwnerReferences[0].Name = w.kind, w.name
}
