// Package exporter runs the program kubestate and reads its series.
package exporter

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/kubestate/kubestate/test/process"
)

// Exporter is a running kubestate.
type Exporter struct {
	*process.Process
	// Scrapes is the URL of the main port.
	Scrapes string
	// Telemetry is the URL of the port of self-metrics and readiness.
	Telemetry string
}

// started matches the complete log line with the ports.
var started = regexp.MustCompile(`msg=started .*\bscrapes="?([0-9.:]+)"? .*\btelemetry="?([0-9.:]+)"?.*\n`)

// anyPort has the program choose free ports.
var anyPort = []string{"--host=127.0.0.1", "--port=0", "--telemetry-host=127.0.0.1", "--telemetry-port=0"}

// Start starts program on free ports and returns when it serves, ready or not. Its output goes to
// the file log.
func Start(ctx context.Context, log, program string, args ...string) (*Exporter, error) {
	p, err := process.Start(log, program, slices.Concat(anyPort, args)...)
	if err != nil {
		return nil, err
	}
	e := &Exporter{Process: p}
	if err := process.Within(ctx, 2*time.Minute, e.findAddresses, p); err != nil {
		return nil, errors.Join(fmt.Errorf("start kubestate: %w", err), p.Kill())
	}
	return e, nil
}

// findAddresses reads the program's addresses from its log.
func (e *Exporter) findAddresses(context.Context) error {
	log, err := os.ReadFile(e.Log)
	if err != nil {
		return err
	}
	match := started.FindSubmatch(log)
	if match == nil {
		return fmt.Errorf("no line %s in its log: %s", started, log)
	}
	e.Scrapes, e.Telemetry = "http://"+string(match[1]), "http://"+string(match[2])
	return nil
}

// Ready returns nil if the program is ready.
func (e *Exporter) Ready(ctx context.Context) error { return e.expectOK(ctx, e.Telemetry+"/readyz") }

// Healthy returns nil if the main port is healthy.
func (e *Exporter) Healthy(ctx context.Context) error { return e.expectOK(ctx, e.Scrapes+"/healthz") }

// Alive returns nil if both ports are live.
func (e *Exporter) Alive(ctx context.Context) error {
	return errors.Join(e.expectOK(ctx, e.Scrapes+"/livez"), e.expectOK(ctx, e.Telemetry+"/livez"))
}

func (e *Exporter) expectOK(ctx context.Context, url string) error {
	status, body, err := Get(ctx, url)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("%s: status %d: %s", url, status, body)
	}
	return nil
}

// Scrape returns the series of the resources; none for all.
func (e *Exporter) Scrape(ctx context.Context, resources ...string) (Series, error) {
	url := e.Scrapes + "/metrics"
	if len(resources) > 0 {
		url += "?resources=" + strings.Join(resources, ",")
	}
	return scrape(ctx, url)
}

// Part returns the series of one of several parts.
func (e *Exporter) Part(ctx context.Context, index, of int) (Series, error) {
	return scrape(ctx, fmt.Sprintf("%s/metrics?shard=%d/%d", e.Scrapes, index, of))
}

// Self returns the program's self-metrics.
func (e *Exporter) Self(ctx context.Context) (Series, error) {
	return scrape(ctx, e.Telemetry+"/metrics")
}

func scrape(ctx context.Context, url string) (Series, error) {
	status, body, err := Get(ctx, url)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK {
		return nil, fmt.Errorf("scrape %s: status %d: %s", url, status, body)
	}
	series, err := parse(body)
	if err != nil {
		return nil, fmt.Errorf("scrape %s: %w", url, err)
	}
	return series, nil
}

// client does not request compression. A scrape of a large cluster takes long.
var client = &http.Client{
	Timeout:   time.Minute,
	Transport: &http.Transport{DisableCompression: true},
}

// Get returns the status and the body of a response.
func Get(ctx context.Context, url string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	var body bytes.Buffer
	body.Grow(max(int(resp.ContentLength), bytes.MinRead))
	if _, err := io.Copy(&body, resp.Body); err != nil {
		return 0, nil, fmt.Errorf("read %s: %w", url, err)
	}
	return resp.StatusCode, body.Bytes(), nil
}

// Series are the lines of a response: values by name and labels as written.
type Series map[string]float64

// parse parses the text format without timestamps.
func parse(body []byte) (Series, error) {
	series := Series{}
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, err := split(line)
		if err != nil {
			return nil, err
		}
		if _, twice := series[name]; twice {
			return nil, fmt.Errorf("repeated series %s", name)
		}
		series[name] = value
	}
	return series, lines.Err()
}

// split splits a line into series and value.
func split(line string) (name string, value float64, err error) {
	space := strings.LastIndexByte(line, ' ')
	if space < 0 {
		return "", 0, fmt.Errorf("no value in line %q", line)
	}
	value, err = strconv.ParseFloat(line[space+1:], 64)
	if err != nil {
		return "", 0, fmt.Errorf("value in line %q: %w", line, err)
	}
	return line[:space], value, nil
}

// Missing returns the lines that are missing, each with the actual value of its series.
func (s Series) Missing(lines ...string) []string {
	var missing []string
	for _, line := range lines {
		name, want, err := split(line)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		if got, ok := s[name]; !ok {
			missing = append(missing, line+" (no such series)")
		} else if got != want {
			missing = append(missing, fmt.Sprintf("%s (is %v)", line, got))
		}
	}
	return missing
}

// Containing returns the series that contain all parts.
func (s Series) Containing(parts ...string) []string {
	var found []string
next:
	for name := range s {
		for _, part := range parts {
			if !strings.Contains(name, part) {
				continue next
			}
		}
		found = append(found, name)
	}
	return found
}
