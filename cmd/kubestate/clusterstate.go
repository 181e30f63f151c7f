package main

import (
	"strings"
	"time"

	"github.com/kubestate/kubestate/internal/clusters"
)

// waiting reports whether scrapes of a cluster wait for its first lists.
func waiting(m clusters.Member[*ofSet]) bool {
	return m.Content != nil && !m.Complete && (m.Awaited || !(*m.Content).Failing())
}

// healthOf returns the health of a cluster.
func healthOf(m clusters.Member[*ofSet]) clusters.Health {
	if m.Content == nil {
		return clusters.Health{State: clusters.Invalid, Since: m.Since}
	}
	return clusters.HealthOf(m.Complete, (*m.Content).watched.Statuses())
}

// describeCluster describes the state of a cluster in a few words, without objects or credentials.
func describeCluster(m clusters.Member[*ofSet], h clusters.Health) string {
	ago := func(t time.Time) string { return time.Since(t).Round(time.Second).String() }
	words := []string{string(h.State)}
	if h.Reason != "" {
		words = append(words, "("+h.Reason+")")
	}
	if !h.Since.IsZero() {
		words = append(words, "for", ago(h.Since))
	}
	text := strings.Join(words, " ")
	if !h.Contact.IsZero() && h.State != clusters.Up {
		text += ", last contact " + ago(h.Contact) + " ago"
	}
	if m.Err != nil {
		text += ", not as specified: see the log"
	}
	if m.Replaced {
		text += ", being replaced"
	}
	return text
}
