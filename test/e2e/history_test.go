package e2e

import (
	"cmp"
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

// churned is the namespace of short-lived pods.
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
				_ = pods.Delete(ctx, fmt.Sprint("pod-", i-20), metav1.DeleteOptions{}) // it was there
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

// resize is that of a StatefulSet: from the request to the last release.
type resize struct {
	asked, over time.Time
	replicas    int32
}

// lastingPods are the series of pods that exist throughout.
const lastingPods = `kube_pod_info{namespace!~"churned|monitoring"}`

// A scrape is one scrape of a shard by Prometheus.
type scrape struct {
	at     float64 // Unix seconds
	shard  string
	late   bool            // it took longer than its second: the response is lost
	served map[string]bool // lasting pods in the response, none if the shard refused
}

// An instant has the pods that the shards serve by their last scrapes.
type instant struct {
	at           float64 // Unix seconds
	pods, series int     // lasting pods, and how often in all
	of           map[string]int
}

// A history is every scrape of the shards since a time, and the instants after each.
type history struct {
	began    time.Time
	resized  []resize
	scrapes  []scrape // by time
	instants []instant
	doubled  map[string]float64 // by pod that is served twice: since when
	longest  float64            // time that a pod was served twice, in seconds
}

// sampled is a series with its samples: times in Unix seconds, and values.
type sampled struct {
	Metric map[string]string
	Values [][2]any
}

// samples returns all samples of a selector since a time.
func (p *prometheus) samples(ctx context.Context, selector string, since time.Time) ([]sampled, error) {
	var answer struct{ Result []sampled }
	query := fmt.Sprintf(`%s[%ds]`, selector, int(time.Since(since).Seconds())+1)
	err := p.get(ctx, "/api/v1/query", url.Values{"query": {query}}, &answer)
	for i, series := range answer.Result {
		answer.Result[i].Values = slices.DeleteFunc(series.Values, func(sample [2]any) bool { return sample[0].(float64) < unix(since) })
	}
	return answer.Result, err
}

// scrapesSince returns the times of scrapes since a time, failed ones included, by instance.
func (p *prometheus) scrapesSince(ctx context.Context, since time.Time) (map[string][]float64, error) {
	up, err := p.samples(ctx, `up{job="kubestate"}`, since)
	times := map[string][]float64{}
	for _, target := range up {
		for _, sample := range target.Values {
			instance := target.Metric["instance"]
			times[instance] = append(times[instance], sample[0].(float64))
		}
	}
	return times, err
}

// recordShards asks Prometheus for all scrapes of shards since began.
func recordShards(t *testing.T, p *prometheus, began time.Time, resized []resize) *history {
	t.Helper()
	h := &history{began: began, resized: resized, doubled: map[string]float64{}}
	type key struct {
		shard string
		at    float64
	}
	made := map[key]*scrape{}
	read := func(selector string, note func(s *scrape, metric map[string]string, value string)) {
		t.Helper()
		all, err := p.samples(t.Context(), selector, began)
		must(t, err)
		for _, series := range all {
			for _, sample := range series.Values {
				k := key{series.Metric["shard"], sample[0].(float64)}
				if made[k] == nil {
					made[k] = &scrape{at: k.at, shard: k.shard, served: map[string]bool{}}
				}
				note(made[k], series.Metric, sample[1].(string))
			}
		}
	}
	refused := map[*scrape]bool{}
	read(`up{job="kubestate"}`, func(s *scrape, _ map[string]string, up string) { refused[s] = up == "0" })
	read(`scrape_duration_seconds{job="kubestate"}`, func(s *scrape, _ map[string]string, value string) {
		seconds, err := strconv.ParseFloat(value, 64)
		must(t, err)
		s.late = refused[s] && seconds >= 1
	})
	read(lastingPods, func(s *scrape, metric map[string]string, _ string) {
		s.served[metric["namespace"]+"/"+metric["pod"]] = true
	})
	for _, s := range made {
		h.scrapes = append(h.scrapes, *s)
	}
	slices.SortFunc(h.scrapes, func(a, b scrape) int {
		return cmp.Or(cmp.Compare(a.at, b.at), strings.Compare(a.shard, b.shard))
	})
	h.replay()
	return h
}

// replay computes the instants after each shard's first scrape. A lost response counts as the
// previous or the next one.
func (h *history) replay() {
	last, perhaps, shards := map[string]map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	for _, s := range h.scrapes {
		shards[s.shard] = true
	}
	for i, s := range h.scrapes {
		perhaps[s.shard] = nil
		if !s.late {
			last[s.shard] = s.served
		} else if next := slices.IndexFunc(h.scrapes[i:], func(o scrape) bool { return o.shard == s.shard && !o.late }); next >= 0 {
			perhaps[s.shard] = h.scrapes[i+next].served
		}
		if i+1 < len(h.scrapes) && h.scrapes[i+1].at == s.at || len(last) < len(shards) {
			continue
		}
		now, count := instant{at: s.at, of: map[string]int{}}, map[string]int{}
		for shard, served := range last {
			now.of[shard] = len(served)
			for pod := range served {
				count[pod]++
				now.series++
			}
		}
		for pod, n := range count {
			if since, known := h.doubled[pod]; known {
				h.longest = max(h.longest, s.at-since)
			} else if n > 1 {
				h.doubled[pod] = s.at
			}
		}
		maps.DeleteFunc(h.doubled, func(pod string, _ float64) bool { return count[pod] < 2 })
		for _, served := range perhaps {
			for pod := range served {
				count[pod] = max(count[pod], 1)
			}
		}
		now.pods = len(count)
		h.instants = append(h.instants, now)
	}
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// scraped reports whether every shard was scraped after a time and not after an instant. Late scrapes
// do not count; Prometheus dates scrapes some milliseconds early.
func (h *history) scraped(at, after float64) bool {
	const early = 0.01
	shards := map[string]bool{}
	for _, s := range h.scrapes {
		shards[s.shard] = shards[s.shard] || !s.late && s.at > after+early && s.at <= at
	}
	return !slices.Contains(slices.Collect(maps.Values(shards)), false)
}

// check fails the test unless every scrape obeys docs/sharding.md: no pod is missing in all shards,
// and none is served twice after a handover.
func (h *history) check(t *testing.T, pods int) {
	t.Helper()
	twice, calm, late, serving := 0, 0, 0, map[string]bool{}
	for _, s := range h.scrapes {
		if s.late {
			late++
		}
		if len(s.served) > 0 {
			serving[s.shard] = true
		}
	}
	end := h.instants[len(h.instants)-1].at
	for _, now := range h.instants {
		if now.pods != pods {
			t.Errorf("%.3f s after the beginning: %v pods have series, want %v: %v", now.at-unix(h.began), now.pods, pods, now.of)
		}
		twice = max(twice, now.series)
		for k, r := range h.resized {
			next := end
			if k+1 < len(h.resized) {
				next = unix(h.resized[k+1].asked)
			}
			if now.at < next && h.scraped(now.at, unix(r.over)) {
				if calm++; now.series != pods {
					t.Errorf("%.3f s after a handover there are %v series of %v pods: %v", now.at-unix(r.over), now.series, pods, now.of)
				}
			}
		}
	}
	t.Logf("%d scrapes in %.0f s, %d of them late; at most %v series of %v pods; no pod twice for longer than %.3f s", len(h.scrapes), end-h.instants[0].at, late, twice, pods, h.longest)
	if late > len(h.scrapes)/4 {
		t.Error("too many late scrapes")
	}
	if h.longest == 0 || calm < 4*4 || len(serving) < 4 {
		t.Errorf("nothing happened: %d instants without a resize, %d shards", calm, len(serving))
	}
	if len(h.doubled) > 0 {
		t.Errorf("%d pods are still served twice", len(h.doubled))
	}
}

// draw writes the history as an image to the file in KUBESTATE_RESIZE_SVG.
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
	span, most := h.instants[len(h.instants)-1].at-first, 0.0
	shards := map[string]bool{}
	for _, now := range h.instants {
		most = max(most, 1.05*float64(now.series))
		for shard := range now.of {
			shards[shard] = true
		}
	}
	x := func(seconds float64) float64 { return left + width*seconds/span }
	y := func(n float64) float64 { return top + height*(1-n/most) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width+left+150, height+top+50)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%.0f" y="20" font-size="14">Series of %.0f pods in Prometheus while a StatefulSet is resized, at every scrape</text>`+"\n", left, float64(h.instants[0].pods))
	for _, r := range h.resized {
		fmt.Fprintf(&b, `<line x1="%[1]f" x2="%[1]f" y1="%[2]f" y2="%[3]f" stroke="#999" stroke-dasharray="4"/><text x="%[1]f" y="%[4]f">%[5]d shards wanted</text>`+"\n", x(unix(r.asked)-first), top, top+height, top-4, r.replicas)
	}
	line := func(name, color string, row int, value func(instant) int) {
		var points strings.Builder
		for i, now := range h.instants {
			if i > 0 {
				fmt.Fprintf(&points, "%.1f,%.1f ", x(now.at-first), y(float64(value(h.instants[i-1]))))
			}
			fmt.Fprintf(&points, "%.1f,%.1f ", x(now.at-first), y(float64(value(now))))
		}
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%[1]s" stroke-width="1.5" points="%[2]s"/><text x="%.0[3]f" y="%[4]d" fill="%[1]s">%[5]s</text>`+"\n", color, points.String(), left+width+10, 60+row*18, name)
	}
	colors := []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#9467bd"}
	for i, shard := range slices.Sorted(maps.Keys(shards)) {
		line("shard="+shard, colors[i%len(colors)], i+3, func(now instant) int { return now.of[shard] })
	}
	line("all series", "#d62728", 0, func(now instant) int { return now.series })
	line("pods with series", "black", 1, func(now instant) int { return now.pods })
	for n := 0.0; n < most; n += 100 {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left-6, y(n)+4, n)
	}
	for s := 0.0; s < span; s += 5 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.0f" text-anchor="middle">%.0f s</text>`+"\n", x(s), top+height+18, s)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
