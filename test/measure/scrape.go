package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"time"
)

// The encodings to ask for.
const (
	identity = "identity"
	gzipped  = "gzip"
)

// readSize is how much a client reads at once.
const readSize = 1 << 20

// client asks for one URL, again and again on one connection, and does no more
// with the answers than it must: it is to be quicker than any server.
type client struct {
	url    *url.URL
	conn   net.Conn
	reader *bufio.Reader
	buffer []byte
	forget func() bool
}

// dial connects to the server of address, a URL. The connection ends with ctx.
func dial(ctx context.Context, address string) (*client, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", u.Host)
	if err != nil {
		return nil, err
	}
	return &client{
		url:    u,
		conn:   conn,
		reader: bufio.NewReader(conn),
		buffer: make([]byte, readSize),
		forget: context.AfterFunc(ctx, func() { conn.Close() }),
	}, nil
}

// Close closes the connection.
func (c *client) Close() error {
	c.forget()
	return c.conn.Close()
}

// answer is what is known of one without keeping it.
type answer struct {
	took     time.Duration // from the request until the last byte
	size     int64         // as sent
	encoding string
}

// get asks for the URL in an encoding and writes what comes, as it comes, to a file or io.Discard.
func (c *client) get(encoding string, to io.Writer) (a answer, err error) {
	request := &http.Request{Method: http.MethodGet, URL: c.url, Header: http.Header{"Accept-Encoding": {encoding}}}
	if err := c.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return a, err
	}
	begin := time.Now()
	if err := request.Write(c.conn); err != nil {
		return a, fmt.Errorf("scrape %s: %w", c.url, err)
	}
	response, err := http.ReadResponse(c.reader, request)
	if err != nil {
		return a, fmt.Errorf("scrape %s: %w", c.url, err)
	}
	defer response.Body.Close()
	// Without the wrapper, io.CopyBuffer would read in pieces of the writer's choice.
	a.size, err = io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{response.Body}, c.buffer)
	if err != nil {
		return a, fmt.Errorf("scrape %s: %w", c.url, err)
	}
	if response.StatusCode != http.StatusOK {
		return a, fmt.Errorf("scrape %s: %s", c.url, response.Status)
	}
	a.took = time.Since(begin)
	a.encoding = response.Header.Get("Content-Encoding")
	return a, nil
}

// save writes an answer to a file.
func save(ctx context.Context, address, encoding, path string) (a answer, err error) {
	c, err := dial(ctx, address)
	if err != nil {
		return a, err
	}
	defer c.Close()
	file, err := os.Create(path)
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return c.get(encoding, file)
}

// scrapes compare a program to nginx with the same bytes, in each encoding.
type scrapes struct{ plain, packed pair }

// pair is how long a program took for an answer, and nginx for the same.
type pair struct {
	answer  answer
	program timing
	nginx   timing
}

// timing are the times of scrapes, ascending.
type timing []time.Duration

func (t timing) median() time.Duration { return t[len(t)/2] }

// timeScrapes scrapes the program at address and nginx in turn.
func (b *bench) timeScrapes(ctx context.Context, address string) (s scrapes, err error) {
	if s.plain.answer, s.packed.answer, err = b.saveBoth(ctx, address); err != nil {
		return s, err
	}
	program, err := dial(ctx, address)
	if err != nil {
		return s, err
	}
	defer program.Close()
	web, err := dial(ctx, b.web.url)
	if err != nil {
		return s, err
	}
	defer web.Close()
	for i := range b.scrapes + 1 {
		for _, of := range []struct {
			client   *client
			encoding string
			times    *timing
		}{
			{program, identity, &s.plain.program}, {web, identity, &s.plain.nginx},
			{program, gzipped, &s.packed.program}, {web, gzipped, &s.packed.nginx},
		} {
			a, err := of.client.get(of.encoding, io.Discard)
			if err != nil {
				return s, err
			}
			if i > 0 { // the first finds neither connection in use
				*of.times = append(*of.times, a.took)
			}
		}
	}
	for _, times := range []timing{s.plain.program, s.plain.nginx, s.packed.program, s.packed.nginx} {
		slices.Sort(times)
	}
	return s, nil
}

// saveBoth writes answers in both encodings to where nginx serves them from.
func (b *bench) saveBoth(ctx context.Context, address string) (plain, packed answer, err error) {
	if plain, err = save(ctx, address, identity, b.web.plain()); err != nil {
		return plain, packed, err
	}
	packed, err = save(ctx, address, gzipped, b.web.packed())
	return plain, packed, err
}
