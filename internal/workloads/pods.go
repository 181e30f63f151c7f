package workloads

import (
	"slices"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// Name is the name of the stored resource with the lines of pods.
const Name = "podworkloads"

// A Pods has the pods of one source, and their lines in a partition of the store.
type Pods struct {
	index     *Index
	partition *store.Partition
	renderer  *generators.Renderer // only cloned
	lines     *lines
	content
	closed bool
}

// Pods returns a source of pods, without any, that renders derived families into a partition. It
// uses clones of the renderer.
func (x *Index) Pods(derived *generators.Renderer, partition *store.Partition) *Pods {
	return &Pods{index: x, partition: partition, renderer: derived, lines: newLines(derived), content: newContent()}
}

// content is the pods of a source.
type content struct {
	pods    map[id]pod
	byOwner map[id][]id
	texts   map[id]texts // of pods whose id is not textual, or is not that of their uid
}

// A pod is what a line needs.
type pod struct {
	namespace unique.Handle[string]
	name      string
	owner     reference               // none if the pod is its own workload
	shown     unique.Handle[workload] // as rendered
}

// texts are the key and the uid of a pod.
type texts struct{ key, uid string }

func newContent() content {
	return content{map[id]pod{}, map[id][]id{}, map[id]texts{}}
}

// set adds a pod or replaces it.
func (c *content) set(i id, p pod, t texts) {
	if old, ok := c.pods[i]; !ok || old.owner.id != p.owner.id {
		remove(c.byOwner, old.owner.id, i)
		if p.owner.id != (id{}) {
			c.byOwner[p.owner.id] = append(c.byOwner[p.owner.id], i)
		}
	}
	c.pods[i] = p
	if _, textual := idOf(t.key); !textual || t.key != t.uid {
		c.texts[i] = t
	}
}

// drop removes a pod.
func (c *content) drop(i id) {
	remove(c.byOwner, c.pods[i].owner.id, i)
	delete(c.pods, i)
	delete(c.texts, i)
}

// textsOf returns the key and the uid of a pod.
func (c *content) textsOf(i id) texts {
	if t, ok := c.texts[i]; ok {
		return t
	}
	uid := i.String()
	return texts{uid, uid}
}

// retained returns the pods for whose keys keep returns true.
func (c *content) retained(keep func(key string) bool) content {
	kept := newContent()
	for i, p := range c.pods {
		if t := c.textsOf(i); keep(t.key) {
			kept.set(i, p, t)
		}
	}
	return kept
}

// podOf returns the pod of an object. A mirror pod without a controller belongs to its node, as one
// with a controller does.
func podOf(o *corev1.Pod) pod {
	p := pod{namespace: unique.Make(o.Namespace), name: o.Name}
	if controller, ok := controllerOf(o); ok {
		p.owner = controller
	} else if _, mirror := o.Annotations[corev1.MirrorPodAnnotationKey]; mirror && o.Spec.NodeName != "" {
		p.owner.what = unique.Make(workload{"Node", o.Spec.NodeName})
	}
	return p
}

// Set adds or replaces the pod of a key.
func (p *Pods) Set(key string, o metav1.Object) {
	i, _ := idOf(key)
	next := podOf(o.(*corev1.Pod))
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	old, known := p.pods[i]
	next.shown = p.index.workloadOf(next)
	if p.closed || known && old == next {
		return
	}
	t := texts{key, string(o.GetUID())}
	p.set(i, next, t)
	p.lines.render(p.partition.Set, next, t)
}

// workloadOf returns the workload of a pod, the zero handle for the pod itself.
func (x *Index) workloadOf(p pod) unique.Handle[workload] {
	if p.owner.id == (id{}) {
		return p.owner.what
	}
	return x.follow(p.owner)
}

// refresh renders a pod again if its workload has changed.
func (p *Pods) refresh(i id) {
	now := p.pods[i]
	if shown := p.index.workloadOf(now); shown != now.shown {
		now.shown = shown
		p.pods[i] = now
		p.lines.render(p.partition.Set, now, p.textsOf(i))
	}
}

// Delete removes the pod of a key.
func (p *Pods) Delete(key string) {
	i, _ := idOf(key)
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.drop(i)
	p.partition.Delete(key)
}

// Retain removes the pods for whose keys keep returns false.
func (p *Pods) Retain(keep func(key string) bool) {
	p.index.mu.Lock()
	p.content = p.retained(keep)
	p.index.mu.Unlock()
	p.partition.Retain(keep)
}

// Merge fills p, which has no pods, with those of other sources. No pod may be in two sources.
func (p *Pods) Merge(sources ...*Pods) {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	var partitions []*store.Partition
	for _, from := range sources {
		partitions = append(partitions, from.partition)
		for i, pod := range from.pods {
			p.set(i, pod, from.textsOf(i))
		}
	}
	p.partition.Merge(partitions...)
	p.register()
}

// register has the index render the pods of p when owners change.
func (p *Pods) register() {
	if !slices.Contains(p.index.pods, p) {
		p.index.pods = append(p.index.pods, p)
	}
}

// Close ends the rendering of the pods. Later changes have no effect.
func (p *Pods) Close() {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.closed, p.content = true, newContent()
	p.index.pods = slices.DeleteFunc(p.index.pods, func(o *Pods) bool { return o == p })
}

// lines render pods. They serve one goroutine at a time.
type lines struct {
	renderer *generators.Renderer
	pod      corev1.Pod // whose controller is the workload
	text     []byte
	ends     []int
}

func newLines(r *generators.Renderer) *lines {
	l := &lines{renderer: r.Clone()}
	l.pod.OwnerReferences = []metav1.OwnerReference{{Controller: new(true)}}
	return l
}

// render renders a pod and passes it to set.
func (l *lines) render(set func(store.Rendered) bool, p pod, t texts) {
	of := workload{"Pod", p.name}
	if p.shown != (unique.Handle[workload]{}) {
		of = p.shown.Value()
	}
	l.pod.Namespace, l.pod.Name, l.pod.UID = p.namespace.Value(), p.name, types.UID(t.uid)
	l.pod.OwnerReferences[0].Kind, l.pod.OwnerReferences[0].Name = of.kind, of.name
	l.text, l.ends = l.renderer.Render(l.text[:0], l.ends[:0], &l.pod)
	set(store.Rendered{UID: t.key, Namespace: l.pod.Namespace, Text: l.text, Ends: l.ends})
}
