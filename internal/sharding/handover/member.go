package handover

import (
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
)

// A Layout says which numbered pods divide the work: Total of them, from Start on.
type Layout struct{ Start, Total int }

// share is what the pod with the number is to serve.
func (l Layout) share(number int) sharding.Ranges {
	return sharding.Even(number-l.Start, l.Total)
}

// has says whether the pod with the number is part of the layout.
func (l Layout) has(number int) bool { return number >= l.Start && number < l.Start+l.Total }

// A Promise is what a member tells the others.
type Promise struct {
	// Holder is the uid of the member's pod, and Since the Since of that when it was
	// last ready: a promise of a process that has died, in a pod that has become
	// ready again with another, counts no more.
	Holder, Since string
	// Serial tells the promises of one process apart, and those of two.
	Serial int64
	// Serves is what the member serves, and goes on serving until it has itself
	// seen a later promise without it.
	Serves sharding.Ranges
	// Leaving says that the member ends as soon as others serve all that.
	Leaving bool
	// Filtered says that the API server sends the member's ranges alone, so that
	// to list a part of them costs no more than the part.
	Filtered bool
}

// same says whether two promises say the same.
func (p Promise) same(o Promise) bool {
	return p.Holder == o.Holder && p.Since == o.Since && p.Leaving == o.Leaving && p.Filtered == o.Filtered && p.Serves.Equal(o.Serves)
}

// A Pod is what the API server knows of a member's pod.
type Pod struct {
	UID string
	// Ready is the condition, and Since tells the times apart at which it has
	// changed. Ending says that the pod is being deleted.
	Ready, Ending bool
	Since         string
}

// A Member is the state of one of the shards. It is for one goroutine.
type Member struct {
	number   int
	uid      string
	takeover time.Duration // after which others are lost, 0 for never

	laid     bool // layout is known
	layout   Layout
	promises map[int]Promise // by number, as the API server has them; not changed
	pods     map[int]Pod

	has     sharding.Ranges // complete
	wanted  sharding.Ranges // being completed, or has
	ready   bool            // has been all of a share
	open    bool            // readers get what there is
	proven  sharding.Ranges // has been read by scrapers
	leaving bool
	since   string // the own pod is ready, or was the last time

	filtered bool
	blind    bool
	missing  map[int]time.Time // since when others have not been ready
	lost     map[int]int       // others that are lost, and how many may take over from them

	serial int64
	sent   *Promise // the last one, nil if it may not have arrived
	sentAt time.Time
	spoken bool // the API server has had one

	waits time.Time // since when something could not be let go, zero if nothing is
}

// patience is how long a member waits for others before it says so.
const patience = 5 * time.Minute

// confirmation is how long a promise may be on its way until it is sent again. It is
// longer than the API server may take to answer.
const confirmation = 30 * time.Second

// New makes the member that the pod with the number and uid is. Serials of its
// promises follow serial. It takes over from a member whose pod has not been ready for
// the time takeover, if that is not 0.
func New(number int, uid string, serial int64, takeover time.Duration) *Member {
	return &Member{
		number: number, uid: uid, serial: serial, takeover: takeover,
		missing: map[int]time.Time{}, lost: map[int]int{},
		promises: map[int]Promise{}, pods: map[int]Pod{},
		has: sharding.None(), wanted: sharding.None(), proven: sharding.None(),
	}
}

// SetLayout notes the present layout. Layouts come in their order.
func (m *Member) SetLayout(l Layout) { m.layout, m.laid = l, true }

// SetPod notes how the pod with the number is, and nil that there is none.
func (m *Member) SetPod(number int, p *Pod) {
	if p == nil {
		delete(m.pods, number)
		return
	}
	m.pods[number] = *p
	if number == m.number && p.Ready {
		m.since = p.Since
	}
}

// SetPromises notes the promises of all members, by the number of their pods, as one
// version of what the API server has them in. Versions come in their order; some
// may be left out.
func (m *Member) SetPromises(all map[int]Promise) {
	_, known := m.own()
	m.promises = all
	_, still := m.own()
	m.spoken = m.spoken || still
	if known && !still {
		m.sent = nil // somebody else took it away
	}
}

// Gone gives the promises that count for nobody any more: those of numbers that are
// not in the layout and have no pod.
func (m *Member) Gone() map[int]Promise {
	gone := map[int]Promise{}
	for n, p := range m.promises {
		if _, pod := m.pods[n]; m.laid && !pod && !m.layout.has(n) && n != m.number {
			gone[n] = p
		}
	}
	return gone
}

// SetFiltered notes whether the API server sends what the member asks for alone.
func (m *Member) SetFiltered(filtered bool) { m.filtered = filtered }

// SetBlind notes whether the member does not see how others are, or cannot tell them
// anything. Time in which it is blind does not count against them.
func (m *Member) SetBlind(blind bool) { m.blind = blind }

// Completed notes that everything of r, which Decide wanted, is complete and given
// to readers, if there are any to be.
func (m *Member) Completed(r sharding.Ranges) {
	if r.Equal(m.wanted) {
		m.has = r
	}
}

// Scraped notes that scrapers have read all that is served.
func (m *Member) Scraped() {
	if m.open {
		m.proven = m.has
	}
}

// Leave has the member end as soon as others serve what it does.
func (m *Member) Leave() { m.leaving = true }

// Lost notes that the promise with a serial may not have arrived, so that it is sent
// again unless it has.
func (m *Member) Lost(serial int64) {
	if _, known := m.own(); !known && m.sent != nil && m.sent.Serial == serial {
		m.sent = nil
	}
}

// Serves is what readers get.
func (m *Member) Serves() sharding.Ranges {
	if !m.open {
		return sharding.None()
	}
	return m.has
}

// present gives the promise of another member that runs and stays, if it is to be
// relied on.
func (m *Member) present(n int) (Promise, bool) {
	p, promised := m.promises[n]
	pod := m.pods[n]
	return p, promised && n != m.number && p.Holder == pod.UID && p.Since == pod.Since && pod.Ready && !pod.Ending && !p.Leaving
}

// others is what other members serve and go on serving.
func (m *Member) others() sharding.Ranges {
	r := sharding.None()
	for n := range m.promises {
		if p, ok := m.present(n); ok {
			r = r.Union(p.Serves)
		}
	}
	return r
}

// promised is what any other member has promised, whatever has become of it.
func (m *Member) promised() sharding.Ranges {
	r := sharding.None()
	for n, p := range m.promises {
		if n != m.number {
			r = r.Union(p.Serves)
		}
	}
	return r
}

// own is the member's promise as the API server has it, if that is the last one.
func (m *Member) own() (Promise, bool) {
	p := m.promises[m.number]
	return p, m.sent != nil && p.Serial == m.sent.Serial
}

// Number is that of the member's pod.
func (m *Member) Number() int { return m.number }
