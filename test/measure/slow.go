package main

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"syscall"
	"time"
)

// slowLimit bounds the time of slow clients.
const slowLimit = 2 * time.Minute

// slowClients request a plain response each and read it slowly.
type slowClients struct {
	address string
	begin   time.Time
	conns   []net.Conn
	open    map[int]bool // ports of open connections
	// closed has the times, since begin, at which the server closed connections.
	closed []time.Duration
	// done is closed when no connection is open, or the limit is reached.
	done chan struct{}
}

// startSlow connects n clients and sends their requests.
func startSlow(ctx context.Context, address string, n int) (_ *slowClients, err error) {
	s := &slowClients{address: address, begin: time.Now(), open: map[int]bool{}, done: make(chan struct{})}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	// A small receive buffer keeps the kernel from reading megabytes ahead.
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	for range n {
		conn, err := d.DialContext(ctx, "tcp", u.Host)
		if err != nil {
			return nil, err
		}
		s.conns = append(s.conns, conn)
		s.open[conn.LocalAddr().(*net.TCPAddr).Port] = true
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity\r\n\r\n", u.Path, u.Host); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *slowClients) close() {
	for _, conn := range s.conns {
		conn.Close()
	}
}

// run reads a byte a second by all clients but the first, until ctx ends, and records which
// connections the server closes.
func (s *slowClients) run(ctx context.Context) error {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	done := s.done
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		for _, conn := range s.conns[1:] {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, _ = conn.Read(make([]byte, 1)) // a closed connection has buffered data, too
		}
		if err := s.update(); err != nil {
			return err
		}
		if done != nil && (len(s.open) == 0 || time.Since(s.begin) > slowLimit) {
			close(done)
			done = nil
		}
	}
}

// update moves connections that the server has closed from open to closed.
func (s *slowClients) update() error {
	still, err := connected(s.address)
	if err != nil {
		return err
	}
	for port := range s.open {
		if !still[port] {
			delete(s.open, port)
			s.closed = append(s.closed, time.Since(s.begin))
		}
	}
	return nil
}

// await waits until done.
func (s *slowClients) await(ctx context.Context) error {
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// summary summarizes the closed connections.
func (s *slowClients) summary() string {
	if len(s.closed) == 0 {
		return fmt.Sprintf("none of %d within %s", len(s.conns), slowLimit)
	}
	first, last := slices.Min(s.closed), slices.Max(s.closed)
	return fmt.Sprintf("%d of %d after %.0f to %.0f s", len(s.closed), len(s.conns), first.Seconds(), last.Seconds())
}

// slowResult is the result of slow clients.
type slowResult struct {
	cost    cost
	scrapes scrapes
	memory  memory
	closed  string // summary of the closed connections
}

// measureAmongSlow measures cost and scrapes beside slow clients.
func (b *bench) measureAmongSlow(ctx context.Context, p *program) error {
	progress("  %d slow clients", b.slow+1)
	slow, err := startSlow(ctx, p.url, b.slow+1)
	if err != nil {
		return err
	}
	defer slow.close()
	var r slowResult
	err = during(ctx, slow.run, func(ctx context.Context) error {
		r.cost, err = b.measureCost(ctx, p.pid, p.idle, b.podUpdater(b.newPodChanger(), b.updates), func(ctx context.Context) (err error) {
			if r.scrapes, err = b.timeScrapes(ctx, p.url); err != nil {
				return err
			}
			r.memory, err = readMemory(p.pid)
			return err
		})
		if err != nil {
			return err
		}
		return slow.await(ctx)
	})
	r.closed = slow.summary()
	p.slow = &r
	return err
}
