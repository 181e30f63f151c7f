package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// watched is what a program took that holds the state of a cluster. Memory is in MiB.
type watched struct {
	ready  time.Duration
	cpu    time.Duration // until ready
	peak   float64       // until ready
	steady float64
}

// scraped is what kubestate took and gave.
type scraped struct {
	watched
	peakAfterScrapes float64
	first            time.Duration
	times            []time.Duration // ascending
	bytes            int64
	series           int
	pods             int
}

// watch fills in w for the running process p that was started at begin and is
// ready when condition holds.
func (w *watched) watch(ctx context.Context, p *process.Process, begin time.Time, idle time.Duration, condition func(context.Context) error) error {
	if err := process.Within(ctx, patience, condition, p); err != nil {
		return err
	}
	w.ready = time.Since(begin)
	memory, err := readMemory(p.Pid())
	if err != nil {
		return err
	}
	w.peak = memory.peak
	if w.cpu, err = readCPU(p.Pid()); err != nil {
		return err
	}
	if err := wait(ctx, idle); err != nil {
		return err
	}
	if memory, err = readMemory(p.Pid()); err != nil {
		return err
	}
	w.steady = memory.resident
	return nil
}

// measureProgram runs kubestate and scrapes it. It is an error if an answer
// lacks one of the pods.
func measureProgram(ctx context.Context, log string, c *cluster.Cluster, opts options, names []types.NamespacedName) (s scraped, err error) {
	begin := time.Now()
	e, err := exporter.Start(ctx, log, opts.kubestate, "--kubeconfig", c.Kubeconfig, "--resources", strings.Join(opts.resources, ","))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	if err := s.watch(ctx, e.Process, begin, opts.idle, e.Ready); err != nil {
		return s, err
	}
	if s.first, s.bytes, err = timeScrape(ctx, e); err != nil {
		return s, err
	}
	for range opts.scrapes {
		taken, _, err := timeScrape(ctx, e)
		if err != nil {
			return s, err
		}
		s.times = append(s.times, taken)
	}
	slices.Sort(s.times)
	memory, err := readMemory(e.Pid())
	if err != nil {
		return s, err
	}
	s.peakAfterScrapes = memory.peak
	return s, s.verify(ctx, e, names)
}

// timeScrape reads one answer, without compression, and throws it away.
func timeScrape(ctx context.Context, e *exporter.Exporter) (time.Duration, int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Scrapes+"/metrics", nil)
	if err != nil {
		return 0, 0, err
	}
	req.Header.Set("Accept-Encoding", "identity")
	begin := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, 0, fmt.Errorf("scrape: %w", err)
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil {
		return 0, 0, fmt.Errorf("scrape: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return 0, 0, fmt.Errorf("scrape: %s", resp.Status)
	}
	return time.Since(begin), n, nil
}

// verify counts the series of an answer and looks for each of the pods in it.
func (s *scraped) verify(ctx context.Context, e *exporter.Exporter, names []types.NamespacedName) error {
	_, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
	if err != nil {
		return fmt.Errorf("scrape: %w", err)
	}
	missing := podSet(names)
	for line := range bytes.Lines(body) {
		if line[0] == '#' {
			continue
		}
		s.series++
		if info, ok := bytes.CutPrefix(line, []byte(`kube_pod_info{namespace="`)); ok {
			namespace, rest, _ := strings.Cut(string(info), `",pod="`)
			pod, _, _ := strings.Cut(rest, `"`)
			delete(missing, types.NamespacedName{Namespace: namespace, Name: pod})
			s.pods++
		}
	}
	for name := range missing {
		return fmt.Errorf("%d of %d pods are not in the answer, such as %s", len(missing), len(names), name)
	}
	return nil
}
