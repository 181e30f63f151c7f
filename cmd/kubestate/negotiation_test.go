package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

var update = flag.Bool("update", false, "write the expected files: testdata, docs/self-metrics.md")

const negotiation = "testdata/negotiation.txt"

// TestNegotiation sends a request with the headers of each entry of the table, and compares the
// headers of the response.
func TestNegotiation(t *testing.T) {
	table, err := os.ReadFile(negotiation)
	if err != nil {
		t.Fatal(err)
	}
	program := startProgram(t, "--snapshot", "../../examples/cluster")
	plain := request(t, program, http.Header{}).body
	var actual strings.Builder
	entries := strings.Split(string(table), "\n\n")
	for i, entry := range entries {
		if i > 0 {
			actual.WriteString("\n\n")
		}
		if !strings.Contains(entry, "\n> ") {
			actual.WriteString(entry) // a comment
			continue
		}
		sent, header := parseEntry(t, entry)
		got := request(t, program, header)
		actual.WriteString(sent + got.text())
		checkBody(t, sent, got, plain)
	}
	if len(entries) < 45 {
		t.Errorf("%d entries, want at least 45", len(entries))
	}
	if *update {
		if err := os.WriteFile(negotiation, []byte(actual.String()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(string(table), actual.String()+"\n"); d != "" {
		t.Errorf("%s (-want +got):\n%s", negotiation, d)
	}
}

// parseEntry returns the request lines of an entry and their header.
func parseEntry(t *testing.T, entry string) (sent string, header http.Header) {
	t.Helper()
	header = http.Header{}
	for line := range strings.Lines(entry) {
		if strings.HasPrefix(line, "< ") {
			break
		}
		sent += strings.TrimSuffix(line, "\n") + "\n"
		field, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> ")
		if !ok || strings.HasPrefix(field, "(") {
			continue // a name or a comment
		}
		name, value, ok := strings.Cut(field, ":")
		if !ok {
			t.Fatalf("%s: want a header field in %q", negotiation, line)
		}
		header.Add(textproto.TrimString(name), textproto.TrimString(value))
	}
	return sent, header
}

// reply is a response of the program.
type reply struct {
	status string
	header http.Header
	body   []byte // decompressed
}

// request requests the metrics with no other headers.
func request(t *testing.T, p program, header http.Header) reply {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.scrapes+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body io.Reader = response.Body
	if response.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(body); err != nil {
			t.Fatal(err)
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", len(text), err)
	}
	return reply{response.Status, response.Header, text}
}

// text returns the reply in the form of the table.
func (r reply) text() string {
	text := "< " + r.status
	for _, name := range []string{"Content-Type", "Content-Encoding", "Vary"} {
		for _, value := range r.header.Values(name) {
			text += fmt.Sprintf("\n< %s: %s", name, value)
		}
	}
	return text
}

// checkBody wants the plain body, with # EOF for OpenMetrics, that a client can parse by its
// Content-Type.
func checkBody(t *testing.T, sent string, got reply, plain []byte) {
	t.Helper()
	want := plain
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/openmetrics-text;") {
		want = append(bytes.Clone(plain), "# EOF\n"...)
	}
	if !bytes.Equal(got.body, want) {
		t.Errorf("%s: body of %d bytes differs from the plain one of %d bytes", sent, len(got.body), len(want))
	}
	decoder := expfmt.NewDecoder(bytes.NewReader(got.body), expfmt.ResponseFormat(got.header))
	series := 0
	for {
		var family dto.MetricFamily
		if err := decoder.Decode(&family); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%s: %v", sent, err)
		}
		series += len(family.Metric)
	}
	if want := countSeries(plain); series != want {
		t.Errorf("%s: %d series parsed, want %d", sent, series, want)
	}
}

// countSeries counts the lines without comments.
func countSeries(text []byte) int {
	n := 0
	for line := range bytes.Lines(text) {
		if line[0] != '#' {
			n++
		}
	}
	return n
}
