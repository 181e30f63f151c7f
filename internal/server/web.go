package server

import (
	"context"
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

// A WebConfig says how a port is protected.
type WebConfig struct {
	// Path is of a file in the form of Prometheus' exporter toolkit; empty for
	// plain HTTP.
	Path string
	// ByToken says that clients show bearer tokens. They cannot give a password
	// then: both come in the same header field.
	ByToken bool
}

// Check says what is wrong with the file, or with the certificates that it names.
func (c WebConfig) Check() error {
	err := web.Validate(c.Path)
	if err == nil {
		err = c.checkUsers()
	}
	if err != nil {
		return fmt.Errorf("--tls-config %s: %w", c.Path, err)
	}
	return nil
}

// checkUsers refuses users whom nothing would let in.
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

// webConfig is a web configuration in use. It is read anew, with its
// certificates, for each connection, and with its users for each request, so
// that one which was good at the start may be bad later: then there is no
// answer until it is good again, and the log says so, once.
type webConfig struct {
	WebConfig
	log *slog.Logger

	mu      sync.Mutex
	checked time.Time
	wrong   string // what was logged
}

// serve is s.Serve with what the configuration asks for: TLS, basic
// authentication, header fields, a limit of requests. Probes need nothing of that but
// TLS: a kubelet has neither certificate nor password, and comes in its own time.
func (c *webConfig) serve(s *http.Server, l net.Listener) error {
	s.ErrorLog = stdlog.New(c, "", 0)
	if c.Path == "" {
		return s.Serve(l)
	}
	if c.ByToken {
		// Users who are added later are nothing that the toolkit would complain of.
		changed := s.ConnState
		s.ConnState = func(of net.Conn, state http.ConnState) {
			changed(of, state)
			c.check()
		}
	}
	unprotected := s.Handler
	// The toolkit has no function that prepares a server without serving.
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

// nobody is a listener to which nobody comes.
type nobody struct{ net.Listener }

var errNobody = errors.New("nobody comes")

func (nobody) Accept() (net.Conn, error) { return nil, errNobody }
func (nobody) Close() error              { return nil }

// Write takes what went wrong with a single connection. That is the client's
// affair, and logged at debug level, unless the configuration is to blame.
func (c *webConfig) Write(line []byte) (int, error) {
	c.log.Debug("connection failed", "err", strings.TrimSpace(string(line)))
	c.check()
	return len(line), nil
}

// lookAgain is the least time between two looks at a configuration that may be
// bad, however often clients come.
const lookAgain = 10 * time.Second

// check logs what is wrong with the configuration, if that is something new.
func (c *webConfig) check() {
	if wrong := c.news(time.Now()); wrong != "" {
		c.log.Warn("no answers until the web configuration is good again", "err", wrong)
	}
}

// news is what has come to be wrong with the configuration since the last look.
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

// webErrors has a look at the configuration when the toolkit finds it wrong.
// Its own words would come with every request.
type webErrors struct {
	slog.Handler
	config *webConfig
}

func (webErrors) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

func (e webErrors) Handle(context.Context, slog.Record) error {
	e.config.check()
	return nil
}
