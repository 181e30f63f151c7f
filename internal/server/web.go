package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"go.yaml.in/yaml/v3"
)

// A WebConfig protects a port.
type WebConfig struct {
	// Path is a web configuration file of Prometheus' exporter toolkit, empty for plain HTTP.
	Path string
	// ByToken says that clients authenticate by bearer token. Passwords would need the same header.
	ByToken bool
}

// Check validates the file and the certificates that it names.
func (c WebConfig) Check() error {
	if info, err := os.Stat(c.Path); err == nil && !info.Mode().IsRegular() { // the file is read for each connection
		return fmt.Errorf("--tls-config %s: not a regular file", c.Path)
	}
	err := web.Validate(c.Path)
	if err == nil {
		err = c.checkUsers()
	}
	if err != nil {
		return fmt.Errorf("--tls-config %s: %w", c.Path, err)
	}
	return nil
}

// checkUsers refuses users beside tokens.
func (c WebConfig) checkUsers() error {
	if c.Path == "" || !c.ByToken {
		return nil
	}
	text, err := os.ReadFile(c.Path)
	if err != nil {
		return err
	}
	var file struct {
		Users map[string]yaml.Node `yaml:"basic_auth_users"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	if len(file.Users) > 0 {
		return errors.New("basic_auth_users: passwords and the tokens of --auth-filter come in the same header field, Authorization: leave out one of both")
	}
	return nil
}

// webConfig is a web configuration in use. The toolkit reads the file and its certificates for each
// connection, and its users for each request. While the file is invalid, requests fail, and that is
// logged once.
type webConfig struct {
	WebConfig
	log *slog.Logger

	mu      sync.Mutex
	checked time.Time
	wrong   string // what was logged
}

// serve is s.Serve with TLS, basic authentication, headers and a rate limit as configured. Probes have TLS
// only: a kubelet has neither certificate nor password.
func (c *webConfig) serve(s *http.Server, l net.Listener) error {
	s.ErrorLog = stdlog.New(c, "", 0)
	if c.Path == "" {
		return s.Serve(l)
	}
	if c.ByToken {
		// The toolkit accepts users that are added later.
		changed := s.ConnState
		s.ConnState = func(of net.Conn, state http.ConnState) {
			changed(of, state)
			c.check()
		}
	}
	unprotected := s.Handler
	// The toolkit cannot prepare a server without serving.
	err := web.Serve(nobody{l}, s, &web.FlagConfig{WebConfigFile: &c.Path}, slog.New(webErrors{slog.DiscardHandler, c}))
	if !errors.Is(err, errNobody) {
		return err
	}
	protected := s.Handler
	byTLS := s.TLSConfig != nil && s.TLSConfig.GetConfigForClient != nil
	if byTLS {
		s.TLSConfig.GetConfigForClient = relaxed(s.TLSConfig.GetConfigForClient)
		protected = certified(protected)
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(probePaths, r.URL.Path) {
			unprotected.ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
	if byTLS {
		return s.ServeTLS(l, "", "")
	}
	return s.Serve(l)
}

// nobody is a listener without connections.
type nobody struct{ net.Listener }

var errNobody = errors.New("nobody comes")

func (nobody) Accept() (net.Conn, error) { return nil, errNobody }
func (nobody) Close() error              { return nil }

// Write logs errors of single connections at debug level, and checks the configuration.
func (c *webConfig) Write(line []byte) (int, error) {
	c.log.Debug("connection failed", "err", strings.TrimSpace(string(line)))
	c.check()
	return len(line), nil
}

// lookAgain is the minimum interval between checks of the configuration.
const lookAgain = 10 * time.Second

// check logs a new error of the configuration.
func (c *webConfig) check() {
	if wrong := c.news(time.Now()); wrong != "" {
		c.log.Warn("web configuration invalid, requests fail", "err", wrong)
	}
}

// news is the error of the configuration if it has changed since the last check.
func (c *webConfig) news(now time.Time) (wrong string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Path == "" || now.Sub(c.checked) < lookAgain {
		return ""
	}
	c.checked = now
	if err := c.Check(); err != nil {
		wrong = err.Error()
	}
	if wrong == c.wrong {
		return ""
	}
	c.wrong = wrong
	return wrong
}

// webErrors is the toolkit's log handler. It checks the configuration on errors, which the toolkit logs for
// every request.
type webErrors struct {
	slog.Handler
	config *webConfig
}

func (webErrors) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (e webErrors) Handle(context.Context, slog.Record) error {
	e.config.check()
	return nil
}

// Each connection requests a client certificate as the web configuration says at that moment. A client
// may omit it, and gets the probes only. An invalid certificate ends the connection.

// relaxed makes the required client certificates of next optional, and stores the requirement in the
// connection.
func relaxed(next func(*tls.ClientHelloInfo) (*tls.Config, error)) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		config, err := next(hello)
		if err != nil {
			return nil, err
		}
		conn := connectionOf(hello.Context())
		if conn == nil {
			return config, nil // unknown connections keep the requirement
		}
		switch config.ClientAuth {
		case tls.RequireAndVerifyClientCert:
			config.ClientAuth, conn.wants = tls.VerifyClientCertIfGiven, wantsVerified
		case tls.RequireAnyClientCert:
			config.ClientAuth, conn.wants = tls.RequestClientCert, wantsAny
		case tls.NoClientCert:
			conn.wants = wantsNone
		default:
			conn.wants = wantsNone
			if config.VerifyPeerCertificate != nil {
				conn.wants = wantsAny // names are checked
			}
		}
		if verify := config.VerifyPeerCertificate; verify != nil {
			config.SessionTicketsDisabled = true // a resumed session would not be verified again
			config.VerifyPeerCertificate = func(certificates [][]byte, chains [][]*x509.Certificate) error {
				if len(certificates) == 0 {
					return nil
				}
				return verify(certificates, chains)
			}
		}
		return config, nil
	}
}

// certified serves next if the client has shown the certificate that its connection requires.
func certified(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn := connectionOf(r.Context())
		if conn == nil || r.TLS == nil || !conn.wants.met(r.TLS) {
			http.Error(w, "a client certificate is needed", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// A certificateWish is the certificate that a connection requires. The zero value is the strictest.
type certificateWish int

const (
	wantsVerified certificateWish = iota
	wantsAny
	wantsNone
)

func (c certificateWish) met(state *tls.ConnectionState) bool {
	switch c {
	case wantsNone:
		return true
	case wantsAny:
		return len(state.PeerCertificates) > 0
	default:
		return len(state.VerifiedChains) > 0
	}
}
