package listwatch

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/transcript"
)

// TestTranscripts replays the transcripts of testdata. A line that begins with > is a command: an
// outcome, with the version of a list; event, with its version; open, for an accepted watch; pass, for
// elapsed time; or new, for another machine. The next line is the state with its version and the
// pause before its request.
func TestTranscripts(t *testing.T) {
	transcript.Run(t, func(t *testing.T) func([]string) string {
		m, now := newMachine(true), time.Unix(0, 0)
		return func(words []string) string {
			after := command(t, &m, &now, words)
			text := string(m.state)
			if m.version != "" {
				text += " from " + m.version
			}
			if after != none {
				text += ", after " + map[pause]string{backoff: "a backoff", oneSecond: "a second"}[after]
			}
			return text + "\n"
		}
	})
}

func command(t *testing.T, m *machine, now *time.Time, words []string) pause {
	t.Helper()
	switch word := words[0]; word {
	case "new":
		*m = newMachine(len(words) == 1) // new without streams
	case "open":
		m.opened()
	case "event":
		m.alive()
		m.version = words[1]
	case "pass":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		*now = now.Add(d)
	case string(listed):
		m.version = words[1]
		return m.next(listed, *now)
	default:
		return m.next(outcome(strings.Join(words, " ")), *now)
	}
	return none
}

var (
	states   = []state{streaming, paging, pagingAgain, unpaged, watching}
	outcomes = []outcome{listed, ended, short, fruitless, brief, narrowed, unreachable, broken, throttled, failing, refused, expired, unsupported, stalled, incomplete, unusable}
)

// TestTransitions holds of every state and outcome that they lead to a state that requests
// something, that a list which fails is not repeated without a pause, and that each state has a
// row with a fallback.
func TestTransitions(t *testing.T) {
	for _, s := range states {
		if _, ok := transitions[s][unusable]; !ok {
			t.Errorf("%s has no transition for other outcomes", s)
		}
		for _, o := range outcomes {
			t.Run(fmt.Sprint(s, "/", o), func(t *testing.T) {
				m := newMachine(true)
				m.state, m.version = s, "5"
				after := m.next(o, time.Unix(0, 0))
				if transitions[m.state] == nil {
					t.Errorf("it leads to %s", m.state)
				}
				if m.state == s && s != watching && after == none && m.version == "5" {
					t.Error("it is repeated at once")
				}
			})
		}
	}
	for s := range transitions {
		for o := range transitions[s] {
			if !slices.Contains(outcomes, o) || !slices.Contains(states, s) {
				t.Errorf("%s, %s is not listed here", s, o)
			}
		}
	}
}

// TestEveryListEnds checks that failures of any kind, in any order, never keep the machine from
// pausing or watching: there is no cycle of lists without a pause.
func TestEveryListEnds(t *testing.T) {
	for _, version := range []string{"", "5"} {
		for _, first := range outcomes {
			m := newMachine(true)
			m.version = version
			requests := 0
			for _, o := range []outcome{first, expired, first, expired, first, expired, first} {
				requests++
				if m.next(o, time.Unix(0, 0)) != none || m.state == watching {
					break
				}
			}
			if requests > 5 {
				t.Errorf("%s from %q: %d lists in a row without a pause", first, version, requests)
			}
		}
	}
}
