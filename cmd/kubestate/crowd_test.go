package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"testing"
)

// TestIdleConnections opens thousands of idle connections and some with an incomplete header. The
// program keeps few of them open and serves complete responses.
func TestIdleConnections(t *testing.T) {
	const most, own = 256, 64 // connections, and other files of the program
	idle, slow := 10000, 500
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if most := int(limit.Max) - slow - 500; most < idle {
		t.Logf("%d connections only: the limit is %d files", most, limit.Max)
		idle = most
	}
	p := startProgram(t, "--snapshot", "../../examples/cluster", "--server-idle-timeout=1h")
	want := len(request(t, p, http.Header{}).body)
	connections := make([]net.Conn, idle+slow)
	defer func() {
		for _, c := range connections {
			if c != nil {
				c.Close()
			}
		}
	}()
	var opening sync.WaitGroup
	for worker := range 8 {
		opening.Go(func() {
			for i := worker; i < len(connections); i += 8 {
				connections[i] = connect(t, p, i < idle)
			}
		})
	}
	opening.Wait()
	if t.Failed() {
		return
	}
	for range 20 {
		if got := len(request(t, p, http.Header{}).body); got != want {
			t.Fatalf("%d bytes of %d", got, want)
		}
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) > most+own {
		t.Errorf("%d open files, want at most %d", len(files), most+own)
	}
	for _, c := range connections[idle:] {
		if n, _ := io.Copy(io.Discard, c); n != 0 { // the connection may be reset
			t.Fatalf("%d bytes in response to an incomplete header", n)
		}
	}
}

// connect opens a connection and completes a request, or sends an incomplete header. The program may
// close the connection at any time.
func connect(t *testing.T, p program, complete bool) net.Conn {
	c, err := net.Dial("tcp", p.scrapes)
	if err != nil {
		t.Error(err)
		return nil
	}
	if !complete {
		fmt.Fprint(c, "GET /metrics HTTP/1.1\r\nHost: k\r\nX: ")
		return c
	}
	fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: k\r\n\r\n")
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return c
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err == nil && response.StatusCode != 200 {
		t.Errorf("%s: %q", response.Status, body)
	}
	return c
}
