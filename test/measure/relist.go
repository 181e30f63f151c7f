package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/exporter"
)

// relisted is what it took to list all pods anew: the highest memory, and the time
// from when the API server was back.
type relisted struct {
	peak float64
	took time.Duration
}

// measureRelist kills the API server and has etcd forget what came before, so that
// watches cannot go on where they were. Only kubestate tells when it has listed.
func (b *bench) measureRelist(ctx context.Context, p *program) error {
	progress("  API server killed, etcd compacted")
	before, err := relists(ctx, p.exporter)
	if err != nil {
		return err
	}
	if err := b.cluster.KillAPIServer(); err != nil {
		return err
	}
	changer := b.newPodChanger()
	if err := changer.change(ctx, b.names[0]); err != nil { // or nothing would be compacted
		return err
	}
	if err := b.cluster.CompactEtcd(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0); err != nil { // the peak begins anew
		return err
	}
	if err := b.cluster.StartAPIServer(ctx); err != nil {
		return err
	}
	begin := time.Now()
	err = b.cluster.Await(ctx, patience, func(ctx context.Context) error {
		now, err := relists(ctx, p.exporter)
		if err == nil && now == before {
			err = errors.New("pods have not been listed again")
		}
		return errors.Join(err, podsSynced(ctx, p.exporter))
	})
	if err != nil {
		return err
	}
	memory, err := readMemory(p.pid)
	p.relist = &relisted{peak: memory.peak, took: time.Since(begin)}
	p.check("after the relist", b.checkServed(ctx, p.url, changer.last))
	return err
}

// relists counts the lists of pods after the first.
func relists(ctx context.Context, e *exporter.Exporter) (n float64, err error) {
	self, err := e.Self(ctx)
	for series, value := range self {
		if strings.HasPrefix(series, "kubestate_relists_total{") && strings.Contains(series, `resource="pods"`) {
			n += value
		}
	}
	return n, err
}

// podsSynced fails unless pods are.
func podsSynced(ctx context.Context, e *exporter.Exporter) error {
	self, err := e.Self(ctx)
	if err == nil && self[`kubestate_resource_state{resource="pods",state="synced"}`] != 1 {
		err = errors.New("pods are not synced")
	}
	return err
}

func (r *relisted) peakFigure() figure {
	if r == nil {
		return none
	}
	return mebibytes(r.peak)
}

func (r *relisted) tookFigure() figure {
	if r == nil {
		return none
	}
	return seconds(r.took)
}
