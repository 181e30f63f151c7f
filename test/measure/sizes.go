package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// variants are the settings whose answers measureSizes compares.
var variants = []struct {
	name  string
	args  []string
	parts int
}{
	{"plain", nil, 1},
	{"sparse", []string{"--metric-sparse=."}, 1},
	{"sparse, 8 parts", []string{"--metric-sparse=.", fmt.Sprintf("--scrape-shards=%d", sizedParts)}, sizedParts},
}

// sizedParts is the number of parts of the last variant.
const sizedParts = 8

// caps are the sizes of uncompressed answers at which common scrapers stop, in MiB.
var caps = []int64{16, 32, 64, 128, 256}

// answerSize has the sizes of a scrape: of the largest part, and its times.
type answerSize struct {
	series      int
	memory      float64 // of the store, MiB
	plain, gzip response
}

// measureSizes serves snapshots of clusters of these numbers of pods, and prints a table of the
// sizes of answers.
func measureSizes(ctx context.Context, opts options) (err error) {
	dir, err := os.MkdirTemp("", "sizes")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Println("| pods | settings | series | largest answer, plain | gzip | fits in, unpacked | scrape, gzip | scrape, plain | memory of the store |")
	fmt.Println("| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
	for _, pods := range opts.sizes {
		path := filepath.Join(dir, "cluster.json")
		if err := writeSnapshot(path, pods); err != nil {
			return err
		}
		for _, v := range variants {
			progress("%d pods, %s", pods, v.name)
			s, err := measureSize(ctx, opts, filepath.Join(dir, fmt.Sprintf("%d %s.log", pods, v.name)), v.parts, append([]string{"--snapshot=" + path}, v.args...))
			if err != nil {
				return err
			}
			fmt.Printf("| %d | %s | %d | %s | %s | %s | %s | %s | %s |\n", pods, v.name, s.series, s.plain.figure().text, s.gzip.figure().text,
				fits(s.plain.size), milliseconds(s.gzip.took).text, milliseconds(s.plain.took).text, mebibytes(s.memory).text)
		}
	}
	return nil
}

// fits names the smallest of caps that an answer fits in.
func fits(size int64) string {
	for _, mebibytes := range caps {
		if size <= mebibytes<<20 {
			return fmt.Sprintf("%d MiB", mebibytes)
		}
	}
	return "none"
}

// writeSnapshot writes the objects of a cluster to a file, one JSON document a line.
func writeSnapshot(path string, pods int) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriterSize(file, 1<<20)
	encoder := json.NewEncoder(w)
	for object := range cluster.Generate(pods) {
		kinds, _, err := scheme.Scheme.ObjectKinds(object)
		if err != nil {
			return err
		}
		object.GetObjectKind().SetGroupVersionKind(kinds[0])
		if err := encoder.Encode(object); err != nil {
			return err
		}
	}
	return w.Flush()
}

// measureSize runs kubestate and measures its answers in parts.
func measureSize(ctx context.Context, opts options, log string, parts int, args []string) (s answerSize, err error) {
	e, err := exporter.Start(ctx, log, opts.kubestate, args...)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, e.Kill()) }()
	if err := process.Within(ctx, timeout, e.Ready, e.Process); err != nil {
		return s, err
	}
	if err := process.Sleep(ctx, opts.idle); err != nil { // until blocks are packed
		return s, err
	}
	self, err := e.Self(ctx)
	if err != nil {
		return s, err
	}
	for name, value := range self {
		switch {
		case strings.HasPrefix(name, "kubestate_store_series{"):
			s.series += int(value)
		case strings.HasPrefix(name, "kubestate_store_memory_bytes{"):
			s.memory += value / (1 << 20)
		}
	}
	for part := range parts {
		url := fmt.Sprintf("%s/metrics?shard=%d/%d", e.Scrapes, part, parts)
		plain, err := timed(ctx, url, identity, opts.scrapes)
		if err != nil {
			return s, err
		}
		compressed, err := timed(ctx, url, gzipped, opts.scrapes)
		if err != nil {
			return s, err
		}
		if plain.size > s.plain.size {
			s.plain, s.gzip = plain, compressed
		}
	}
	return s, nil
}

// timed requests a URL some times and returns the response of the median time.
func timed(ctx context.Context, url, encoding string, times int) (response, error) {
	c, err := dial(ctx, url)
	if err != nil {
		return response{}, err
	}
	defer c.Close()
	var all []response
	for range times {
		a, err := c.get(encoding, io.Discard)
		if err != nil {
			return a, err
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b response) int { return int(a.took - b.took) })
	return all[len(all)/2], nil
}
