package apiclient

import "net/http"

// maxWaiting bounds the requests of a client that wait for a response, with those that were abandoned.
const maxWaiting = 256

// An abandoner ends a request with its context, also while a credential plugin runs, which knows no context.
// The goroutine of such a request ends with the plugin.
type abandoner struct {
	http.RoundTripper
	waiting chan struct{}
}

func newAbandoner(to http.RoundTripper) abandoner {
	return abandoner{to, make(chan struct{}, maxWaiting)}
}

// RoundTrip sends a request.
func (a abandoner) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	select {
	case a.waiting <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	type result struct {
		response *http.Response
		err      error
	}
	done := make(chan result)
	go func() {
		defer func() { <-a.waiting }()
		response, err := a.RoundTripper.RoundTrip(r)
		select {
		case done <- result{response, err}:
		case <-ctx.Done():
			if err == nil {
				response.Body.Close()
			}
		}
	}()
	select {
	case got := <-done:
		return got.response, got.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
