package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/kubestate/kubestate/internal/server"
)

// TestInterruptLetsAnswersFinish interrupts the server in the middle of a response.
func TestInterruptLetsAnswersFinish(t *testing.T) {
	l := listen(t)
	log := &levels{}
	begun, finish := make(chan struct{}), make(chan struct{})
	s := serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "first half, ")
		close(begun)
		<-finish
		fmt.Fprint(w, "second half")
	}), time.Minute, log)

	client := &http.Client{Transport: &http.Transport{}}
	bodies := make(chan string, 1)
	go func() {
		response, err := client.Get("http://" + l.Addr().String())
		if err != nil {
			bodies <- err.Error()
			return
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		bodies <- fmt.Sprintf("%s, %v", body, err)
	}()
	<-begun

	interrupted := make(chan struct{})
	go func() {
		s.interrupt(errors.New("enough"))
		close(interrupted)
	}()
	<-l.closed
	if c, err := net.Dial("tcp", l.Addr().String()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v, %v", c, err)
	}
	select {
	case <-interrupted:
		t.Error("interrupt returned before the answer was finished")
	case err := <-s.ended:
		t.Errorf("the server ended before the answer was finished, with %v", err)
	default:
	}
	close(finish)
	if body := <-bodies; body != "first half, second half, <nil>" {
		t.Errorf("the answer is %q", body)
	}
	<-interrupted
	if err := <-s.ended; err != nil {
		t.Errorf("the server ended with %v", err)
	}
	if noted := log.take(); noted != nil {
		t.Errorf("logged %v", noted)
	}
}

// TestInterruptBeforeExecute interrupts a server before it runs.
func TestInterruptBeforeExecute(t *testing.T) {
	l := listen(t)
	execute, interrupt := server.Serve(l, http.NotFoundHandler(), server.WebConfig{}, server.TelemetryTimeouts, newEvicted(), slog.New(&levels{}))
	interrupt(nil)
	if err := execute(); err != nil {
		t.Errorf("the server ended with %v", err)
	}
	<-l.closed
}

// TestServeFails closes the listener.
func TestServeFails(t *testing.T) {
	l := listen(t)
	execute, interrupt := server.Serve(l, http.NotFoundHandler(), server.WebConfig{}, server.TelemetryTimeouts, newEvicted(), slog.New(&levels{}))
	l.Close()
	err := execute()
	if !errors.Is(err, net.ErrClosed) || !strings.HasPrefix(err.Error(), "serve on "+l.Addr().String()+": ") {
		t.Errorf("the server ended with %v", err)
	}
	interrupt(err) // as a group of actors does
}

// TestGarbage sends malformed requests. The client gets an error, the log a line at debug level at most.
func TestGarbage(t *testing.T) {
	l, log := listen(t), &levels{}
	mux := http.NewServeMux()
	mux.Handle("/", mainPort(prometheus.NewRegistry()))
	mux.HandleFunc("/twice", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusOK) // net/http logs this
	})
	s := serve(l, mux, time.Minute, log)
	f := func(request, want string) {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		go func() {
			// An answer may come, and the connection be closed, before all is sent.
			_, _ = io.WriteString(c, request)
			_ = c.(*net.TCPConn).CloseWrite()
		}()
		got, err := io.ReadAll(c)
		if err != nil {
			t.Errorf("%.40q: %v", request, err)
		}
		if status, _, _ := bytes.Cut(got, []byte("\r\n")); string(status) != want {
			t.Errorf("%.40q: answer %.80q, want %q", request, got, want)
		}
	}
	const bad = "HTTP/1.1 400 Bad Request"
	f("\x00\xff\xfe\r\n\r\n", bad)
	f("\n\n\n\n", bad)
	f("GET\r\n\r\n", bad)
	f("GET /metrics\r\n\r\n", bad)
	f("GET /metrics HTTP/1.1\r\n\r\n", bad+": missing required Host header")
	f("GET /metrics HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", bad)
	f("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", bad)
	f("G\x01T / HTTP/1.1\r\nHost: a\r\n\r\n", bad)
	f("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n", bad)
	f("GET /metrics HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("x", 2<<20), "HTTP/1.1 431 Request Header Fields Too Large")
	f("GET /metrics HTTP/1.1\r\nHost: a\r\nX: "+strings.Repeat("x", 48<<10)+"\r\n\r\n", "HTTP/1.1 431 Request Header Fields Too Large")
	f("GET /metrics HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+strings.Repeat("x", 16<<10)+"\r\n\r\n", "HTTP/1.1 200 OK")
	f("GET /metrics?namespace="+strings.Repeat("x", 9000)+" HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 414 Request URI Too Long")
	f("GET /nowhere"+strings.Repeat("x", 9000)+" HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 414 Request URI Too Long")
	f("GET /metrics?namespace="+strings.Repeat("x", 8000)+" HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK")
	f("GET /metrics HTTP/9.9\r\nHost: a\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported: unsupported protocol version")
	f("GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 404 Not Found")
	f("GET /metrics?resources=pods;x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK")
	f("GET /twice HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK")
	f("\x16\x03\x01\x02\x00", bad)
	f("GET /metrics HT", bad)
	f("GET /metrics HTTP/1.1\r\nHost: a\r\n", bad)
	f("", "")
	s.stop(t)
	if d := cmp.Diff([]slog.Level{slog.LevelDebug}, log.take()); d != "" {
		t.Errorf("levels logged (-want +got):\n%s", d)
	}
}

// TestInterruptCutsOffInTheEnd interrupts a server whose handler blocks.
func TestInterruptCutsOffInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := newPipes(), &levels{}
		s := serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }), 0, log)
		c := l.dial(t, scrape)
		synctest.Wait()
		start := time.Now()
		s.stop(t)
		if waited := time.Since(start); waited != 20*time.Second {
			t.Errorf("the answer had %v to finish", waited)
		}
		if body, err := io.ReadAll(c); err != nil || len(body) > 0 {
			t.Errorf("the answer is %q, %v", body, err)
		}
		if d := cmp.Diff([]slog.Level{slog.LevelWarn}, log.take()); d != "" {
			t.Errorf("levels logged (-want +got):\n%s", d)
		}
	})
}

// TestIdleClients holds the timeouts of connections without a request.
func TestIdleClients(t *testing.T) {
	f := func(text string, answers int, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l, log := newPipes(), &levels{}
			s := serve(l, http.NotFoundHandler(), time.Minute, log)
			c := l.dial(t, text)
			start := time.Now()
			got, err := io.ReadAll(c)
			if n := bytes.Count(got, []byte("HTTP/1.1 404 Not Found\r\n")); n != answers || err != nil {
				t.Errorf("%q: %d answers, want %d: %v", text, n, answers, err)
			}
			if lasted := time.Since(start); lasted != want {
				t.Errorf("%q: the connection lasted %v, want %v", text, lasted, want)
			}
			s.stop(t)
			if noted := log.take(); noted != nil {
				t.Errorf("%q: logged %v", text, noted)
			}
		})
	}
	f("", 0, 5*time.Second)
	f("GET /metrics HTTP/1.1\r\nHost: a\r\n", 0, 5*time.Second)
	f(scrape, 1, 5*time.Minute)
	f(scrape+scrape[:10], 1, 5*time.Second)
}

// TestBodies announces bodies and does not send all of them: each request is refused at once and takes no
// slot.
func TestBodies(t *testing.T) {
	f := func(head string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l, start := newPipes(), time.Now()
			s := serve(l, mainOf(&source{resources: resources}, server.Limits{Scrapes: 1}, never, prometheus.NewRegistry()), time.Minute, &levels{})
			silent := l.dial(t, head)
			synctest.Wait()
			c := l.dial(t, scrape)
			for client, want := range map[net.Conn]int{c: http.StatusOK, silent: http.StatusRequestEntityTooLarge} {
				response, err := http.ReadResponse(bufio.NewReader(client), nil)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(response.Body); err != nil || response.StatusCode != want || time.Since(start) != 0 {
					t.Errorf("%q: status %d, want %d, after %v: %v", head, response.StatusCode, want, time.Since(start), err)
				}
				response.Body.Close()
				client.Close()
			}
			s.stop(t)
		})
	}
	f("GET /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf")
	f("POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")
	f("POST /metrics HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n")
}

// TestWriteTimeout has a client that reads nothing.
func TestWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, log := newPipes(), &levels{}
		start, lasted := time.Now(), make(chan time.Duration, 1)
		s := serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 64<<10)); err != nil {
					lasted <- time.Since(start)
					return
				}
			}
		}), time.Minute, log)
		c := l.dial(t, scrape)
		if d := <-lasted; d != time.Minute {
			t.Errorf("writing failed after %v", d)
		}
		c.Close()
		s.stop(t)
		if noted := log.take(); noted != nil {
			t.Errorf("logged %v", noted)
		}
	})
}

// TestNoWriteTimeout has a client that reads after an hour.
func TestNoWriteTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newPipes()
		s := serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat("z", 1<<20))
		}), 0, &levels{})
		c := l.dial(t, "GET /metrics HTTP/1.0\r\n\r\n")
		<-time.After(time.Hour)
		got, err := io.ReadAll(c)
		if n := bytes.Count(got, []byte("z")); err != nil || n != 1<<20 {
			t.Errorf("%d bytes arrived: %v", n, err)
		}
		s.stop(t)
	})
}
