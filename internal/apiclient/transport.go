package apiclient

import (
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// A transport counts the bytes of responses and wraps those of watches in a coalescingReader.
type transport struct {
	http.RoundTripper
	received prometheus.Counter
}

// RoundTrip sends a request.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = countingReader{response.Body, t.received}
	if s, ok := r.Context().Value(streamKey{}).(*Stream); ok {
		s.contentType = response.Header.Get("Content-Type")
		s.body = &coalescingReader{ReadCloser: response.Body, ctx: r.Context()}
		response.Body = s.body
	}
	return response, nil
}

type countingReader struct {
	io.ReadCloser
	bytes prometheus.Counter
}

// Read reads and counts.
func (b countingReader) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(float64(n))
	return n, err
}
