package standby

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/transcript"
)

// TestTranscripts holds what replicas decide in each scenario of testdata. A line that begins with > is a
// command:
//
//	start ID...        replicas with these identities run; they are complete and know one scraper
//	complete ID        the replica is complete after start ID incomplete
//	write ID           its write is in the Lease, or refused if the Lease has changed
//	lose ID            its write is in the Lease, and the response is lost
//	fail ID            its write is not
//	see ID, blind ID   the replica sees the Lease, or cannot read it
//	scrape ID          all scrapers have read the replica
//	leave ID           it gets SIGTERM
//	delete, create     there is no Lease, or a new one
//	pass DURATION ID   time passes for replicas that run; for others see stop
//	stop ID, cont ID   the replica does not run, or does again
//
// The lines after it are of replicas whose state has changed.
func TestTranscripts(t *testing.T) {
	transcript.Run(t, func(t *testing.T) func([]string) string {
		s := &scene{T: t, now: time.Unix(0, 0), lease: Record{Version: "1"}, exists: true, version: 1}
		return func(words []string) string {
			s.command(words[0], words[1:])
			return s.decide()
		}
	})
}

// A scene is a Lease and the replicas that run.
type scene struct {
	*testing.T
	now     time.Time
	lease   Record
	exists  bool
	version int
	actors  []*actor
}

// An actor is a machine with the write that it wants.
type actor struct {
	*Machine
	id      string
	write   *Record
	stopped bool
	state   string // as last printed
}

func (s *scene) find(id string) *actor {
	i := slices.IndexFunc(s.actors, func(a *actor) bool { return a.id == id })
	if i < 0 {
		s.Fatal("no replica ", id)
	}
	return s.actors[i]
}

func (s *scene) command(verb string, words []string) {
	switch verb {
	case "delete", "create":
		s.version++
		s.exists, s.lease = verb == "create", Record{Version: strconv.Itoa(s.version)}
		return
	case "pass":
		d, err := time.ParseDuration(words[0])
		if err != nil {
			s.Fatal(err)
		}
		s.now = s.now.Add(d)
		return
	case "start":
		for _, id := range words {
			if id != "incomplete" {
				a := &actor{Machine: NewMachine(id, 6*time.Second), id: id}
				a.SetComplete(!slices.Contains(words, "incomplete"))
				a.SetScrapers(1)
				s.actors = append(s.actors, a)
			}
		}
		return
	}
	for _, id := range words {
		s.act(verb, s.find(id))
	}
}

func (s *scene) act(verb string, a *actor) {
	if r := a.write; r == nil && slices.Contains([]string{"write", "lose", "fail"}, verb) {
		s.Fatal(a.id, " writes nothing")
	}
	switch verb {
	case "complete":
		a.SetComplete(true)
	case "write", "lose":
		r := a.write
		a.write = nil
		if won := s.exists && r.Version == s.lease.Version; !won {
			a.Refused()
			return
		}
		s.version++
		s.lease = *r
		s.lease.Version = strconv.Itoa(s.version)
		if verb == "write" {
			a.Wrote(s.now, s.lease)
			return
		}
		a.Failed()
	case "fail":
		a.write = nil
		a.Failed()
	case "see":
		if s.exists {
			a.Observe(s.now, s.lease)
			return
		}
		a.Missing()
	case "blind":
		a.Blind()
	case "scrape":
		a.SetScraped()
	case "leave":
		a.Leave()
	case "stop", "cont":
		a.stopped = verb == "stop"
	default:
		s.Fatal("unknown command ", verb)
	}
}

// decide prints what has changed.
func (s *scene) decide() string {
	var out strings.Builder
	for _, a := range s.actors {
		if a.stopped {
			continue
		}
		d := a.Decide(s.now)
		if d.Write != nil {
			a.write = d.Write
		}
		state := "stands by"
		switch {
		case d.Serve && !d.Until.IsZero() && !s.now.Before(d.Until):
			state = "waits"
		case d.Serve:
			state = "serves"
		}
		if r := a.write; r != nil {
			state += fmt.Sprintf(", writes holder %q", r.Holder)
			if r.Scraped != "" {
				state += fmt.Sprintf(" scraped %q", r.Scraped)
			}
		}
		if d.Exit {
			state += ", exits"
		}
		if state != a.state {
			fmt.Fprintf(&out, "%s: %s\n", a.id, state)
			a.state = state
		}
	}
	return out.String()
}
