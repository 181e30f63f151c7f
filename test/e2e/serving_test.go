package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kubestate/kubestate/test/cluster"
)

// serving is a web configuration with a certificate, and a client that trusts its authority and
// those in the files trusted.
type serving struct {
	dir, config, ca string
	trusted         []string
	names           []string // in the certificate, besides the address
	certificates    int      // issued
	authority       *x509.Certificate
	key             *ecdsa.PrivateKey
}

func newServing(t *testing.T) *serving {
	t.Helper()
	s := &serving{dir: t.TempDir()}
	s.config, s.ca = filepath.Join(s.dir, "web.yaml"), filepath.Join(s.dir, "ca.crt")
	s.trusted = []string{s.ca}
	var err error
	s.authority, s.key, err = cluster.WriteCA(s.ca)
	must(t, err)
	must(t, os.WriteFile(s.config, []byte("tls_server_config: {cert_file: server.crt, key_file: server.key}\n"), 0o600))
	s.renew(t)
	return s
}

// append adds lines to the web configuration.
func (s *serving) append(t *testing.T, lines string) {
	t.Helper()
	there, err := os.ReadFile(s.config)
	must(t, err)
	must(t, os.WriteFile(s.config, append(there, lines...), 0o600))
}

// renew replaces the certificate as the kubelet does in a mounted Secret: both files change in one
// step.
func (s *serving) renew(t *testing.T) {
	t.Helper()
	s.certificates++
	dir := filepath.Join(s.dir, fmt.Sprint("certificate-", s.certificates))
	must(t, os.Mkdir(dir, 0o700))
	must(t, cluster.WriteServing(s.authority, s.key, filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key"), s.names...))
	link := filepath.Join(s.dir, "next")
	must(t, os.Symlink(dir, link))
	must(t, os.Rename(link, filepath.Join(s.dir, "current")))
	for _, name := range []string{"server.crt", "server.key"} {
		if err := os.Symlink(filepath.Join("current", name), filepath.Join(s.dir, name)); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
}

func (s *serving) client(own ...tls.Certificate) (*http.Client, error) {
	pool := x509.NewCertPool()
	for _, path := range s.trusted {
		pem, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		pool.AppendCertsFromPEM(pem)
	}
	return client(&tls.Config{RootCAs: pool, Certificates: own}), nil
}

// unchecked returns a client that does not verify certificates.
func unchecked() *http.Client { return client(&tls.Config{InsecureSkipVerify: true}) }

// client returns a client with a new connection for each request.
func client(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   time.Minute,
		Transport: &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true, DisableKeepAlives: true},
	}
}

// credentials are a client's credentials; empty fields are not sent.
type credentials struct {
	token, password string
	certificates    []tls.Certificate
}

// get returns the status and body of a response, or 0 and the error. An empty token is not sent.
func (s *serving) get(ctx context.Context, url, token string) (status int, body string) {
	return s.getAs(ctx, url, credentials{token: token})
}

func (s *serving) getAs(ctx context.Context, url string, c credentials) (status int, body string) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err.Error()
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.password != "" {
		request.SetBasicAuth("prometheus", c.password)
	}
	client, err := s.client(c.certificates...)
	if err != nil {
		return 0, err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(text)
}

// serial returns the serial number of the served certificate.
func (s *serving) serial(t *testing.T, url string) string {
	t.Helper()
	c, err := tls.Dial("tcp", host(url), &tls.Config{InsecureSkipVerify: true})
	must(t, err)
	defer c.Close()
	return c.ConnectionState().PeerCertificates[0].SerialNumber.String()
}
