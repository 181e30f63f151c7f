// Command churn has pods come and go for a long time under kubestate, and prints
// what it holds meanwhile: goroutines, open watches and memory. It fails if that
// grows.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
	flag.StringVar(&opts.kubestate, "kubestate", "", "the program; default the one that was built last")
	flag.IntVar(&opts.pods, "pods", 2000, "pods that stay")
	flag.IntVar(&opts.batch, "batch", 500, "pods that are created at once, and deleted after that")
	flag.DurationVar(&opts.length, "for", 5*time.Minute, "how long")
	flag.DurationVar(&opts.every, "every", 10*time.Second, "how often to look")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := opts.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "churn:", err)
		os.Exit(1)
	}
}

type options struct {
	kubestate     string
	pods, batch   int
	length, every time.Duration
}

// run starts a cluster and kubestate, churns, and says whether what it held was flat.
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
		looks, churned, err := o.churn(ctx, c, e)
		if err != nil {
			return err
		}
		fmt.Printf("%d pods came and went in %s\n", churned, o.length)
		return flat(looks)
	})
}

// churn has pods come and go and looks at kubestate now and then.
func (o options) churn(ctx context.Context, c *cluster.Cluster, e *exporter.Exporter) (looks []look, churned int, err error) {
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
			l, err := lookAt(ctx, c, e)
			if err != nil {
				return err
			}
			looks = append(looks, l)
			fmt.Printf("%7s %12.0f %9.0f %14.1f %10.1f %8s\n", time.Since(began).Round(time.Second), l.goroutines, l.watches, l.resident, l.heap, l.scrape.Round(time.Millisecond))
		}
		return nil
	})
	err = group.Wait()
	return looks, churned, err
}

// look is what kubestate holds at one time; memory in MiB.
type look struct {
	goroutines, watches, resident, heap float64
	scrape                              time.Duration
}

func lookAt(ctx context.Context, c *cluster.Cluster, e *exporter.Exporter) (l look, err error) {
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

// What may differ between the middle of the first third and that of the last.
const (
	moreGoroutines = 10
	moreWatches    = 3
	moreMemory     = 1.15
)

// flat compares the first third of looks with the last, after one to warm up, and
// says what has grown.
func flat(looks []look) error {
	if len(looks) < 7 {
		return fmt.Errorf("%d looks are too few to compare", len(looks))
	}
	third := (len(looks) - 1) / 3
	first, last := looks[1:1+third], looks[len(looks)-third:]
	var errs []error
	compare := func(name string, of func(look) float64, most func(float64) float64) {
		before, after := middle(first, of), middle(last, of)
		verdict := "flat"
		if after > most(before) {
			verdict = "grows"
			errs = append(errs, fmt.Errorf("%s grew from %.1f to %.1f", name, before, after))
		}
		fmt.Printf("%-12s %8.1f in the first third, %8.1f in the last: %s\n", name, before, after, verdict)
	}
	compare("goroutines", func(l look) float64 { return l.goroutines }, func(n float64) float64 { return n + moreGoroutines })
	compare("watches", func(l look) float64 { return l.watches }, func(n float64) float64 { return n + moreWatches })
	compare("resident MiB", func(l look) float64 { return l.resident }, func(n float64) float64 { return n * moreMemory })
	compare("heap MiB", func(l look) float64 { return l.heap }, func(n float64) float64 { return n * moreMemory })
	return errors.Join(errs...)
}

// middle is the median.
func middle(looks []look, of func(look) float64) float64 {
	values := make([]float64, len(looks))
	for i, l := range looks {
		values[i] = of(l)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
