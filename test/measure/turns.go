package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// build is a build of kubestate, measured in turns with another.
type build struct {
	name, path string
	start      []usage // one each turn
	// The others are measured while both builds run.
	update     []time.Duration // CPU time of each update
	scrape     map[string][]time.Duration
	scrapeCost map[string][]time.Duration // CPU time
	memory     []float64                  // after the updates, MiB
}

// measureTurns measures two builds of kubestate in turns, so that both have the same noise, and prints a
// table: starts one after the other, then updates and scrapes while both run.
func measureTurns(ctx context.Context, opts options) error {
	if opts.peer == "" {
		return errors.New("-turns compares -kubestate with another build: set -peer")
	}
	return withCluster(ctx, opts, cluster.Options{}, func(b *bench) error {
		if err := b.warmUp(ctx); err != nil {
			return err
		}
		builds := []*build{{name: "kubestate", path: opts.kubestate}, {name: "peer", path: opts.peer}}
		for turn := range opts.turns {
			for i := range builds {
				if err := b.startOnce(ctx, builds[(i+turn)%2]); err != nil {
					return err
				}
			}
			progress("started both %d times", turn+1)
		}
		if err := b.measureBoth(ctx, builds); err != nil {
			return err
		}
		fmt.Printf("%d pods. Medians of %d turns; scrapes: of %d (fastest to slowest).\n\n%s", b.pods, opts.turns, opts.turns*opts.scrapes, compareBuilds(builds[0], builds[1]))
		return nil
	})
}

func (b *bench) startBuild(ctx context.Context, of *build) (*exporter.Exporter, error) {
	return exporter.Start(ctx, b.path(fmt.Sprintf("%s-%d.log", of.name, len(of.start))), of.path, "--kubeconfig", b.cluster.Kubeconfig)
}

// startOnce measures a start.
func (b *bench) startOnce(ctx context.Context, of *build) (err error) {
	began := time.Now()
	e, err := b.startBuild(ctx, of)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	var u usage
	err = u.start(ctx, e.Process, began, b.idle, e.Ready)
	of.start = append(of.start, u)
	return err
}

// measureBoth runs two builds at once under the same updates, and scrapes them in turns at rest.
func (b *bench) measureBoth(ctx context.Context, builds []*build) (err error) {
	running := map[*build]*exporter.Exporter{}
	defer func() {
		for _, e := range running {
			err = errors.Join(err, e.Kill())
		}
	}()
	for _, of := range builds {
		if running[of], err = b.startBuild(ctx, of); err != nil {
			return err
		}
		if err := b.cluster.Await(ctx, timeout, running[of].Ready); err != nil {
			return err
		}
	}
	changer := b.newPodChanger()
	for turn := range b.turns {
		u := b.podUpdater(changer, b.updates)
		err := during(ctx, u.run, func(ctx context.Context) error {
			before, err := cpuOfEach(builds, running)
			if err != nil {
				return err
			}
			already := u.written.Load()
			if err := process.Sleep(ctx, b.window); err != nil {
				return err
			}
			after, err := cpuOfEach(builds, running)
			n := time.Duration(u.written.Load() - already)
			for i, of := range builds {
				of.update = append(of.update, (after[i]-before[i])/n)
			}
			return err
		})
		if err != nil {
			return err
		}
		for _, of := range builds {
			m, err := readMemory(running[of].Pid())
			if err != nil {
				return err
			}
			of.memory = append(of.memory, m.resident)
		}
		if err := b.scrapeBoth(ctx, builds, running, turn); err != nil {
			return err
		}
		progress("updates and scrapes: %d of %d turns", turn+1, b.turns)
	}
	return nil
}

func cpuOfEach(builds []*build, running map[*build]*exporter.Exporter) (all []time.Duration, err error) {
	for _, of := range builds {
		spent, failed := readCPU(running[of].Pid())
		all, err = append(all, spent), errors.Join(err, failed)
	}
	return all, err
}

// scrapeBoth scrapes two builds in turns.
func (b *bench) scrapeBoth(ctx context.Context, builds []*build, running map[*build]*exporter.Exporter, turn int) error {
	for _, encoding := range []string{identity, gzipped} {
		for i := range b.scrapes + 1 {
			for k := range builds {
				of := builds[(k+turn+i)%2]
				if err := of.scrapeOnce(ctx, running[of], encoding, i > 0); err != nil { // the first packs what has changed
					return err
				}
			}
		}
	}
	return nil
}

// scrapeOnce scrapes a build, and keeps the time and the CPU time if they count.
func (of *build) scrapeOnce(ctx context.Context, e *exporter.Exporter, encoding string, counts bool) error {
	c, err := dial(ctx, e.Scrapes+"/metrics")
	if err != nil {
		return err
	}
	defer c.Close()
	before, err := readCPU(e.Pid())
	if err != nil {
		return err
	}
	a, err := c.get(encoding, io.Discard)
	if err != nil {
		return err
	}
	after, err := readCPU(e.Pid())
	if counts {
		if of.scrape == nil {
			of.scrape, of.scrapeCost = map[string][]time.Duration{}, map[string][]time.Duration{}
		}
		of.scrape[encoding] = append(of.scrape[encoding], a.took)
		of.scrapeCost[encoding] = append(of.scrapeCost[encoding], after-before)
	}
	return err
}

// compareBuilds returns a table of medians and their ratios.
func compareBuilds(a, b *build) string {
	t := table{}
	t.line("", a.name, b.name, "ratio")
	t.line("---", "---:", "---:", "---:")
	for _, row := range []struct {
		what string
		unit string
		of   func(*build) []float64
	}{
		{"start until ready", "s", func(of *build) []float64 { return each(of.start, func(u usage) float64 { return u.ready.Seconds() }) }},
		{"CPU until ready", "s", func(of *build) []float64 { return each(of.start, func(u usage) float64 { return u.cpu.Seconds() }) }},
		{"peak memory until ready", "MiB", func(of *build) []float64 { return each(of.start, func(u usage) float64 { return u.peak }) }},
		{"memory after idle", "MiB", func(of *build) []float64 { return each(of.start, func(u usage) float64 { return u.steady.resident }) }},
		{"CPU of an update", "µs", func(of *build) []float64 { return each(of.update, in(time.Microsecond)) }},
		{"memory after updates", "MiB", func(of *build) []float64 { return of.memory }},
		{"scrape", "ms", func(of *build) []float64 { return each(of.scrape[identity], in(time.Millisecond)) }},
		{"scrape, gzip", "ms", func(of *build) []float64 { return each(of.scrape[gzipped], in(time.Millisecond)) }},
		{"CPU of a scrape", "ms", func(of *build) []float64 { return each(of.scrapeCost[identity], in(time.Millisecond)) }},
		{"CPU of a scrape, gzip", "ms", func(of *build) []float64 { return each(of.scrapeCost[gzipped], in(time.Millisecond)) }},
	} {
		var cells []figure
		for _, of := range []*build{a, b} {
			all := row.of(of)
			slices.Sort(all)
			cells = append(cells, figure{fmt.Sprintf("%.2f %s (%.2f to %.2f)", all[len(all)/2], row.unit, all[0], all[len(all)-1]), all[len(all)/2]})
		}
		t.line(row.what, cells[0].text, cells[1].text, cells[0].over(cells[1]))
	}
	return t.String()
}

func each[T any](all []T, f func(T) float64) (values []float64) {
	for _, one := range all {
		values = append(values, f(one))
	}
	return values
}

func in(unit time.Duration) func(time.Duration) float64 {
	return func(d time.Duration) float64 { return float64(d) / float64(unit) }
}
