package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/process"
)

// content is the content of a response.
type content struct {
	series int
	pods   map[types.NamespacedName]status
}

func inspectFile(path string) (content, error) {
	file, err := os.Open(path)
	if err != nil {
		return content{}, err
	}
	defer file.Close()
	return inspect(file)
}

// inspect reads an uncompressed response.
func inspect(r io.Reader) (content, error) {
	s := content{pods: map[types.NamespacedName]status{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		s.series++
		family, labels, _ := bytes.Cut(line, []byte("{"))
		if read, ok := readers[string(family)]; ok {
			labels, value, _ := strings.Cut(string(labels), "} ")
			name := types.NamespacedName{Namespace: label(labels, "namespace"), Name: label(labels, "pod")}
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return s, fmt.Errorf("line %q: %w", line, err)
			}
			s.pods[name] = read(s.pods[name], labels, number)
		}
	}
	return s, lines.Err()
}

// readers read the families that updates change, and one that has every pod.
var readers = map[string]func(s status, labels string, value float64) status{
	"kube_pod_info": func(s status, _ string, _ float64) status { return s },
	"kube_pod_status_ready": func(s status, labels string, value float64) status {
		if label(labels, "condition") == "true" {
			s.ready = value == 1
		}
		return s
	},
	"kube_pod_status_ready_time": func(s status, _ string, value float64) status {
		s.since = int64(value)
		return s
	},
	"kube_pod_container_status_restarts_total": func(s status, labels string, value float64) status {
		if label(labels, "container") == "app" {
			s.restarts = int32(value)
		}
		return s
	},
}

// label returns the value of a label without escapes.
func label(labels, name string) string {
	_, value, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ = strings.Cut(value, `"`)
	return value
}

// hasPods returns an error unless exactly these pods are served.
func (s content) hasPods(names []types.NamespacedName) error {
	for _, name := range names {
		if _, ok := s.pods[name]; !ok {
			return fmt.Errorf("%d pods of %d, without %s", len(s.pods), len(names), name)
		}
	}
	if len(s.pods) != len(names) {
		return fmt.Errorf("%d pods, want %d", len(s.pods), len(names))
	}
	return nil
}

// has returns an error unless the pods are served with these states.
func (s content) has(want map[types.NamespacedName]status) error {
	for name, written := range want {
		if got := s.pods[name]; got != written {
			return fmt.Errorf("%s: served %+v, written %+v", name, got, written)
		}
	}
	return nil
}

// checkServed awaits a plain response with exactly the cluster's pods and the written statuses.
func (b *bench) checkServed(ctx context.Context, address string, written map[types.NamespacedName]status) error {
	const limit, pause = 30 * time.Second, 500 * time.Millisecond
	for begin := time.Now(); ; {
		err := b.checkServedOnce(ctx, address, written)
		if err == nil || time.Since(begin) > limit {
			return err
		}
		if err := process.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (b *bench) checkServedOnce(ctx context.Context, address string, written map[types.NamespacedName]status) error {
	if _, err := save(ctx, address, identity, b.web.plain()); err != nil {
		return err
	}
	content, err := inspectFile(b.web.plain())
	if err != nil {
		return err
	}
	return errors.Join(content.hasPods(b.names), content.has(written))
}

// checkSame compares the response in both encodings, and returns the compressed one. It retries: the
// cluster is never quite at rest.
func (b *bench) checkSame(ctx context.Context, address string) (compressed response, err error) {
	for range 5 {
		var failed error
		if _, compressed, failed = b.saveBoth(ctx, address); failed != nil {
			return compressed, failed
		}
		if compressed.encoding != gzipped {
			return compressed, fmt.Errorf("encoding %q, asked for %q", compressed.encoding, gzipped)
		}
		if err = b.decompress(b.compareToPlain); err == nil {
			return compressed, nil
		}
	}
	return compressed, err
}

// checkCompressed checks that the saved compressed response has all pods.
func (b *bench) checkCompressed(a response) error {
	if a.encoding != gzipped {
		return fmt.Errorf("encoding %q, asked for %q", a.encoding, gzipped)
	}
	return b.decompress(func(r io.Reader) error {
		content, err := inspect(r)
		if err != nil {
			return err
		}
		return content.hasPods(b.names)
	})
}

// decompress calls f with the saved compressed response, which must be exactly one gzip member.
func (b *bench) decompress(f func(io.Reader) error) error {
	file, err := os.Open(b.web.compressed())
	if err != nil {
		return err
	}
	defer file.Close()
	compressed := bufio.NewReaderSize(file, readSize)
	plain, err := gzip.NewReader(compressed)
	if err != nil {
		return err
	}
	plain.Multistream(false)
	if err := f(plain); err != nil {
		return err
	}
	if _, err := plain.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read at the end: %w", err)
	}
	if _, err := compressed.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("data after the gzip member")
	}
	return nil
}

// compareToPlain returns an error unless r has the bytes of the plain file.
func (b *bench) compareToPlain(r io.Reader) error {
	file, err := os.Open(b.web.plain())
	if err != nil {
		return err
	}
	defer file.Close()
	got, want := make([]byte, readSize), make([]byte, readSize)
	for at := 0; ; at += readSize {
		n, err := io.ReadFull(r, got)
		m, failed := io.ReadFull(file, want)
		if !bytes.Equal(got[:n], want[:m]) {
			return fmt.Errorf("the decompressed response differs from the plain one, in the MiB at %d", at)
		}
		if err != nil || failed != nil {
			return errors.Join(unlessEnd(err), unlessEnd(failed))
		}
	}
}

// unlessEnd drops the errors of io.ReadFull at the end.
func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
