package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// A storm defines kinds and deletes them again.
const (
	stormGroup    = "storm.example.com"
	stormKinds    = 5 // in a round
	stormRounds   = 3 // of which the kinds are there at a time
	stormInterval = time.Second
	scrapeEvery   = 100 * time.Millisecond
)

// held is what a program holds.
type held struct {
	goroutines, watches float64
	memory              memory
}

// stormed is what a storm does to scrapes of built-in kinds, and to what a program holds.
type stormed struct {
	length                time.Duration
	came                  int
	before, during, after rivals
	begin, most, end      held
}

// measureStorm has kubestate serve everything while kinds come and go.
func (c *customBench) measureStorm(ctx context.Context) (_ *stormed, err error) {
	progress("definitions come and go")
	config, err := c.config("storm.yaml", fmt.Sprintf(entry, stormGroup, "*"))
	if err != nil {
		return nil, err
	}
	e, err := exporter.Start(ctx, c.path("storm.log"), c.kubestate, "--kubeconfig", c.cluster.Kubeconfig, "--custom-resource-state-config-file", config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	if err := process.Within(ctx, patience, e.Ready, e.Process); err != nil {
		return nil, err
	}
	if err := c.shows(ctx, e); err != nil {
		return nil, fmt.Errorf("at the start: %w", err)
	}
	s := &stormed{length: c.storm}
	if s.before, err = c.scrapeBuiltin(ctx, e, c.window); err != nil {
		return nil, err
	}
	if s.begin, err = c.settled(ctx, e); err != nil {
		return nil, err
	}
	err = during(ctx, func(ctx context.Context) (err error) {
		s.came, err = c.defineAndDelete(ctx)
		return err
	}, func(ctx context.Context) error {
		return during(ctx, func(ctx context.Context) error { return c.sample(ctx, e, &s.most) }, func(ctx context.Context) (err error) {
			s.during, err = c.scrapeBuiltin(ctx, e, c.storm)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	if err := c.awaitNoKinds(ctx); err != nil {
		return nil, err
	}
	if s.after, err = c.scrapeBuiltin(ctx, e, c.window); err != nil {
		return nil, err
	}
	s.end, err = c.settled(ctx, e)
	return s, err
}

// settled is what a program holds after it was idle for a while.
func (c *customBench) settled(ctx context.Context, e *exporter.Exporter) (h held, err error) {
	if err := wait(ctx, c.idle); err != nil {
		return h, err
	}
	return c.holds(ctx, e)
}

// holds is what a program holds at the moment.
func (c *customBench) holds(ctx context.Context, e *exporter.Exporter) (h held, err error) {
	self, err := e.Self(ctx)
	if err != nil {
		return h, err
	}
	h.goroutines = self["go_goroutines"]
	if h.watches, err = c.cluster.OpenWatches(ctx); err != nil {
		return h, err
	}
	h.memory, err = readMemory(e.Pid())
	return h, err
}

// sample notes the most that a program holds, until ctx ends.
func (c *customBench) sample(ctx context.Context, e *exporter.Exporter, most *held) error {
	for {
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		h, err := c.holds(context.WithoutCancel(ctx), e)
		if err != nil {
			return err
		}
		most.goroutines, most.watches = max(most.goroutines, h.goroutines), max(most.watches, h.watches)
		most.memory = most.memory.worst(h.memory)
	}
}

// defineAndDelete has kinds come in rounds, and go some rounds later, until ctx ends. It gives
// their number.
func (c *customBench) defineAndDelete(ctx context.Context) (came int, err error) {
	write := context.WithoutCancel(ctx)
	var present []string
	for ticks := time.NewTicker(stormInterval); ; {
		for range stormKinds {
			d := definition(stormGroup, fmt.Sprintf("Storm%d", came))
			if _, err := c.client.Resource(definitions).Create(write, d, metav1.CreateOptions{}); err != nil {
				return came, err
			}
			present = append(present, d.GetName())
			came++
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return came, cmp.Or(c.deleteKinds(write, present), context.Cause(ctx))
		}
		if gone := len(present) - stormRounds*stormKinds; gone > 0 {
			if err := c.deleteKinds(write, present[:gone]); err != nil {
				return came, err
			}
			present = present[gone:]
		}
	}
}

func (c *customBench) deleteKinds(ctx context.Context, names []string) error {
	for _, name := range names {
		if err := c.client.Resource(definitions).Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// awaitNoKinds awaits the end of the last kinds of a storm.
func (c *customBench) awaitNoKinds(ctx context.Context) error {
	return c.cluster.Await(ctx, patience, func(ctx context.Context) error {
		list, err := c.client.Resource(definitions).List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) != customKinds {
			err = fmt.Errorf("%d definitions", len(list.Items))
		}
		return err
	})
}

// scrapeBuiltin scrapes the built-in kinds for a while, packed, and nginx in turn.
func (c *customBench) scrapeBuiltin(ctx context.Context, e *exporter.Exporter, length time.Duration) (r rivals, err error) {
	var names []string
	for _, resource := range populated {
		names = append(names, resource.Resource)
	}
	url := e.Scrapes + "/metrics?resources=" + strings.Join(names, ",")
	if _, _, err := c.saveBoth(ctx, url); err != nil {
		return r, err
	}
	program, err := dial(ctx, url)
	if err != nil {
		return r, err
	}
	defer program.Close()
	web, err := dial(ctx, c.web.url)
	if err != nil {
		return r, err
	}
	defer web.Close()
	for end := time.Now().Add(length); time.Now().Before(end); {
		for _, of := range []struct {
			server *client
			times  *timing
		}{{program, &r.program}, {web, &r.nginx}} {
			a, err := of.server.get(gzipped, io.Discard)
			if err != nil {
				return r, err
			}
			*of.times = append(*of.times, a.took)
		}
		if err := wait(ctx, scrapeEvery); err != nil {
			return r, err
		}
	}
	slices.Sort(r.program)
	slices.Sort(r.nginx)
	return r, nil
}

// of is the time below which a share of the scrapes are.
func (t timing) of(share float64) time.Duration { return t[int(share*float64(len(t)-1))] }

func (t timing) shares() string {
	ms := func(share float64) string { return fmt.Sprintf("%.1f", milliseconds(t.of(share)).value) }
	return fmt.Sprintf("%s ms (%s, %s, %s; %d)", ms(0.5), ms(0.1), ms(0.9), ms(0.99), len(t))
}

// report is the table of a storm.
func (s *stormed) report(t *table, pods int) {
	fmt.Fprintf(t, "\n%d definitions came and went in %s, while all resources were watched, those of %d pods too.\n", s.came, s.length, pods)
	fmt.Fprint(t, "Scrapes of the built-in resources, gzip, by a bare client: median (10, 90 and 99 of 100 are below; number).\n\n")
	t.line("", "before", "during", "after")
	t.line("---", "---:", "---:", "---:")
	t.line("scrape", s.before.program.shares(), s.during.program.shares(), s.after.program.shares())
	t.line("nginx", s.before.nginx.shares(), s.during.nginx.shares(), s.after.nginx.shares())
	ratio := func(r rivals) string {
		return fmt.Sprintf("%.2f", float64(r.program.median())/float64(r.nginx.median()))
	}
	t.line("ratio of medians", ratio(s.before), ratio(s.during), ratio(s.after))
	number := func(of func(held) float64) []string {
		return []string{fmt.Sprintf("%.0f", of(s.begin)), fmt.Sprintf("%.0f at most", of(s.most)), fmt.Sprintf("%.0f", of(s.end))}
	}
	t.line(append([]string{"goroutines"}, number(func(h held) float64 { return h.goroutines })...)...)
	t.line(append([]string{"open watches, as the API server counts them, its own among them"}, number(func(h held) float64 { return h.watches })...)...)
	mib := func(h held) string { return fmt.Sprintf("%.1f MiB", h.memory.resident) }
	t.line("memory", mib(s.begin), mib(s.most)+" at most", mib(s.end))
}
