package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/process"
)

// memory is the memory of a process in MiB.
type memory struct {
	resident float64
	peak     float64
	// anonymous is resident memory without a file, as in container_memory_rss. The rest is of the
	// executable.
	anonymous float64
}

// readMemory reads VmRSS, VmHWM and RssAnon.
func readMemory(pid int) (m memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, fmt.Errorf("read memory: %w", err)
	}
	for _, field := range []struct {
		name  string
		value *float64
	}{{"VmRSS:", &m.resident}, {"VmHWM:", &m.peak}, {"RssAnon:", &m.anonymous}} {
		_, rest, ok := strings.Cut(string(status), "\n"+field.name)
		if !ok {
			return m, fmt.Errorf("read memory: no %s", field.name)
		}
		var kilobytes float64
		if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
			return m, fmt.Errorf("read memory: %s %w", field.name, err)
		}
		*field.value = kilobytes / 1024
	}
	return m, nil
}

// max returns the larger of each figure.
func (m memory) max(o memory) memory {
	return memory{max(m.resident, o.resident), max(m.peak, o.peak), max(m.anonymous, o.anonymous)}
}

// readCPU returns the CPU time of the process, as the scheduler counts it for each thread:
// /proc/PID/stat is sampled and coarse. Ended threads are missing; those of Go programs do not end.
func readCPU(pid int) (time.Duration, error) {
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(paths) == 0 {
		return 0, fmt.Errorf("read CPU time: no threads of process %d: %w", pid, err)
	}
	var total time.Duration
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		var nanoseconds int64
		if _, err := fmt.Sscan(string(text), &nanoseconds); err != nil {
			return 0, fmt.Errorf("read CPU time: %s: %w", path, err)
		}
		total += time.Duration(nanoseconds)
	}
	return total, nil
}

// cpuOver returns the CPU time of the process over the window.
func cpuOver(ctx context.Context, pid int, window time.Duration) (time.Duration, error) {
	before, err := readCPU(pid)
	if err != nil {
		return 0, err
	}
	if err := process.Sleep(ctx, window); err != nil {
		return 0, err
	}
	after, err := readCPU(pid)
	return after - before, err
}

// established is the state of an open connection in the kernel's tables.
const established = "01"

// connected returns the client ports of the server's open connections. A client's own socket does
// not tell: it sees the end only after the data before it.
func connected(address string) (map[int]bool, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	server, err := strconv.Atoi(u.Port())
	if err != nil {
		return nil, fmt.Errorf("port of %s: %w", address, err)
	}
	ports := map[int]bool{}
	for _, table := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		content, err := os.ReadFile(table)
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(content)) {
			// Number, local address, remote address, state.
			fields := strings.Fields(line)
			if len(fields) > 3 && fields[3] == established && hexPort(fields[1]) == server {
				ports[hexPort(fields[2])] = true
			}
		}
	}
	return ports, nil
}

// hexPort returns the port of an address in the kernel's tables; -1 if there is none.
func hexPort(address string) int {
	port, err := strconv.ParseUint(address[strings.LastIndexByte(address, ':')+1:], 16, 16)
	if err != nil {
		return -1
	}
	return int(port)
}
