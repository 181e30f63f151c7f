package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// filtersShards is the feature gate for API servers that filter by shard.
const filtersShards = "ShardedListAndWatch=true"

// starts is the number of starts of each program. The table has medians, and the memory of the last.
const starts = 3

// emptyShard are the arguments of a shard with hardly any object.
var emptyShard = []string{"--shard=0", "--total-shards=2147483647"}

// instance is the usage of one kubestate until ready, or the maximum of several.
type instance struct {
	cpu      time.Duration
	ready    time.Duration
	received float64 // bytes
	memory   memory  // after the idle time
	series   int
}

// layout has the measurements of an unsharded kubestate, of shards, and of an empty shard.
type layout struct{ unsharded, shard, idle instance }

// measureShards measures an unsharded kubestate and shards, one after another, with an API server
// that filters by shard and with one that does not. It prints a table.
func measureShards(ctx context.Context, opts options) error {
	return withCluster(ctx, opts, cluster.Options{FeatureGates: []string{filtersShards}}, func(b *bench) error {
		filtered, err := b.measureLayout(ctx)
		if err != nil {
			return err
		}
		if err := b.cluster.RestartAPIServer(ctx); err != nil {
			return err
		}
		all, err := b.measureLayout(ctx)
		if err != nil {
			return err
		}
		fmt.Print(b.reportShards(filtered, all))
		return nil
	})
}

// measureLayout measures an unsharded kubestate and each shard in turn.
func (b *bench) measureLayout(ctx context.Context) (l layout, err error) {
	var unsharded []instance
	shards := make([][]instance, b.shards)
	if err := b.warmUp(ctx); err != nil {
		return l, err
	}
	if l.idle, err = b.measureInstance(ctx, b.idle, emptyShard...); err != nil {
		return l, err
	}
	for n := range starts {
		pause := time.Duration(0)
		if n == starts-1 {
			pause = b.idle
		}
		p, err := b.measureInstance(ctx, pause)
		if err != nil {
			return l, err
		}
		unsharded = append(unsharded, p)
		for i := range b.shards {
			p, err := b.measureInstance(ctx, pause, fmt.Sprint("--shard=", i), fmt.Sprint("--total-shards=", b.shards))
			if err != nil {
				return l, err
			}
			shards[i] = append(shards[i], p)
		}
	}
	l.unsharded = medians(unsharded)
	series := 0
	var all []instance
	for _, runs := range shards {
		m := medians(runs)
		series += m.series
		l.shard = l.shard.max(m)
		all = append(all, runs...)
	}
	// Shards do the same work: the largest of their medians would be noise.
	m := medians(all)
	l.shard.cpu, l.shard.ready = m.cpu, m.ready
	if series != l.unsharded.series {
		err = fmt.Errorf("the shards have %d series, unsharded there are %d", series, l.unsharded.series)
	}
	return l, err
}

// measureInstance measures a kubestate until it is ready and was idle for a while.
func (b *bench) measureInstance(ctx context.Context, pause time.Duration, args ...string) (p instance, err error) {
	begin := time.Now()
	args = append(args, "--kubeconfig", b.cluster.Kubeconfig)
	e, err := exporter.Start(ctx, b.path(fmt.Sprint(begin.UnixNano(), ".log")), b.kubestate, args...)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	var f usage
	if err := f.start(ctx, e.Process, begin, pause, e.Ready); err != nil {
		return p, err
	}
	self, err := e.Self(ctx)
	if err != nil {
		return p, err
	}
	p = instance{cpu: f.cpu, ready: f.ready, memory: f.steady}
	for name, value := range self {
		switch {
		case strings.HasPrefix(name, "kubestate_received_bytes_total{"):
			p.received += value
		case strings.HasPrefix(name, "kubestate_store_series{"):
			p.series += int(value)
		}
	}
	progress("  %s: %+v", strings.Join(args[:len(args)-2], " "), p)
	return p, nil
}

// medians returns the median of each figure, and the last memory.
func medians(instances []instance) instance {
	return instance{
		cpu:      median(instances, func(p instance) time.Duration { return p.cpu }),
		ready:    median(instances, func(p instance) time.Duration { return p.ready }),
		received: median(instances, func(p instance) float64 { return p.received }),
		memory:   instances[len(instances)-1].memory,
		series:   median(instances, func(p instance) int { return p.series }),
	}
}

func median[T cmp.Ordered](instances []instance, of func(instance) T) T {
	var values []T
	for _, p := range instances {
		values = append(values, of(p))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// max returns the larger of each figure.
func (p instance) max(o instance) instance {
	return instance{max(p.cpu, o.cpu), max(p.ready, o.ready), max(p.received, o.received), p.memory.max(o.memory), max(p.series, o.series)}
}

// reportShards returns the table with a description.
func (b *bench) reportShards(filtered, all layout) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%d pods and what belongs to them, %d shards; %d cores, %s, %s/%s. Medians of %d starts, of all shards together, memory of the last; bytes, memory and series of the largest shard.\n\n",
		b.pods, b.shards, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, starts)
	t.WriteString("| the API server sends | | unsharded | a shard | ratio |\n| --- | --- | ---: | ---: | ---: |\n")
	for _, l := range []struct {
		sends string
		layout
	}{{"the shard", filtered}, {"everything", all}} {
		row := func(what string, of func(instance) figure) {
			unsharded, shard := of(l.unsharded), of(l.shard)
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %s |\n", l.sends, what, unsharded.text, shard.text, shard.over(unsharded))
		}
		row("bytes received", func(p instance) figure { return figure{fmt.Sprintf("%.2f MB", p.received/1e6), p.received} })
		row("CPU until ready", func(p instance) figure { return seconds(p.cpu) })
		row("start until ready", func(p instance) figure { return seconds(p.ready) })
		idle := l.idle.memory
		row(fmt.Sprintf("memory after %s, above %.1f MiB of an idle process", b.idle, idle.resident),
			func(p instance) figure { return mebibytes(p.memory.resident - idle.resident) })
		row(fmt.Sprintf("of it anonymous, above %.1f MiB of an idle process", idle.anonymous),
			func(p instance) figure { return mebibytes(p.memory.anonymous - idle.anonymous) })
		row("series", func(p instance) figure { return figure{fmt.Sprint(p.series), float64(p.series)} })
	}
	return t.String()
}
