package listwatch

import "time"

// A state of a loop says what it requests.
type state string

const (
	// streaming requests a watch that begins with the list.
	streaming state = "streaming"
	// paging requests a list in pages, pagingAgain the same after the pages expired once.
	paging      state = "paging"
	pagingAgain state = "paging again"
	// unpaged requests a list in one page, after the pages expired twice.
	unpaged state = "unpaged"
	// watching requests a watch from the last version on.
	watching state = "watching"

	// listing is streaming if lists can be streamed, paging otherwise. A machine never rests
	// in it.
	listing state = "listing"
)

// An outcome of a request.
type outcome string

const (
	listed      outcome = "listed"      // the list is complete
	ended       outcome = "ended"       // the watch ended, after an event
	short       outcome = "short"       // the same within a second
	fruitless   outcome = "fruitless"   // the watch ended or was silent, without an event
	brief       outcome = "brief"       // likewise within a second
	narrowed    outcome = "narrowed"    // the shard lost a part, which the watch is to be without
	unreachable outcome = "unreachable" // no connection
	broken      outcome = "broken"      // a connection without a response
	throttled   outcome = "throttled"   // 429
	failing     outcome = "failing"     // 401 and 5xx
	refused     outcome = "refused"     // 403 and 404
	expired     outcome = "expired"     // 410, or a version that the server does not have yet
	unsupported outcome = "unsupported" // the server does not stream lists
	stalled     outcome = "stalled"     // a streamed list without progress
	incomplete  outcome = "incomplete"  // a streamed list that ended too early
	unusable    outcome = "unusable"    // anything else, such as events in disorder
)

// A pause before the next request.
type pause string

const (
	none    pause = ""
	backoff pause = "backoff"
	second  pause = "second" // as long as a watch must last not to be short or brief
)

// A transition leads from a state and an outcome to the next state.
type transition struct {
	to    state
	after pause
	// without has lists not be streamed for streamAgain.
	without bool
	// anew forgets the version, so that the server gives its newest.
	anew bool
	// strike has the transition happen maxResumes times in a row, and lead to listing then.
	strike strike
}

// A strike is a kind of failed resume. Each kind is counted by itself.
type strike int

const (
	noStrike strike = iota
	failedResume
	fruitlessResume
	strikes
)

const (
	// maxResumes is how often a watch is resumed in a row before the loop lists.
	maxResumes = 4
	// streamAgain is when lists are streamed again after that was of no use.
	streamAgain = 10 * time.Minute
)

// transitions are all of them. An outcome that is not in a row is that of unusable.
var transitions = map[state]map[outcome]transition{
	streaming: {
		listed:      {to: watching},
		unsupported: {to: paging, without: true},
		stalled:     {to: paging, without: true},
		incomplete:  {to: paging, without: true},
		expired:     {to: streaming, anew: true},
		unreachable: {to: listing, after: backoff},
		throttled:   {to: listing, after: backoff},
		refused:     {to: listing, after: backoff}, // and would refuse a list too
		unusable:    {to: paging},
	},
	paging: {
		listed:   {to: watching},
		expired:  {to: pagingAgain},
		unusable: {to: listing, after: backoff},
	},
	pagingAgain: {
		listed:   {to: watching},
		expired:  {to: unpaged},
		unusable: {to: listing, after: backoff},
	},
	unpaged: {
		listed:   {to: watching},
		unusable: {to: listing, after: backoff},
	},
	watching: {
		ended:       {to: watching},
		short:       {to: watching, after: second},
		narrowed:    {to: watching},
		fruitless:   {to: watching, strike: fruitlessResume},
		brief:       {to: watching, after: second, strike: fruitlessResume},
		broken:      {to: watching, after: backoff, strike: fruitlessResume},
		unreachable: {to: watching, after: backoff}, // a list would fail as well
		throttled:   {to: watching, after: backoff}, // a list would cost the server more
		failing:     {to: watching, after: backoff, strike: failedResume},
		expired:     {to: listing, after: backoff},
		unusable:    {to: listing, after: backoff},
	},
}

// A machine decides what a loop requests next. It does no I/O.
type machine struct {
	state   state
	version string // from which to watch, or than which a streamed list must not be older

	streams    bool      // lists may be streamed
	streamFrom time.Time // and not before
	counts     [strikes]int
	// suspect is set while a list is requested because watches were fruitless and not because
	// the version cannot be watched from.
	suspect bool
}

func newMachine(streams bool) machine {
	m := machine{streams: streams}
	m.state = m.listing(time.Time{})
	return m
}

// listing is the state in which to list.
func (m *machine) listing(now time.Time) state {
	if m.streams && !now.Before(m.streamFrom) {
		return streaming
	}
	return paging
}

// next takes the outcome of a request, enters the next state and gives the pause before its
// request.
func (m *machine) next(o outcome, now time.Time) pause {
	t, ok := transitions[m.state][o]
	if !ok {
		t = transitions[m.state][unusable]
	}
	if o == listed {
		m.opened()
		m.alive()
	}
	if t.without {
		m.streamFrom = now.Add(streamAgain)
	}
	if t.anew && m.version == "" {
		t = transitions[m.state][unusable]
	} else if t.anew {
		m.version = ""
	}
	if t.strike != noStrike {
		if m.counts[t.strike]++; m.counts[t.strike] > maxResumes {
			m.counts[t.strike] = 0
			m.suspect = t.strike == fruitlessResume
			t.to, t.after = listing, backoff
		}
	}
	if m.state != watching && t.to == listing && m.suspect && (o == unreachable || o == broken) {
		t.to = watching // the list fails as the watches do: the version may still be good
	}
	if t.to == listing {
		t.to = m.listing(now)
	}
	m.state = t.to
	return t.after
}

// opened notes that a watch was opened.
func (m *machine) opened() { m.counts[failedResume] = 0 }

// alive notes an event of a watch.
func (m *machine) alive() { m.counts[fruitlessResume], m.suspect = 0, false }
