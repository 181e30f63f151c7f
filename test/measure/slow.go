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

// slowLimit is how long slow clients are given.
const slowLimit = 2 * time.Minute

// slowClients ask for a plain answer each and hardly read it.
type slowClients struct {
	address string
	begin   time.Time
	conns   []net.Conn
	open    map[int]bool // ports of those that the server has not cut off
	// cut is when the server closed connections, since begin, for run's end.
	cut []time.Duration
	// over is closed when there is none left, or the limit is reached.
	over chan struct{}
}

// startSlow connects n clients and has them ask.
func startSlow(ctx context.Context, address string, n int) (_ *slowClients, err error) {
	s := &slowClients{address: address, begin: time.Now(), open: map[int]bool{}, over: make(chan struct{})}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	// The kernel would read megabytes ahead.
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

// run has all clients but the first read a byte a second, until ctx ends. It
// notices whom the server has cut off.
func (s *slowClients) run(ctx context.Context) error {
	ticks := time.NewTicker(time.Second)
	defer ticks.Stop()
	over := s.over
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		for _, conn := range s.conns[1:] {
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
			_, _ = conn.Read(make([]byte, 1)) // of one that was cut off, too, there is plenty to read
		}
		if err := s.look(); err != nil {
			return err
		}
		if over != nil && (len(s.open) == 0 || time.Since(s.begin) > slowLimit) {
			close(over)
			over = nil
		}
	}
}

// look moves those whom the server has cut off from open to cut.
func (s *slowClients) look() error {
	still, err := connected(s.address)
	if err != nil {
		return err
	}
	for port := range s.open {
		if !still[port] {
			delete(s.open, port)
			s.cut = append(s.cut, time.Since(s.begin))
		}
	}
	return nil
}

// await blocks until over.
func (s *slowClients) await(ctx context.Context) error {
	select {
	case <-s.over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// fate says what became of them.
func (s *slowClients) fate() string {
	if len(s.cut) == 0 {
		return fmt.Sprintf("none of %d within %s", len(s.conns), slowLimit)
	}
	first, last := slices.Min(s.cut), slices.Max(s.cut)
	return fmt.Sprintf("%d of %d after %.0f to %.0f s", len(s.cut), len(s.conns), first.Seconds(), last.Seconds())
}

// amongSlow is what a program does while slow clients keep it waiting.
type amongSlow struct {
	cost    cost
	scrapes scrapes
	memory  memory
	fate    string
}

// measureAmongSlow measures cost and scrapes with slow clients around.
func (b *bench) measureAmongSlow(ctx context.Context, p *program) error {
	progress("  %d slow clients", b.slow+1)
	slow, err := startSlow(ctx, p.url, b.slow+1)
	if err != nil {
		return err
	}
	defer slow.close()
	var r amongSlow
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
	r.fate = slow.fate()
	p.slow = &r
	return err
}
