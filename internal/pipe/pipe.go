// Package pipe connects clients and servers of tests within one synctest bubble.
package pipe

import (
	"context"
	"net"
	"sync"
)

// A Listener is a net.Listener of in-memory connections. It may be used concurrently.
type Listener struct {
	accept chan net.Conn
	once   sync.Once
	closed chan struct{}
}

// Listen returns a listener.
func Listen() *Listener { return &Listener{accept: make(chan net.Conn), closed: make(chan struct{})} }

// Dial returns the client's end of a connection, once the server accepts it or ctx ends.
func (l *Listener) Dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.accept <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept is part of net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.accept:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Addr is part of net.Listener.
func (l *Listener) Addr() net.Addr { return &net.TCPAddr{} }

// Close is part of net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}
