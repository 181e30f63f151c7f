// Package server serves the main port, with scrapes of the store, probes and a start page, and the
// telemetry port, with the program's own metrics, probes and profiles.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Drain is the time for responses in progress after an interrupt.
const Drain = 20 * time.Second

// Timeouts limit the time for the header of a request, for the whole request, for the response, and between
// requests on a connection. 0 is no limit.
type Timeouts struct {
	ReadHeader, Read, Write, Idle time.Duration
}

// TelemetryTimeouts are those of the telemetry port. The duration of a profile is added to Write.
var TelemetryTimeouts = Timeouts{ReadHeader: 5 * time.Second, Read: time.Minute, Write: telemetryAnswer, Idle: 5 * time.Minute}

// Serve returns an actor that serves h on l with a valid web configuration. Once interrupted, it accepts
// no requests and completes those in progress. evicted counts connections closed in favor of new ones.
//
// Errors of single connections are logged at debug level.
func Serve(l net.Listener, h http.Handler, web WebConfig, timeouts Timeouts, evicted prometheus.Counter, log *slog.Logger) (execute func() error, interrupt func(error)) {
	open := newConnections(maxConnections, evicted)
	s := &http.Server{
		Handler:           withoutBody(h),
		ReadHeaderTimeout: timeouts.ReadHeader,
		ReadTimeout:       timeouts.Read,
		WriteTimeout:      timeouts.Write,
		IdleTimeout:       timeouts.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       open.accept,
		ConnState:         open.changed,
		HTTP2: &http.HTTP2Config{
			// The deadline of a stream does not end a connection that is not read.
			WriteByteTimeout: timeouts.Write,
			// A scraper sends no body. A connection can make the server keep streams with their headers,
			// one frame, and a window of a body.
			MaxConcurrentStreams:          maxStreams,
			MaxReadFrameSize:              16 << 10,
			MaxReceiveBufferPerConnection: 64 << 10,
			MaxReceiveBufferPerStream:     16 << 10,
		},
	}
	config := &webConfig{WebConfig: web, log: log}
	drained := make(chan struct{})
	over := sync.OnceFunc(func() { close(drained) })
	execute = func() error {
		err := config.serve(s, l)
		if errors.Is(err, http.ErrServerClosed) {
			<-drained // Serve returns when draining begins
			return nil
		}
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	interrupt = func(error) {
		ctx, cancel := context.WithTimeout(context.Background(), Drain)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			log.Warn("responses aborted", "listen", l.Addr().String(), "err", err)
			s.Close()
		}
		over()
	}
	return execute, interrupt
}

const (
	// maxHeaderBytes limits the header of a request, including its URL. Bearer tokens have some
	// kilobytes.
	maxHeaderBytes = 32 << 10
	// maxURLBytes limits the path and query of a request, to the names of all resources and some
	// hundred namespaces.
	maxURLBytes = 8 << 10
	// maxStreams limits concurrent requests on a connection of HTTP/2. A scraper needs one. Each may
	// keep some 130 KB for its header while the client reads nothing.
	maxStreams = 2
)

// boundURL refuses requests with a long URL.
func boundURL(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > maxURLBytes {
			http.Error(w, "the URL has more than "+strconv.Itoa(maxURLBytes)+" bytes", http.StatusRequestURITooLong)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// withoutBody refuses requests with a body. net/http would wait for the unread body in the middle of the
// response, so that a client could hold a slot of the limiter.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close") // else net/http waits for it here
			http.Error(w, "a request has no body here", http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}
