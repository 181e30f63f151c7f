package listwatch

import "time"

// A state of a loop determines its request.
type state string

const (
	// streaming requests a watch that begins with the list.
	streaming state = "streaming"
	// paging requests a list in pages, pagingAgain likewise after the pages expired once.
	paging      state = "paging"
	pagingAgain state = "paging again"
	// unpaged requests a list in one page, after the pages expired twice.
	unpaged state = "unpaged"
	// watching requests a watch from the last version.
	watching state = "watching"

	// listing stands for streaming if lists can be streamed, for paging otherwise.
	listing state = "listing"
)

// An outcome is the result of a request.
type outcome string

const (
	listed      outcome = "listed"      // the list is complete
	ended       outcome = "ended"       // the watch ended, after an event
	short       outcome = "short"       // likewise within a second
	fruitless   outcome = "fruitless"   // the watch ended or was idle, without an event
	brief       outcome = "brief"       // likewise within a second
	narrowed    outcome = "narrowed"    // the shard lost ranges
	unreachable outcome = "unreachable" // no connection
	broken      outcome = "broken"      // a connection without a response
	throttled   outcome = "throttled"   // 429
	failing     outcome = "failing"     // 401 and 5xx
	refused     outcome = "refused"     // 403 and 404
	expired     outcome = "expired"     // 410, or a version that the server does not have yet
	unsupported outcome = "unsupported" // the server does not stream lists
	stalled     outcome = "stalled"     // a streamed list without progress
	incomplete  outcome = "incomplete"  // a streamed list that ended too early
	unusable    outcome = "unusable"    // anything else, such as events out of order
)

// A pause is the wait before the next request.
type pause string

const (
	none      pause = ""
	backoff   pause = "backoff"
	oneSecond pause = "second" // minWatch
)

// A transition leads from a state and an outcome to the next state.
type transition struct {
	to    state
	after pause
	// stopStreaming disables streamed lists for streamAgain.
	stopStreaming bool
	// resetVersion clears the version, so that the server sends its latest.
	resetVersion bool
	// failure limits the transition to maxResumes times in a row; then it leads to listing.
	failure resumeFailure
}

// A resumeFailure is a kind of failed resume, with its own count.
type resumeFailure int

const (
	noFailure resumeFailure = iota
	failedResume
	fruitlessResume
	resumeFailures
)

const (
	// maxResumes is the number of failed resumes in a row before a relist.
	maxResumes = 4
	// streamAgain is the time until lists are streamed again after a failure of streaming.
	streamAgain = 10 * time.Minute
)

// transitions are the transitions by state and outcome. Other outcomes count as unusable.
var transitions = map[state]map[outcome]transition{
	streaming: {
		listed:      {to: watching},
		unsupported: {to: paging, stopStreaming: true},
		stalled:     {to: paging, stopStreaming: true},
		incomplete:  {to: paging, stopStreaming: true},
		expired:     {to: streaming, resetVersion: true},
		unreachable: {to: listing, after: backoff},
		throttled:   {to: listing, after: backoff},
		refused:     {to: listing, after: backoff}, // pages would be refused too
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
		short:       {to: watching, after: oneSecond},
		narrowed:    {to: watching},
		fruitless:   {to: watching, failure: fruitlessResume},
		brief:       {to: watching, after: oneSecond, failure: fruitlessResume},
		broken:      {to: watching, after: backoff, failure: fruitlessResume},
		unreachable: {to: watching, after: backoff}, // a list would fail as well
		throttled:   {to: watching, after: backoff}, // a list would cost the server more
		failing:     {to: watching, after: backoff, failure: failedResume},
		expired:     {to: listing, after: backoff},
		unusable:    {to: listing, after: backoff},
	},
}

// A machine decides a loop's next request. It does no I/O.
type machine struct {
	state   state
	version string // to watch from, or the minimum of a streamed list

	streams     bool      // streamed lists are allowed
	streamAfter time.Time // time of the next streamed list
	counts      [resumeFailures]int
	// suspectServer is set while a list is requested after fruitless watches from a version that may
	// be valid.
	suspectServer bool
}

func newMachine(streams bool) machine {
	m := machine{streams: streams}
	m.state = m.listing(time.Time{})
	return m
}

// listing returns the state of a list request.
func (m *machine) listing(now time.Time) state {
	if m.streams && !now.Before(m.streamAfter) {
		return streaming
	}
	return paging
}

// next enters the state after an outcome and returns the pause before the next request.
func (m *machine) next(o outcome, now time.Time) pause {
	t, ok := transitions[m.state][o]
	if !ok {
		t = transitions[m.state][unusable]
	}
	if o == listed {
		m.opened()
		m.alive()
	}
	if t.stopStreaming {
		m.streamAfter = now.Add(streamAgain)
	}
	if t.resetVersion && m.version == "" {
		t = transitions[m.state][unusable]
	} else if t.resetVersion {
		m.version = ""
	}
	if t.failure != noFailure {
		if m.counts[t.failure]++; m.counts[t.failure] > maxResumes {
			m.counts[t.failure] = 0
			m.suspectServer = t.failure == fruitlessResume
			t.to, t.after = listing, backoff
		}
	}
	if m.state != watching && t.to == listing && m.suspectServer && (o == unreachable || o == broken) {
		t.to = watching // the list fails as well: the version may be valid
	}
	if t.to == listing {
		t.to = m.listing(now)
	}
	m.state = t.to
	return t.after
}

// opened records that a watch was opened.
func (m *machine) opened() { m.counts[failedResume] = 0 }

// alive records an event of a watch.
func (m *machine) alive() { m.counts[fruitlessResume], m.suspectServer = 0, false }
