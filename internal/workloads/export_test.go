package workloads

// Sizes returns the numbers of entries of all maps of an index.
func (x *Index) Sizes() [3]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return [3]int{len(x.owners), len(x.children), len(x.pods)}
}

// Sizes returns the numbers of entries of all maps of the pods.
func (p *Pods) Sizes() [4]int {
	p.index.mu.Lock()
	defer p.index.mu.Unlock()
	return [4]int{len(p.pods), len(p.groups), len(p.names), len(p.texts)}
}
