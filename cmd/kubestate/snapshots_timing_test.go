package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"sigs.k8s.io/yaml"
)

// BenchmarkSnapshot starts the program on a file of pods as kubectl prints them, and waits until
// it serves. It reports the most memory that the process ever had.
func BenchmarkSnapshot(b *testing.B) {
	f := func(name string, size int, begin, between, end string, form func(pod []byte) []byte) {
		b.Run(name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "pods")
			pods := writePods(b, path, size, begin, between, end, form)
			b.SetBytes(int64(size))
			peak := 0
			for b.Loop() {
				p := startProgram(b, "--snapshot", path)
				peak = max(peak, peakMemory(b, p.cmd.Process.Pid))
				check(b, p.cmd.Process.Signal(syscall.SIGTERM))
				_ = p.cmd.Wait()
			}
			b.ReportMetric(float64(peak)/1000, "peak-MB")
			b.ReportMetric(float64(pods), "pods")
		})
	}
	f("yaml-36MB", 36e6, "apiVersion: v1\nitems:\n", "", "kind: List\nmetadata:\n  resourceVersion: \"\"\n", func(pod []byte) []byte {
		text := bytes.ReplaceAll(bytes.TrimSpace(pod), []byte("\n"), []byte("\n  "))
		return fmt.Appendf(nil, "- %s\n", text)
	})
	f("json-75MB", 75e6, "{\n    \"apiVersion\": \"v1\",\n    \"items\": [\n        ", ",\n        ", "\n    ],\n    \"kind\": \"List\"\n}\n", func(pod []byte) []byte {
		text, err := yaml.YAMLToJSON(pod)
		check(b, err)
		var indented bytes.Buffer
		check(b, json.Indent(&indented, text, "        ", "    "))
		return indented.Bytes()
	})
}

// writePods writes a list of pods of a size, and gives their number.
func writePods(b *testing.B, path string, size int, begin, between, end string, form func([]byte) []byte) (n int) {
	b.Helper()
	template, err := os.ReadFile("testdata/pod.yaml")
	check(b, err)
	first := form(template)
	file, err := os.Create(path)
	check(b, err)
	defer file.Close()
	w := bufio.NewWriter(file)
	_, _ = w.WriteString(begin)
	for written := 0; written < size; n++ {
		if n > 0 {
			_, _ = w.WriteString(between)
		}
		pod := bytes.ReplaceAll(first, []byte("00000"), fmt.Appendf(nil, "%05d", n))
		written += len(pod)
		_, _ = w.Write(pod)
	}
	_, _ = w.WriteString(end)
	check(b, w.Flush())
	return n
}

// peakMemory is the most memory that a process ever had, in kB.
func peakMemory(b *testing.B, pid int) int {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	check(b, err)
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	kB, err := strconv.Atoi(strings.Fields(rest)[0])
	check(b, err)
	return kB
}

// BenchmarkBundle starts the program on tar.gz bundles of the same pods, in which these, their copies
// and logs have the given size, and waits until it serves. It reports the most memory that the
// process ever had, which is that of the series.
func BenchmarkBundle(b *testing.B) {
	const pods = 2000
	template, err := os.ReadFile("testdata/pod.yaml")
	check(b, err)
	for _, size := range []int{10e6, 100e6, 1000e6} {
		b.Run(fmt.Sprintf("%dMB", size/1e6), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "bundle.tar.gz")
			packed := writeBundle(b, path, size, pods, template)
			b.SetBytes(int64(size))
			peak := 0
			for b.Loop() {
				p := startProgram(b, "--snapshot", path)
				peak = max(peak, peakMemory(b, p.cmd.Process.Pid))
				check(b, p.cmd.Process.Signal(syscall.SIGTERM))
				_ = p.cmd.Wait()
			}
			b.ReportMetric(float64(peak)/1000, "peak-MB")
			b.ReportMetric(float64(packed)/1e6, "packed-MB")
		})
	}
}

// writeBundle writes a bundle of at least a size before compression, half of it logs, and gives its size.
func writeBundle(b *testing.B, path string, size, pods int, template []byte) (packed int64) {
	b.Helper()
	file, err := os.Create(path)
	check(b, err)
	defer file.Close()
	z, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	check(b, err)
	w := tar.NewWriter(z)
	add := func(name string, text []byte) {
		check(b, w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o600}))
		_, err := w.Write(text)
		check(b, err)
		size -= len(text)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := 0; n < pods || size > 0; n++ {
		text := bytes.ReplaceAll(template, []byte("00000"), fmt.Appendf(nil, "%05d", n%pods))
		add(fmt.Sprintf("capture-%d/namespaces/shop/pods/%d.yaml", n/pods, n%pods), text)
		var log []byte
		for len(log) < len(text) {
			log = fmt.Appendf(log, "time=%d level=INFO msg=served path=/cart/%x duration=%d\n", n, random.Uint64(), random.Uint32())
		}
		add(fmt.Sprintf("capture-%d/namespaces/shop/pods/%d/current.log", n/pods, n%pods), log)
	}
	check(b, w.Close())
	check(b, z.Close())
	info, err := file.Stat()
	check(b, err)
	return info.Size()
}
