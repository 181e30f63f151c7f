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
)

// memory is what the kernel says of a process, in MiB.
type memory struct {
	resident float64
	peak     float64
	// anonymous is what of the resident memory no file is behind: what Kubernetes'
	// container_memory_rss counts. The rest is of the program's own file.
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

// worst has the larger of each figure.
func (m memory) worst(o memory) memory {
	return memory{max(m.resident, o.resident), max(m.peak, o.peak), max(m.anonymous, o.anonymous)}
}

// readCPU returns the time that the process has spent on processors, as the
// scheduler counts it of each thread: what /proc/PID/stat says is sampled, and
// coarse. Threads that have ended are missing; those of Go programs stay.
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

// cpuOver returns the time that the process spends on processors from now on.
func cpuOver(ctx context.Context, pid int, window time.Duration) (time.Duration, error) {
	before, err := readCPU(pid)
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, window); err != nil {
		return 0, err
	}
	after, err := readCPU(pid)
	return after - before, err
}

// established is the state of a connection that neither side has closed, in the
// kernel's tables.
const established = "01"

// connected returns the ports of the clients to which the server of address has
// open connections. It is the server's side: a client does not hear of the end
// before it has read what is on its way.
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
			// A number, the local address, the remote one, the state.
			fields := strings.Fields(line)
			if len(fields) > 3 && fields[3] == established && hexPort(fields[1]) == server {
				ports[hexPort(fields[2])] = true
			}
		}
	}
	return ports, nil
}

// hexPort is the port of an address in the kernel's tables, -1 if there is none.
func hexPort(address string) int {
	port, err := strconv.ParseUint(address[strings.LastIndexByte(address, ':')+1:], 16, 16)
	if err != nil {
		return -1
	}
	return int(port)
}
