package authfilter_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubestate/kubestate/internal/authfilter"
)

// Those of the queue under test: a turn every 100 ms, two at once.
const (
	turnsPerSecond, turnsAtOnce = 10, 2
	someAddresses, someWaiting  = 4, 3

	each = time.Second / turnsPerSecond
	step = each + 2*time.Millisecond // so that no turn is due at the very moment of a look
)

// asking is somebody who waits in a queue.
type asking struct {
	number  int
	address netip.Prefix
	leave   context.CancelFunc
}

// A line is the model of a queue: lists of those who wait, by address, in the order of
// their next turns.
type line struct {
	flows []*waitingLine
}

type waitingLine struct {
	address netip.Prefix
	waiting []int
}

func (l *line) enter(a asking) bool {
	i := slices.IndexFunc(l.flows, func(w *waitingLine) bool { return w.address == a.address })
	if i < 0 {
		if len(l.flows) == someAddresses {
			return false
		}
		l.flows, i = append(l.flows, &waitingLine{address: a.address}), len(l.flows)
	}
	if len(l.flows[i].waiting) == someWaiting {
		return false
	}
	l.flows[i].waiting = append(l.flows[i].waiting, a.number)
	return true
}

func (l *line) leave(number int) {
	for _, w := range l.flows {
		w.waiting = slices.DeleteFunc(w.waiting, func(n int) bool { return n == number })
	}
	l.flows = slices.DeleteFunc(l.flows, func(w *waitingLine) bool { return len(w.waiting) == 0 })
}

// next is whose turn it is.
func (l *line) next() int {
	first := l.flows[0]
	number := first.waiting[0]
	first.waiting = first.waiting[1:]
	l.flows = l.flows[1:]
	if len(first.waiting) > 0 {
		l.flows = append(l.flows, first)
	}
	return number
}

// turn is what somebody gets who asked for one.
type turn struct {
	number int
	err    error
}

// play has addresses come and leave as the bytes say, and compares who gets a turn, and
// when, with the model.
func play(t *testing.T, moves []byte) {
	synctest.Test(t, func(t *testing.T) {
		q, m := authfilter.NewQueue(turnsPerSecond, turnsAtOnce, someAddresses, someWaiting), &line{}
		turns := make(chan turn, len(moves))
		credit, began, given := turnsAtOnce*each, time.Now(), 0
		var waiting []asking
		wants := func(at string, want turn) {
			t.Helper()
			synctest.Wait()
			select {
			case got := <-turns:
				if got.number != want.number || !errors.Is(got.err, want.err) || (got.err == nil) != (want.err == nil) {
					t.Fatalf("%s: number %d got %v, want number %d and %v", at, got.number, got.err, want.number, want.err)
				}
			default:
				t.Fatalf("%s: nobody got a turn, want number %d", at, want.number)
			}
			waiting = slices.DeleteFunc(waiting, func(a asking) bool { return a.number == want.number })
			if want.err == nil {
				given++
			}
		}
		for number, move := range moves {
			address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, move >> 2 & 7}), 32)
			switch at := fmt.Sprint("move ", number); move & 3 {
			case 0, 1: // somebody comes
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				a := asking{number, address, cancel}
				waiting = append(waiting, a)
				go func() { turns <- turn{number, q.Wait(ctx, address)} }()
				switch {
				case len(m.flows) == 0 && credit >= each:
					credit -= each
					wants(at, turn{number, nil})
				case !m.enter(a):
					wants(at, turn{number, authfilter.ErrBusy})
				}
			case 2: // somebody leaves
				if len(waiting) > 0 {
					a := waiting[int(move>>2)%len(waiting)]
					m.leave(a.number)
					a.leave()
					wants(at, turn{a.number, context.Canceled})
				}
			case 3: // time goes by
				time.Sleep(step)
				credit = min(credit+step, turnsAtOnce*each)
				for len(m.flows) > 0 && credit >= each {
					credit -= each
					wants(at, turn{m.next(), nil})
				}
			}
			synctest.Wait()
			if len(turns) > 0 {
				t.Fatalf("move %d: number %d has a turn that the model does not give", number, (<-turns).number)
			}
		}
		if most := turnsAtOnce + int(time.Since(began)/each); given > most {
			t.Errorf("%d turns, want up to %d", given, most)
		}
		for _, a := range slices.Clone(waiting) {
			a.leave()
			wants("end", turn{a.number, context.Canceled})
		}
		if n := q.Flows(); n != 0 {
			t.Errorf("%d addresses wait, and nobody of them", n)
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

// TestQueueAtOnce has many come and leave at the same time as turns are given.
func TestQueueAtOnce(t *testing.T) {
	q := authfilter.NewQueue(1000, 1, 8, 4)
	ends := make(chan error)
	for i := range 64 {
		go func() {
			var err error
			for n := range 50 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(n%5)*time.Millisecond)
				address := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i % 10)}), 32)
				if got := q.Wait(ctx, address); got != nil && !errors.Is(got, authfilter.ErrBusy) {
					err = got
				}
				cancel()
			}
			ends <- err
		}()
	}
	for range 64 {
		if err := <-ends; err != nil {
			t.Error(err)
		}
	}
	if n := q.Flows(); n != 0 {
		t.Errorf("%d addresses wait, and nobody of them", n)
	}
}

// TestClients says who is one client.
func TestClients(t *testing.T) {
	f := func(remote, want string) {
		t.Helper()
		if got := authfilter.AddressOf(remote); got.String() != want {
			t.Errorf("%s is of %s, want %s", remote, got, want)
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
