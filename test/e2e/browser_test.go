package e2e

import (
	"context"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/kubestate/kubestate/test/browser"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestBrowserReadsTheWholePage shows the metrics in Chromium, which requests gzip and reads only
// the first gzip member.
func TestBrowserReadsTheWholePage(t *testing.T) {
	t.Parallel()
	e := serve(t, "--snapshot", unpack(t, "plain-60"))
	_, want, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
	must(t, err)
	shown := browse(t, e.Scrapes+"/metrics")
	_, text, _ := strings.Cut(shown, "<pre")
	_, text, _ = strings.Cut(text, ">")
	text, _, found := strings.Cut(text, "</pre>")
	if text = html.UnescapeString(text); !found || text != string(want) {
		t.Errorf("Chromium shows %d bytes of %d: %.200q", len(text), len(want), shown)
	}
	wantCounted(t, e, `kubestate_scrape_duration_seconds_count{encoding="gzip"}`)
}

// browse returns a page as Chromium shows it.
func browse(t *testing.T, url string) string {
	t.Helper()
	page, err := startBrowser(t).Open(t.Context(), url, browser.View{Width: 800, Height: 600})
	must(t, err)
	var shown string
	must(t, page.Run(t.Context(), "document.documentElement.outerHTML", &shown))
	return shown
}

// startBrowser starts a browser that ends with the test.
func startBrowser(t *testing.T) *browser.Browser {
	t.Helper()
	b, err := browser.Start(t.TempDir())
	must(t, err)
	t.Cleanup(func() { must(t, b.Close()) })
	return b
}

// TestBrowserShowsPages shows the page of each port in Chromium: complete, with every resource.
func TestBrowserShowsPages(t *testing.T) {
	t.Parallel()
	e := serve(t, "--snapshot", unpack(t, "plain-60"))
	for _, port := range []string{e.Scrapes, e.Telemetry} {
		_, sent, err := exporter.Get(t.Context(), port+"/")
		must(t, err)
		shown := browse(t, port+"/")
		for _, part := range []*regexp.Regexp{
			regexp.MustCompile("<p>3\u202f950 series of 109 objects of 32 resources.</p>"),
			regexp.MustCompile(`<td>kube_pod_status_phase</td><td>pods</td><td class="n">300</td>`),
			regexp.MustCompile(`<td>nodes</td><td>synced for [0-9ms]+</td><td class="n">3</td><td class="n">81</td>`),
			regexp.MustCompile(`<td>networkpolicies</td><td>synced for [0-9ms]+</td><td class="n">0</td>`),
		} {
			if !part.Match(sent) || !part.MatchString(shown) {
				t.Errorf("%s: there is no %s in\n%s", port, part, shown)
			}
		}
		if n, want := strings.Count(shown, "<tr>"), strings.Count(string(sent), "<tr>"); n != want || n != 1+10+1+32 {
			t.Errorf("%s: Chromium shows %d rows, %d were sent, want 44", port, n, want)
		}
	}
}

// wantCounted waits until a self-metric is at least 1: a client has the response before it is
// counted.
func wantCounted(t *testing.T, e *exporter.Exporter, series string) {
	t.Helper()
	await(t, atOnce, func(ctx context.Context) error {
		own, err := e.Self(ctx)
		if err == nil && own[series] < 1 {
			err = fmt.Errorf("%s is %v, want at least 1", series, own[series])
		}
		return err
	}, e.Process)
}
