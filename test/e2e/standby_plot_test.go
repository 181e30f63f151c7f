package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// draw writes the series of pods since began as an image to the file in KUBESTATE_STANDBY_SVG.
func (s *standby) draw(t *testing.T, began time.Time) {
	t.Helper()
	path := os.Getenv("KUBESTATE_STANDBY_SVG")
	if path == "" {
		return
	}
	p, over := s.d.prometheus, time.Now()
	all := p.queryRange(t, `count(kube_pod_info{namespace="`+shop+`"})`, began, over)
	pods := p.queryRange(t, lastingOf, began, over)
	const width, height, left, top = 1000.0, 220.0, 50.0, 140.0
	span, most := over.Sub(began).Seconds(), 2.1*standbyPods
	x := func(at time.Time) float64 { return left + width*at.Sub(began).Seconds()/span }
	y := func(n float64) float64 { return top + height*(1-n/most) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" font-family="sans-serif" font-size="12">`+"\n", width+left+130, height+top+40)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="%.0f" y="20" font-size="14">Series of %d pods in Prometheus, which scrapes two replicas with a Lease of %s each second</text>`+"\n", left, standbyPods, leased)
	for i, row := range s.rows {
		fmt.Fprintf(&b, `<line x1="%.1[1]f" x2="%.1[1]f" y1="%.0[2]f" y2="%.0[3]f" stroke="#999" stroke-dasharray="4"/><text x="%.1[1]f" y="%[4]d">%[5]s</text>`+"\n", x(row.began), top, top+height, 40+15*(i%7), row.name)
	}
	line := func(name, color string, row int, values map[int64]float64) {
		var points strings.Builder
		before := 0.0
		for at := began.UnixMilli(); at <= over.UnixMilli(); at += step.Milliseconds() {
			if now := time.UnixMilli(at); values[at] != before || at == began.UnixMilli() {
				fmt.Fprintf(&points, "%.1f,%.1f %.1f,%.1f ", x(now), y(before), x(now), y(values[at]))
				before = values[at]
			}
		}
		fmt.Fprintf(&points, "%.1f,%.1f", x(over), y(before))
		fmt.Fprintf(&b, `<polyline fill="none" stroke="%[1]s" stroke-width="1.5" points="%[2]s"/><text x="%.0[3]f" y="%[4]d" fill="%[1]s">%[5]s</text>`+"\n", color, points.String(), left+width+10, 160+row*18, name)
	}
	line("all series", "#d62728", 0, all)
	line("pods with series", "black", 1, pods)
	for _, n := range []float64{0, standbyPods, 2 * standbyPods} {
		fmt.Fprintf(&b, `<text x="%.0f" y="%.1f" text-anchor="end">%.0f</text>`+"\n", left-6, y(n)+4, n)
	}
	for s := 0.0; s < span; s += 30 {
		fmt.Fprintf(&b, `<text x="%.1f" y="%.0f" text-anchor="middle">%.0f s</text>`+"\n", left+width*s/span, top+height+18, s)
	}
	b.WriteString("</svg>\n")
	must(t, os.WriteFile(path, []byte(b.String()), 0o600))
}
