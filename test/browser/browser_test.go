package browser_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/test/browser"
	"github.com/kubestate/kubestate/test/process"
)

// TestPage holds what a page says of its view, a value of a script, its errors, and what it logs.
func TestPage(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(`<!DOCTYPE html><link rel="icon" href="data:,"><p id="here">here</p>`))
	}))
	defer site.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	b, err := browser.Start(t.TempDir())
	must(t, err)
	page, err := b.Open(ctx, site.URL, browser.View{Width: 412, Height: 300, Dark: true})
	must(t, err)
	var got []any
	must(t, page.Run(ctx, `Promise.resolve([innerWidth, innerHeight, matchMedia("(prefers-color-scheme: dark)").matches, document.getElementById("here").textContent])`, &got))
	if d := cmp.Diff([]any{412., 300., true, "here"}, got); d != "" {
		t.Errorf("value of a script (-want +got):\n%s", d)
	}
	if err := page.Run(ctx, `missing()`, nil); err == nil || !strings.Contains(err.Error(), "missing is not defined") {
		t.Errorf("a script that fails: %v", err)
	}
	picture, err := page.Picture(ctx)
	if must(t, err); !strings.HasPrefix(string(picture), "\x89PNG") {
		t.Errorf("picture: %.20q", picture)
	}
	must(t, page.Run(ctx, `document.body.appendChild(document.createElement("script")).src = "/x.js"`, nil))
	must(t, process.Await(ctx, func(context.Context) error {
		if logged := strings.Join(page.Logged(), "\n"); !strings.Contains(logged, "Content Security Policy") {
			return fmt.Errorf("logged: %q", logged)
		}
		return nil
	}, b.Process))
	must(t, b.Close())
	if _, err := b.Open(ctx, site.URL, browser.View{}); err == nil {
		t.Error("a browser that has ended opens a page")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
