// Package browser drives a Chromium by the DevTools protocol: URL, width and colour scheme → what a page
// shows, logs and looks like.
package browser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/kubestate/kubestate/test/process"
)

// Browser is a running Chromium without a window. Its methods may be called concurrently.
type Browser struct {
	*process.Process

	mu      sync.Mutex
	to      *os.File
	last    int
	pending map[int]chan message
	pages   map[string]*Page // by session
	ended   error            // why no more messages come
}

// A message is a command, its result, or an event.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// Start starts the Chromium of .build with its profile and its log in the directory dir.
func Start(dir string) (*Browser, error) {
	path, err := process.Built("chromium")
	if err != nil {
		return nil, err
	}
	p, to, from, err := process.StartPiped(filepath.Join(dir, "chromium.log"), path,
		"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--hide-scrollbars", "--font-render-hinting=none",
		"--user-data-dir="+filepath.Join(dir, "profile"), "--remote-debugging-pipe")
	if err != nil {
		return nil, err
	}
	b := &Browser{Process: p, to: to, pending: map[int]chan message{}, pages: map[string]*Page{}}
	go b.read(from)
	return b, nil
}

// Close ends the browser and waits for the end.
func (b *Browser) Close() error {
	err := b.to.Close() // by which Chromium ends with its children
	<-b.Ended()
	return err
}

// read delivers the messages of the browser until it ends.
func (b *Browser) read(from *os.File) {
	defer from.Close()
	messages := bufio.NewReader(from)
	for {
		text, err := messages.ReadBytes(0)
		var m message
		if err == nil {
			err = json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m)
		}
		b.mu.Lock()
		if err != nil {
			b.ended = fmt.Errorf("read from Chromium: %w", err)
			for _, result := range b.pending {
				close(result)
			}
			b.mu.Unlock()
			return
		}
		result, page := b.pending[m.ID], b.pages[m.Session]
		delete(b.pending, m.ID)
		b.mu.Unlock()
		switch {
		case result != nil:
			result <- m
		case page != nil:
			page.note(m)
		}
	}
}

// call sends a command of a session, or of the browser if that is empty, and decodes its result. result may be nil.
func (b *Browser) call(ctx context.Context, session, method string, params, result any) error {
	encoded, err := json.Marshal(params)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	answer, err := b.send(message{Session: session, Method: method, Params: encoded})
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, context.Cause(ctx))
	case m, ok := <-answer:
		switch {
		case !ok:
			<-b.Ended()
			return fmt.Errorf("%s: %w", method, b.Err())
		case m.Error != nil:
			return fmt.Errorf("%s: %s", method, m.Error.Message)
		case result == nil:
			return nil
		}
		if err := json.Unmarshal(m.Result, result); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
		return nil
	}
}

// send sends a command and returns the channel of its result, which is closed if the browser ends.
func (b *Browser) send(m message) (<-chan message, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended != nil {
		return nil, b.ended
	}
	b.last++
	m.ID = b.last
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	result := make(chan message, 1)
	b.pending[m.ID] = result
	_, err = b.to.Write(append(text, 0))
	return result, err
}

// none are the parameters of a command without any.
var none = struct{}{}
