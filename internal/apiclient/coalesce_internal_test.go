package apiclient

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// arrivals is a response that arrives in chunks and breaks after the last.
type arrivals struct {
	began  time.Time
	chunks chan string // closed after the last
	rest   string      // of a chunk
	reads  int
}

// A chunk arrives some time after the response began.
type chunk struct {
	after time.Duration
	text  string
}

func arrive(chunks ...chunk) *arrivals {
	a := &arrivals{began: time.Now(), chunks: make(chan string, len(chunks))}
	go func() {
		defer close(a.chunks)
		for _, c := range chunks {
			time.Sleep(time.Until(a.began.Add(c.after)))
			a.chunks <- c.text
		}
	}()
	return a
}

var errBroken = errors.New("connection reset")

// Read waits for a chunk and reads all that have arrived.
func (a *arrivals) Read(p []byte) (n int, err error) {
	a.reads++
	if a.rest == "" {
		var ok bool
		if a.rest, ok = <-a.chunks; !ok {
			return 0, errBroken
		}
	}
	for {
		took := copy(p[n:], a.rest)
		n, a.rest = n+took, a.rest[took:]
		if a.rest != "" {
			return n, nil
		}
		select {
		case a.rest = <-a.chunks:
		default:
		}
		if a.rest == "" {
			return n, nil
		}
	}
}

func (a *arrivals) Close() error { return nil }

// closeChunks are three chunks within 2 ms, and one a second later.
func closeChunks() *arrivals {
	return arrive(chunk{0, "a"}, chunk{time.Millisecond, "bc"}, chunk{2 * time.Millisecond, "d"}, chunk{time.Second, "e"})
}

// readAll reads a response, at most size bytes at a time, and returns each read with its time.
func readAll(t *testing.T, r io.Reader, began time.Time, size int) (reads []string) {
	t.Helper()
	for p := make([]byte, size); ; {
		n, err := r.Read(p)
		if n > 0 {
			reads = append(reads, string(p[:n])+" at "+time.Since(began).String())
		}
		if err != nil {
			if !errors.Is(err, errBroken) {
				t.Errorf("the response ended with %v", err)
			}
			return reads
		}
	}
}

func TestCoalescedReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		response := closeChunks()
		r := &coalescingReader{ReadCloser: response, ctx: t.Context(), coalesce: true}
		got := readAll(t, bufio.NewReaderSize(r, readAhead), response.began, 2)
		if diff := cmp.Diff([]string{"a at 0s", "bc at 20ms", "d at 20ms", "e at 1s"}, got); diff != "" {
			t.Error(diff)
		}
		if response.reads != 4 {
			t.Errorf("%d reads, want 4", response.reads)
		}
		if !r.ended {
			t.Error("ended is not set")
		}
	})
}

func TestReadsBeforeCoalesceDoNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		response := closeChunks()
		got := readAll(t, bufio.NewReaderSize(&coalescingReader{ReadCloser: response, ctx: t.Context()}, readAhead), response.began, 2)
		if diff := cmp.Diff([]string{"a at 0s", "bc at 1ms", "d at 2ms", "e at 1s"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

// TestCoalesceBetweenReads sets coalesce after a read, as a watch does at the end of its list. The
// interval ends with those of other watches.
func TestCoalesceBetweenReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		response := closeChunks()
		r := &coalescingReader{ReadCloser: response, ctx: t.Context()}
		buffer := bufio.NewReaderSize(r, readAhead)
		if n, err := buffer.Read(make([]byte, 2)); n != 1 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
		r.coalesce = true
		got := readAll(t, buffer, response.began, 2)
		if diff := cmp.Diff([]string{"bc at 1ms", "d at 20ms", "e at 1s"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestReadAfterFullBuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		response := arrive(chunk{0, strings.Repeat("x", readAhead+1)})
		r := &coalescingReader{ReadCloser: response, ctx: t.Context(), coalesce: true}
		got := readAll(t, bufio.NewReaderSize(r, readAhead), response.began, readAhead-1)
		want := []string{strings.Repeat("x", readAhead-1) + " at 0s", "x at 0s", "x at 0s"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestContextEndsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		response := arrive(chunk{0, "a"})
		time.AfterFunc(time.Millisecond, cancel)
		readAll(t, &coalescingReader{ReadCloser: response, ctx: ctx, coalesce: true}, response.began, 2)
		if took := time.Since(response.began); took != time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}

// responder responds to every request with a body.
type responder struct{ body io.ReadCloser }

func (r responder) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: r.body}, nil
}

// TestOnlyWatchesAreCoalesced expects other responses to be read when they arrive, and the bytes of
// both to be counted.
func TestOnlyWatchesAreCoalesced(t *testing.T) {
	f := func(ctx context.Context, coalesced bool) {
		t.Helper()
		received := prometheus.NewCounter(prometheus.CounterOpts{Name: "received"})
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://api", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := transport{responder{io.NopCloser(strings.NewReader("12345"))}, received}.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if _, ok := response.Body.(*coalescingReader); ok != coalesced {
			t.Errorf("the body is a %T", response.Body)
		}
		if b, err := io.ReadAll(response.Body); string(b) != "12345" || err != nil {
			t.Errorf("the response is %q, %v", b, err)
		}
		var m dto.Metric
		if err := received.Write(&m); err != nil || m.GetCounter().GetValue() != 5 {
			t.Errorf("counted %v bytes, %v", m.GetCounter().GetValue(), err)
		}
	}
	f(t.Context(), false)
	var s Stream
	f(context.WithValue(t.Context(), streamKey{}, &s), true)
	if s.body == nil || !s.body.ended {
		t.Error("the stream has no ended body")
	}
}
