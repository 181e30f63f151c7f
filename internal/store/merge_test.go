package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/kubestate/kubestate/internal/store"
)

// TestUnite unites a part with another that has been added, again and again, and
// forgets some of it in between. What was united and what it was made from go their
// own ways from then on.
func TestUnite(t *testing.T) {
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	rnd := rand.New(rand.NewPCG(8, 1))
	r, m := store.NewResource("things", families, 1), model{}
	for round := range rounds {
		prefix := fmt.Sprintf("r%03d-", round)
		added, more := store.NewResource("things", families, 1), model{}
		change := func(r *store.Resource, m model) {
			for range 150 {
				mutate(t, rnd, r.Partitions()[0], m, prefix)
				if rnd.IntN(20) == 0 {
					r.Compact()
				}
			}
		}
		change(added, more)
		if rnd.IntN(2) == 0 {
			packAll(added)
			packAll(r)
		}
		united, all := store.NewResource("things", families, 1), union(m, more)
		united.Partitions()[0].Merge(r.Partitions()[0], added.Partitions()[0])
		check(t, united, all)

		change(added, more)
		check(t, united, all)
		change(united, all)
		check(t, added, more)
		check(t, r, m)
		check(t, united, all)

		half := func(uid string) bool { return (len(uid)+int(uid[len(uid)-1])+round)%3 > 0 }
		united.Partitions()[0].Retain(half)
		maps.DeleteFunc(all, func(uid string, _ int) bool { return !half(uid) })
		check(t, united, all)
		r, m = united, all
	}
}

// TestUniteIsConcurrent unites parts while others write to them, pack and read them.
func TestUniteIsConcurrent(t *testing.T) {
	const objects, rounds = 130, 60
	r := store.NewResource("things", families, 2)
	m := model{}
	for i := range objects {
		for n, p := range r.Partitions() {
			uid := uidOf(fmt.Sprintf("last%d-", n), i)
			p.Set(render(uid, 2))
			m[uid] = 2
		}
	}
	done := make(chan struct{})
	var others sync.WaitGroup
	until := func(work func()) {
		others.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					work()
				}
			}
		})
	}
	for n, p := range r.Partitions() {
		until(func() {
			p.Set(render(uidOf(fmt.Sprintf("pass%d-", n), 1), 5))
			p.Set(render(uidOf(fmt.Sprintf("last%d-", n), 7), 2+10*n))
			p.Set(render(uidOf(fmt.Sprintf("last%d-", n), 7), 2))
		})
	}
	until(r.Compact)
	until(func() { read(t, r, "odd") })
	for range rounds {
		united := store.NewResource("things", families, 1)
		united.Partitions()[0].Merge(r.Partitions()...)
		united.Partitions()[0].Set(render("own", 4)) // its writer goes on while theirs do
		want := union(m, model{"own": 4})
		got, _, err := parse(read(t, united))
		if err != nil {
			t.Fatal(err)
		}
		for uid := range want {
			if _, ok := got[uid]; !ok {
				t.Fatalf("%s is missing", uid)
			}
		}
	}
	close(done)
	others.Wait()
}
