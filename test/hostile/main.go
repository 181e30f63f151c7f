// Command hostile has clients of the worst kind come to kubestate for a long time, beside
// a Prometheus that scrapes it as ever: with and without the auth filter, on both ports.
// It fails if a scrape of that Prometheus failed, is missing or came late, or if the
// memory of a kubestate grew. All of it is on loopback addresses.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
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
	flag.StringVar(&o.kubestate, "kubestate", "", "the program; default the one that was built last")
	flag.IntVar(&o.pods, "pods", 1000, "pods of the cluster")
	flag.DurationVar(&o.length, "for", time.Hour, "how long")
	flag.DurationVar(&o.interval, "interval", 15*time.Second, "scrape interval")
	flag.DurationVar(&o.late, "late", 3*time.Second, "how much later than the interval a scrape may begin")
	flag.DurationVar(&o.slow, "slow", 8*time.Second, "how long a scrape may take")
	flag.Float64Var(&o.rate, "rate", 60, "attacks begun a second, on all ports together")
	flag.IntVar(&o.open, "open", 1500, "attacks at the same time")
	flag.Uint64Var(&o.seed, "seed", 1, "of the attacks")
	flag.StringVar(&from, "from", "127.0.0.2,127.0.0.3,127.0.0.4", "loopback addresses of the attacker; Prometheus has 127.0.0.1")
	flag.Parse()
	o.from = strings.Split(from, ",")
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := o.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "hostile:", err)
		os.Exit(1)
	}
}

type options struct {
	kubestate                    string
	pods, open                   int
	length, interval, late, slow time.Duration
	rate                         float64
	seed                         uint64
	from                         []string
}

// warm is how long everything runs before it counts.
func (o options) warm() time.Duration { return max(2*o.interval, min(time.Minute, o.length/10)) }

// run starts a cluster, two kubestates and Prometheus, attacks, and gives a verdict.
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
		fmt.Printf("attacking for %s, %g a second, %d at the same time, from %s\n", o.length, o.rate, o.open, strings.Join(o.from, ", "))
		looks, began, err := o.attack(ctx, v)
		if err != nil {
			return err
		}
		return errors.Join(o.judgeScrapes(ctx, v, began), judgeMemory(looks))
	})
}

// attack has everything happen at the same time, and looks at the memory meanwhile,
// once all is warm.
func (o options) attack(ctx context.Context, v *victims) (looks []look, began time.Time, err error) {
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
			l, err := v.look()
			if err != nil {
				return err
			}
			looks = append(looks, l)
		}
		return nil
	})
	err = group.Wait()
	a.report()
	return looks, began, err
}

// file is a path in the directory of the victims.
func (v *victims) file(name string) string { return filepath.Join(v.dir, name) }
