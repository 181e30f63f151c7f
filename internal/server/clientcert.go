package server

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
)

// A certificate of a client is asked for with each connection, as the web configuration
// of that moment says. A client may leave it out: then it gets the probes alone. One
// that is given and wrong ends the connection.

// relaxed gives the configurations of next, in which clients may leave out the
// certificate that these want, and notes with the connection that they want one.
func relaxed(next func(*tls.ClientHelloInfo) (*tls.Config, error)) func(*tls.ClientHelloInfo) (*tls.Config, error) {
	return func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		config, err := next(hello)
		if err != nil {
			return nil, err
		}
		conn := connectionOf(hello.Context())
		if conn == nil {
			return config, nil // it wants what it wants
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
				conn.wants = wantsAny // of which the names are checked
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

// certified answers as next does where the client has shown the certificate that its
// connection wants.
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

// A certificateWish is what a connection wants of its client. The zero value is the most.
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
