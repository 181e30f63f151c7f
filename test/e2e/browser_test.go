package e2e

import (
	"html"
	"os/exec"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// TestBrowserReadsTheWholePage has Chromium, which asks for gzip and reads only
// the first member of what it gets, show the metrics.
func TestBrowserReadsTheWholePage(t *testing.T) {
	chromium, err := process.Built("chromium")
	must(t, err)
	e := serve(t, "--snapshot", unpack(t, "plain-60"))
	_, want, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
	must(t, err)
	page := exec.CommandContext(t.Context(), chromium,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--dump-dom", e.Scrapes+"/metrics")
	shown, err := page.Output()
	must(t, err)
	_, text, _ := strings.Cut(string(shown), "<pre")
	_, text, _ = strings.Cut(text, ">")
	text, _, found := strings.Cut(text, "</pre>")
	if text = html.UnescapeString(text); !found || text != string(want) {
		t.Errorf("Chromium shows %d bytes of %d: %.200q", len(text), len(want), shown)
	}
	wantCounted(t, e, `kubestate_scrape_duration_seconds_count{encoding="gzip"}`)
}

// wantCounted wants that the program has a counter of itself at 1 at the least.
func wantCounted(t *testing.T, e *exporter.Exporter, series string) {
	t.Helper()
	own, err := e.Self(t.Context())
	must(t, err)
	if own[series] < 1 {
		t.Errorf("%s is %v, want 1 at the least", series, own[series])
	}
}
