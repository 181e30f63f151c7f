package workloads

import "unique"

// Top returns the last object of the chain of controllers that begins with an object of a kind, name
// and uid.
func (x *Index) Top(kind, name, uid string) (topKind, topName string) {
	if uid == "" {
		return kind, name
	}
	i, _ := idOf(uid)
	x.mu.Lock()
	defer x.mu.Unlock()
	top := x.follow(reference{i, unique.Make(workload{kind, name})}).Value()
	return top.kind, top.name
}
