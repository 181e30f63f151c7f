package handover_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// TestPairs is TestNoGap with two members of some numbers: one leads, the other follows and leads next.
// A leader that leaves and has a follower is unserved at no time.
func TestPairs(t *testing.T) { simulate(t, seedsOf(60), world{pairs: map[int]*pair{}}) }

// TestPairsInCrashes is TestPairs with killed processes, also of both members of a number.
func TestPairsInCrashes(t *testing.T) {
	simulate(t, seedsOf(40), world{crashes: true, pairs: map[int]*pair{}})
}

// A pair is the members of one number: what the Lease of the number says.
type pair struct {
	epoch    int64    // of the last leader
	follower *process // nil for none
	leaver   *process // has given the Lease up, and serves until the next leader has claimed
	deposed  *process // was cut off when another one was elected, and serves until it knows
}

// TestPairsCutOff is TestPairs in which leaders that are cut off lose the election and continue to serve, and follow
// once reconnected. Only what they served may be unserved then.
func TestPairsCutOff(t *testing.T) {
	simulate(t, seedsOf(40), world{pairs: map[int]*pair{}, deposes: true})
}

// pair is that of a number.
func (w *world) pair(n int) *pair {
	if w.pairs[n] == nil {
		w.pairs[n] = &pair{}
	}
	return w.pairs[n]
}

// leader is the member that leads a number, nil for none.
func (w *world) leader(n int) *process {
	for _, p := range w.processes {
		if pair := w.pairs[n]; p.number == n && (pair == nil || p != pair.follower && p != pair.leaver && p != pair.deposed) {
			return p
		}
	}
	return nil
}

// assigned reports whether a number has a hash range.
func (w *world) assigned(n int) bool {
	l := w.assignment()
	return n >= l.Start && n < l.Start+l.Total
}

// follower is that of a number, nil for none.
func (w *world) follower(n int) *process {
	if pair := w.pairs[n]; pair != nil {
		return pair.follower
	}
	return nil
}

// elect makes one step of the members of a number.
func (w *world) elect() {
	numbers := slices.Sorted(maps.Keys(w.pairs))
	if len(numbers) == 0 {
		return
	}
	n := numbers[w.IntN(len(numbers))]
	q, leader := w.pairs[n], w.leader(n)
	switch f := q.follower; {
	case f == nil && leader != nil && !leader.leaving && w.assigned(n) && w.adverse:
		w.uids++
		w.start(n, fmt.Sprint("uid", w.uids))
	case f != nil && (!w.assigned(n) || leader != nil && !leader.leaving && !w.adverse):
		w.dismiss(q)
	case f != nil && (leader != nil || q.leaver != nil) && w.adverse && w.IntN(20) == 0:
		w.dismiss(q) // is lost
	case q.deposed != nil && !q.deposed.cut:
		w.say("%s of %d knows that it does not lead", q.deposed.uid, n)
		w.excused = append(w.excused, excuse{q.deposed.served(), len(w.pods)}) // its last claim may have come late
		q.deposed.Follow()
		w.remove(q.deposed)
		q.deposed = nil
	case w.deposes && f != nil && leader != nil && leader.cut && !leader.leaving && q.deposed == nil && q.leaver == nil && f.Complete() && !f.cut:
		w.say("%s of %d is cut off and continues to serve", leader.uid, n)
		q.deposed = leader
		w.promote(n)
	case f != nil && leader == nil && f.Complete() && !f.cut:
		w.promote(n)
	case f == nil && leader == nil && q.leaver != nil: // the other member is lost
		w.say("%s leads %d again", q.leaver.uid, n)
		q.leaver.Lead(q.epoch)
		w.setPod(n, &handover.Pod{UID: q.leaver.uid, Ending: true})
		w.seePods(q.leaver, len(w.pods))
		q.leaver = nil
	case leader != nil && q.leaver != nil && q.leaver.decision.Exit:
		w.say("%s of %d ends", q.leaver.uid, n)
		w.remove(q.leaver)
		q.leaver = nil
	}
}

// promote has the follower of a number lead.
func (w *world) promote(n int) {
	q := w.pairs[n]
	f := q.follower
	q.epoch, q.follower = q.epoch+1, nil
	w.say("%s leads %d in epoch %d", f.uid, n, q.epoch)
	w.setPod(n, &handover.Pod{UID: f.uid, Ready: true})
	f.leases = len(w.claims)
	w.see(f)
	f.Lead(q.epoch)
	w.seePods(f, len(w.pods))
	w.decide(f)
}

// dismiss ends a follower.
func (w *world) dismiss(q *pair) {
	w.say("the follower %s of %d ends", q.follower.uid, q.follower.number)
	w.remove(q.follower)
	if n := q.follower.number; q.leaver == nil && w.leader(n) == nil {
		w.setPod(n, nil)
	}
	q.follower = nil
}

func (w *world) remove(p *process) {
	w.processes = slices.DeleteFunc(w.processes, func(q *process) bool { return q == p })
}

// leave tells a process to end: its follower is the next leader, if there is one, and else other numbers
// take over.
func (w *world) leave(p *process) {
	f := w.follower(p.number)
	switch {
	case f == p, w.pairs != nil && w.pair(p.number).deposed == p:
		return
	case f == nil || !f.decision.Ready || !w.assigned(p.number):
	case !p.Settled() || w.pairs[p.number].leaver != nil:
		return // later
	default:
		w.pairs[p.number].leaver = p
		defer p.Follow()
	}
	w.say("terminate %d", p.number)
	p.leaving = true
	p.Leave(w.now.Add(grace - lastPart))
}

// crashPair kills a process of a number with two members, and reports whether it is one. The process that
// starts again would follow.
func (w *world) crashPair(p *process) bool {
	q := w.pairs[p.number]
	switch {
	case q == nil:
		return false
	case p == q.follower && w.leader(p.number) == nil && q.leaver == nil:
		q.follower = nil
		return false
	case p == q.follower:
		w.dismiss(q)
	case p == q.deposed:
		w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
		w.remove(p)
		q.deposed = nil
	case p == q.leaver:
		w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
		w.remove(p)
		q.leaver = nil
		if w.leader(p.number) == nil {
			w.vacate(p.number)
		}
	case q.follower == nil:
		return false
	default:
		w.vacate(p.number)
		w.excused = append(w.excused, excuse{p.served(), len(w.pods)})
		w.remove(p)
	}
	return true
}
