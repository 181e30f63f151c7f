package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/exporter"
)

// memorySample has the resident memory of each program, in MiB.
type memorySample map[string]float64

func (v *victims) sampleMemory() (memorySample, error) {
	l := memorySample{}
	for i, p := range v.programs {
		if err := p.Err(); err != nil {
			return nil, err
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Pid()))
		if err != nil {
			return nil, err
		}
		_, rest, _ := strings.Cut(string(status), "\nVmRSS:")
		var kib float64
		if _, err := fmt.Sscan(rest, &kib); err != nil {
			return nil, fmt.Errorf("resident memory of %s: %w", p.Name, err)
		}
		l[v.names[i]] = kib / 1024
	}
	return l, nil
}

// Limits of growth of memory from the first half to the second: a factor, and MiB.
const moreMemory, moreMiB = 1.1, 8

// judgeMemory compares the memory of both halves.
func judgeMemory(samples []memorySample) error {
	if len(samples) < 10 {
		return fmt.Errorf("%d samples of memory are too few", len(samples))
	}
	fmt.Printf("\n%-18s %12s %12s %12s %12s\n", "resident MiB", "median 1st", "median 2nd", "highest 1st", "highest 2nd")
	var errs []error
	half := len(samples) / 2
	for _, name := range []string{"open", "secured"} {
		first, second := sortedOf(samples[:half], name), sortedOf(samples[half:], name)
		m1, m2 := first[len(first)/2], second[len(second)/2]
		h1, h2 := first[len(first)-1], second[len(second)-1]
		fmt.Printf("%-18s %12.1f %12.1f %12.1f %12.1f\n", name, m1, m2, h1, h2)
		if m2 > m1*moreMemory+moreMiB || h2 > h1*moreMemory+moreMiB {
			errs = append(errs, fmt.Errorf("the memory of %s grew: median %.1f to %.1f MiB, highest %.1f to %.1f", name, m1, m2, h1, h2))
		}
	}
	return errors.Join(errs...)
}

func sortedOf(samples []memorySample, name string) []float64 {
	var all []float64
	for _, l := range samples {
		all = append(all, l[name])
	}
	slices.Sort(all)
	return all
}

// judgeScrapes judges all scrapes of Prometheus since a time.
func (o options) judgeScrapes(ctx context.Context, v *victims, began time.Time) error {
	window := fmt.Sprintf("[%ds]", int(time.Since(began).Seconds()))
	ups, err := v.matrix(ctx, "up"+window)
	if err != nil {
		return err
	}
	durations, err := v.matrix(ctx, "scrape_duration_seconds"+window)
	if err != nil {
		return err
	}
	least := int(o.length/o.interval) - 1
	fmt.Printf("\n%-18s %8s %8s %12s %12s %12s\n", "target", "scrapes", "failed", "longest gap", "slowest", "99th %")
	var errs []error
	for _, t := range v.targets {
		failed, gap, last := 0, 0.0, math.NaN()
		for _, s := range ups[t.name] {
			if s.value != 1 {
				failed++
			}
			if !math.IsNaN(last) {
				gap = max(gap, s.at-last)
			}
			last = s.at
		}
		var took []float64
		for _, s := range durations[t.name] {
			took = append(took, s.value)
		}
		slices.Sort(took)
		if len(took) == 0 {
			took = []float64{math.Inf(1)}
		}
		slowest, usual := took[len(took)-1], took[(len(took)-1)*99/100]
		n := len(ups[t.name])
		fmt.Printf("%-18s %8d %8d %11.2fs %11.3fs %11.3fs\n", t.name, n, failed, gap, slowest, usual)
		if n < least || failed > 0 || gap > (o.interval+o.late).Seconds() || slowest > o.slow.Seconds() {
			errs = append(errs, fmt.Errorf("%s: %d scrapes, want %d at least; %d failed; longest gap %.2fs, want %s at most; slowest %.3fs, want %s at most",
				t.name, n, least, failed, gap, o.interval+o.late, slowest, o.slow))
		}
	}
	return errors.Join(errs...)
}

// sample is a value and its time, in Unix seconds.
type sample struct{ at, value float64 }

// instant returns the result of an instant query by job.
func (v *victims) instant(ctx context.Context, query string) (map[string]float64, error) {
	var response []struct {
		Metric map[string]string
		Value  pair
	}
	if err := v.query(ctx, query, &response); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, r := range response {
		values[r.Metric["job"]] = r.Value.value
	}
	return values, nil
}

// matrix returns the samples of a range query by job.
func (v *victims) matrix(ctx context.Context, query string) (map[string][]sample, error) {
	var response []struct {
		Metric map[string]string
		Values []pair
	}
	if err := v.query(ctx, query, &response); err != nil {
		return nil, err
	}
	values := map[string][]sample{}
	for _, r := range response {
		for _, p := range r.Values {
			values[r.Metric["job"]] = append(values[r.Metric["job"]], p.sample)
		}
	}
	return values, nil
}

// pair is a sample in the format of Prometheus' HTTP API.
type pair struct{ sample }

// UnmarshalJSON reads [seconds, "value"].
func (p *pair) UnmarshalJSON(text []byte) error {
	var value string
	err := json.Unmarshal(text, &[2]any{&p.at, &value})
	if err == nil {
		p.value, err = strconv.ParseFloat(value, 64)
	}
	return err
}

func (v *victims) query(ctx context.Context, query string, result any) error {
	status, body, err := exporter.Get(ctx, v.url+"/api/v1/query?"+url.Values{"query": {query}}.Encode())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &struct{ Data any }{&struct{ Result any }{result}})
	}
	if err != nil {
		return fmt.Errorf("query Prometheus for %s: %w", query, err)
	}
	return nil
}
