package workloads

// Sizes returns the numbers of entries of all maps of an index after a sweep.
func (x *Index) Sizes() [4]int {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.sweep()
	return [4]int{len(x.owners), len(x.children), len(x.references.first) + len(x.references.others), len(x.pods)}
}

// Kinds returns the number of kinds of controllers that an index remembers.
func (x *Index) Kinds() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.kinds)
}
