package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// clustersCost is the cost of all processes that serve some clusters.
type clustersCost struct {
	memory          memory
	idle, perScrape time.Duration // CPU: of a minute at rest, and of a scrape of all clusters
	bytes           int64         // of those responses
}

// measureClusters serves clusters of one content by one process, and by one process each, and prints a
// table. The clusters are one control plane by different kubeconfigs.
func measureClusters(ctx context.Context, opts options) error {
	return withCluster(ctx, opts, cluster.Options{}, func(b *bench) error {
		dir := b.path("clusters")
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
		var each [][]string
		for i := range opts.clusters {
			path := filepath.Join(dir, fmt.Sprintf("cluster-%d", i))
			if err := cluster.WriteKubeconfig(path, b.cluster.URL, b.cluster.CA, b.cluster.Token(b.cluster.Admin())); err != nil {
				return err
			}
			each = append(each, []string{"--kubeconfig", path})
		}
		fmt.Println("| processes | resident memory | without the executable | CPU at rest, per minute | CPU of a scrape of all | gzip |")
		fmt.Println("| ---: | ---: | ---: | ---: | ---: | ---: |")
		for _, args := range [][][]string{{{"--clusters", dir}}, each} {
			cost, err := b.costOf(ctx, args)
			if err != nil {
				return err
			}
			fmt.Printf("| %d | %s | %s | %s | %s | %s |\n", len(args), mebibytes(cost.memory.resident).text, mebibytes(cost.memory.anonymous).text,
				milliseconds(cost.idle).text, milliseconds(cost.perScrape).text, mebibytes(float64(cost.bytes)/(1<<20)).text)
		}
		return nil
	})
}

// costOf runs a process for each list of arguments, and returns the cost of all.
func (b *bench) costOf(ctx context.Context, args [][]string) (c clustersCost, err error) {
	var all []*exporter.Exporter
	defer func() {
		for _, e := range all {
			err = errors.Join(err, e.Kill())
		}
	}()
	for i, a := range args {
		e, err := exporter.Start(ctx, b.path(fmt.Sprintf("clusters-%d-%d.log", len(args), i)), b.kubestate, a...)
		if err != nil {
			return c, err
		}
		all = append(all, e)
		if err := b.cluster.Await(ctx, timeout, e.Ready); err != nil {
			return c, err
		}
	}
	progress("%d processes are ready", len(all))
	if err := scrapeEach(ctx, all, &c.bytes); err != nil { // readers allocate at first
		return c, err
	}
	if err := process.Sleep(ctx, b.idle); err != nil {
		return c, err
	}
	for _, e := range all {
		m, err := readMemory(e.Pid())
		if err != nil {
			return c, err
		}
		c.memory.resident += m.resident
		c.memory.anonymous += m.anonymous
	}
	before, err := cpuOf(all)
	if err != nil {
		return c, err
	}
	if err := process.Sleep(ctx, b.window); err != nil {
		return c, err
	}
	rested, err := cpuOf(all)
	if err != nil {
		return c, err
	}
	for range b.scrapes {
		if err := scrapeEach(ctx, all, &c.bytes); err != nil {
			return c, err
		}
	}
	after, err := cpuOf(all)
	c.idle = time.Duration(float64(rested-before) / b.window.Minutes())
	c.perScrape = (after - rested) / time.Duration(b.scrapes)
	return c, err
}

// cpuOf returns the CPU time of all processes.
func cpuOf(all []*exporter.Exporter) (total time.Duration, err error) {
	for _, e := range all {
		d, err := readCPU(e.Pid())
		if err != nil {
			return 0, err
		}
		total += d
	}
	return total, nil
}

// scrapeEach scrapes all processes compressed, and sets the size of all responses.
func scrapeEach(ctx context.Context, all []*exporter.Exporter, size *int64) error {
	*size = 0
	for _, e := range all {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.Scrapes+"/metrics", nil)
		if err != nil {
			return err
		}
		request.Header.Set("Accept-Encoding", "gzip")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err = errors.Join(err, answer.Body.Close()); err != nil {
			return err
		}
		if answer.StatusCode != http.StatusOK {
			return fmt.Errorf("scrape %s: %s", e.Scrapes, answer.Status)
		}
		*size += n
	}
	return nil
}
