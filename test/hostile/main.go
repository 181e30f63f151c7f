// Command hostile attacks kubestate for a long time, with and without the auth filter, on both ports,
// beside a Prometheus. It fails if a scrape of Prometheus failed, is missing or late, or if the
// memory of a kubestate grew. All addresses are loopback ones.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

func main() {
	var o options
	var from string
	flag.StringVar(&o.kubestate, "kubestate", "", "the program; default .build/kubestate")
	flag.IntVar(&o.pods, "pods", 1000, "number of pods in the cluster")
	flag.DurationVar(&o.length, "for", time.Hour, "duration")
	flag.DurationVar(&o.interval, "interval", 15*time.Second, "scrape interval")
	flag.DurationVar(&o.late, "late", 3*time.Second, "limit of a scrape's delay after its interval")
	flag.DurationVar(&o.slow, "slow", 8*time.Second, "limit of a scrape's duration")
	flag.Float64Var(&o.rate, "rate", 60, "attacks started per second on all ports")
	flag.IntVar(&o.open, "open", 1500, "limit of concurrent attacks")
	flag.Uint64Var(&o.seed, "seed", 1, "random seed of the attacks")
	flag.StringVar(&from, "from", "127.0.0.2,127.0.0.3,127.0.0.4", "loopback addresses of the attacker, besides 127.0.0.1 of Prometheus")
	flag.Parse()
	o.from = strings.Split(from, ",")
	process.Main("hostile", o.run)
}

type options struct {
	kubestate                    string
	pods, open                   int
	length, interval, late, slow time.Duration
	rate                         float64
	seed                         uint64
	from                         []string
}

// warm returns the warm-up time.
func (o options) warm() time.Duration { return max(2*o.interval, min(time.Minute, o.length/10)) }

// run starts a cluster, two kubestates and Prometheus, attacks, and judges the result.
func (o options) run(ctx context.Context) (err error) {
	if o.kubestate == "" {
		if o.kubestate, err = process.Built("kubestate"); err != nil {
			return err
		}
	}
	return cluster.With(ctx, cluster.Options{Users: []cluster.User{guest}}, func(dir string, c *cluster.Cluster) (err error) {
		if _, err := c.Populate(ctx, o.pods); err != nil {
			return err
		}
		v := &victims{cluster: c, dir: dir, program: o.kubestate}
		defer func() { err = errors.Join(err, v.close()) }()
		if err := v.start(ctx, o.interval); err != nil {
			return err
		}
		fmt.Printf("attacking for %s, %g per second, at most %d at a time, from %s\n", o.length, o.rate, o.open, strings.Join(o.from, ", "))
		samples, began, err := o.attack(ctx, v)
		if err != nil {
			return err
		}
		return errors.Join(o.judgeScrapes(ctx, v, began), judgeMemory(samples))
	})
}

// attack runs the attacks, and samples the memory after the warm-up.
func (o options) attack(ctx context.Context, v *victims) (samples []memorySample, began time.Time, err error) {
	a := newAttacker(o, v)
	attacking, stop := context.WithCancel(ctx)
	defer stop()
	var group errgroup.Group
	group.Go(func() error { return a.run(attacking) })
	group.Go(func() error { return v.rotate(attacking, o.length/4) })
	group.Go(func() error {
		defer stop()
		if err := process.Sleep(ctx, o.warm()); err != nil {
			return err
		}
		began = time.Now()
		for time.Since(began) < o.length {
			if err := process.Sleep(ctx, min(time.Second, o.length/40)); err != nil {
				return err
			}
			l, err := v.sampleMemory()
			if err != nil {
				return err
			}
			samples = append(samples, l)
		}
		return nil
	})
	err = group.Wait()
	a.report()
	return samples, began, err
}

// file returns a path in the victims' directory.
func (v *victims) file(name string) string { return filepath.Join(v.dir, name) }
