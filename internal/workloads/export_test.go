package workloads

// Sizes returns the numbers of entries of all maps of an index after a sweep.
func (x *Index) Sizes() [4]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sweep()
	return [4]int{len(x.owners), len(x.children), len(x.references.first) + len(x.references.others), len(x.pods)}
}
