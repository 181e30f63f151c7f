package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// churnBatch is the number of pods that are created at once, and deleted a second later.
const churnBatch = 500

// churnResult is the memory before and after churn.
type churnResult struct{ before, after memory }

// measureChurn creates and deletes pods.
func (b *bench) measureChurn(ctx context.Context, p *program) (err error) {
	progress("  churn of %d pods", b.churn)
	if err := process.Sleep(ctx, b.idle); err != nil { // until memory of the previous phase is released
		return err
	}
	var r churnResult
	if r.before, err = readMemory(p.pid); err != nil {
		return err
	}
	for first := 0; first < b.churn; first += churnBatch {
		pods := cluster.MorePods(b.pods, first, min(churnBatch, b.churn-first))
		if err := b.cluster.Put(ctx, pods); err != nil {
			return err
		}
		if err := process.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if err := b.cluster.Remove(ctx, pods); err != nil {
			return err
		}
	}
	p.check("after churn", b.checkServed(ctx, p.url, nil))
	if err := process.Sleep(ctx, b.idle); err != nil {
		return err
	}
	r.after, err = readMemory(p.pid)
	p.churn = &r
	return err
}

// The load of a soak.
const (
	soakUpdates  = 200 // per second
	soakScrapers = 2
	soakInterval = 15 * time.Second
)

// soakResult is the result of a soak.
type soakResult struct {
	times timing // of compressed scrapes
	after memory
}

// measureSoak measures a program under a typical load for a long time.
func (b *bench) measureSoak(ctx context.Context, p *program) error {
	progress("  soak of %s", b.soak)
	var r soakResult
	err := during(ctx, b.podUpdater(b.newPodChanger(), soakUpdates).run, func(ctx context.Context) error {
		group, ctx := errgroup.WithContext(ctx)
		all := make([]timing, soakScrapers)
		for i := range all {
			group.Go(func() (err error) {
				all[i], err = scrapeFor(ctx, p.url, b.soak)
				return err
			})
		}
		err := group.Wait()
		r.times = slices.Concat(all...)
		return err
	})
	if err != nil {
		return fmt.Errorf("soak: %w", err)
	}
	slices.Sort(r.times)
	r.after, err = readMemory(p.pid)
	p.soak = &r
	return err
}

// scrapeFor scrapes like Prometheus for a length of time, at least once.
func scrapeFor(ctx context.Context, address string, length time.Duration) (times timing, err error) {
	c, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	for begin := time.Now(); ; {
		a, err := c.get(gzipped, io.Discard)
		if err != nil {
			return times, err
		}
		times = append(times, a.took)
		if err := process.Sleep(ctx, min(soakInterval-a.took, length-time.Since(begin))); err != nil {
			return times, err
		}
		if time.Since(begin) >= length {
			return times, nil
		}
	}
}
