// Package faults stands between a client and an API server and does what API
// servers, proxies and networks do on a bad day. Requests and answers go through
// unchanged but for the fault that is set.
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

// A Fault is what goes wrong. Each of its parts may be nil.
type Fault struct {
	// Answer answers a request in place of the API server, and says whether it
	// has; it must not write anything if not.
	Answer func(w http.ResponseWriter, r *http.Request) bool
	// Frame gives what is sent in place of a frame of a watch. An error cuts the
	// connection off after that.
	Frame func(frame *Frame) ([][]byte, error)
	// List gives what is sent in place of the body of a list. An error cuts the
	// connection off after that.
	List func(body []byte) ([]byte, error)
}

// A Frame is one event of a watch on its way to the client.
type Frame struct {
	// Watch tells watches apart.
	Watch *Watch
	// Message is the event in protobuf, without its length.
	Message []byte
}

// A Watch is a watch that goes through the proxy.
type Watch struct {
	// Resource is the last part of its path, such as "pods".
	Resource string
	// Held is for faults to keep something from frame to frame.
	Held []byte

	mu sync.Mutex // writes
	to *io.PipeWriter
}

// Proxy is a running proxy. Its methods may be used concurrently.
type Proxy struct {
	// URL is where it listens.
	URL string

	server  *http.Server
	mu      sync.Mutex
	fault   Fault
	watches map[*Watch]bool
	refused int
}

// New starts a proxy to the API server that config reaches, on a free port of
// loopback. Whoever asks it has the rights of config.
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
	quiet := log.New(io.Discard, "", 0) // it would tell of connections that it cuts off
	through := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: p.modify,
		ErrorLog:       quiet,
	}
	p.server = &http.Server{ErrorLog: quiet, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := p.current().Answer; answer != nil && answer(w, r) {
			p.mu.Lock()
			p.refused++
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

// Set sets the fault from now on, also for watches that are open. The zero Fault
// is none.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.refused = f, 0
}

// Answered is how many requests the fault has answered itself.
func (p *Proxy) Answered() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refused
}

func (p *Proxy) current() Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// Watches is how many watches of a resource are open.
func (p *Proxy) Watches(resource string) int { return len(p.of(resource)) }

// of gives the open watches of a resource, or all if it is empty.
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

// ErrCut is what a connection ends with that is cut off.
var ErrCut = errors.New("cut off")

// Cut cuts all open watches off.
func (p *Proxy) Cut() {
	for _, w := range p.of("") {
		w.to.CloseWithError(ErrCut)
	}
}

// Send sends a message, as if the API server had, to all open watches of a
// resource. It says to how many.
func (p *Proxy) Send(resource string, message []byte) int {
	watches := p.of(resource)
	for _, w := range watches {
		_ = w.write(message) // the client may be gone
	}
	return len(watches)
}

// modify puts the fault between an answer and its reader.
func (p *Proxy) modify(answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return nil
	}
	kind := answer.Header.Get("Content-Type")
	request := answer.Request
	switch {
	case strings.Contains(kind, "protobuf") && strings.Contains(kind, "stream=watch"):
		answer.Body = p.watch(request, answer.Body)
	case request.Method == http.MethodGet && strings.Contains(kind, "protobuf"):
		return p.list(answer)
	}
	return nil
}

// list puts the body that the fault gives in the place of a list's.
func (p *Proxy) list(answer *http.Response) error {
	change := p.current().List
	if change == nil {
		return nil
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	body, broken := change(body)
	answer.Body.Close()
	answer.Header.Del("Content-Length")
	answer.ContentLength = -1
	from, to := io.Pipe()
	go func() {
		_, _ = to.Write(body)
		to.CloseWithError(broken)
	}()
	answer.Body = from
	return nil
}

// watch gives the frames of a watch as the faults make them.
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

// pass hands frames on until there are no more.
func (p *Proxy) pass(w *Watch, body io.Reader) error {
	for {
		message, err := readFrame(body)
		if err != nil {
			return err // io.EOF is an ordinary end
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
