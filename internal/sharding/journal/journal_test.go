package journal_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/journal"
)

// none expects that nothing is dropped.
func none(t *testing.T) func(int) { return func(n int) { t.Errorf("%d increments were dropped", n) } }

// TestLimit holds that a journal that nobody reads drops the earliest increments, of the ranges with
// most, and says how many.
func TestLimit(t *testing.T) {
	const limit = 100_000
	var counted []int
	dropped := 0
	j := journal.New(sharding.None(), func(version int) { counted = append(counted, version) }, func(n int) { dropped += n })
	lower := sharding.Even(0, 2)
	j.Hold(lower)
	version := 0
	add := func(n int, hash uint64) {
		for range n {
			version++
			j.Add(journal.Change{Resource: "pods", Version: strconv.Itoa(version), Hash: hash}, version)
		}
	}
	add(1_000, 1)
	j.Settle(sharding.Cut{Ranges: lower, At: sharding.Positions{"pods": "10"}}) // a history of its own
	counted = nil
	add(limit, 1<<63)
	if kept := j.Kept(); dropped == 0 || kept > limit || kept+dropped+10 != version {
		t.Errorf("kept %d and dropped %d of %d", kept, dropped, version)
	}
	add(3*limit, 1<<63)
	if kept := j.Kept(); kept > limit || kept < limit/2 || kept+dropped+10 != version {
		t.Errorf("kept %d and dropped %d of %d", kept, dropped, version)
	}
	kept := j.Kept()
	j.Resume(sharding.Cut{Ranges: sharding.All()})
	if len(counted) != kept || counted[0] != 11 || counted[989] != 1_000 || counted[990] != version-(kept-990)+1 || counted[kept-1] != version {
		t.Errorf("counted %d, from %d on to %d", len(counted), counted[0], counted[len(counted)-1])
	}
}

// TestJournal holds what counts, in which order, as a range is held, given up, taken back and discarded.
func TestJournal(t *testing.T) {
	var counted []string
	j := journal.New(sharding.All(), func(name string) { counted = append(counted, name) }, none(t))
	lower, at := sharding.Even(0, 2), func(version int) sharding.Positions { return sharding.Positions{"pods": strconv.Itoa(version)} }
	add := func(version int, hash uint64) {
		name := fmt.Sprintf("%d/%d", version, hash>>63)
		j.Add(journal.Change{Resource: "pods", Version: strconv.Itoa(version), Hash: hash}, name)
	}
	both := func(version int) {
		add(version, 1)
		add(version, 1<<63)
	}
	f := func(kept int, want ...string) {
		t.Helper()
		if !slices.Equal(counted, want) || j.Kept() != kept {
			t.Errorf("counted %q, kept %d, want %q, %d", counted, j.Kept(), want, kept)
		}
		counted = nil
	}
	both(9)
	f(0, "9/0", "9/1")
	j.Hold(lower)
	both(10)
	both(12)
	f(2, "10/1", "12/1")
	j.Settle(sharding.Cut{Ranges: lower, At: at(11)}) // given up
	f(1, "10/0")
	both(11) // late
	both(13)
	f(2, "11/0", "11/1", "13/1")
	j.Resume(sharding.Cut{Ranges: lower, At: at(12)}) // taken back, after another shard has had it
	f(0, "13/0")
	both(11)
	both(12)
	both(14)
	f(0, "11/0", "11/1", "12/1", "14/0", "14/1")
	j.Hold(lower)
	both(15)
	j.Resume(sharding.Cut{Ranges: lower}) // not given up after all
	f(0, "15/1", "15/0")
	j.Hold(lower)
	both(16)
	j.Discard(lower)
	both(17)
	f(1, "16/1", "17/1")
	j.Resume(sharding.Cut{Ranges: lower, At: at(16)})
	f(0, "17/0")
}

// TestMerged holds that what a list has merged counts only if all of it is to.
func TestMerged(t *testing.T) {
	f := func(since, version string, settle, resume int, want bool) {
		t.Helper()
		got := false
		j := journal.New(sharding.None(), func(bool) { got = true }, none(t))
		j.Add(journal.Change{Resource: "pods", Since: since, Version: version}, true)
		if settle > 0 {
			j.Settle(sharding.Cut{Ranges: sharding.All(), At: sharding.Positions{"pods": strconv.Itoa(settle)}})
		} else {
			j.Resume(sharding.Cut{Ranges: sharding.All(), At: sharding.Positions{"pods": strconv.Itoa(resume)}})
		}
		if got != want {
			t.Errorf("changes after %s up to %s, settled up to %d or resumed after %d: counted %v, want %v", since, version, settle, resume, got, want)
		}
	}
	f("5", "9", 4, 0, false)
	f("5", "9", 7, 0, false)
	f("5", "9", 9, 0, true)
	f("5", "9", 0, 4, true)
	f("5", "9", 0, 5, true)
	f("5", "9", 0, 6, false)
	f("5", "9", 0, 8, false)
	f("", "9", 0, 8, true)
	f("", "10", 0, 9, true)
}

// TestModel holds a journal to one that decides each hash for itself, in random operations.
func TestModel(t *testing.T) {
	type history struct {
		marks  []int // up to a version, negative if that does not count
		counts bool
		kept   []int
	}
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		var hashes [16]history
		got, want := map[string]int{}, map[string]int{}
		j := journal.New(sharding.None(), func(name string) { got[name]++ }, none(t))
		version := 1
		take := func(h, v int) {
			for _, m := range hashes[h].marks {
				if v <= max(m, -m) {
					if m > 0 {
						want[fmt.Sprint(h, v)]++
					}
					return
				}
			}
			if hashes[h].counts {
				want[fmt.Sprint(h, v)]++
			} else {
				hashes[h].kept = append(hashes[h].kept, v)
			}
		}
		for range 300 {
			if r.IntN(3) > 0 {
				h, v := r.IntN(16), version-r.IntN(min(3, version))
				version++
				j.Add(journal.Change{Resource: "pods", Version: strconv.Itoa(v), Hash: uint64(h) << 60}, fmt.Sprint(h, v))
				take(h, v)
				continue
			}
			ranges := sharding.Even(r.IntN(4), 4).Union(sharding.Even(r.IntN(7), 7))
			operation, at := r.IntN(4), version
			cut := sharding.Cut{Ranges: ranges, At: sharding.Positions{"pods": strconv.Itoa(at)}}
			switch operation {
			case 0:
				j.Hold(ranges)
			case 1:
				j.Settle(cut)
			case 2:
				j.Resume(cut)
			case 3:
				j.Discard(ranges)
			}
			for h := range hashes {
				x := &hashes[h]
				if !ranges.Holds(uint64(h) << 60) {
					continue
				}
				kept := x.kept
				switch operation {
				case 0:
					x.counts = false
					continue
				case 1:
					x.marks, x.kept = append(x.marks, at), nil
				case 2:
					x.marks, x.kept, x.counts = append(x.marks, -at), nil, true
				case 3:
					*x = history{}
					continue
				}
				for _, v := range kept {
					take(h, v)
				}
			}
		}
		kept := 0
		for _, x := range hashes {
			kept += len(x.kept)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || j.Kept() != kept {
			t.Fatalf("seed %d: counted %v, kept %d, want %v, %d", seed, got, j.Kept(), want, kept)
		}
	}
}
