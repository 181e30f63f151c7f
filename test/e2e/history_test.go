package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
)

// churned is the namespace of pods that are created and deleted.
const churned = "churned"

// startChurn creates and deletes pods until stop is called.
func startChurn(t *testing.T, c *cluster.Cluster) (stop func()) {
	t.Helper()
	_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: churned}}, metav1.CreateOptions{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		pods := c.Client.CoreV1().Pods(churned)
		for i := 0; ctx.Err() == nil; i++ {
			pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("pod-", i)}, Spec: corev1.PodSpec{
				Containers: []corev1.Container{{Name: "app", Image: "example/app:1"}},
			}}
			if _, err := pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil && ctx.Err() == nil {
				t.Errorf("churn: %v", err)
			}
			if i >= 20 {
				_ = pods.Delete(ctx, fmt.Sprint("pod-", i-20), metav1.DeleteOptions{})
			}
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// resize is a resize of a StatefulSet: its request, and the time when the last shard has released
// its former ranges.
type resize struct {
	asked, over time.Time
	replicas    int32
}

// lastingPods selects the series of permanent pods.
const lastingPods = `kube_pod_info{namespace!~"churned|monitoring"}`

// history is Prometheus' record of shards and pods, by the instants of scrapes.
type history struct {
	prometheus *prometheus
	began      time.Time
	scrapes    map[string][]float64 // by target, Unix seconds
	instants   []float64            // of all scrapes
	resized    []resize
	// At each instant: how many pods have series, how often in all, and of each
	// shard.
	pods, series []float64
	shards       map[string][]float64
	late         []bool             // a shard's last scrape timed out
	doubled      map[string]float64 // by pod, since when it is served twice
	longest      float64            // time of a pod served twice, seconds
}

// recordShards queries Prometheus for all instants of scrapes since began.
func recordShards(t *testing.T, p *prometheus, began time.Time, resized []resize) *history {
	t.Helper()
	h := &history{prometheus: p, began: began, resized: resized, shards: map[string][]float64{}, doubled: map[string]float64{}}
	var err error
	h.scrapes, err = p.scrapesSince(t.Context(), began)
	must(t, err)
	for _, times := range h.scrapes {
		h.instants = append(h.instants, times...)
	}
	slices.Sort(h.instants)
	h.instants = slices.Compact(h.instants)
	for i, at := range h.instants {
		h.look(t, i, at)
	}
	return h
}

// scrapesSince returns the times of all scrapes by target, in Unix seconds, failed ones included.
func (p *prometheus) scrapesSince(ctx context.Context, since time.Time) (map[string][]float64, error) {
	var result struct {
		Result []struct {
			Metric struct{ Instance string }
			Values [][2]any
		}
	}
	query := fmt.Sprintf(`up{job="kubestate"}[%ds]`, int(time.Since(since).Seconds())+1)
	if err := p.get(ctx, "/api/v1/query", url.Values{"query": {query}}, &result); err != nil {
		return nil, err
	}
	times := map[string][]float64{}
	for _, target := range result.Result {
		for _, sample := range target.Values {
			if at := sample[0].(float64); at >= unix(since) {
				times[target.Metric.Instance] = append(times[target.Metric.Instance], at)
			}
		}
	}
	return times, nil
}

func (h *history) look(t *testing.T, i int, at float64) {
	t.Helper()
	one := func(query string) float64 {
		return h.at(t, query, at)[""]
	}
	h.late = append(h.late, one(`count(up{job="kubestate"} == 0 and scrape_duration_seconds{job="kubestate"} >= 1)`) > 0)
	h.pods = append(h.pods, one("count(count by (namespace, pod) ("+lastingPods+"))"))
	h.series = append(h.series, one("count("+lastingPods+")"))
	of := h.at(t, "count by (shard) ("+lastingPods+")", at)
	for shard, n := range of {
		h.shards[shard] = append(h.shards[shard], make([]float64, i+1-len(h.shards[shard]))...)
		h.shards[shard][i] = n
	}
	doubled := h.at(t, "count by (namespace, pod) ("+lastingPods+") > 1", at)
	maps.DeleteFunc(h.doubled, func(pod string, since float64) bool {
		_, still := doubled[pod]
		h.longest = max(h.longest, at-since)
		return !still
	})
	for pod := range doubled {
		if _, known := h.doubled[pod]; !known {
			h.doubled[pod] = at
		}
	}
}

func (h *history) at(t *testing.T, query string, at float64) map[string]float64 {
	t.Helper()
	values, err := h.prometheus.queryAt(t.Context(), query, strconv.FormatFloat(at, 'f', 3, 64))
	must(t, err)
	return values
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// scraped reports whether all samples at an instant are from scrapes that began after a time.
// Prometheus may record them some milliseconds early.
func (h *history) scraped(at, after float64) bool {
	const early = 0.01
	for _, times := range h.scrapes {
		if !slices.ContainsFunc(times, func(scrape float64) bool { return scrape > after+early && scrape <= at }) {
			return false
		}
	}
	return true
}

// check fails the test unless every pod had series at each instant, and none twice after a
// handover. A few late scrapes are tolerated.
func (h *history) check(t *testing.T, pods float64) {
	t.Helper()
	twice, calm, late := 0.0, 0, 0
	for i, n := range h.pods {
		if h.late[i] {
			late++
		} else if n != pods {
			t.Errorf("%.3f s after the start: %v pods have series, want %v", h.instants[i]-unix(h.began), n, pods)
		}
		twice = max(twice, h.series[i])
		for k, r := range h.resized {
			next := h.instants[len(h.instants)-1]
			if k+1 < len(h.resized) {
				next = unix(h.resized[k+1].asked)
			}
			if at := h.instants[i]; at < next && h.scraped(at, unix(r.over)) {
				if calm++; h.series[i] != n {
					t.Errorf("%.3f s after a handover: %v series of %v pods", at-unix(r.over), h.series[i], n)
				}
			}
		}
	}
	t.Logf("%d instants in %.0f s, %d of them with a late scrape; at most %v series of %v pods; no pod twice for longer than %.3f s", len(h.instants), h.instants[len(h.instants)-1]-h.instants[0], late, twice, pods, h.longest)
	if late > len(h.instants)/4 {
		t.Error("too many scrapes are late")
	}
	if h.longest == 0 || calm < 4*4 || len(h.shards) < 4 {
		t.Errorf("%d instants without a resize, %d shards", calm, len(h.shards))
	}
	if len(h.doubled) > 0 {
		t.Errorf("%d pods are still served twice", len(h.doubled))
	}
}

// draw writes the history as an SVG to the file $KUBESTATE_RESIZE_SVG, if it is set.
func (h *history) draw(t *testing.T) {
	t.Helper()
	path := os.Getenv("KUBESTATE_RESIZE_SVG")
	if path == "" {
		return
	}
	must(t, os.WriteFile(path, []byte(h.svg()), 0o600))
}

func (h *history) svg() string {
	const width, height, left, top = 900.0, 300.0, 50.0, 40.0
	first := unix(h.began)
	span, most := h.instants[len(h.instants)-1]-first, slices.Max(h.series)*1.05
	x := func(seconds float64) float64 { return left + width*seconds/span }
	y := func(n float64) float64 { return top + height*(1-n/most) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width+left+150, height+top+50)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%.0f" y="20" font-size="14">Series of %.0f pods in Prometheus while a StatefulSet is resized, at every scrape</text>`+"\n", left, h.pods[0])
	for _, r := range h.resized {
		fmt.Fprintf(&b, `<line x1="%[1]f" x2="%[1]f" y1="%[2]f" y2="%[3]f" stroke="#999" stroke-dasharray="4"/><text x="%[1]f" y="%[4]f">%[5]d shards wanted</text>`+"\n", x(unix(r.asked)-first), top, top+height, top-4, r.replicas)
	}
	line := func(name, color string, row int, values []float64) {
		var points strings.Builder
		for i, n := range values {
			at := h.instants[i] - first
			if i > 0 {
				fmt.Fprintf(&points, "%.1f,%.1f ", x(at), y(values[i-1]))
			}
			fmt.Fprintf(&points, "%.1f,%.1f ", x(at), y(n))
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%[1]s" stroke-width="1.5" points="%[2]s"/><text x="%.0[3]f" y="%[4]d" fill="%[1]s">%[5]s</text>`+"\n", color, points.String(), left+width+10, 60+row*18, name)
	}
	colors := []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd"}
	for i, shard := range slices.Sorted(maps.Keys(h.shards)) {
		values := append(h.shards[shard], make([]float64, len(h.instants)-len(h.shards[shard]))...)
		line(strings.ReplaceAll(shard, `"`, ""), colors[i%len(colors)], i+3, values)
	}
	line("all series", "#d62728", 0, h.series)
	line("pods with series", "black", 1, h.pods)
	for n := 0.0; n < most; n += 100 {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left-6, y(n)+4, n)
	}
	for s := 0.0; s < span; s += 5 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.0f" text-anchor="middle">%.0f s</text>`+"\n", x(s), top+height+18, s)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
