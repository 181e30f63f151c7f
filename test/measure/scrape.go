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
	"os/exec"
	"slices"
	"strconv"
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

// pair is an answer, and how long clients took to get it: one of ours, which does
// less than any other and so waits for servers only, and curl.
type pair struct {
	answer    answer
	own, curl rivals
}

// rivals are the times of the same scrape of a program and of nginx.
type rivals struct{ program, nginx timing }

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
			encoding string
			times    *pair
		}{{identity, &s.plain}, {gzipped, &s.packed}} {
			if err := of.times.add(ctx, of.encoding, program, web, i > 0); err != nil { // the first finds neither connection in use
				return s, err
			}
		}
	}
	for _, r := range []*rivals{&s.plain.own, &s.plain.curl, &s.packed.own, &s.packed.curl} {
		slices.Sort(r.program)
		slices.Sort(r.nginx)
	}
	return s, nil
}

// add has both clients scrape the program and nginx, and keeps the times if they
// count.
func (p *pair) add(ctx context.Context, encoding string, program, web *client, counts bool) error {
	for _, of := range []struct {
		server    *client
		own, curl *timing
	}{{program, &p.own.program, &p.curl.program}, {web, &p.own.nginx, &p.curl.nginx}} {
		a, err := of.server.get(encoding, io.Discard)
		if err != nil {
			return err
		}
		took, err := curl(ctx, of.server.url.String(), encoding)
		if err != nil {
			return err
		}
		if counts {
			*of.own, *of.curl = append(*of.own, a.took), append(*of.curl, took)
		}
	}
	return nil
}

// curl is how long curl took for an answer, from the connection on.
func curl(ctx context.Context, address, encoding string) (time.Duration, error) {
	out, err := exec.CommandContext(ctx, "curl", "--silent", "--fail", "--output", os.DevNull,
		"--header", "Accept-Encoding: "+encoding, "--write-out", "%{time_total}", address).Output()
	if err != nil {
		return 0, fmt.Errorf("curl %s: %w", address, err)
	}
	seconds, err := strconv.ParseFloat(string(out), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

// saveBoth writes answers in both encodings to where nginx serves them from.
func (b *bench) saveBoth(ctx context.Context, address string) (plain, packed answer, err error) {
	if plain, err = save(ctx, address, identity, b.web.plain()); err != nil {
		return plain, packed, err
	}
	packed, err = save(ctx, address, gzipped, b.web.packed())
	return plain, packed, err
}
