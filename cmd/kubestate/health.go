package main

import (
	"strings"
	"time"

	"github.com/kubestate/kubestate/internal/server"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/watcher"
)

// source is a watcher as the server sees it.
type source struct {
	*watcher.Watcher
	place *sharding.Place
	open  bool
}

// Shard says what the watcher has of all objects.
func (s source) Shard() string { return s.place.String() }

// Open says whether the content is for everybody.
func (s source) Open() bool { return s.open }

// Checks gives what the watcher waits for as the server's checks.
func (s source) Checks() []server.Check {
	var checks []server.Check
	for _, c := range s.Watcher.Checks() {
		words := []string{string(c.State)}
		if c.Reason != "" {
			words = append(words, "("+c.Reason+")")
		}
		words = append(words, "for", time.Since(c.Since).Round(time.Second).String())
		refused := c.State == watcher.Forbidden || c.State == watcher.Absent
		checks = append(checks, server.Check{
			Name: c.Name, Passed: c.Complete, Excluded: refused, Detail: strings.Join(words, " "),
		})
	}
	return checks
}

// tooOld says what of the watcher's content exceeds an age, if that is not 0.
func tooOld(w *watcher.Watcher, age func() time.Duration) server.Exceeded {
	return func(wanted func(string) bool) string {
		return watcher.Limit(age()).Exceeded(w.Statuses(), wanted)
	}
}
