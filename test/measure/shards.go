package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// choosing is the feature by which an API server sends the objects of a shard
// alone.
const choosing = "ShardedListAndWatch=true"

// starts is how often each program is started; medians are shown, and the memory
// of the last.
const starts = 3

// nobody are the arguments of a shard that has next to nothing.
var nobody = []string{"--shard=0", "--total-shards=2147483647"}

// part is what one kubestate took until it was ready, or several of one layout at
// worst.
type part struct {
	cpu      time.Duration
	ready    time.Duration
	received float64 // bytes
	memory   memory  // after a while
	series   int
}

// layout is what was measured of an unsharded kubestate, of shards, and of one of
// nobody, by API servers of one kind.
type layout struct{ whole, shard, idle part }

// measureShards measures an unsharded kubestate beside shards, one after the
// other, with an API server that chooses the objects of a shard and with one that
// sends all. It prints a table.
func measureShards(ctx context.Context, opts options) (err error) {
	dir, err := os.MkdirTemp("", "measure")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	c, err := cluster.New(ctx, dir, cluster.Options{FeatureGates: []string{choosing}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	b := &bench{options: opts, dir: dir, cluster: c}
	if err := b.populate(ctx); err != nil {
		return err
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	chosen, err := b.measureLayout(ctx)
	if err != nil {
		return err
	}
	if err := c.RestartAPIServer(ctx); err != nil {
		return err
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	all, err := b.measureLayout(ctx)
	if err != nil {
		return err
	}
	fmt.Print(b.reportShards(chosen, all))
	return nil
}

// measureLayout measures an unsharded kubestate and each shard in turns.
func (b *bench) measureLayout(ctx context.Context) (l layout, err error) {
	var whole []part
	shards := make([][]part, b.shards)
	if l.idle, err = b.measurePart(ctx, b.idle, nobody...); err != nil {
		return l, err
	}
	for n := range starts {
		pause := time.Duration(0)
		if n == starts-1 {
			pause = b.idle
		}
		p, err := b.measurePart(ctx, pause)
		if err != nil {
			return l, err
		}
		whole = append(whole, p)
		for i := range b.shards {
			p, err := b.measurePart(ctx, pause, fmt.Sprint("--shard=", i), fmt.Sprint("--total-shards=", b.shards))
			if err != nil {
				return l, err
			}
			shards[i] = append(shards[i], p)
		}
	}
	l.whole = medians(whole)
	series := 0
	var all []part
	for _, runs := range shards {
		m := medians(runs)
		series += m.series
		l.shard = l.shard.worst(m)
		all = append(all, runs...)
	}
	// They do the same work: the largest of several medians is that of the noise.
	m := medians(all)
	l.shard.cpu, l.shard.ready = m.cpu, m.ready
	if series != l.whole.series {
		err = fmt.Errorf("the shards have %d series, unsharded it is %d", series, l.whole.series)
	}
	return l, err
}

// measurePart starts kubestate, and ends it when it has been ready for a while.
func (b *bench) measurePart(ctx context.Context, pause time.Duration, args ...string) (p part, err error) {
	begin := time.Now()
	args = append(args, "--kubeconfig", b.cluster.Kubeconfig)
	e, err := exporter.Start(ctx, b.path(fmt.Sprint(begin.UnixNano(), ".log")), b.kubestate, args...)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	var f follower
	if err := f.start(ctx, e.Process, begin, pause, e.Ready); err != nil {
		return p, err
	}
	self, err := e.Self(ctx)
	if err != nil {
		return p, err
	}
	p = part{cpu: f.cpu, ready: f.ready, memory: f.steady}
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

// medians are those of each figure, but for the last memory.
func medians(parts []part) part {
	return part{
		cpu:      median(parts, func(p part) time.Duration { return p.cpu }),
		ready:    median(parts, func(p part) time.Duration { return p.ready }),
		received: median(parts, func(p part) float64 { return p.received }),
		memory:   parts[len(parts)-1].memory,
		series:   median(parts, func(p part) int { return p.series }),
	}
}

func median[T cmp.Ordered](parts []part, of func(part) T) T {
	var values []T
	for _, p := range parts {
		values = append(values, of(p))
	}
	slices.Sort(values)
	return values[len(values)/2]
}

// worst has the larger of each figure.
func (p part) worst(o part) part {
	return part{max(p.cpu, o.cpu), max(p.ready, o.ready), max(p.received, o.received), p.memory.worst(o.memory), max(p.series, o.series)}
}

// reportShards is the table, with a line above about what it is of.
func (b *bench) reportShards(chosen, all layout) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%d pods and what belongs to them, %d shards; %d cores, %s, %s/%s. Medians of %d starts, of all shards together, memory of the last; bytes, memory and series of the largest shard.\n\n",
		b.pods, b.shards, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH, starts)
	t.WriteString("| the API server sends | | unsharded | a shard | ratio |\n| --- | --- | ---: | ---: | ---: |\n")
	for _, l := range []struct {
		sends string
		layout
	}{{"the shard", chosen}, {"everything", all}} {
		row := func(what string, of func(part) figure) {
			whole, shard := of(l.whole), of(l.shard)
			fmt.Fprintf(&t, "| %s | %s | %s | %s | %s |\n", l.sends, what, whole.text, shard.text, shard.over(whole))
		}
		row("bytes received", func(p part) figure { return figure{fmt.Sprintf("%.2f MB", p.received/1e6), p.received} })
		row("CPU until ready", func(p part) figure { return seconds(p.cpu) })
		row("start until ready", func(p part) figure { return seconds(p.ready) })
		idle := l.idle.memory
		row(fmt.Sprintf("memory after %s, above %.1f MiB of an idle process", b.idle, idle.resident),
			func(p part) figure { return mebibytes(p.memory.resident - idle.resident) })
		row(fmt.Sprintf("of it anonymous, above %.1f MiB of an idle process", idle.anonymous),
			func(p part) figure { return mebibytes(p.memory.anonymous - idle.anonymous) })
		row("series", func(p part) figure { return figure{fmt.Sprint(p.series), float64(p.series)} })
	}
	return t.String()
}
