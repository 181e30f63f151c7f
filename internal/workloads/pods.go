package workloads

import (
	"slices"
	"strings"
	"unique"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A Pods renders the derived families of the pods in a partition of the store.
type Pods struct {
	index     *Index
	partition *store.Partition
	renderer  *generators.Renderer // only cloned
	others    int                  // families of the partition before the derived ones
	lines     *lines
	content
	closed bool
}

// Pods returns the pods of a partition without objects. Behind its other families, the partition has
// those of the renderer, of which Pods uses clones.
func (x *Index) Pods(derived *generators.Renderer, others int, partition *store.Partition) *Pods {
	return &Pods{index: x, partition: partition, renderer: derived, others: others, lines: newLines(derived, others), content: newContent()}
}

// Set adds or replaces a pod. r has the lines of the other families, to which Set adds those of the
// derived ones. Like Partition.Set it changes nothing and returns false if the lines that r leaves out
// are of another input.
func (p *Pods) Set(o metav1.Object, r *store.Rendered) bool {
	pod := o.(*corev1.Pod)
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.lines.add(r, pod, p.set(p.index, r.UID, pod))
	return p.partition.Set(*r)
}

// SetWithout is Set for a pod without lines of the derived families.
func (p *Pods) SetWithout(r *store.Rendered) bool {
	i, _ := idOf(r.UID)
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.drop(i)
	p.lines.addNone(r)
	return p.partition.Set(*r)
}

// Leave has to be called before the lines of derived families are deleted from the partition. It
// ignores unknown keys.
func (p *Pods) Leave(keys []string) {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.leave(keys)
}

// refresh renders the pods of a group again if their workload has changed.
func (p *Pods) refresh(g *group) {
	if shown := p.index.follow(g.controller); shown != g.shown {
		g.shown = shown
		p.lines.update(p.partition.Update, &p.content, g)
	}
}

// refreshAll is refresh for all pods.
func (p *Pods) refreshAll() {
	for _, g := range p.groups {
		for ; g != nil; g = g.next {
			p.refresh(g)
		}
	}
}

// Delete has to be called before a pod is deleted from the partition.
func (p *Pods) Delete(key string) {
	i, _ := idOf(key)
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.drop(i)
}

// Retain has to be called before Partition.Retain.
func (p *Pods) Retain(keep func(key string) bool) {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.retain(func(_, key string) bool { return keep(key) })
}

// Merge is Partition.Merge for the partition of p, which must have no pods, and the partitions of
// others.
func (p *Pods) Merge(others ...*Pods) {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	var partitions []*store.Partition
	for _, from := range others {
		partitions = append(partitions, from.partition)
		p.addAll(&from.content)
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

// Close ends the rendering of pods when owners change.
func (p *Pods) Close() {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	p.closed = true
	p.index.pods = slices.DeleteFunc(p.index.pods, func(o *Pods) bool { return o == p })
}

// lines render derived families. They serve one goroutine at a time.
type lines struct {
	renderer  *generators.Renderer
	pod       corev1.Pod // whose controller is the workload
	text      []byte
	ends      []int
	unchanged []bool // the other families
}

func newLines(r *generators.Renderer, others int) *lines {
	l := &lines{renderer: r.Clone()}
	l.pod.OwnerReferences = []metav1.OwnerReference{{Controller: new(true)}}
	l.unchanged = append(slices.Repeat([]bool{true}, others), make([]bool, len(r.Names()))...)
	return l
}

// add adds the lines of a pod to r.
func (l *lines) add(r *store.Rendered, p *corev1.Pod, of unique.Handle[workload]) {
	r.Text, r.Ends = l.render(r.Text, r.Ends, p.Namespace, p.Name, p.UID, of)
}

// addNone is add for a pod without lines.
func (l *lines) addNone(r *store.Rendered) {
	for range l.renderer.Names() {
		r.Ends = append(r.Ends, len(r.Text))
	}
}

func (l *lines) render(text []byte, ends []int, namespace, name string, uid types.UID, of unique.Handle[workload]) ([]byte, []int) {
	w := workload{"Pod", name}
	if of != (unique.Handle[workload]{}) {
		w = of.Value()
	}
	l.pod.Namespace, l.pod.Name, l.pod.UID = namespace, name, uid
	l.pod.OwnerReferences[0].Kind, l.pod.OwnerReferences[0].Name = w.kind, w.name
	return l.renderer.Render(text, ends, &l.pod)
}

// update passes the lines of a group's pods to set.
func (l *lines) update(set func(store.Rendered), c *content, g *group) {
	others := len(l.unchanged) - len(l.renderer.Names())
	for n := range g.pods {
		name, t := c.nameOf(g, &g.pods[n]), c.textsOf(g.pods[n].id)
		l.ends = append(l.ends[:0], make([]int, others)...)
		l.text, l.ends = l.render(l.text[:0], l.ends, g.namespace.Value(), name, types.UID(t.uid), g.shown)
		set(store.Rendered{UID: t.key, Text: l.text, Ends: l.ends, Unchanged: l.unchanged})
	}
}

// Suffixes of names that a member has itself.
const maxSuffix = 8

// cut returns the name without the prefix as a suffix of a member, if there is room.
func cut(name, prefix string) (suffix [maxSuffix]byte, ok bool) {
	rest, ok := strings.CutPrefix(name, prefix)
	if ok = ok && len(rest) <= maxSuffix && !strings.Contains(rest, "\x00"); ok {
		copy(suffix[:], rest)
	}
	return suffix, ok
}
