package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// memory is what the kernel says of a process, in MiB.
type memory struct {
	resident float64
	peak     float64
}

// readMemory reads VmRSS and VmHWM.
func readMemory(pid int) (m memory, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, fmt.Errorf("read memory: %w", err)
	}
	for _, field := range []struct {
		name  string
		value *float64
	}{{"VmRSS:", &m.resident}, {"VmHWM:", &m.peak}} {
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

// readCPU returns the time that the process has spent on processors.
func readCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("read CPU time: %w", err)
	}
	// After the name, which may hold anything, utime and stime are fields 12 and
	// 13, in hundredths of a second.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("read CPU time: %d fields", len(fields))
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read CPU time: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
