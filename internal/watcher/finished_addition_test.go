package watcher_test

import (
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// addition adds some pods that are not there in one step, and returns their number. They come into pages
// of their own.
func (m *finishedModel) addition() (added int) {
	b := m.sink.BeginAddition()
	at := 0
	for at < len(m.present) && slices.ContainsFunc(m.present[at:min(at+pageSlots, len(m.present))], func(o *corev1.Pod) bool { return o != nil }) {
		at += pageSlots
	}
	for range m.rnd.IntN(6) {
		p := m.pod()
		if !m.sink.Has(p) || slices.ContainsFunc(m.present, func(o *corev1.Pod) bool { return o != nil && o.UID == p.UID }) {
			continue
		}
		if err := b.Set(m.arrive(p)); err != nil {
			m.t.Fatal(err)
		}
		for len(m.present) <= at+added {
			m.present = append(m.present, nil)
		}
		m.present[at+added] = p
		added++
	}
	m.advance(time.Duration(m.rnd.IntN(4)) * time.Second)
	b.Finish()
	b.Commit(nil)
	return added
}

// pageSlots is the number of objects in a page of the store.
const pageSlots = 64
