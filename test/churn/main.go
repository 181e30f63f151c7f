// Command churn creates and deletes pods for a long time under kubestate, and prints its goroutines,
// open watches and memory. It fails if one of them grows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

func main() {
	var opts options
	flag.StringVar(&opts.kubestate, "kubestate", "", "the program; default .build/kubestate")
	flag.IntVar(&opts.pods, "pods", 2000, "number of permanent pods")
	flag.IntVar(&opts.batch, "batch", 500, "number of pods that are created and deleted at a time")
	flag.DurationVar(&opts.length, "for", 5*time.Minute, "duration")
	flag.DurationVar(&opts.every, "every", 10*time.Second, "interval of samples")
	flag.Parse()
	process.Main("churn", opts.run)
}

type options struct {
	kubestate     string
	pods, batch   int
	length, every time.Duration
}

// run starts a cluster and kubestate, churns, and judges the samples.
func (o options) run(ctx context.Context) (err error) {
	if o.kubestate == "" {
		if o.kubestate, err = process.Built("kubestate"); err != nil {
			return err
		}
	}
	return cluster.With(ctx, cluster.Options{}, func(dir string, c *cluster.Cluster) (err error) {
		if _, err := c.Populate(ctx, o.pods); err != nil {
			return err
		}
		e, err := exporter.Start(ctx, filepath.Join(dir, "kubestate.log"), o.kubestate, "--kubeconfig", c.Kubeconfig)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, e.Kill()) }()
		if err := process.Within(ctx, time.Minute, e.Ready, e.Process); err != nil {
			return err
		}
		samples, churned, err := o.churn(ctx, c, e)
		if err != nil {
			return err
		}
		fmt.Printf("%d pods created and deleted in %s\n", churned, o.length)
		return flat(samples)
	})
}

// churn creates and deletes pods, and samples kubestate at intervals.
func (o options) churn(ctx context.Context, c *cluster.Cluster, e *exporter.Exporter) (samples []sample, churned int, err error) {
	end := time.Now().Add(o.length)
	var group errgroup.Group
	group.Go(func() error {
		for ; time.Now().Before(end) && ctx.Err() == nil; churned += o.batch {
			pods := cluster.MorePods(o.pods, churned, o.batch)
			if err := errors.Join(c.Put(ctx, pods), c.Remove(ctx, pods)); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	group.Go(func() error {
		fmt.Println("  after   goroutines   watches   resident MiB   heap MiB   scrape")
		for began := time.Now(); time.Now().Before(end); {
			select {
			case <-time.After(o.every):
			case <-ctx.Done():
				return ctx.Err()
			}
			l, err := takeSample(ctx, c, e)
			if err != nil {
				return err
			}
			samples = append(samples, l)
			fmt.Printf("%7s %12.0f %9.0f %14.1f %10.1f %8s\n", time.Since(began).Round(time.Second), l.goroutines, l.watches, l.resident, l.heap, l.scrape.Round(time.Millisecond))
		}
		return nil
	})
	err = group.Wait()
	return samples, churned, err
}

// sample is kubestate's usage at one time; memory in MiB.
type sample struct {
	goroutines, watches, resident, heap float64
	scrape                              time.Duration
}

func takeSample(ctx context.Context, c *cluster.Cluster, e *exporter.Exporter) (l sample, err error) {
	began := time.Now()
	if _, err := e.Scrape(ctx); err != nil {
		return l, err
	}
	l.scrape = time.Since(began)
	self, err := e.Self(ctx)
	if err != nil {
		return l, err
	}
	l.goroutines = self["go_goroutines"]
	l.resident = self["process_resident_memory_bytes"] / (1 << 20)
	l.heap = self["go_memstats_heap_inuse_bytes"] / (1 << 20)
	l.watches, err = c.OpenWatches(ctx)
	return l, err
}

// Limits of growth from the median of the first third to that of the last.
const (
	moreGoroutines = 10
	moreWatches    = 3
	moreMemory     = 1.15
)

// flat compares the first third of the samples with the last, without the first sample, and returns
// an error for each figure that has grown.
func flat(samples []sample) error {
	if len(samples) < 7 {
		return fmt.Errorf("%d samples are too few", len(samples))
	}
	third := (len(samples) - 1) / 3
	first, last := samples[1:1+third], samples[len(samples)-third:]
	var errs []error
	compare := func(name string, of func(sample) float64, most func(float64) float64) {
		before, after := median(first, of), median(last, of)
		verdict := "flat"
		if after > most(before) {
			verdict = "grows"
			errs = append(errs, fmt.Errorf("%s grew from %.1f to %.1f", name, before, after))
		}
		fmt.Printf("%-12s %8.1f in the first third, %8.1f in the last: %s\n", name, before, after, verdict)
	}
	compare("goroutines", func(l sample) float64 { return l.goroutines }, func(n float64) float64 { return n + moreGoroutines })
	compare("watches", func(l sample) float64 { return l.watches }, func(n float64) float64 { return n + moreWatches })
	compare("resident MiB", func(l sample) float64 { return l.resident }, func(n float64) float64 { return n * moreMemory })
	compare("heap MiB", func(l sample) float64 { return l.heap }, func(n float64) float64 { return n * moreMemory })
	return errors.Join(errs...)
}

func median(samples []sample, of func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, l := range samples {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
