package handover_test

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
	"github.com/kubestate/kubestate/internal/transcript"
)

// TestTranscripts holds what members decide in each scenario of testdata. A line that begins with >
// is a command, whose effect all running members see at once:
//
//	assign TOTAL [from START] [for N]  the StatefulSet has an assignment, which one member or all see
//	steady TOTAL [filtered]            that many members serve their hash ranges and are ready
//	start N, kill N, end N             a pod begins with a process; the process dies; both end
//	complete N, scrape N               the list of member N is complete; all scrapers have read it
//	write N, fail N                    the oldest write of member N is in the Lease, or fails
//	ready N, unready N, leave N        the pod is ready or not, or is being deleted: it opens its terms after 100s
//	blind N, see N, scrapers N COUNT   the member does not see the others, or does; has scrapers
//	lease missing, lease empty         the Lease is deleted, or created
//	pass DURATION                      time passes
//	counting                           members that start from now on count increments
//	start Nb, lead Nb, yield N         a second process of the number begins and follows; it is elected, and has
//	                                   seen the Lease; the leader leaves, and follows the next one
//	at N RESOURCE=VERSION...           the position of the content of member N, as VERSION or LOW-HIGH
//	relist N RESOURCE=VERSION...       the same, by a list
//	terms N                            the oldest terms that member N has written are in the Lease, unless
//	                                   others have replaced those that they were made from
//
// The lines after it are of the members whose state has changed, or that request something: to
// release ranges, to list, or to write a claim. Ranges are fractions of the hash space.
func TestTranscripts(t *testing.T) {
	transcript.Run(t, func(t *testing.T) func([]string) string {
		s := &scene{T: t, now: time.Unix(0, 0), actors: map[int]*actor{}, pods: map[int]handover.Pod{}, claims: map[int]handover.Claim{}}
		return func(words []string) string {
			s.command(words)
			return s.decide()
		}
	})
}

// leaves is the time in which a leaving member waits for others to claim before it opens all its terms.
const leaves = 100 * time.Second

// second is added to the number of a second process of it.
const second = 100

// A scene is an API server and the members that run.
type scene struct {
	*testing.T
	now        time.Time
	assignment handover.Assignment
	actors     map[int]*actor
	pods       map[int]handover.Pod
	claims     map[int]handover.Claim
	terms      handover.Terms
	counting   bool
	started    int
	epoch      int64 // of the last election
}

// An actor is a member with what it has requested.
type actor struct {
	*handover.Member
	uid    string
	wanted sharding.Ranges
	writes []handover.Claim
	state  string // as last printed
	*tally        // nil if it counts nothing
}

func (s *scene) command(words []string) {
	number := func(i int) int {
		text, follows := strings.CutSuffix(words[i], "b")
		n, err := strconv.Atoi(text)
		if err != nil {
			s.Fatal(words, err)
		}
		if follows {
			n += second
		}
		return n
	}
	switch words[0] {
	case "assign":
		s.assign(words, number)
		return
	case "steady":
		s.steady(number(1), len(words) > 2)
		return
	case "lease":
		s.claims = map[int]handover.Claim{}
		for _, a := range s.actors {
			a.SetBlind(words[1] == "missing")
		}
		s.seen()
		return
	case "pass":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.Fatal(err)
		}
		s.now = s.now.Add(d)
		return
	case "start":
		s.start(number(1))
		return
	case "counting":
		s.counting = true
		return
	}
	n := number(1)
	a, pod := s.actors[n], s.pods[n]
	switch words[0] {
	case "kill":
		delete(s.actors, n)
	case "end":
		delete(s.actors, n)
		s.set(n, nil)
	case "complete":
		a.Completed(a.wanted)
	case "scrape":
		a.Scraped()
	case "scrapers":
		a.SetScrapers(number(2))
	case "write":
		s.write(a)
	case "at":
		a.move(words[2:])
	case "relist":
		a.lists++
		a.move(words[2:])
	case "terms":
		s.writeTerms(a)
	case "fail":
		a.WriteFailed(a.writes[0].Serial)
		a.writes = a.writes[1:]
	case "ready", "unready":
		pod.Ready, pod.Since = words[0] == "ready", s.now.Format(time.TimeOnly)
		s.set(n, &pod)
	case "leave":
		pod.Ending = true
		s.set(n, &pod)
		a.Leave(s.now.Add(leaves))
	case "lead":
		s.epoch++
		a.Lead(s.epoch)
		s.set(a.Number(), &handover.Pod{UID: a.uid, Ready: true, Since: s.now.Format(time.TimeOnly)})
	case "yield":
		a.Leave(s.now.Add(leaves))
		a.Follow()
	case "blind", "see":
		a.SetBlind(words[0] == "blind")
	default:
		s.Fatal(words)
	}
}

func (s *scene) assign(words []string, number func(int) int) {
	s.assignment = handover.Assignment{Total: number(1)}
	only := -1
	for i := 2; i+1 < len(words); i += 2 {
		switch words[i] {
		case "from":
			s.assignment.Start = number(i + 1)
		case "for":
			only = number(i + 1)
		}
	}
	for n, a := range s.actors {
		if only < 0 || n == only {
			a.SetAssignment(s.assignment)
		}
	}
}

// start begins a process in the pod of a number, and a pod for it if there is none.
func (s *scene) start(n int) {
	s.started++
	if n >= second {
		s.startSecond(n)
		return
	}
	pod, ok := s.pods[n]
	if !ok {
		pod = handover.Pod{UID: fmt.Sprintf("pod %d", s.started)}
	}
	a := &actor{Member: handover.New(n, pod.UID, int64(s.started)*1000, time.Minute), uid: pod.UID, wanted: sharding.None()}
	if s.counting {
		a.CountIncrements()
		a.tally = &tally{low: sharding.Positions{"pods": "100"}, high: sharding.Positions{"pods": "100"}}
	}
	s.actors[n] = a
	s.set(n, &pod)
	for i, other := range s.pods {
		a.SetPod(i, &other)
	}
	a.SetAssignment(s.assignment)
	s.seen()
}

// startSecond begins a process that follows.
func (s *scene) startSecond(n int) {
	uid := fmt.Sprintf("pod %d", s.started)
	a := &actor{Member: handover.New(n-second, uid, int64(s.started)*1000, time.Minute), uid: uid, wanted: sharding.None()}
	s.actors[n] = a
	a.Follow()
	for i, other := range s.pods {
		a.SetPod(i, &other)
	}
	a.SetAssignment(s.assignment)
	s.seen()
}

func (s *scene) steady(total int, filtered bool) {
	s.actors, s.pods, s.claims = map[int]*actor{}, map[int]handover.Pod{}, map[int]handover.Claim{}
	s.command([]string{"assign", strconv.Itoa(total)})
	for n := range total {
		for _, step := range []string{"start", "complete", "scrape", "write", "ready", "write", "write"} {
			s.command([]string{step, strconv.Itoa(n)})
			s.actors[n].SetFiltered(filtered)
			s.decide()
		}
		if s.counting {
			s.command([]string{"terms", strconv.Itoa(n)})
			s.decide()
		}
	}
	for _, a := range s.actors {
		a.state = ""
	}
}

// set changes a pod, nil if it is gone.
func (s *scene) set(n int, pod *handover.Pod) {
	if pod == nil {
		delete(s.pods, n)
	} else {
		s.pods[n] = *pod
	}
	for _, a := range s.actors {
		a.SetPod(n, pod)
	}
}

// write puts the oldest write of a member into the Lease.
func (s *scene) write(a *actor) {
	if len(a.writes) == 0 {
		s.Fatalf("member %d has nothing to write", a.Number())
	}
	s.claims = maps.Clone(s.claims)
	s.claims[a.Number()] = a.writes[0]
	for n := range a.Stale() {
		delete(s.claims, n)
	}
	a.writes = a.writes[1:]
	s.seen()
}

// seen shows all members the present claims.
func (s *scene) seen() {
	for _, a := range s.actors {
		a.SetClaims(s.claims)
		if a.tally != nil {
			a.SetTerms(s.terms)
		}
	}
}

// decide gives what the members decide, those that change nothing left out.
func (s *scene) decide() string {
	var out strings.Builder
	for _, n := range slices.Sorted(maps.Keys(s.actors)) {
		a := s.actors[n]
		if a.tally != nil {
			a.SetPositions(a.low, a.high, a.lists)
		}
		d := a.Decide(s.now)
		var requests strings.Builder
		if !d.Release.IsNone() {
			fmt.Fprintf(&requests, ", releases %s", fractions(d.Release))
		}
		has := a.Serves()
		if n >= second && has.IsNone() {
			has = a.wanted // of a follower
		}
		if missing := d.Want.Minus(has); !d.Want.Equal(a.wanted.Minus(d.Release)) && !missing.IsNone() {
			fmt.Fprintf(&requests, ", lists %s", fractions(missing))
		}
		a.wanted = d.Want
		if c := d.Claim; c != nil {
			a.writes = append(slices.DeleteFunc(a.writes, func(w handover.Claim) bool { return w.Serial == c.Serial }), *c)
			fmt.Fprintf(&requests, ", claims %s", fractions(c.Ranges))
			if c.Leaving {
				requests.WriteString(" leaving")
			}
			if c.Scrapers > 0 {
				fmt.Fprintf(&requests, " with %d scrapers", c.Scrapers)
			}
			if len(c.Listed) > 0 {
				fmt.Fprintf(&requests, " listed at %s", versions(c.Listed))
			}
			if stale := a.Stale(); len(stale) > 0 {
				fmt.Fprintf(&requests, ", deletes claims of %d", slices.Sorted(maps.Keys(stale)))
			}
		}
		requests.WriteString(a.tally.describe(d))
		if state := a.describe(d); state != a.state || requests.Len() > 0 {
			fmt.Fprintf(&out, "%s: %s%s\n", label(n), state, requests.String())
			a.state = state
		}
	}
	return out.String()
}

// label is the number of a process in a transcript.
func label(n int) string {
	if n >= second {
		return fmt.Sprint(n-second, "b")
	}
	return fmt.Sprint(n)
}

func (a *actor) describe(d handover.Decision) string {
	state := "serves " + fractions(a.Serves())
	if d.Ready {
		state = "ready, " + state
	}
	if !d.Unclaimed.IsNone() {
		state += ", unclaimed " + fractions(d.Unclaimed)
	}
	if d.Overdue {
		state += " overdue"
	}
	if most := a.OthersScrapers(); most > 0 {
		state += fmt.Sprintf(", expects %d scrapers", most)
	}
	if d.Exit {
		state += ", exits"
	}
	return state
}

// fractions shows ranges as fractions of the hash space, in lowest terms.
func fractions(r sharding.Ranges) string {
	if r.IsAll() || r.IsNone() {
		return r.String()
	}
	var parts []string
	for part := range strings.FieldsSeq(r.String()) {
		from, to, _ := strings.Cut(strings.Trim(part, "[)"), ",")
		parts = append(parts, fmt.Sprintf("[%s,%s)", fraction(from), fraction(to)))
	}
	return strings.Join(parts, " ")
}

func fraction(bound string) string {
	of, err := strconv.ParseFloat(bound+"p-64", 64)
	if err != nil {
		return bound
	}
	for q := 1.; q <= 100; q++ {
		if p := math.Round(of * q); math.Abs(of*q-p) < 1e-9 {
			return strings.TrimSuffix(fmt.Sprintf("%.0f/%.0f", p, q), "/1")
		}
	}
	return bound
}
