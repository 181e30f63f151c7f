package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// A progress is a status line at the end of a terminal, below log records. It shows nothing without a
// terminal.
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
	return &progress{to: to, terminal: isTerminal(to), began: time.Now()}
}

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
