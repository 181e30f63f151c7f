package standby

import "time"

// A Record is the content of one version of the Lease.
type Record struct {
	// Version orders the records.
	Version string
	// Holder is the identity of the holder, empty for none.
	Holder string
	// Acquired and Renewed are written by the holder and are compared for changes only: clocks differ.
	Acquired, Renewed time.Time
	// Duration is the time without a change after which another replica may take the Lease.
	Duration time.Duration
	// Transitions counts changes of the holder.
	Transitions int
	// Scraped is the identity of the last holder that all scrapers have read.
	Scraped string
	// Scrapers is the number of scrapers that the last holder to leave knew.
	Scrapers int
}

// same reports whether two records are equal for the expiry.
func (r Record) same(o Record) bool {
	return r.Holder == o.Holder && r.Renewed.Equal(o.Renewed) && r.Transitions == o.Transitions
}

// A Decision is what a replica does.
type Decision struct {
	// Serve says that scrapers get series.
	Serve bool
	// Until is when Serve ends without another decision, zero for never: a holder that was suspended for
	// the duration of the Lease does not know the present holder.
	Until time.Time
	// Write is the record to write in place of the present version, nil for nothing. Its result is
	// reported to Wrote or Failed.
	Write *Record
	// Exit says that a leaving replica may exit.
	Exit bool
}

// A Machine is the state of one replica. It is not safe for concurrent use. Times of calls do not
// decrease.
type Machine struct {
	id       string
	duration time.Duration

	record   Record
	known    bool      // there is a Lease, and record is its last version
	seen     time.Time // when the record last changed
	blind    bool      // the Lease could not be read since
	complete bool      // there is something to serve
	scrapers int
	scraped  bool // all scrapers have read series since the replica serves
	serving  bool
	leaving  bool

	writing bool
	failed  bool      // the last write failed, and the Lease has not changed since
	began   time.Time // of the last write
	ended   time.Time // start of the last write that was not refused
}

// NewMachine makes the machine of the replica with an identity, which takes the Lease for a duration.
func NewMachine(id string, duration time.Duration) *Machine {
	return &Machine{id: id, duration: duration}
}

// period is the time between renewals, and between attempts that fail.
func (m *Machine) period() time.Duration { return m.duration / 3 }

// SetComplete sets whether the replica has everything to serve.
func (m *Machine) SetComplete(complete bool) { m.complete = complete }

// SetScrapers sets the number of scrapers of the replica.
func (m *Machine) SetScrapers(n int) { m.scrapers = n }

// SetScraped reports that all scrapers have read series of the replica since it serves.
func (m *Machine) SetScraped() { m.scraped = m.serving }

// Unread reports whether the replica serves and SetScraped has not been called since.
func (m *Machine) Unread() bool { return m.serving && !m.scraped }

// Expected is the number of scrapers that the last holder to leave knew: a new replica does not know
// its own yet.
func (m *Machine) Expected() int { return m.record.Scrapers }

// Leave makes the replica exit once another one serves.
func (m *Machine) Leave() { m.leaving = true }

// Observe reports a version of the Lease. Versions come in order and may be skipped.
func (m *Machine) Observe(now time.Time, r Record) {
	if !m.known || m.blind || !r.same(m.record) {
		m.seen = now
	}
	m.blind = false
	m.failed = m.failed && m.known && r.Version == m.record.Version
	m.record, m.known = r, true
	other := r.Holder != "" && r.Holder != m.id
	switch {
	case m.leaving && r.Holder != m.id: // this replica has released the Lease
		read := r.Scraped != "" && r.Scraped != m.id || other && m.scrapers == 0
		m.serving = m.serving && !read
	case m.leaving:
	case r.Holder == m.id && !m.serving:
		m.serving, m.scraped, m.ended = true, false, m.began
	case other:
		m.serving = false
	}
}

// Blind reports that the Lease cannot be read. Until the next Observe the Lease does not expire: the
// holder may have the same outage.
func (m *Machine) Blind() { m.blind = true }

// Missing reports that there is no Lease.
func (m *Machine) Missing() { m.known = false }

// Wrote reports the version that a write has made.
func (m *Machine) Wrote(now time.Time, r Record) {
	m.writing, m.ended = false, m.began
	m.Observe(now, r)
}

// Failed reports that a write has failed, or may have: the API server cannot be reached.
func (m *Machine) Failed() { m.writing, m.failed, m.ended = false, true, m.began }

// Refused reports that a write has failed because the Lease has changed. Only the Observe that follows
// tells whether the replica still holds it.
func (m *Machine) Refused() { m.writing, m.failed = false, true }

// holds reports whether the Lease names this replica.
func (m *Machine) holds() bool { return m.known && m.record.Holder == m.id }

// Decide returns what to do at a time.
func (m *Machine) Decide(now time.Time) Decision {
	d := Decision{Serve: m.serving, Exit: m.leaving && !m.serving && !m.holds() && !m.writing}
	if m.serving && m.holds() {
		d.Until = m.ended.Add(m.duration)
	}
	if d.Write = m.next(now); d.Write != nil {
		m.writing, m.began = true, now
	}
	return d
}

// next returns the record to write, nil for none.
func (m *Machine) next(now time.Time) *Record {
	r, early := m.record, now.Sub(m.began) < m.period()
	if m.writing || !m.known || m.failed && early {
		return nil
	}
	announce := m.scraped && r.Scraped != m.id
	switch {
	case m.holds() && m.leaving && !m.unread():
		return m.Release()
	case m.holds():
		if early && !announce {
			return nil
		}
	case m.leaving || !m.complete || !m.free(now):
		return nil
	default:
		r.Transitions, r.Acquired = r.Transitions+1, now
		if r.Scraped == m.id { // when it held the Lease before
			r.Scraped = ""
		}
	}
	if announce && m.holds() {
		r.Scraped, r.Scrapers = m.id, m.scrapers
	}
	r.Holder, r.Renewed, r.Duration = m.id, now, m.duration
	return &r
}

// free reports whether the Lease may be taken. A new Lease, which may replace a deleted one, is reserved
// for the serving replica for half a period.
func (m *Machine) free(now time.Time) bool {
	unchanged := now.Sub(m.seen)
	switch {
	case m.blind:
		return false
	case m.record.Holder != "":
		return unchanged >= m.record.Duration
	case m.record.Transitions == 0:
		return m.serving || unchanged >= m.period()/2
	default:
		return true
	}
}

// unread reports whether a leaving holder stays until it has been scraped: its predecessor waits for
// that, so that no more than two replicas serve at a time.
func (m *Machine) unread() bool {
	return m.serving && m.scrapers > 0 && m.record.Scraped != m.id
}

// Release returns the record that releases the Lease, nil if the replica does not hold it.
func (m *Machine) Release() *Record {
	if !m.holds() {
		return nil
	}
	r := m.record
	r.Holder, r.Duration, r.Scrapers = "", time.Second, m.scrapers
	return &r
}
