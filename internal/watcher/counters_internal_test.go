package watcher

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// TestLeftEarly holds that counters that leave early are counted, and logged when that begins.
func TestLeftEarly(t *testing.T) {
	var lines bytes.Buffer
	w := New(Config{}, NewMetrics(prometheus.NewRegistry()), slog.New(slog.NewTextHandler(&lines, nil)))
	f := func(early map[string]int, wantPods, wantJobs float64, wantLines int) {
		t.Helper()
		w.leftEarly(early)
		pods, jobs := testutil.ToFloat64(w.metrics.leftEarly.WithLabelValues("pods")), testutil.ToFloat64(w.metrics.leftEarly.WithLabelValues("jobs.batch"))
		if n := strings.Count(lines.String(), "\n"); pods != wantPods || jobs != wantJobs || n != wantLines {
			t.Errorf("counted %v and %v, with %d lines; want %v and %v, with %d", pods, jobs, n, wantPods, wantJobs, wantLines)
		}
	}
	f(nil, 0, 0, 0)
	f(map[string]int{"pods": 7}, 7, 0, 1)
	f(map[string]int{"pods": 2, "jobs.batch": 1}, 9, 1, 2)
	f(map[string]int{}, 9, 1, 2)
	f(map[string]int{"pods": 1}, 10, 1, 3)
}
