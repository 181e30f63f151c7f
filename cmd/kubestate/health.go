package main

import (
	"strings"
	"time"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/members"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

// source is a watcher as the server sees it.
type source struct {
	*watcher.Watcher
	place *sharding.Place
	open  bool
	shard *members.Shard // nil if the layout does not change by itself
}

// Resources gives the store; nothing of it while a new shard gets ready, so that
// nothing is served twice for long.
func (s source) Resources() []*store.Resource {
	if s.shard != nil && !s.shard.Status().Open {
		return nil
	}
	return s.Watcher.Resources()
}

// Shard says what the watcher has of all objects.
func (s source) Shard() string { return s.place.String() }

// Open says whether the content is for everybody.
func (s source) Open() bool { return s.open }

// Checks gives what the watcher waits for as the server's checks.
func (s source) Checks() []server.Check {
	var checks []server.Check
	if s.shard != nil {
		status := s.shard.Status()
		checks = append(checks, server.Check{Name: "shard", Passed: status.Ready, Detail: status.Detail})
	}
	for _, c := range s.Watcher.Checks() {
		words := []string{string(c.State)}
		if c.Reason != "" {
			words = append(words, "("+c.Reason+")")
		}
		words = append(words, "for", time.Since(c.Since).Round(time.Second).String())
		checks = append(checks, server.Check{
			Name: c.Resource, Passed: c.Complete, Excluded: c.Refused(), Detail: strings.Join(words, " "),
		})
	}
	return checks
}

// Missing names what has not been complete once: nothing is to be served before.
func (s source) Missing() []string {
	var names []string
	if s.shard != nil {
		if status := s.shard.Status(); !status.Open {
			names = append(names, status.Detail)
		}
	}
	for _, c := range s.Watcher.Checks() {
		if !c.Settled() {
			names = append(names, c.Resource)
		}
	}
	return names
}

// tooOld says what of the watcher's content exceeds an age, if that is not 0.
func tooOld(w *watcher.Watcher, age func() time.Duration) server.Exceeded {
	return func(wanted func(string) bool) string {
		return watcher.Limit(age()).Exceeded(w.Statuses(), wanted)
	}
}
