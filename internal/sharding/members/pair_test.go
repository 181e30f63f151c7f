package members

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

func TestNumbersOfPairs(t *testing.T) {
	f := func(pod string, want int, wantErr string) {
		t.Helper()
		got, err := NumberOf(pod)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if got != want || text != wantErr {
			t.Errorf("%s: %d, %q", pod, got, text)
		}
	}
	f("kubestate-0", 0, "")
	f("kubestate-1", 0, "")
	f("kubestate-6", 3, "")
	f("kubestate", 0, `"kubestate" does not have the name of a StatefulSet and a number`)
}

func TestAssignmentOfPairs(t *testing.T) {
	f := func(replicas, start int32, want handover.Assignment) {
		t.Helper()
		spec := appsv1.StatefulSetSpec{Replicas: &replicas, Ordinals: &appsv1.StatefulSetOrdinals{Start: start}}
		if got := assignmentOf(&appsv1.StatefulSet{Spec: spec}, copies); got != want {
			t.Errorf("%d from %d: %+v, want %+v", replicas, start, got, want)
		}
	}
	f(4, 0, handover.Assignment{Total: 2})
	f(5, 0, handover.Assignment{Total: 3}) // the last one has one pod
	f(1, 0, handover.Assignment{Total: 1})
	f(0, 0, handover.Assignment{})
	f(4, 2, handover.Assignment{Start: 1, Total: 2})
	f(4, 3, handover.Assignment{Start: 1, Total: 3}) // pod 3, pods 4 and 5, pod 6
	f(0, 3, handover.Assignment{Start: 1})
}

// TestPodOfNumber holds which of two pods others take for the member of a number.
func TestPodOfNumber(t *testing.T) {
	ready, unready, ending := handover.Pod{Ready: true}, handover.Pod{}, handover.Pod{Ready: true, Ending: true}
	f := func(a, b *handover.Pod, holder, want string) {
		t.Helper()
		s := &Shard{copies: copies, member: handover.New(0, "own", 1, 0), pods: map[int]handover.Pod{}, claims: map[int]handover.Claim{1: {Holder: holder}}}
		for i, p := range []*handover.Pod{a, b} {
			if p != nil {
				pod := *p
				pod.UID = string(rune('a' + i))
				s.pods[2+i] = pod
			}
		}
		if got := s.podFor(1).UID; got != want {
			t.Errorf("%+v, %+v, claim of %q: %q, want %q", a, b, holder, got, want)
		}
	}
	f(&ready, &ready, "", "a")
	f(&ready, &ready, "b", "b")
	f(&ready, &unready, "b", "b") // the leader, until another pod claims
	f(&unready, &ready, "", "b")
	f(&ending, &ready, "", "b")
	f(&ready, &ready, "gone", "a")
	f(nil, &unready, "a", "b")
	f(nil, nil, "a", "")
}

// TestSupersededClaim holds that a claim of an earlier election does not replace a later one.
func TestSupersededClaim(t *testing.T) {
	claim := func(epoch int64) handover.Claim {
		return handover.Claim{Holder: fmt.Sprint("uid", epoch), Serial: epoch, Epoch: epoch, Ranges: sharding.All()}
	}
	l := &leases{version: 1, annotations: map[string]string{}}
	server := httptest.NewServer(l)
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	f := func(epoch int64, want error, holds int64) {
		t.Helper()
		if _, err := a.write(t.Context(), "kubestate", 0, claim(epoch), nil); !errors.Is(err, want) {
			t.Errorf("a claim of election %d: %v, want %v", epoch, err, want)
		}
		if got, want := l.annotations["kubestate.io/shard-0"], annotationOf(claim(holds)); got != want {
			t.Errorf("the Lease has %s, want %s", got, want)
		}
	}
	f(1, nil, 1)
	f(3, nil, 3)
	f(2, errSuperseded, 3)
	f(3, nil, 3)
	f(4, nil, 4)
}

// election is one whose result the test writes.
type election struct {
	leads bool
	left  bool
}

func (e *election) Leads() (bool, int64) { return e.leads, 1 }

func (e *election) Leave() <-chan struct{} {
	e.left = true
	return nil
}

// TestElect holds when a shard leads, follows, and yields.
func TestElect(t *testing.T) {
	e := &election{}
	s := &Shard{
		copies: copies, election: e, uid: "own", member: handover.New(0, "own", 1, 0), assignment: handover.Assignment{Total: 1}, log: slog.New(slog.DiscardHandler),
		pods: map[int]handover.Pod{0: {UID: "own", Ready: true}}, claims: map[int]handover.Claim{0: {Holder: "gone", Epoch: 7, Ranges: sharding.None()}},
	}
	s.member.Follow()
	f := func(what string, leads, unread, left, yields bool) {
		t.Helper()
		if s.elect(); s.leads != leads || s.unread != unread || e.left != left || s.yields() != yields {
			t.Errorf("%s: leads %v, reads %v, left %v, yields %v", what, s.leads, s.unread, e.left, s.yields())
		}
	}
	f("not elected", false, false, false, false)
	e.leads = true
	f("elected, without claims after the election", false, true, false, false)
	s.fresh, s.unread = true, false
	f("with those", true, false, false, false)
	e.leads = false
	f("another one is elected", false, false, false, false)
	e.leads, s.fresh = true, true
	f("elected again", true, false, false, false)
	s.going = true
	f("told to leave, alone", true, false, false, false)
	s.pods[1] = handover.Pod{UID: "other", Ready: true}
	f("the other pod is ready, and the claims do not have what is served", true, false, false, false)
	claim := s.member.Decide(s.extended).Claim
	if claim.Epoch != 8 {
		t.Errorf("claims with the epoch %d, want 8, after the last leader's 7", claim.Epoch)
	}
	s.member.SetClaims(map[int]handover.Claim{0: *claim})
	f("they do", false, false, true, true)
	s.pods[1] = handover.Pod{UID: "other", Ready: true, Ending: true}
	s.fresh = true
	f("the other pod ends", true, false, true, false)
}
