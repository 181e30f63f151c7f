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

// Encodings.
const (
	identity = "identity"
	gzipped  = "gzip"
)

// readSize is the size of a client's reads.
const readSize = 1 << 20

// client requests one URL repeatedly on one connection, and does as little as possible with the
// responses, to be faster than any server.
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

// response has the figures of a response.
type response struct {
	took     time.Duration // from the request to the last byte
	size     int64         // as sent
	encoding string
}

// get requests the URL in an encoding and writes the body to a file or io.Discard.
func (c *client) get(encoding string, to io.Writer) (a response, err error) {
	request := &http.Request{Method: http.MethodGet, URL: c.url, Header: http.Header{"Accept-Encoding": {encoding}}}
	if err := c.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
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
	// The wrapper keeps io.CopyBuffer from using the writer's ReadFrom.
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

// save writes a response to a file.
func save(ctx context.Context, address, encoding, path string) (a response, err error) {
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

// scrapes compares a program with nginx in each encoding.
type scrapes struct{ plain, compressed pair }

// pair is a response, and the times of two clients: our own, which does so little that only servers
// count, and curl.
type pair struct {
	response  response
	own, curl comparison
}

// comparison has the times of the same scrape from a program and from nginx.
type comparison struct{ program, nginx timing }

// timing are the times of scrapes, ascending.
type timing []time.Duration

func (t timing) median() time.Duration { return t[len(t)/2] }

// timeScrapes scrapes the program at address and nginx in turn.
func (b *bench) timeScrapes(ctx context.Context, address string) (s scrapes, err error) {
	if s.plain.response, s.compressed.response, err = b.saveBoth(ctx, address); err != nil {
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
		}{{identity, &s.plain}, {gzipped, &s.compressed}} {
			if err := of.times.add(ctx, of.encoding, program, web, i > 0); err != nil { // the first warms the connections up
				return s, err
			}
		}
	}
	for _, r := range []*comparison{&s.plain.own, &s.plain.curl, &s.compressed.own, &s.compressed.curl} {
		slices.Sort(r.program)
		slices.Sort(r.nginx)
	}
	return s, nil
}

// add scrapes the program and nginx by both clients, and keeps the times if they count.
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

// curl returns curl's time of a scrape, including the connection.
func curl(ctx context.Context, address, encoding string) (time.Duration, error) {
	out, err := exec.CommandContext(ctx, "curl", "--silent", "--fail", "--output", os.DevNull,
		"--header", "Accept-Encoding: "+encoding, "--write-out", "%{time_total}", address).Output()
	if err != nil {
		return 0, fmt.Errorf("curl %s: %w", address, err)
	}
	seconds, err := strconv.ParseFloat(string(out), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

// saveBoth writes responses in both encodings to nginx's files.
func (b *bench) saveBoth(ctx context.Context, address string) (plain, compressed response, err error) {
	if plain, err = save(ctx, address, identity, b.web.plain()); err != nil {
		return plain, compressed, err
	}
	compressed, err = save(ctx, address, gzipped, b.web.compressed())
	return plain, compressed, err
}
