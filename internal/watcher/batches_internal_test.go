package watcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// arrivals is an answer that comes piece by piece.
type arrivals struct {
	pieces []piece
	began  time.Time
	reads  int
}

// A piece is there from some time after the beginning on.
type piece struct {
	after time.Duration
	text  []byte
}

var errBroken = errors.New("connection reset")

func (a *arrivals) Read(p []byte) (n int, err error) {
	a.reads++
	if len(a.pieces) == 0 {
		return 0, errBroken
	}
	time.Sleep(time.Until(a.began.Add(a.pieces[0].after)))
	for n < len(p) && len(a.pieces) > 0 && time.Since(a.began) >= a.pieces[0].after {
		took := copy(p[n:], a.pieces[0].text)
		n += took
		if a.pieces[0].text = a.pieces[0].text[took:]; len(a.pieces[0].text) == 0 {
			a.pieces = a.pieces[1:]
		}
	}
	return n, nil
}

func (a *arrivals) Close() error { return nil }

// three pieces come at once, one soon after, and one late.
func three() *arrivals {
	return &arrivals{began: time.Now(), pieces: []piece{
		{0, []byte("a")}, {time.Millisecond, []byte("bc")}, {2 * time.Millisecond, []byte("d")}, {time.Second, []byte("e")},
	}}
}

// readings reads all of an answer, some bytes at a time, and says when what came.
func readings(t *testing.T, from io.Reader, began time.Time, size int) (all []string) {
	t.Helper()
	for p := make([]byte, size); ; {
		n, err := from.Read(p)
		if n > 0 {
			all = append(all, string(p[:n])+" at "+time.Since(began).String())
		}
		if err != nil {
			if !errors.Is(err, errBroken) {
				t.Errorf("the answer ended with %v", err)
			}
			return all
		}
	}
}

func TestAWatchIsReadInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading batching
		reading.Store(true)
		answer := three()
		got := readings(t, batched(reading.with(t.Context()), answer), answer.began, 2)
		if diff := cmp.Diff([]string{"a at 0s", "bc at 20ms", "d at 20ms", "e at 1s"}, got); diff != "" {
			t.Error(diff)
		}
		if answer.reads != 4 {
			t.Errorf("%d reads, want one for each of three batches and the end", answer.reads)
		}
	})
}

func TestAStreamedListIsReadAsItComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading batching
		answer := three()
		got := readings(t, batched(reading.with(t.Context()), answer), answer.began, 2)
		if diff := cmp.Diff([]string{"a at 0s", "bc at 1ms", "d at 2ms", "e at 1s"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestLargePartsOfAStreamedListAreReadInSmallBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading batching
		large := bytes.Repeat([]byte("x"), listPart)
		small := large[1:]
		answer := &arrivals{began: time.Now(), pieces: []piece{
			{0, large}, {time.Millisecond, large}, {2 * time.Millisecond, small}, {5 * time.Millisecond, small}, {6 * time.Millisecond, small},
		}}
		var got []string
		for from, p := batched(reading.with(t.Context()), answer), make([]byte, readAhead); ; {
			n, err := from.Read(p)
			if err != nil {
				break
			}
			got = append(got, fmt.Sprint(n, " at ", time.Since(answer.began)))
		}
		if diff := cmp.Diff([]string{"2048 at 0s", "4095 at 2ms", "2047 at 5ms", "2047 at 6ms"}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOtherAnswersAreLeftAlone(t *testing.T) {
	answer := three()
	if got := batched(t.Context(), answer); got != io.ReadCloser(answer) {
		t.Errorf("got %T", got)
	}
}

func TestWhatFillsTheBufferIsFollowedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading batching
		reading.Store(true)
		answer := &arrivals{began: time.Now(), pieces: []piece{{0, bytes.Repeat([]byte("x"), readAhead+1)}}}
		got := readings(t, batched(reading.with(t.Context()), answer), answer.began, 2*readAhead)
		for _, s := range got {
			if s[len(s)-len(" at 0s"):] != " at 0s" {
				t.Errorf("read %s", s[len(s)-len(" at 20ms"):])
			}
		}
		if len(got) != 2 {
			t.Errorf("%d readings, want 2", len(got))
		}
	})
}

func TestTheEndOfARequestEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reading batching
		reading.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		answer := &arrivals{began: time.Now(), pieces: []piece{{0, []byte("a")}}}
		time.AfterFunc(time.Millisecond, cancel)
		readings(t, batched(reading.with(ctx), answer), answer.began, 2)
		if took := time.Since(answer.began); took != time.Millisecond {
			t.Errorf("took %s", took)
		}
	})
}
