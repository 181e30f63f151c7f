package e2e

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/browser"
	"github.com/kubestate/kubestate/test/process"
)

// axe is the file with the rules of accessibility.
const axe = "browser/node_modules/axe-core/axe.min.js"

// TestBrowserShowsAnswers shows the answers about the example cluster in Chromium, in two widths and both colour
// schemes: nothing is logged, no part is cut off, a person finds the pod in a crash loop without scrolling, and no rule
// of accessibility is broken, the contrast of colours among them.
func TestBrowserShowsAnswers(t *testing.T) {
	t.Parallel()
	path, err := process.Built(axe)
	must(t, err)
	rules, err := os.ReadFile(path)
	must(t, err)
	e := serve(t, "--snapshot", "../../examples/cluster")
	b := startBrowser(t)
	for _, v := range []browser.View{
		{Width: 1280, Height: 800}, {Width: 1280, Height: 800, Dark: true}, {Width: 400, Height: 800}, {Width: 400, Height: 800, Dark: true},
	} {
		name := fmt.Sprintf("%d pixels, dark %t", v.Width, v.Dark)
		page, err := b.Open(t.Context(), e.Telemetry+"/answers", v)
		must(t, err)
		type seen struct {
			Width, Scripts int
			Dark           bool
			Rows           []string
		}
		var got seen
		must(t, page.Run(t.Context(), `({
			width: document.documentElement.scrollWidth,
			scripts: document.scripts.length,
			dark: getComputedStyle(document.body).color === "rgb(230, 237, 243)",
			rows: [...document.querySelectorAll("tr")].filter(r => r.getBoundingClientRect().bottom <= innerHeight)
				.map(r => r.innerText.split(/\s+/).join(" ")).filter(text => text.includes("CrashLoopBackOff")),
		})`, &got))
		rows := got.Rows
		got.Rows = nil
		if d := cmp.Diff(seen{Width: v.Width, Dark: v.Dark}, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
		if len(rows) != 1 || !strings.Contains(rows[0], "payments") || !strings.Contains(rows[0], "ledger-gdpsbflrv-fwjqr") {
			t.Errorf("%s: rows in view with the pod in a crash loop: %q", name, rows)
		}
		must(t, page.Run(t.Context(), string(rules)+`; for (const d of document.querySelectorAll("details")) d.open = true`, nil))
		var broken []string
		// Of a single symbol axe does not know whether it is text. Words have the same colours.
		must(t, page.Run(t.Context(), `axe.run().then(all => [...all.violations, ...all.incomplete].flatMap(rule => rule.nodes
			.filter(node => rule.id !== "color-contrast" || !node.html.startsWith('<span role="img"'))
			.map(node => rule.id + ": " + node.html + ": " + node.failureSummary)))`, &broken))
		if len(broken) > 0 {
			t.Errorf("%s: rules of accessibility broken:\n%s", name, strings.Join(broken, "\n"))
		}
		if logged := page.Logged(); len(logged) > 0 {
			t.Errorf("%s: logged: %q", name, logged)
		}
	}
}
