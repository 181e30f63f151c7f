package members

import (
	"context"
	"errors"
	"maps"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"

	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// An Election decides which of two pods of one number leads: it claims and serves, and the other one
// follows. Pods 0 and 1 have the number 0, pods 2 and 3 the number 1, and so on.
type Election interface {
	// Leads reports whether this pod leads, and the number of the election. A pod leads until another one
	// is elected, also after Leave.
	Leads() (leads bool, epoch int64)
	// Leave lets the other pod be elected.
	Leave() <-chan struct{}
}

// copies is the number of pods of one number with an Election.
const copies = 2

// NumberOf is the number of a pod with an Election.
func NumberOf(pod string) (int, error) {
	set, err := SetOf(pod)
	if err != nil {
		return 0, err
	}
	n, err := numberOf(pod, set)
	return n / copies, err
}

// elect makes the member lead or follow. A leaving member yields to the other pod of its number, if that is
// ready and stays, otherwise to other numbers.
func (s *Shard) elect() {
	if s.election == nil {
		return
	}
	leads, epoch := s.election.Leads()
	stays := s.otherStays()
	switch {
	case s.going && (!leads || stays && s.member.Settled()):
		s.election.Leave()
		s.member.Leave(s.last)
		s.follow()
	case s.going && !stays:
		s.lead(epoch)
		s.member.Leave(s.last)
	case leads && !s.yields():
		s.lead(epoch)
	case !leads:
		s.follow()
	}
}

// yields reports whether the member leads no more, and serves until the next leader does.
func (s *Shard) yields() bool { return s.going && !s.leads }

func (s *Shard) follow() {
	s.leads, s.fresh = false, false
	s.member.Follow()
	s.showPods()
}

// lead makes the member lead, once the claims have been read after the election.
func (s *Shard) lead(epoch int64) {
	switch {
	case s.leads:
	case !s.fresh:
		s.unread = true
	default:
		s.leads, s.extended = true, time.Now()                  // until now the other pod may have served
		epoch = max(epoch, s.claims[s.member.Number()].Epoch+1) // a new Lease counts from 0
		s.member.Lead(epoch)
		s.showPods()
		s.log.Info("leading the shard", "number", s.member.Number(), "epoch", epoch)
	}
}

// otherStays reports whether the other pod of the number is ready, and both stay.
func (s *Shard) otherStays() bool {
	n := s.member.Number()
	if n < s.assignment.Start || n >= s.assignment.Start+s.assignment.Total {
		return false
	}
	for ordinal := n * copies; ordinal < (n+1)*copies; ordinal++ {
		if pod, exists := s.pods[ordinal]; exists && pod.UID != s.uid && pod.Ready && !pod.Ending {
			return true
		}
	}
	return false
}

// showPods tells the member about the pod of each number.
func (s *Shard) showPods() {
	numbers := map[int]bool{}
	for ordinal := range s.pods {
		numbers[ordinal/s.copies] = true
	}
	for n := range s.shown {
		if !numbers[n] {
			s.member.SetPod(n, nil)
		}
	}
	for n := range numbers {
		pod := s.podFor(n)
		s.member.SetPod(n, &pod)
	}
	s.shown = numbers
}

// podFor is the pod of a number: of two, this one if it leads, and else the one that has claimed, or one
// that is ready and stays.
func (s *Shard) podFor(n int) (found handover.Pod) {
	fit := func(p handover.Pod) bool { return p.Ready && !p.Ending }
	leader := s.claims[n].Holder
	if s.leads && n == s.member.Number() {
		leader = s.uid
	}
	for ordinal := n * s.copies; ordinal < (n+1)*s.copies; ordinal++ {
		pod, exists := s.pods[ordinal]
		switch {
		case !exists:
		case pod.UID == leader:
			return pod
		case found.UID == "" || fit(pod) && !fit(found):
			found = pod
		}
	}
	return found
}

// readLease reads the Lease until that succeeds, and passes it on.
func (s *Shard) readLease(ctx context.Context, set string) {
	for ctx.Err() == nil {
		lease, err := s.api.lease(ctx, set)
		if err == nil {
			s.send(ctx, func() {
				s.sawLease(new(lease))
				s.fresh = true
			})
			return
		}
		s.send(ctx, func() { s.written(err) })
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// keepClaims keeps claims, which show which pod leads a number.
func (s *Shard) keepClaims(claims map[int]handover.Claim) {
	s.claims = maps.Clone(claims)
	s.member.SetClaims(claims)
	s.showPods()
}

var errSuperseded = errors.New("another pod of the number leads")

// lease reads the Lease of the set.
func (a *api) lease(ctx context.Context, set string) (*coordinationv1.Lease, error) {
	var lease coordinationv1.Lease
	err := a.coordination.Get().Namespace(a.namespace).Resource("leases").Name(set).Timeout(timeout).Do(ctx).Into(&lease)
	return &lease, err
}
