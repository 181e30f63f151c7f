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

// A storm creates and deletes definitions.
const (
	stormGroup    = "storm.example.com"
	stormKinds    = 5 // in a round
	stormRounds   = 3 // whose kinds exist at a time
	stormInterval = time.Second
	scrapeEvery   = 100 * time.Millisecond
)

// footprint is what a program holds: goroutines, watches and memory.
type footprint struct {
	goroutines, watches float64
	memory              memory
}

// stormResult is the effect of a storm on scrapes of built-in kinds and on the footprint.
type stormResult struct {
	length                time.Duration
	created               int
	before, during, after comparison
	begin, most, end      footprint
}

// measureStorm scrapes all built-in resources while definitions are created and deleted.
func (c *customBench) measureStorm(ctx context.Context) (_ *stormResult, err error) {
	progress("storm of definitions")
	config, err := c.config("storm.yaml", fmt.Sprintf(entry, stormGroup, "*"))
	if err != nil {
		return nil, err
	}
	e, err := exporter.Start(ctx, c.path("storm.log"), c.kubestate, "--kubeconfig", c.cluster.Kubeconfig, "--custom-resource-state-config-file", config)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	if err := process.Within(ctx, timeout, e.Ready, e.Process); err != nil {
		return nil, err
	}
	if err := c.shows(ctx, e); err != nil {
		return nil, fmt.Errorf("at the start: %w", err)
	}
	s := &stormResult{length: c.storm}
	if s.before, err = c.scrapeBuiltin(ctx, e, c.window); err != nil {
		return nil, err
	}
	if s.begin, err = c.settled(ctx, e); err != nil {
		return nil, err
	}
	err = during(ctx, func(ctx context.Context) (err error) {
		s.created, err = c.defineAndDelete(ctx)
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

// settled returns the footprint after the idle time.
func (c *customBench) settled(ctx context.Context, e *exporter.Exporter) (h footprint, err error) {
	if err := process.Sleep(ctx, c.idle); err != nil {
		return h, err
	}
	return c.footprint(ctx, e)
}

// footprint returns the present footprint.
func (c *customBench) footprint(ctx context.Context, e *exporter.Exporter) (h footprint, err error) {
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

// sample records the largest footprint until ctx ends.
func (c *customBench) sample(ctx context.Context, e *exporter.Exporter, most *footprint) error {
	for {
		if err := process.Sleep(ctx, time.Second); err != nil {
			return err
		}
		h, err := c.footprint(context.WithoutCancel(ctx), e)
		if err != nil {
			return err
		}
		most.goroutines, most.watches = max(most.goroutines, h.goroutines), max(most.watches, h.watches)
		most.memory = most.memory.max(h.memory)
	}
}

// defineAndDelete creates definitions in rounds, and deletes them some rounds later, until ctx ends. It
// returns the number of definitions.
func (c *customBench) defineAndDelete(ctx context.Context) (created int, err error) {
	write := context.WithoutCancel(ctx)
	var present []string
	for ticks := time.NewTicker(stormInterval); ; {
		for range stormKinds {
			d := definition(stormGroup, fmt.Sprintf("Storm%d", created))
			if _, err := c.client.Resource(definitions).Create(write, d, metav1.CreateOptions{}); err != nil {
				return created, err
			}
			present = append(present, d.GetName())
			created++
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return created, cmp.Or(c.deleteKinds(write, present), context.Cause(ctx))
		}
		if old := len(present) - stormRounds*stormKinds; old > 0 {
			if err := c.deleteKinds(write, present[:old]); err != nil {
				return created, err
			}
			present = present[old:]
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

// awaitNoKinds awaits the deletion of a storm's definitions.
func (c *customBench) awaitNoKinds(ctx context.Context) error {
	return c.cluster.Await(ctx, timeout, func(ctx context.Context) error {
		list, err := c.client.Resource(definitions).List(ctx, metav1.ListOptions{})
		if err == nil && len(list.Items) != customKinds {
			err = fmt.Errorf("%d definitions", len(list.Items))
		}
		return err
	})
}

// scrapeBuiltin scrapes built-in resources and nginx in turn, compressed, for a length of time.
func (c *customBench) scrapeBuiltin(ctx context.Context, e *exporter.Exporter, length time.Duration) (r comparison, err error) {
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
		if err := process.Sleep(ctx, scrapeEvery); err != nil {
			return r, err
		}
	}
	slices.Sort(r.program)
	slices.Sort(r.nginx)
	return r, nil
}

// quantile returns a quantile of the times.
func (t timing) quantile(q float64) time.Duration { return t[int(q*float64(len(t)-1))] }

func (t timing) quantiles() string {
	ms := func(q float64) string { return fmt.Sprintf("%.1f", milliseconds(t.quantile(q)).value) }
	return fmt.Sprintf("%s ms (%s, %s, %s; %d)", ms(0.5), ms(0.1), ms(0.9), ms(0.99), len(t))
}

// report writes the table of a storm.
func (s *stormResult) report(t *table, pods int) {
	fmt.Fprintf(t, "\n%d definitions created and deleted in %s, with watches of all resources, of %d pods too.\n", s.created, s.length, pods)
	fmt.Fprint(t, "Scrapes of the built-in resources, gzip, by a bare client: median (10th, 90th and 99th percentile; number).\n\n")
	t.line("", "before", "during", "after")
	t.line("---", "---:", "---:", "---:")
	t.line("scrape", s.before.program.quantiles(), s.during.program.quantiles(), s.after.program.quantiles())
	t.line("nginx", s.before.nginx.quantiles(), s.during.nginx.quantiles(), s.after.nginx.quantiles())
	ratio := func(r comparison) string {
		return fmt.Sprintf("%.2f", float64(r.program.median())/float64(r.nginx.median()))
	}
	t.line("ratio of medians", ratio(s.before), ratio(s.during), ratio(s.after))
	number := func(of func(footprint) float64) []string {
		return []string{fmt.Sprintf("%.0f", of(s.begin)), fmt.Sprintf("%.0f at most", of(s.most)), fmt.Sprintf("%.0f", of(s.end))}
	}
	t.line(append([]string{"goroutines"}, number(func(h footprint) float64 { return h.goroutines })...)...)
	t.line(append([]string{"open watches of the API server, its own included"}, number(func(h footprint) float64 { return h.watches })...)...)
	mib := func(h footprint) string { return fmt.Sprintf("%.1f MiB", h.memory.resident) }
	t.line("memory", mib(s.begin), mib(s.most)+" at most", mib(s.end))
}
