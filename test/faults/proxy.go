// Package faults is a proxy to an API server that injects faults of API servers, proxies and networks.
package faults

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
)

// A Fault injects faults. Each function may be nil.
type Fault struct {
	// Respond responds in place of the API server, or writes nothing and returns false.
	Respond func(w http.ResponseWriter, r *http.Request) bool
	// Frame returns the frames to send in place of a frame of a watch. After an error the connection
	// is closed.
	Frame func(frame *Frame) ([][]byte, error)
	// List returns the body to send in place of a list's. After an error the connection is closed.
	List func(body []byte) ([]byte, error)
}

// A Frame is one event of a watch.
type Frame struct {
	Watch *Watch
	// Message is the event in protobuf, without its length.
	Message []byte
}

// A Watch is a watch through the proxy.
type Watch struct {
	// Resource is the last part of the path, such as "pods".
	Resource string
	// Held is state of faults between frames.
	Held []byte

	mu sync.Mutex // writes
	to *io.PipeWriter
}

// Proxy is a running proxy. Its methods may be used concurrently.
type Proxy struct {
	URL string

	server    *http.Server
	mu        sync.Mutex
	fault     Fault
	watches   map[*Watch]bool
	responses int // of the fault
}

// New starts a proxy to the API server of config, on a free loopback port. Clients have the rights of
// config.
func New(config *rest.Config) (*Proxy, error) {
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start proxy: %w", err)
	}
	p := &Proxy{URL: "http://" + l.Addr().String(), watches: map[*Watch]bool{}}
	quiet := log.New(io.Discard, "", 0) // without errors of closed connections
	through := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: p.modify,
		ErrorLog:       quiet,
	}
	p.server = &http.Server{ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if respond := p.current().Respond; respond != nil && respond(w, r) {
			p.mu.Lock()
			p.responses++
			p.mu.Unlock()
			return
		}
		through.ServeHTTP(w, r)
	})}
	go func() { _ = p.server.Serve(l) }()
	return p, nil
}

// Close ends the proxy and all connections through it.
func (p *Proxy) Close() error {
	p.Cut()
	return p.server.Close()
}

// Set sets the fault, for open watches too. The zero Fault is none.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.responses = f, 0
}

// Responses returns the number of the fault's own responses.
func (p *Proxy) Responses() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.responses
}

func (p *Proxy) current() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// Watches returns the number of open watches of a resource.
func (p *Proxy) Watches(resource string) int { return len(p.of(resource)) }

// of returns the open watches of a resource; empty for all.
func (p *Proxy) of(resource string) []*Watch {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []*Watch
	for w := range p.watches {
		if resource == "" || w.Resource == resource {
			found = append(found, w)
		}
	}
	return found
}

// ErrCut is the error of a connection that the proxy closes.
var ErrCut = errors.New("cut off")

// Cut closes all open watches.
func (p *Proxy) Cut() {
	for _, w := range p.of("") {
		w.to.CloseWithError(ErrCut)
	}
}

// Send sends a message to all open watches of a resource, and returns their number.
func (p *Proxy) Send(resource string, message []byte) int {
	watches := p.of(resource)
	for _, w := range watches {
		_ = w.write(message) // the client may be gone
	}
	return len(watches)
}

// modify applies the fault to a response.
func (p *Proxy) modify(response *http.Response) error {
	if response.StatusCode != http.StatusOK {
		return nil
	}
	kind := response.Header.Get("Content-Type")
	request := response.Request
	switch {
	case strings.Contains(kind, "protobuf") && strings.Contains(kind, "stream=watch"):
		response.Body = p.watch(request, response.Body)
	case request.Method == http.MethodGet && strings.Contains(kind, "protobuf"):
		return p.list(response)
	}
	return nil
}

// list replaces the body of a list by the fault's.
func (p *Proxy) list(response *http.Response) error {
	change := p.current().List
	if change == nil {
		return nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	body, broken := change(body)
	response.Body.Close()
	response.Header.Del("Content-Length")
	response.ContentLength = -1
	from, to := io.Pipe()
	go func() {
		_, _ = to.Write(body)
		to.CloseWithError(broken)
	}()
	response.Body = from
	return nil
}

// watch replaces the frames of a watch by the fault's.
func (p *Proxy) watch(request *http.Request, body io.ReadCloser) io.ReadCloser {
	path := strings.Split(request.URL.Path, "/")
	from, to := io.Pipe()
	w := &Watch{Resource: path[len(path)-1], to: to}
	p.mu.Lock()
	p.watches[w] = true
	p.mu.Unlock()
	go func() {
		err := p.pass(w, body)
		p.mu.Lock()
		delete(p.watches, w)
		p.mu.Unlock()
		to.CloseWithError(err)
		body.Close()
	}()
	stop := context.AfterFunc(request.Context(), func() { body.Close() })
	return closer{from, func() { stop(); from.Close(); body.Close() }}
}

// pass forwards frames until the end of the body.
func (p *Proxy) pass(w *Watch, body io.Reader) error {
	for {
		message, err := readFrame(body)
		if err != nil {
			return err // io.EOF is a regular end
		}
		frames := [][]byte{withLength(message)}
		if change := p.current().Frame; change != nil {
			frames, err = change(&Frame{Watch: w, Message: message})
		}
		for _, frame := range frames {
			if err := w.writeRaw(frame); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

func (w *Watch) write(message []byte) error { return w.writeRaw(withLength(message)) }

func (w *Watch) writeRaw(b []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.to.Write(b)
	return err
}

// closer is a reader with another way to close it.
type closer struct {
	io.Reader
	close func()
}

func (c closer) Close() error {
	c.close()
	return nil
}
