package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
)

// A View is how a page is looked at. Sizes are in CSS pixels.
type View struct {
	Width, Height int
	Dark          bool
	// Scale is the number of pixels of a picture per CSS pixel, 1 if it is 0.
	Scale float64
}

// A Page is a loaded page.
type Page struct {
	browser *Browser
	session string
	loaded  chan struct{}

	mu     sync.Mutex
	logged []string
}

// Open loads a page, and returns when it is complete.
func (b *Browser) Open(ctx context.Context, url string, v View) (*Page, error) {
	var target struct{ TargetID string }
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank"}, &target); err != nil {
		return nil, err
	}
	var attached struct{ SessionID string }
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return nil, err
	}
	p := &Page{browser: b, session: attached.SessionID, loaded: make(chan struct{}, 1)}
	b.mu.Lock()
	b.pages[p.session] = p
	b.mu.Unlock()
	scheme, scale := "light", max(v.Scale, 1)
	if v.Dark {
		scheme = "dark"
	}
	for _, c := range []struct {
		method string
		params any
	}{
		{"Emulation.setDeviceMetricsOverride", map[string]any{"width": v.Width, "height": v.Height, "deviceScaleFactor": scale, "mobile": false}},
		{"Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]string{"name": "prefers-color-scheme", "value": scheme}}}},
		{"Runtime.enable", none},
		{"Log.enable", none},
		{"Page.enable", none},
	} {
		if err := p.call(ctx, c.method, c.params, nil); err != nil {
			return nil, err
		}
	}
	var navigated struct{ ErrorText string }
	if err := p.call(ctx, "Page.navigate", map[string]any{"url": url}, &navigated); err != nil {
		return nil, err
	}
	if navigated.ErrorText != "" {
		return nil, fmt.Errorf("open %s: %s", url, navigated.ErrorText)
	}
	select {
	case <-p.loaded:
		return p, nil
	case <-b.Ended():
		return nil, fmt.Errorf("open %s: %w", url, b.Err())
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: %w", url, context.Cause(ctx))
	}
}

func (p *Page) call(ctx context.Context, method string, params, result any) error {
	return p.browser.call(ctx, p.session, method, params, result)
}

// note keeps what an event tells.
func (p *Page) note(m message) {
	switch m.Method {
	case "Page.loadEventFired":
		select {
		case p.loaded <- struct{}{}:
		default: // loaded again
		}
	case "Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded":
		p.mu.Lock()
		p.logged = append(p.logged, string(m.Params))
		p.mu.Unlock()
	}
}

// Logged returns what the page, its scripts and its requests have logged, as JSON.
func (p *Page) Logged() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.logged)
}

// Run evaluates a script in the page, whatever scripts the page allows, waits for its promise, and decodes its value.
// result may be nil.
func (p *Page) Run(ctx context.Context, script string, result any) error {
	var evaluated struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	err := p.call(ctx, "Runtime.evaluate", map[string]any{"expression": script, "awaitPromise": true, "returnByValue": true}, &evaluated)
	switch failure := evaluated.ExceptionDetails; {
	case err != nil:
		return err
	case failure != nil:
		return fmt.Errorf("script: %s %s", failure.Text, failure.Exception.Description)
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(evaluated.Result.Value, result); err != nil {
		return fmt.Errorf("value of a script: %w", err)
	}
	return nil
}

// Picture returns the page as it is seen without scrolling, as PNG.
func (p *Page) Picture(ctx context.Context) ([]byte, error) {
	var captured struct{ Data []byte }
	err := p.call(ctx, "Page.captureScreenshot", map[string]any{"format": "png"}, &captured)
	return captured.Data, err
}
