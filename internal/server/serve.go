package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Drain is how long answers that are under way may take to finish once the
// server is told to stop.
const Drain = 20 * time.Second

// Timeouts bound how long a client may take to send a request's header and the
// whole of it, until the answer is written, and to the next request on its
// connection. 0 sets no bound.
type Timeouts struct {
	ReadHeader, Read, Write, Idle time.Duration
}

// TelemetryTimeouts are those of the telemetry port. A profile has the time for which
// it is asked, and that for writing in addition.
var TelemetryTimeouts = Timeouts{ReadHeader: 5 * time.Second, Read: time.Minute, Write: telemetryAnswer, Idle: 5 * time.Minute}

// Serve gives an actor that answers requests on the listener. The web configuration is
// one that was found good. When interrupted the actor takes no new requests and lets those
// under way finish. Connections that are closed to make room for others are counted by
// evicted.
//
// What goes wrong with a single connection is the client's affair and logged
// at debug level.
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
			// The deadline of a stream does not end a connection that takes nothing.
			WriteByteTimeout: timeouts.Write,
			// A scraper sends no body. What a connection may make the server
			// keep are streams with their headers, one frame, and a window of a body.
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
			<-drained // it returns as soon as draining begins
			return nil
		}
		return fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
	interrupt = func(error) {
		ctx, cancel := context.WithTimeout(context.Background(), Drain)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			log.Warn("answers cut off", "listen", l.Addr().String(), "err", err)
			s.Close()
		}
		over()
	}
	return execute, interrupt
}
