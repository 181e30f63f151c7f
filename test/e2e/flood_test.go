package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// flooding is a client that sends made-up tokens from several addresses.
type flooding struct {
	mu       sync.Mutex
	statuses map[int]int
}

// flood sends made-up tokens from each address, on 40 connections each, until end.
func (s *secured) flood(url string, addresses ...string) (f *flooding, end func()) {
	s.t.Helper()
	f = &flooding{statuses: map[int]int{}}
	ctx, cancel := context.WithCancel(s.t.Context())
	var all sync.WaitGroup
	for _, address := range addresses {
		for i := range 40 {
			client := s.clientAt(address)
			all.Go(func() {
				defer client.CloseIdleConnections()
				for n := 0; ctx.Err() == nil; n++ {
					if status, err := scrapeBy(ctx, client, url, fmt.Sprintf("made-up-%s-%d-%d", address, i, n)); err == nil {
						f.note(status)
					}
					select {
					case <-ctx.Done():
					case <-time.After(200 * time.Millisecond):
					}
				}
			})
		}
	}
	// More reviews are waiting than the limit.
	await(s.t, settling, func(context.Context) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		turns := f.statuses[http.StatusUnauthorized]
		refused := f.statuses[http.StatusServiceUnavailable] + f.statuses[http.StatusInternalServerError]
		if turns < 10 || refused < 10 {
			return fmt.Errorf("statuses of made-up tokens: %v", f.statuses)
		}
		return nil
	}, s.Process)
	return f, func() {
		cancel()
		all.Wait()
		if f.statuses[http.StatusOK] > 0 {
			s.t.Errorf("statuses of made-up tokens: %v", f.statuses)
		}
		s.t.Logf("statuses of made-up tokens: %v", f.statuses)
	}
}

func (f *flooding) note(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.statuses[status]++
}

// clientAt returns a client that keeps its connection, from a loopback address.
func (s *secured) clientAt(address string) *http.Client {
	s.t.Helper()
	pem, err := os.ReadFile(s.tls.ca)
	must(s.t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	return &http.Client{Timeout: settling, Transport: &http.Transport{
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext,
		TLSClientConfig: &tls.Config{RootCAs: pool},
	}}
}

// scrapeBy scrapes with a token.
func scrapeBy(ctx context.Context, client *http.Client, url, token string) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// TestRotationInAFlood has a reader rotate its token while others send made-up ones, from other
// addresses and from its own.
func TestRotationInAFlood(t *testing.T) {
	t.Parallel()
	s := startSecured(t)
	scraper, err := os.ReadFile("../../deploy/kustomize/overlays/secured/scraper.yaml")
	must(t, err)
	apply(t, s.cluster, scraper)
	awaitAccess(t, s.cluster, monitoring, "prometheus", getting("/metrics"))
	rotate := func(what string, client *http.Client) {
		t.Helper()
		start := time.Now()
		status, err := scrapeBy(t.Context(), client, s.Scrapes, s.token(monitoring, "prometheus"))
		if status != http.StatusOK || err != nil {
			t.Errorf("%s: status %d, %v", what, status, err)
		}
		t.Logf("%s: %s", what, time.Since(start).Round(time.Millisecond))
	}
	reader := s.clientAt("127.0.0.9")

	// Before the first review.
	_, end := s.flood(s.Scrapes, "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
	rotate("first token", reader)
	for i := range 10 {
		rotate(fmt.Sprint("next token ", i), reader)
	}
	rotate("next token, next connection", s.clientAt("127.0.0.9"))
	end()

	_, end = s.flood(s.Scrapes, "127.0.0.9")
	for i := range 10 {
		rotate(fmt.Sprint("same address, next token ", i), reader)
	}
	rotate("same address, next token, next connection", s.clientAt("127.0.0.9"))
	end()
	s.wantNothingSecret(s.Exporter)
}
