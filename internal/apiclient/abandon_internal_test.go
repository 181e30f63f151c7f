package apiclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// A plugged transport responds, or fails, when its plugin ends.
type plugged struct {
	plugin chan error
	closed *atomic.Int64 // bodies
}

type body struct {
	io.Reader
	closed *atomic.Int64
}

func (b body) Close() error { b.closed.Add(1); return nil }

func (p plugged) RoundTrip(*http.Request) (*http.Response, error) {
	if err := <-p.plugin; err != nil {
		return nil, err
	}
	return &http.Response{Body: body{strings.NewReader("text"), p.closed}}, nil
}

// TestAbandoner holds that requests end with their contexts while a plugin runs, that no more than a bound
// wait for it, and that requests succeed after it has ended.
func TestAbandoner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var closed atomic.Int64
		p := plugged{make(chan error), &closed}
		a := newAbandoner(p)
		ctx, cancel := context.WithCancel(t.Context())
		send := func(ctx context.Context) (*http.Response, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://api", nil)
			if err != nil {
				t.Fatal(err)
			}
			return a.RoundTrip(r)
		}
		ended := make(chan error)
		for range maxWaiting + 10 {
			go func() {
				_, err := send(ctx)
				ended <- err
			}()
		}
		synctest.Wait()
		cancel()
		for range maxWaiting + 10 {
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Fatalf("a request ended with %v", err)
			}
		}
		if n := len(a.waiting); n != maxWaiting {
			t.Errorf("%d requests wait, want %d", n, maxWaiting)
		}
		for range maxWaiting { // the plugin ends
			p.plugin <- nil
		}
		synctest.Wait()
		if n := len(a.waiting); n != 0 || closed.Load() != maxWaiting {
			t.Errorf("%d requests wait; %d bodies are closed, want %d", n, closed.Load(), maxWaiting)
		}
		go func() { p.plugin <- nil }()
		response, err := send(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(response.Body); err != nil || string(text) != "text" || closed.Load() != maxWaiting {
			t.Errorf("response %q, %v", text, err)
		}
		broken := errors.New("exit status 1")
		go func() { p.plugin <- broken }()
		if _, err := send(t.Context()); !errors.Is(err, broken) {
			t.Errorf("error %v, want %v", err, broken)
		}
	})
}
