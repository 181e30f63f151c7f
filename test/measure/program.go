package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// usage is the usage of a program that follows the cluster.
type usage struct {
	ready  time.Duration
	cpu    time.Duration // until ready
	peak   float64       // until ready, MiB
	steady memory        // after the idle time
	idle   time.Duration // CPU time over the window
	cost   cost
}

// start measures the process p, started at begin, until it is ready under condition and was idle
// for a while.
func (f *usage) start(ctx context.Context, p *process.Process, begin time.Time, idle time.Duration, condition func(context.Context) error) error {
	if err := process.Within(ctx, timeout, condition, p); err != nil {
		return err
	}
	f.ready = time.Since(begin)
	memory, err := readMemory(p.Pid())
	if err != nil {
		return err
	}
	f.peak = memory.peak
	if f.cpu, err = readCPU(p.Pid()); err != nil {
		return err
	}
	if err := process.Sleep(ctx, idle); err != nil {
		return err
	}
	if memory, err = readMemory(p.Pid()); err != nil {
		return err
	}
	f.steady = memory
	return nil
}

// program has the measurements of an exporter.
type program struct {
	usage
	name string
	url  string // of scrapes
	pid  int
	// exporter is the running program.
	exporter *exporter.Exporter

	first  time.Duration // of the first scrape
	series int
	quiet  scrapes
	busy   scrapes  // while updates are written
	after  memory   // at the end of the updates
	rested response // compressed, a window after the updates
	slow   *slowResult
	churn  *churnResult
	soak   *soakResult
	relist *relistResult // nil for the peer
	end    memory

	// problems are the faults of its responses.
	problems []error
}

// check records a fault of a response, if err is not nil.
func (p *program) check(what string, err error) {
	if err != nil {
		err = fmt.Errorf("%s: %s: %w", p.name, what, err)
		progress("  WRONG: %s", err)
		p.problems = append(p.problems, err)
	}
}

// A phase measures an exporter under one load.
type phase func(context.Context, *program) error

// measureProgram starts an exporter, waits until it is ready and runs the phases.
func (b *bench) measureProgram(ctx context.Context, name string, start func(context.Context, string) (*exporter.Exporter, error), ready func(context.Context, *exporter.Exporter) error, phases ...phase) (_ *program, err error) {
	progress("measuring %s", name)
	begin := time.Now()
	e, err := start(ctx, b.path(name+".log"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	p := &program{name: name, url: e.Scrapes + "/metrics", pid: e.Pid(), exporter: e}
	if err := p.start(ctx, e.Process, begin, b.idle, func(ctx context.Context) error { return ready(ctx, e) }); err != nil {
		return nil, err
	}
	for _, measure := range phases {
		if err := measure(ctx, p); err != nil {
			return nil, errors.Join(err, e.Err())
		}
	}
	p.end, err = readMemory(p.pid)
	return p, err
}

// phases returns the phases of an exporter, in order.
func (b *bench) phases(name string) []phase {
	phases := []phase{b.measureQuiet, b.measureBusy}
	if b.slow > 0 {
		phases = append(phases, b.measureAmongSlow)
	}
	if b.churn > 0 {
		phases = append(phases, b.measureChurn)
	}
	if b.soak > 0 {
		phases = append(phases, b.measureSoak)
	}
	if name == "kubestate" {
		phases = append(phases, b.measureRelist)
	}
	return phases
}

// measureQuiet measures scrapes without changes.
func (b *bench) measureQuiet(ctx context.Context, p *program) error {
	progress("  at rest")
	c, err := dial(ctx, p.url)
	if err != nil {
		return err
	}
	defer c.Close()
	first, err := c.get(identity, io.Discard)
	if err != nil {
		return err
	}
	p.first = first.took
	_, err = b.checkSame(ctx, p.url)
	p.check("at rest", err)
	if p.quiet, err = b.timeScrapes(ctx, p.url); err != nil {
		return err
	}
	content, err := inspectFile(b.web.plain())
	if err != nil {
		return err
	}
	p.series = content.series
	p.check("at rest", content.hasPods(b.names))
	return nil
}

// measureBusy measures scrapes under updates, and checks the content after them.
func (b *bench) measureBusy(ctx context.Context, p *program) (err error) {
	progress("  under updates")
	if p.idle, err = cpuOver(ctx, p.pid, b.window); err != nil {
		return err
	}
	changer := b.newPodChanger()
	p.cost, err = b.measureCost(ctx, p.pid, p.idle, b.podUpdater(changer, b.updates), func(ctx context.Context) (err error) {
		if p.busy, err = b.timeScrapes(ctx, p.url); err != nil {
			return err
		}
		p.after, err = readMemory(p.pid)
		return err
	})
	if err != nil {
		return err
	}
	p.check("compressed under updates", b.checkCompressed(p.busy.compressed.response))
	p.check("after the updates", b.checkServed(ctx, p.url, changer.last))
	p.rested, err = b.checkSame(ctx, p.url)
	p.check("at rest again", err)
	return nil
}

func (b *bench) startKubestate(ctx context.Context, log string) (*exporter.Exporter, error) {
	return exporter.Start(ctx, log, b.kubestate, "--kubeconfig", b.cluster.Kubeconfig)
}

func ready(ctx context.Context, e *exporter.Exporter) error { return e.Ready(ctx) }

func (b *bench) startPeer(_ context.Context, log string) (*exporter.Exporter, error) {
	return b.startPeerWith(log)
}

// startPeerWith starts the peer with more arguments, on free ports.
func (b *bench) startPeerWith(log string, args ...string) (*exporter.Exporter, error) {
	ports, err := process.FreePorts(2)
	if err != nil {
		return nil, err
	}
	args = append(args, "--kubeconfig", b.cluster.Kubeconfig, "--port", fmt.Sprint(ports[0]), "--telemetry-port", fmt.Sprint(ports[1]))
	p, err := process.Start(log, b.peer, args...)
	if err != nil {
		return nil, err
	}
	url := func(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
	return &exporter.Exporter{Process: p, Scrapes: url(ports[0]), Telemetry: url(ports[1])}, nil
}

// peerReady returns nil if the peer serves all pods, and is ready if it has such an endpoint.
func (b *bench) peerReady(ctx context.Context, e *exporter.Exporter) error {
	status, _, err := exporter.Get(ctx, e.Telemetry+"/readyz")
	if err != nil {
		return err
	}
	if status != http.StatusOK && status != http.StatusNotFound {
		return fmt.Errorf("not ready: status %d", status)
	}
	if err := b.checkServedOnce(ctx, e.Scrapes+"/metrics", nil); err != nil {
		return errors.Join(err, process.Sleep(ctx, time.Second)) // scrapes cost the peer CPU
	}
	return nil
}
