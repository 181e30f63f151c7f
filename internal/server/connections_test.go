package server_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// dialFrom connects to l from a loopback address and sends the text.
func dialFrom(t *testing.T, address string, l net.Listener, text string) net.Conn {
	t.Helper()
	from := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	c, err := from.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// isOpen reports whether the server has not closed an idle connection.
func isOpen(t *testing.T, c net.Conn) bool {
	t.Helper()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var read error
	err = raw.Control(func(fd uintptr) {
		_, _, read = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	if err != nil {
		t.Fatal(err)
	}
	return errors.Is(read, syscall.EAGAIN)
}

// TestConnectionsAreBounded opens twice as many connections as a port allows, idle and with half a
// request, beside those of a scraper and of a response in progress.
func TestConnectionsAreBounded(t *testing.T) {
	const bound = 256
	l, begun, finish := listen(t), make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.Handle("/", mainPort(prometheus.NewRegistry()))
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		fmt.Fprint(w, "done")
	})
	s := serve(l, mux, time.Minute, &levels{})
	scraper := dialFrom(t, "127.0.0.1", l, "")
	answers := bufio.NewReader(scraper)
	f := func() {
		t.Helper()
		if _, err := io.WriteString(scraper, scrape); err != nil {
			t.Fatal(err)
		}
		response, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if body, err := io.ReadAll(response.Body); err != nil || string(body) != nodes+pods+jobs {
			t.Errorf("the answer is %q, %v", body, err)
		}
	}
	f()
	slow := dialFrom(t, "127.0.0.2", l, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	var idle []net.Conn
	for range bound {
		idle = append(idle, dialFrom(t, "127.0.0.2", l, ""), dialFrom(t, "127.0.0.2", l, scrape[:10]))
	}
	// The server has accepted all once it has answered one that came after them.
	last := dialFrom(t, "127.0.0.3", l, "GET /livez HTTP/1.0\r\n\r\n")
	if _, err := io.ReadAll(last); err != nil {
		t.Error(err)
	}
	open := 0
	for _, c := range idle {
		if isOpen(t, c) {
			open++
		}
	}
	// The scraper's, the slow one, and perhaps the last one, which closes by itself.
	if open != bound-3 {
		t.Errorf("%d idle connections are open, want %d", open, bound-3)
	}
	// Besides these three and those that are idle, all have been closed for others.
	if got, want := value(t, s.evicted), float64(len(idle)+3-bound); got != want {
		t.Errorf("%v connections count as closed for others, want %v", got, want)
	}
	f()
	close(finish)
	if response, err := http.ReadResponse(bufio.NewReader(slow), nil); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("the answer under way: %+v, %v", response, err)
	} else {
		response.Body.Close()
	}
	s.stop(t)
}

// TestConnectionsAreSharedAmongNetworks fills a port with connections of one network, each of another
// address, beside two of a scraper.
func TestConnectionsAreSharedAmongNetworks(t *testing.T) {
	const bound = 256
	l := &disguised{closing: listen(t)}
	s := serve(l, mainPort(prometheus.NewRegistry()), time.Minute, &levels{})
	open := func() net.Conn {
		c := dialFrom(t, "127.0.0.1", l, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
		response, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, err := io.ReadAll(response.Body); err != nil {
			t.Fatal(err)
		}
		return c
	}
	l.network.Store("2001:db8:0:1::")
	scrapers := []net.Conn{open(), open()}
	l.network.Store("2001:db8:0:2:1:")
	for range bound {
		open()
	}
	if !isOpen(t, scrapers[0]) || !isOpen(t, scrapers[1]) {
		t.Error("a scraper's connection was closed for those of a network that has more")
	}
	if got := value(t, s.evicted); got != 2 {
		t.Errorf("%v connections count as closed for others, want 2", got)
	}
	s.stop(t)
}

// disguised accepts connections of a given network: of one address if that is complete, otherwise each
// of another address.
type disguised struct {
	*closing
	network  atomic.Value // a string
	accepted int
}

func (l *disguised) Accept() (net.Conn, error) {
	c, err := l.closing.Accept()
	if err != nil {
		return nil, err
	}
	address := l.network.Load().(string)
	if l.accepted++; !strings.HasSuffix(address, "::") {
		address = fmt.Sprintf("%s%x::", address, l.accepted)
	}
	return &masked{c, &net.TCPAddr{IP: net.ParseIP(address + "1")}}, nil
}

// masked is a connection with another remote address.
type masked struct {
	net.Conn
	from net.Addr
}

func (m *masked) RemoteAddr() net.Addr { return m.from }

// value is the value of a counter.
func value(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// TestBusyConnectionsAreBounded fills a port with active connections: the oldest one is evicted.
func TestBusyConnectionsAreBounded(t *testing.T) {
	const bound = 256
	l, begun := listen(t), make(chan struct{}, bound+1)
	s := serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			begun <- struct{}{}
			<-r.Context().Done()
		}
	}), time.Minute, &levels{})
	var busy []net.Conn
	for range bound {
		busy = append(busy, dialFrom(t, "127.0.0.2", l, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n"))
		<-begun
	}
	c := dialFrom(t, "127.0.0.1", l, "GET / HTTP/1.0\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if isOpen(t, busy[0]) || !isOpen(t, busy[1]) {
		t.Error("it is not the first that was closed")
	}
	for _, c := range busy {
		c.Close()
	}
	s.stop(t)
}

// TestBoundsOfHTTP2 holds the SETTINGS that the server sends to clients of HTTP/2.
func TestBoundsOfHTTP2(t *testing.T) {
	a := newAuthority(t)
	address := serveWith(t, mainPort(prometheus.NewRegistry()), a.config(t, ""), &levels{})
	c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.pool, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 9)
	if _, err := io.ReadFull(c, head); err != nil || head[3] != 4 {
		t.Fatalf("not SETTINGS but %x: %v", head, err)
	}
	payload := make([]byte, int(head[1])<<8+int(head[2]))
	if _, err := io.ReadFull(c, payload); err != nil {
		t.Fatal(err)
	}
	settings := map[uint16]uint32{}
	for ; len(payload) > 0; payload = payload[6:] {
		settings[binary.BigEndian.Uint16(payload)] = binary.BigEndian.Uint32(payload[2:])
	}
	const tableSize, streams, window, frame, header = 1, 3, 4, 5, 6
	f := func(setting uint16, most uint32) {
		t.Helper()
		if got, ok := settings[setting]; got > most || !ok && setting != tableSize {
			t.Errorf("setting %d is %d, want %d at most", setting, got, most)
		}
	}
	f(tableSize, 4<<10) // as much if it is not said
	f(streams, 2)
	f(window, 16<<10)
	f(frame, 16<<10)
	f(header, 33<<10)
}

// TestStreamsWithoutWindow opens the maximum of HTTP/2 streams with the largest headers, and a window of
// zero for the responses.
func TestStreamsWithoutWindow(t *testing.T) {
	const connections, streams, most = 64, 8, 24 << 20 // bytes, of both sides
	a := newAuthority(t)
	address := serveWith(t, mainPort(prometheus.NewRegistry()), a.config(t, ""), &levels{})
	before := heap()
	var requests bytes.Buffer
	requests.WriteString("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	writeFrame(&requests, settingsFrame, 0, 0, []byte{0, 4, 0, 0, 0, 0})
	for i := range uint32(streams) {
		writeHeaders(&requests, 2*i+1, largeHeader())
	}
	for range connections {
		c, err := tls.Dial("tcp", address, &tls.Config{RootCAs: a.pool, NextProtos: []string{"h2"}})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(requests.Bytes()); err != nil {
			t.Fatal(err)
		}
		for begun := 0; begun < streams; {
			head := make([]byte, 9)
			if _, err := io.ReadFull(c, head); err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, c, int64(head[0])<<16+int64(head[1])<<8+int64(head[2])); err != nil {
				t.Fatal(err)
			}
			if head[3] == headersFrame || head[3] == resetFrame {
				begun++
			}
		}
	}
	if grown := heap() - before; grown > most {
		t.Errorf("%d connections take %d bytes, want %d at most", connections, grown, most)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Types of HTTP/2 frames.
const headersFrame, resetFrame, settingsFrame, continuationFrame = 1, 3, 4, 9

func writeFrame(b *bytes.Buffer, kind, flags byte, stream uint32, payload []byte) {
	b.Write([]byte{byte(len(payload) >> 16), byte(len(payload) >> 8), byte(len(payload)), kind, flags})
	_ = binary.Write(b, binary.BigEndian, stream) // it cannot fail
	b.Write(payload)
}

// writeHeaders writes a request that ends its stream, in frames of the largest size.
func writeHeaders(b *bytes.Buffer, stream uint32, block []byte) {
	const endStream, endHeaders, largest = 1, 4, 16 << 10
	kind, flags := byte(headersFrame), byte(endStream)
	for ; len(block) > largest; block = block[largest:] {
		writeFrame(b, kind, flags, stream, block[:largest])
		kind, flags = continuationFrame, 0
	}
	writeFrame(b, kind, flags|endHeaders, stream, block)
}

// largeHeader is the header of GET / with the maximum of fields.
func largeHeader() []byte {
	block := append([]byte{0x82, 0x87, 0x84, 0x41, 1}, 'a') // GET, https, /, authority
	const overhead = 32                                     // of a field, as servers count
	for i, size := 0, 0; size < 30<<10; i++ {
		name := fmt.Sprintf("x-%04d", i)
		block = append(append(block, 0, byte(len(name))), name...)
		block = append(block, 1, 'v')
		size += len(name) + 1 + overhead
	}
	return block
}
