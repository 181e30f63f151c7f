package authfilter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubestate/kubestate/internal/authfilter"
)

// The queue under test admits one review each 100 ms, in bursts of two.
const (
	perSecond, burst    = 10, 2
	maxFlows, maxLength = 4, 3

	each = time.Second / perSecond
	step = each + 2*time.Millisecond // so that no admission is due at the end of a step
)

// A caller waits in the queue.
type caller struct {
	number  int
	address netip.Prefix
	cancel  context.CancelFunc
}

// A model of the queue has the flows in the order of their next admission.
type model struct {
	flows []*modelFlow
}

type modelFlow struct {
	address netip.Prefix
	waiting []int
}

func (m *model) enqueue(c caller) bool {
	i := slices.IndexFunc(m.flows, func(f *modelFlow) bool { return f.address == c.address })
	if i < 0 {
		if len(m.flows) == maxFlows {
			return false
		}
		m.flows, i = append(m.flows, &modelFlow{address: c.address}), len(m.flows)
	}
	if len(m.flows[i].waiting) == maxLength {
		return false
	}
	m.flows[i].waiting = append(m.flows[i].waiting, c.number)
	return true
}

func (m *model) remove(number int) {
	for _, f := range m.flows {
		f.waiting = slices.DeleteFunc(f.waiting, func(n int) bool { return n == number })
	}
	m.flows = slices.DeleteFunc(m.flows, func(f *modelFlow) bool { return len(f.waiting) == 0 })
}

// next removes and returns the next caller to admit.
func (m *model) next() int {
	first := m.flows[0]
	number := first.waiting[0]
	first.waiting = first.waiting[1:]
	m.flows = m.flows[1:]
	if len(first.waiting) > 0 {
		m.flows = append(m.flows, first)
	}
	return number
}

// A result is what Wait returned to a caller.
type result struct {
	number int
	err    error
}

// play runs the moves on a queue and compares the result of each with the model.
func play(t *testing.T, moves []byte) {
	synctest.Test(t, func(t *testing.T) {
		q, m := authfilter.NewQueue(perSecond, burst, maxFlows, maxLength), &model{}
		results := make(chan result, len(moves))
		credit, began, admitted := burst*each, time.Now(), 0
		var waiting []caller
		wants := func(at string, want result) {
			t.Helper()
			synctest.Wait()
			select {
			case got := <-results:
				if got.number != want.number || !errors.Is(got.err, want.err) || (got.err == nil) != (want.err == nil) {
					t.Fatalf("%s: caller %d got %v, want caller %d and %v", at, got.number, got.err, want.number, want.err)
				}
			default:
				t.Fatalf("%s: no result, want one of caller %d", at, want.number)
			}
			waiting = slices.DeleteFunc(waiting, func(c caller) bool { return c.number == want.number })
			if want.err == nil {
				admitted++
			}
		}
		for number, move := range moves {
			address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, move >> 2 & 7}), 32)
			switch at := fmt.Sprint("move ", number); move & 3 {
			case 0, 1: // enqueue
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				c := caller{number, address, cancel}
				waiting = append(waiting, c)
				go func() { results <- result{number, q.Wait(ctx, address)} }()
				switch {
				case len(m.flows) == 0 && credit >= each:
					credit -= each
					wants(at, result{number, nil})
				case !m.enqueue(c):
					wants(at, result{number, authfilter.ErrBusy})
				}
			case 2: // cancel
				if len(waiting) > 0 {
					c := waiting[int(move>>2)%len(waiting)]
					m.remove(c.number)
					c.cancel()
					wants(at, result{c.number, context.Canceled})
				}
			case 3: // advance the time
				time.Sleep(step)
				credit = min(credit+step, burst*each)
				for len(m.flows) > 0 && credit >= each {
					credit -= each
					wants(at, result{m.next(), nil})
				}
			}
			synctest.Wait()
			if len(results) > 0 {
				t.Fatalf("move %d: caller %d has a result, want none", number, (<-results).number)
			}
		}
		if most := burst + int(time.Since(began)/each); admitted > most {
			t.Errorf("%d admitted, want up to %d", admitted, most)
		}
		for _, c := range slices.Clone(waiting) {
			c.cancel()
			wants("end", result{c.number, context.Canceled})
		}
		if n := q.Flows(); n != 0 {
			t.Errorf("%d flows left, want none", n)
		}
	})
}

// TestQueue plays random moves.
func TestQueue(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		moves := make([]byte, random.IntN(300))
		for i := range moves {
			moves[i] = byte(random.Uint32())
		}
		play(t, moves)
	}
}

func FuzzQueue(f *testing.F) {
	f.Add([]byte{0, 0, 0, 4, 8, 12, 16, 20, 3, 3, 3, 2, 3, 6, 3})
	f.Fuzz(func(t *testing.T, moves []byte) {
		play(t, moves[:min(len(moves), 500)])
	})
}

// TestQueueConcurrently enqueues and times out while the queue admits.
func TestQueueConcurrently(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := authfilter.NewQueue(1000, 1, 8, 4)
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 10)}), 32)
				for n := range 50 {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%5)*time.Millisecond)
					if err := q.Wait(ctx, address); err != nil && !errors.Is(err, authfilter.ErrBusy) {
						t.Error(err)
					}
					cancel()
				}
			})
		}
		all.Wait()
		if n := q.Flows(); n != 0 {
			t.Errorf("%d flows left, want none", n)
		}
	})
}

func TestAddressOf(t *testing.T) {
	f := func(remote, want string) {
		t.Helper()
		if got := authfilter.AddressOf(remote); got.String() != want {
			t.Errorf("%s: address %s, want %s", remote, got, want)
		}
	}
	f("192.0.2.1:80", "192.0.2.1/32")
	f("[::ffff:192.0.2.1]:80", "192.0.2.1/32")
	f("[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::/64")
	f("[2001:db8:1:2::1]:81", "2001:db8:1:2::/64")
	f("[fe80::1%eth0]:80", "fe80::/64")
	f("@", "invalid Prefix")
	f("", "invalid Prefix")
}
