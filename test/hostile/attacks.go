package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kubestate/kubestate/test/process"
)

// kind is a kind of attack. do returns soon after its context ends.
type kind struct {
	name   string
	weight int // relative frequency
	do     func(*attack, context.Context)
}

var attacks = []kind{
	{"random requests", 30, (*attack).randomRequests},
	{"made-up tokens", 15, (*attack).madeUpTokens},
	{"good token, made-up paths", 5, (*attack).madeUpPaths},
	{"large headers", 5, (*attack).largeHeaders},
	{"slow readers", 8, (*attack).slowReader},
	{"slow headers", 8, (*attack).slowHeader},
	{"half requests", 8, (*attack).halfRequest},
	{"bodies", 6, (*attack).body},
	{"idle connections", 12, (*attack).idle},
	{"garbage", 5, (*attack).garbage},
	{"many streams", 3, (*attack).manyStreams},
	{"streams without window", 3, (*attack).noWindow},
	{"expensive pages", 1, (*attack).expensive},
}

// lifetime bounds an attack.
const lifetime = 40 * time.Second

// An attacker starts attacks at a rate, with a limit of concurrent ones.
type attacker struct {
	options
	*victims
	random  *rand.Rand
	started []atomic.Int64 // by kind
	dropped atomic.Int64   // attacks over the limit
}

func newAttacker(o options, v *victims) *attacker {
	return &attacker{options: o, victims: v, random: rand.New(rand.NewPCG(o.seed, 0)), started: make([]atomic.Int64, len(attacks))}
}

func (a *attacker) run(ctx context.Context) error {
	var under sync.WaitGroup
	defer under.Wait()
	places := make(chan struct{}, a.open)
	ticks := time.NewTicker(time.Duration(float64(time.Second) / a.rate))
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticks.C:
		}
		select {
		case places <- struct{}{}:
		default:
			a.dropped.Add(1)
			continue
		}
		i := a.choose()
		a.started[i].Add(1)
		one := &attack{
			Rand: rand.New(rand.NewPCG(a.seed, a.random.Uint64())),
			to:   a.targets[a.random.IntN(len(a.targets))], from: a.from[a.random.IntN(len(a.from))], victims: a.victims,
		}
		under.Go(func() {
			defer func() { <-places }()
			ctx, cancel := context.WithTimeout(ctx, lifetime)
			defer cancel()
			attacks[i].do(one, ctx)
		})
	}
}

// choose returns the index of a kind, by weight.
func (a *attacker) choose() int {
	sum := 0
	for _, k := range attacks {
		sum += k.weight
	}
	n := a.random.IntN(sum)
	return slices.IndexFunc(attacks, func(k kind) bool {
		n -= k.weight
		return n < 0
	})
}

// report prints the number of attacks by kind.
func (a *attacker) report() {
	fmt.Printf("\n%-28s %8s\n", "attack", "started")
	for i, k := range attacks {
		fmt.Printf("%-28s %8d\n", k.name, a.started[i].Load())
	}
	fmt.Printf("%-28s %8d\n", "(over the limit)", a.dropped.Load())
}

// attack is one attack. Its errors are ignored.
type attack struct {
	*rand.Rand
	to      target
	from    string
	victims *victims
}

// dial connects until ctx ends, by TLS if the target has it and protocol is not empty.
func (a *attack) dial(ctx context.Context, protocol string) (net.Conn, error) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(a.from)}, KeepAlive: -1}
	c, err := dialer.DialContext(ctx, "tcp", a.to.address)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { c.Close() })
	if !a.to.byTLS || protocol == "" {
		return c, nil
	}
	secured := tls.Client(c, &tls.Config{RootCAs: a.victims.roots, ServerName: "127.0.0.1", NextProtos: []string{protocol}})
	return secured, secured.HandshakeContext(ctx)
}

// send connects and sends a text. It returns nil after an error.
func (a *attack) send(ctx context.Context, text string) net.Conn {
	c, err := a.dial(ctx, "http/1.1")
	if err == nil {
		_, err = io.WriteString(c, text)
	}
	if err != nil {
		return nil
	}
	return c
}

// stay reads until ctx or the peer ends the connection.
func stay(c net.Conn) {
	if c != nil {
		_, _ = io.Copy(io.Discard, c)
	}
}

func (a *attack) client(protocol string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return a.dial(ctx, protocol) },
		DialTLSContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return a.dial(ctx, protocol)
		},
		ForceAttemptHTTP2: protocol == "h2",
	}}
}

func (a *attack) url(path string) string {
	if a.to.byTLS {
		return "https://" + a.to.address + path
	}
	return "http://" + a.to.address + path
}

// text returns a unique string with up to n more bytes.
func (a *attack) text(n int) string {
	return fmt.Sprintf("%016x", a.Uint64()) + strings.Repeat("x", a.IntN(n))
}

var paths = []string{
	"/metrics", "/metrics", "/metrics", "/", "/healthz", "/livez", "/readyz", "/startupz", "/answers", "/debug/cardinality", "/debug/pprof/",
}

func (a *attack) path() string {
	path := paths[a.IntN(len(paths))]
	if a.IntN(4) == 0 {
		path = "/" + a.text(100)
	}
	switch a.IntN(3) {
	case 0:
		return path + "?resources=pods,nodes&namespace=" + a.text(3000)
	case 1:
		return path + "?verbose&by=label&" + a.text(20) + "=" + a.text(20)
	}
	return path
}

// randomRequests sends some random requests on one connection.
func (a *attack) randomRequests(ctx context.Context) {
	client := a.client("http/1.1")
	defer client.CloseIdleConnections()
	for range 1 + a.IntN(5) {
		method := []string{"GET", "GET", "GET", "HEAD", "POST", "OPTIONS", "M" + strings.ToUpper(a.text(10))}[a.IntN(7)]
		a.request(ctx, client, method, a.path(), func(h http.Header) {
			h.Set("User-Agent", a.text(28<<10))
			h.Set("X-"+a.text(10), a.text(100))
			h.Set("Accept", a.text(100)+";q=0.3, */*;q=0.1")
			h.Set("Accept-Encoding", []string{"gzip", "identity", "br;q=1, *;q=0", a.text(50)}[a.IntN(4)])
			h.Set("X-Prometheus-Scrape-Timeout-Seconds", []string{"10", "0.001", "-1", "1e300", a.text(5)}[a.IntN(5)])
			if a.IntN(2) == 0 {
				h.Set("Authorization", []string{"Basic ", "Bearer ", "Bearer a ", ""}[a.IntN(4)]+a.text(4<<10))
			}
		})
	}
}

// request sends a request, and reads the response.
func (a *attack) request(ctx context.Context, client *http.Client, method, path string, set func(http.Header)) {
	r, err := http.NewRequestWithContext(ctx, method, a.url(path), nil)
	if err != nil {
		return
	}
	set(r.Header)
	response, err := client.Do(r)
	if err != nil {
		return
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body)
}

func (a *attack) madeUpTokens(ctx context.Context) {
	client := a.client("http/1.1")
	defer client.CloseIdleConnections()
	for range 1 + a.IntN(5) {
		a.request(ctx, client, http.MethodGet, "/metrics", func(h http.Header) { h.Set("Authorization", "Bearer "+a.text(2<<10)) })
	}
}

func (a *attack) madeUpPaths(ctx context.Context) {
	client := a.client("http/1.1")
	defer client.CloseIdleConnections()
	for range 1 + a.IntN(5) {
		a.request(ctx, client, http.MethodGet, "/"+a.text(50), func(h http.Header) { h.Set("Authorization", "Bearer "+a.to.guest) })
	}
}

// largeHeaders exceeds the limit of headers.
func (a *attack) largeHeaders(ctx context.Context) {
	stay(a.send(ctx, "GET /metrics HTTP/1.1\r\nHost: a\r\nX: "+a.text(1)+strings.Repeat("x", 30<<10+a.IntN(200<<10))+"\r\n\r\n"))
}

// slowReader reads a byte a second of a response.
func (a *attack) slowReader(ctx context.Context) {
	c := a.send(ctx, "GET "+paths[a.IntN(4)]+" HTTP/1.1\r\nHost: a\r\n\r\n")
	for c != nil && process.Sleep(ctx, time.Second) == nil {
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
	}
}

// slowHeader sends a byte a second of a header.
func (a *attack) slowHeader(ctx context.Context) {
	c := a.send(ctx, "GET /metrics HTTP/1.1\r\nHost: a\r\nX: ")
	for c != nil && process.Sleep(ctx, time.Second) == nil {
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
	}
}

func (a *attack) halfRequest(ctx context.Context) {
	complete := "GET /metrics HTTP/1.1\r\nHost: a\r\nUser-Agent: " + a.text(20<<10) + "\r\nAuthorization: Bearer " + a.text(100) + "\r\n\r\n"
	stay(a.send(ctx, complete[:a.IntN(len(complete))]))
}

// body announces a body, and sends none, too little or too much.
func (a *attack) body(ctx context.Context) {
	head := "%s /metrics HTTP/1.1\r\nHost: a\r\n%s\r\n\r\n%s"
	method := []string{"GET", "POST", "PUT"}[a.IntN(3)]
	stay(a.send(ctx, []string{
		fmt.Sprintf(head, method, "Content-Length: 1000000000", ""),
		fmt.Sprintf(head, method, "Content-Length: 100", "half"),
		fmt.Sprintf(head, method, "Transfer-Encoding: chunked", "ffff\r\n"),
		fmt.Sprintf(head, method, "Expect: 100-continue\r\nContent-Length: 100", ""),
		fmt.Sprintf(head, method, "Content-Length: 300000", strings.Repeat("x", 300000)),
	}[a.IntN(5)]))
}

func (a *attack) idle(ctx context.Context) {
	if a.IntN(2) == 0 {
		stay(a.send(ctx, "")) // after the TLS handshake
		return
	}
	c, err := a.dial(ctx, "")
	if err == nil {
		stay(c)
	}
}

func (a *attack) garbage(ctx context.Context) {
	c, err := a.dial(ctx, "")
	if err != nil {
		return
	}
	b := make([]byte, a.IntN(4<<10))
	for i := range b {
		b[i] = byte(a.Uint32())
	}
	if a.IntN(2) == 0 {
		b = append([]byte{22, 3, 1, 0x3f, 0xff, 1, 0, 0x3f}, b...) // part of a TLS ClientHello
	}
	if _, err := c.Write(b); err == nil {
		stay(c)
	}
}

// manyStreams sends concurrent requests on one HTTP/2 connection.
func (a *attack) manyStreams(ctx context.Context) {
	client := a.client("h2")
	defer client.CloseIdleConnections()
	var under sync.WaitGroup
	for range 30 {
		path, agent := a.path(), a.text(10<<10)
		under.Go(func() {
			a.request(ctx, client, http.MethodGet, path, func(h http.Header) { h.Set("User-Agent", agent) })
		})
	}
	under.Wait()
}

// noWindow opens HTTP/2 streams with an empty flow control window, and resets some.
func (a *attack) noWindow(ctx context.Context) {
	if !a.to.byTLS {
		a.halfRequest(ctx)
		return
	}
	c, err := a.dial(ctx, "h2")
	if err != nil {
		return
	}
	const data, headers, reset, settings = 0, 1, 3, 4
	var b bytes.Buffer
	b.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	frame(&b, settings, 0, 0, []byte{0, 4, 0, 0, 0, 0}) // SETTINGS_INITIAL_WINDOW_SIZE 0
	for i := range uint32(20) {
		path := "/" + a.text(50)
		block := append([]byte{0x82, 0x87, 0x04, byte(len(path))}, path...) // GET, https, path
		block = append(append(block, 0x41, byte(len(a.to.address))), a.to.address...)
		frame(&b, headers, 5, 2*i+1, block)
		switch a.IntN(4) {
		case 0:
			frame(&b, reset, 0, 2*i+1, []byte{0, 0, 0, 8})
		case 1:
			frame(&b, data, 0, 2*i+1, make([]byte, 1000))
		}
	}
	if _, err := c.Write(b.Bytes()); err == nil {
		stay(c)
	}
}

func frame(b *bytes.Buffer, kind, flags byte, stream uint32, payload []byte) {
	b.Write([]byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags})
	_ = binary.Write(b, binary.BigEndian, stream) // never fails
	b.Write(payload)
}

// expensive requests slow pages.
func (a *attack) expensive(ctx context.Context) {
	client := a.client("http/1.1")
	defer client.CloseIdleConnections()
	path := []string{"heap?gc=1", "goroutine?debug=2", "profile?seconds=5", "trace?seconds=1", "allocs"}[a.IntN(5)]
	a.request(ctx, client, http.MethodGet, "/debug/pprof/"+path, func(http.Header) {})
}
