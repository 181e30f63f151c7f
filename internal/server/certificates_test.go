package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/kubestate/kubestate/internal/server"
)

// serveWeb runs a server with a web configuration.
func serveWeb(l net.Listener, h http.Handler, path string, log slog.Handler) serving {
	return serveBy(server.WebConfig{Path: path}, l, h, log)
}

func serveBy(config server.WebConfig, l net.Listener, h http.Handler, log slog.Handler) serving {
	return serveWithin(time.Minute, config, l, h, log)
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pool        *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := template("authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.certificate)
	return a
}

// serial numbers are those of the certificates so far.
var serial int64

func template(name string) *x509.Certificate {
	serial++
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		DNSNames:     []string{name},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:    time.Date(1999, time.January, 1, 0, 0, 0, 0, time.UTC), // bubbles of synctest begin in 2000
		NotAfter:     time.Date(2099, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue makes a certificate for a name and for 127.0.0.1.
func (a *authority) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template(name), a.certificate, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// config writes a web configuration with a certificate of the authority, and
// gives its path. more are further lines of tls_server_config.
func (a *authority) config(t *testing.T, more string) (path string) {
	t.Helper()
	path = write(t, "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"+more)
	replace(t, beside(path, "ca.crt"), encode("CERTIFICATE", a.certificate.Raw))
	a.renew(t, path)
	return path
}

// renew replaces the certificate of a configuration.
func (a *authority) renew(t *testing.T, config string) {
	t.Helper()
	c := a.issue(t, "kubestate")
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, beside(config, "server.key"), encode("PRIVATE KEY", der))
	replace(t, beside(config, "server.crt"), encode("CERTIFICATE", c.Certificate[0]))
}

func encode(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// beside is the path of a file in the directory of another.
func beside(path, name string) string { return filepath.Join(filepath.Dir(path), name) }

// write writes a web configuration.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "web.yaml")
	replace(t, path, text)
	return path
}

func replace(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// hashOf is a password as a web configuration has it.
func hashOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}
