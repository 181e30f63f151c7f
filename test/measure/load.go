package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubestate/kubestate/test/cluster"
)

// churnBatch is how many pods are created at once, and deleted a second later.
const churnBatch = 500

// churned is the memory around pods that come and go.
type churned struct{ before, after memory }

// measureChurn creates and deletes pods, and waits until they are gone.
func (b *bench) measureChurn(ctx context.Context, p *program) (err error) {
	progress("  %d pods come and go", b.churn)
	if err := wait(ctx, b.idle); err != nil { // what came before may leave something to give back
		return err
	}
	var r churned
	if r.before, err = readMemory(p.pid); err != nil {
		return err
	}
	for first := 0; first < b.churn; first += churnBatch {
		pods := cluster.MorePods(b.pods, first, min(churnBatch, b.churn-first))
		if err := b.cluster.Put(ctx, pods); err != nil {
			return err
		}
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		if err := b.cluster.Remove(ctx, pods); err != nil {
			return err
		}
	}
	p.check("after pods came and went", b.checkServed(ctx, p.url, nil))
	if err := wait(ctx, b.idle); err != nil {
		return err
	}
	r.after, err = readMemory(p.pid)
	p.churn = &r
	return err
}

// What a soak does.
const (
	soakUpdates  = 200 // per second
	soakScrapers = 2
	soakInterval = 15 * time.Second
)

// soaked is how a program is after a long time of ordinary work.
type soaked struct {
	times timing // of packed scrapes
	after memory
}

// measureSoak has a program do ordinary work for a long time.
func (b *bench) measureSoak(ctx context.Context, p *program) error {
	progress("  soak of %s", b.soak)
	var r soaked
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

// scrapeFor scrapes as Prometheus does, for so long, at least once.
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
		if err := wait(ctx, min(soakInterval-a.took, length-time.Since(begin))); err != nil {
			return times, err
		}
		if time.Since(begin) >= length {
			return times, nil
		}
	}
}
