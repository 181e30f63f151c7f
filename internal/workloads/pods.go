package workloads

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// A Pods renders the derived families of the pods in a partition of the store. It keeps nothing of a
// pod: the store has its controller as its Owner.
type Pods struct {
	index     *Index
	partition *store.Partition
	renderer  *generators.Renderer // only cloned
	lines     *lines
	closed    bool
}

// Pods returns the pods of a partition without objects. Behind its other families, the partition has
// those of the renderer, of which Pods uses clones.
func (x *Index) Pods(derived *generators.Renderer, others int, partition *store.Partition) *Pods {
	return &Pods{index: x, partition: partition, renderer: derived, lines: newLines(derived, others)}
}

// Set adds or replaces a pod. r has the lines of the other families, to which Set adds those of the
// derived ones. Like Partition.Set it changes nothing and returns false if the lines that r leaves out
// are of another input.
func (p *Pods) Set(pod *corev1.Pod, r *store.Rendered) bool {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	of := ownWorkload(pod)
	if c := p.reference(pod); c != nil {
		r.Note.Owner, of = c.controller, p.index.top(c)
	}
	p.lines.add(r, pod, of)
	return p.partition.Set(*r)
}

// SetWithout is Set for a pod without lines of the derived families.
func (p *Pods) SetWithout(pod *corev1.Pod, r *store.Rendered) bool {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	if c := p.reference(pod); c != nil {
		r.Note.Owner = c.controller
	}
	p.lines.addNone(r)
	return p.partition.Set(*r)
}

// Begin opens a batch for a staging copy of the partition, which replaces the content.
func (p *Pods) Begin(staged *store.Staging) *PodsBatch { return p.begin(staged, p.partition.Replace) }

// BeginAddition opens a batch for an addition to the partition.
func (p *Pods) BeginAddition(staged *store.Staging) *PodsBatch {
	return p.begin(staged, p.partition.Add)
}

func (p *Pods) begin(staged *store.Staging, commit func(*store.Staging)) *PodsBatch {
	return &PodsBatch{pods: p, staged: staged, commit: commit, lines: newLines(p.renderer, p.lines.others), shown: map[*controller]workload{}}
}

// reference returns the reference to the controller of a pod; nil for none.
func (p *Pods) reference(pod *corev1.Pod) *reference {
	c, ok := controllerOf(pod)
	if !ok {
		return nil
	}
	return p.index.share(c)
}

// Merge is Partition.Merge for the partition of p, which must have no pods, and the partitions of
// others.
func (p *Pods) Merge(others ...*Pods) {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	var partitions []*store.Partition
	for _, from := range others {
		partitions = append(partitions, from.partition)
	}
	p.partition.Merge(partitions...)
	p.register()
}

// register makes the index render the pods of p when owners change.
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
