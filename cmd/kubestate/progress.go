package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A progress is a status line at the end of a terminal, below log records. It shows nothing without a
// terminal that can erase a line.
type progress struct {
	to       io.Writer
	terminal bool
	began    time.Time

	mu    sync.Mutex
	shown bool
	last  time.Time
}

// The first line is delayed, so that quick commands show none.
const (
	progressAfter = 300 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

func newProgress(to io.Writer) *progress {
	return &progress{to: to, terminal: hasEscapes(to), began: time.Now()}
}

// hasEscapes reports whether w is a terminal with escape sequences.
func hasEscapes(w io.Writer) bool { return isTerminal(w) && os.Getenv("TERM") != "dumb" }

// show replaces the line, unless it has just been shown.
func (p *progress) show(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if !p.terminal || now.Sub(p.began) < progressAfter || now.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprint(p.to, eraseLine, text)
}

// keep shows a text that changes, until stop is called.
func (p *progress) keep(text func() string) (stop func()) {
	if !p.terminal {
		return func() {}
	}
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				p.show(text())
			case <-stopped:
				return
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

const eraseLine = "\r\x1b[K"

// stop removes the line.
func (p *progress) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

func (p *progress) erase() {
	if p.shown {
		fmt.Fprint(p.to, eraseLine)
		p.shown = false
	}
}

// Write removes the line and writes a record.
func (p *progress) Write(record []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	return p.to.Write(record)
}
