package e2e

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestStandbyCost measures what docs/performance.md has of standbys, with KUBESTATE_STANDBY_KILLS=n: the
// time without series over n kills of the holder, and memory and CPU of a holder and a standby at 5,000
// pods.
func TestStandbyCost(t *testing.T) {
	kills, err := strconv.Atoi(os.Getenv("KUBESTATE_STANDBY_KILLS"))
	if err != nil {
		t.Skip("KUBESTATE_STANDBY_KILLS is not set")
	}
	c := cluster.Start(t, cluster.Options{})
	_, err = c.Populate(t.Context(), 5000)
	must(t, err)
	_, err = c.Client.CoordinationV1().Leases("default").Create(t.Context(), &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "kubestate"}}, metav1.CreateOptions{})
	must(t, err)
	replica := func() *exporter.Exporter {
		e, err := exporter.Start(t.Context(), t.TempDir()+"/kubestate.log", kubestate, "--kubeconfig", c.Kubeconfig, "--lease=kubestate", "--pod-namespace=default")
		must(t, err)
		t.Cleanup(func() { must(t, e.Kill()) })
		await(t, settling, e.Ready, e.Process)
		return e
	}
	holder := replica()
	await(t, settling, leads(holder), holder.Process)
	other := replica()

	startChurn(t, c)
	before := map[*exporter.Exporter]time.Duration{holder: cpuOf(t, holder), other: cpuOf(t, other)}
	began := time.Now()
	await(t, 2*settling, func(ctx context.Context) error {
		for e := range before {
			if _, err := e.Scrape(ctx); err != nil {
				return err
			}
		}
		if d := settling - time.Since(began); d > 0 {
			return fmt.Errorf("%s left", d)
		}
		return nil
	}, holder.Process, other.Process)
	for name, e := range map[string]*exporter.Exporter{"holder": holder, "standby": other} {
		t.Logf("%s: %s, %.0f ms of CPU a second", name, memoryOf(t, e), 1000*(cpuOf(t, e)-before[e]).Seconds()/time.Since(began).Seconds())
	}

	var gaps []time.Duration
	for range kills {
		must(t, holder.Kill())
		began := time.Now()
		await(t, settling, leads(other), other.Process)
		gaps = append(gaps, time.Since(began))
		holder, other = other, replica()
	}
	slices.Sort(gaps)
	t.Logf("%d kills: without series for %s at least, %s in the median, %s at most", kills, gaps[0].Round(time.Millisecond), gaps[len(gaps)/2].Round(time.Millisecond), gaps[len(gaps)-1].Round(time.Millisecond))
}

// leads returns a condition: the replica responds with series.
func leads(e *exporter.Exporter) func(context.Context) error {
	return func(ctx context.Context) error {
		series, err := e.Scrape(ctx, "nodes")
		if err == nil && len(series) == 0 {
			err = fmt.Errorf("%s stands by", e.Name)
		}
		return err
	}
}

// cpuOf is the CPU time of a program, in ticks of 10 ms.
func cpuOf(t *testing.T, e *exporter.Exporter) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", e.Pid()))
	must(t, err)
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		must(t, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// memoryOf describes the memory of a program.
func memoryOf(t *testing.T, e *exporter.Exporter) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.Pid()))
	must(t, err)
	var found []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "VmHWM") || strings.HasPrefix(line, "VmRSS") || strings.HasPrefix(line, "RssAnon") {
			found = append(found, strings.Join(strings.Fields(line), " "))
		}
	}
	return strings.Join(found, ", ")
}
