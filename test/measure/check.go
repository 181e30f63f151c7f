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
)

// served is what an answer says.
type served struct {
	series int
	pods   map[types.NamespacedName]status
}

func inspectFile(path string) (served, error) {
	file, err := os.Open(path)
	if err != nil {
		return served{}, err
	}
	defer file.Close()
	return inspect(file)
}

// inspect reads a plain answer to its end.
func inspect(r io.Reader) (served, error) {
	s := served{pods: map[types.NamespacedName]status{}}
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

// readers are the families in which the updates are seen, and one that has every pod.
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

// label is the value of a label, which must be one that needs no escaping.
func label(labels, name string) string {
	_, value, _ := strings.Cut(","+labels, ","+name+`="`)
	value, _, _ = strings.Cut(value, `"`)
	return value
}

// hasPods returns an error unless the pods served are these.
func (s served) hasPods(names []types.NamespacedName) error {
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
func (s served) has(want map[types.NamespacedName]status) error {
	for name, written := range want {
		if got := s.pods[name]; got != written {
			return fmt.Errorf("%s is served as %+v, was written as %+v", name, got, written)
		}
	}
	return nil
}

// checkServed looks at plain answers until one has exactly the cluster's pods,
// those that were written with what was written. It gives up after a while.
func (b *bench) checkServed(ctx context.Context, address string, written map[types.NamespacedName]status) error {
	const limit, pause = 30 * time.Second, 500 * time.Millisecond
	for begin := time.Now(); ; {
		err := b.lookAtServed(ctx, address, written)
		if err == nil || time.Since(begin) > limit {
			return err
		}
		if err := wait(ctx, pause); err != nil {
			return err
		}
	}
}

func (b *bench) lookAtServed(ctx context.Context, address string, written map[types.NamespacedName]status) error {
	if _, err := save(ctx, address, identity, b.web.plain()); err != nil {
		return err
	}
	served, err := inspectFile(b.web.plain())
	if err != nil {
		return err
	}
	return errors.Join(served.hasPods(b.names), served.has(written))
}

// checkSame has the same answer in both encodings, and returns what is known of
// the packed one. As the cluster is never quite at rest, it may take more than
// one attempt.
func (b *bench) checkSame(ctx context.Context, address string) (packed answer, err error) {
	for range 5 {
		var failed error
		if _, packed, failed = b.saveBoth(ctx, address); failed != nil {
			return packed, failed
		}
		if packed.encoding != gzipped {
			return packed, fmt.Errorf("encoding %q, asked for %q", packed.encoding, gzipped)
		}
		if err = b.unpack(b.compareToPlain); err == nil {
			return packed, nil
		}
	}
	return packed, err
}

// checkPacked looks for all pods in a packed answer that was saved.
func (b *bench) checkPacked(a answer) error {
	if a.encoding != gzipped {
		return fmt.Errorf("encoding %q, asked for %q", a.encoding, gzipped)
	}
	return b.unpack(func(r io.Reader) error {
		served, err := inspect(r)
		if err != nil {
			return err
		}
		return served.hasPods(b.names)
	})
}

// unpack has f read the packed answer that was saved. It is an error if that is
// not one sound gzip member and nothing more.
func (b *bench) unpack(f func(io.Reader) error) error {
	file, err := os.Open(b.web.packed())
	if err != nil {
		return err
	}
	defer file.Close()
	packed := bufio.NewReaderSize(file, readSize)
	plain, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	plain.Multistream(false)
	if err := f(plain); err != nil {
		return err
	}
	if _, err := plain.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("read on at the end: %w", err)
	}
	if _, err := packed.ReadByte(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the gzip member")
	}
	return nil
}

// compareToPlain returns an error unless r gives what the plain file holds.
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
			return fmt.Errorf("the unpacked answer is not the plain one, in the MiB at %d", at)
		}
		if err != nil || failed != nil {
			return errors.Join(unlessEnd(err), unlessEnd(failed))
		}
	}
}

// unlessEnd drops the errors of io.ReadFull that say that there is no more.
func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
