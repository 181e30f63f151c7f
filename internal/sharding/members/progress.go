package members

import (
	"fmt"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// Progress is how far a shard is with its assignment.
type Progress struct {
	// Ready says that the shard has had all of its hash range.
	Ready bool
	// Serving says that readers get the content, if the pod leads.
	Serving bool
	// Complete says that the pod can lead.
	Complete bool
	// Yields says that the pod does not lead any more, and that readers get the content until the next
	// leader has been scraped.
	Yields bool
	// Left says that others have taken over everything.
	Left bool
	// Detail describes the progress.
	Detail string
}

// show exports the decision as metrics and as progress.
func (s *Shard) show(d handover.Decision) {
	serves := s.member.Serves()
	ordinal := max(0, s.member.Number()-s.assignment.Start)
	s.Status.Set(sharding.Assignment{Ordinal: ordinal, Total: s.assignment.Total, Ranges: serves, Generation: s.generation})
	s.metrics.unclaimed.Set(d.Unclaimed.Fraction())
	if d.Overdue && !s.overdue {
		s.metrics.overdue.Inc()
		s.log.Warn("release overdue: no other shard claims the hash ranges", "ranges", d.Unclaimed.String())
	}
	s.overdue = d.Overdue
	detail := fmt.Sprintf("shard %d of %d serves %.1f %% of all objects", ordinal, s.assignment.Total, 100*serves.Fraction())
	switch {
	case s.version == "":
		detail = "waiting for the StatefulSet"
	case s.election != nil && !s.leads && d.Ready:
		detail = fmt.Sprintf("shard %d of %d follows its leader, has %.1f %%", ordinal, s.assignment.Total, 100*s.wanted.Fraction())
	case !s.complete:
		detail += fmt.Sprintf(", listing %.1f %%", 100*s.wanted.Fraction())
	case !d.Serve:
		detail += fmt.Sprintf(", has %.1f %% and waits for its pod to be ready", 100*s.wanted.Fraction())
	}
	if !d.Unclaimed.IsNone() {
		detail += fmt.Sprintf(", waits for others to claim %.1f %%", 100*d.Unclaimed.Fraction())
	}
	if s.leaseless {
		detail += ", cannot write its claim: the StatefulSet has no Lease"
	}
	s.progress.Store(&Progress{
		Ready: d.Ready, Serving: d.Serve, Complete: s.member.Complete(), Yields: s.yields() && !serves.IsNone(), Left: s.left, Detail: detail,
	})
}
