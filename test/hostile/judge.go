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

// look is the resident memory of each program, in MiB.
type look map[string]float64

func (v *victims) look() (look, error) {
	l := look{}
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

// What the memory of the second half may have more than that of the first: so many parts,
// and MiB.
const moreMemory, moreMiB = 1.1, 8

// judgeMemory compares the halves of the time.
func judgeMemory(looks []look) error {
	if len(looks) < 10 {
		return fmt.Errorf("%d looks at the memory are too few to compare", len(looks))
	}
	fmt.Printf("\n%-18s %12s %12s %12s %12s\n", "resident MiB", "median 1st", "median 2nd", "highest 1st", "highest 2nd")
	var errs []error
	half := len(looks) / 2
	for _, name := range []string{"open", "secured"} {
		first, second := sortedOf(looks[:half], name), sortedOf(looks[half:], name)
		m1, m2 := first[len(first)/2], second[len(second)/2]
		h1, h2 := first[len(first)-1], second[len(second)-1]
		fmt.Printf("%-18s %12.1f %12.1f %12.1f %12.1f\n", name, m1, m2, h1, h2)
		if m2 > m1*moreMemory+moreMiB || h2 > h1*moreMemory+moreMiB {
			errs = append(errs, fmt.Errorf("the memory of %s grew: median %.1f to %.1f MiB, highest %.1f to %.1f", name, m1, m2, h1, h2))
		}
	}
	return errors.Join(errs...)
}

func sortedOf(looks []look, name string) []float64 {
	var all []float64
	for _, l := range looks {
		all = append(all, l[name])
	}
	slices.Sort(all)
	return all
}

// judgeScrapes asks Prometheus for all its scrapes since a time.
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

// sample is a value and when it was, in Unix seconds.
type sample struct{ at, value float64 }

// instant gives the values of a query by job.
func (v *victims) instant(ctx context.Context, query string) (map[string]float64, error) {
	var answer []struct {
		Metric map[string]string
		Value  pair
	}
	if err := v.ask(ctx, query, &answer); err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for _, r := range answer {
		values[r.Metric["job"]] = r.Value.value
	}
	return values, nil
}

// matrix gives the samples of a range by job.
func (v *victims) matrix(ctx context.Context, query string) (map[string][]sample, error) {
	var answer []struct {
		Metric map[string]string
		Values []pair
	}
	if err := v.ask(ctx, query, &answer); err != nil {
		return nil, err
	}
	values := map[string][]sample{}
	for _, r := range answer {
		for _, p := range r.Values {
			values[r.Metric["job"]] = append(values[r.Metric["job"]], p.sample)
		}
	}
	return values, nil
}

// pair is a sample in the form of Prometheus' HTTP API.
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

func (v *victims) ask(ctx context.Context, query string, result any) error {
	status, body, err := exporter.Get(ctx, v.url+"/api/v1/query?"+url.Values{"query": {query}}.Encode())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d: %s", status, body)
	}
	if err == nil {
		err = json.Unmarshal(body, &struct{ Data any }{&struct{ Result any }{result}})
	}
	if err != nil {
		return fmt.Errorf("ask Prometheus for %s: %w", query, err)
	}
	return nil
}
