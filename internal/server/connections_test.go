package server_test

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// dialFrom connects to l from a loopback address, and sends the text.
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

// isOpen says whether the server has not closed a connection on which nothing is to
// come, which it has done before if it ever will.
func isOpen(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// TestConnectionsAreBounded opens twice as many connections as a port has, idle and
// with half a request, beside a scraper that keeps its own and an answer under way.
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

// value is that of the counter.
func value(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	if err := c.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.GetCounter().GetValue()
}

// TestBusyConnectionsAreBounded has all connections be busy: the one that has been so
// for the longest time gives way.
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

// TestBoundsOfHTTP2 holds what the server tells clients of HTTP/2 that they may have it
// keep.
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
	f(streams, 8)
	f(window, 16<<10)
	f(frame, 16<<10)
	f(header, 33<<10)
}
