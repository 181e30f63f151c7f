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

// relistResult is the peak memory of a relist of pods, and its time since the API server's restart.
type relistResult struct {
	peak float64
	took time.Duration
}

// measureRelist kills the API server and compacts etcd, so that watches cannot be resumed. Only
// kubestate counts its relists.
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
	if err := changer.change(ctx, b.names[0]); err != nil { // a revision to compact
		return err
	}
	if err := b.cluster.CompactEtcd(ctx); err != nil {
		return err
	}
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.pid), []byte("5"), 0); err != nil { // resets the peak
		return err
	}
	if err := b.cluster.StartAPIServer(ctx); err != nil {
		return err
	}
	begin := time.Now()
	err = b.cluster.Await(ctx, timeout, func(ctx context.Context) error {
		now, err := relists(ctx, p.exporter)
		if err == nil && now == before {
			err = errors.New("no relist of pods")
		}
		return errors.Join(err, podsSynced(ctx, p.exporter))
	})
	if err != nil {
		return err
	}
	memory, err := readMemory(p.pid)
	p.relist = &relistResult{peak: memory.peak, took: time.Since(begin)}
	p.check("after the relist", b.checkServed(ctx, p.url, changer.last))
	return err
}

// relists returns the number of relists of pods.
func relists(ctx context.Context, e *exporter.Exporter) (n float64, err error) {
	self, err := e.Self(ctx)
	for series, value := range self {
		if strings.HasPrefix(series, "kubestate_relists_total{") && strings.Contains(series, `resource="pods"`) {
			n += value
		}
	}
	return n, err
}

// podsSynced returns an error unless pods are synced.
func podsSynced(ctx context.Context, e *exporter.Exporter) error {
	self, err := e.Self(ctx)
	if err == nil && self[`kubestate_resource_state{resource="pods",state="synced"}`] != 1 {
		err = errors.New("pods are not synced")
	}
	return err
}

func (r *relistResult) peakFigure() figure {
	if r == nil {
		return none
	}
	return mebibytes(r.peak)
}

func (r *relistResult) tookFigure() figure {
	if r == nil {
		return none
	}
	return seconds(r.took)
}
