package apiclient

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

var coreVersion = schema.GroupVersion{Version: "v1"}

// A Client sends requests to one API server. It may be used concurrently.
type Client struct {
	config     *rest.Config
	http       *http.Client
	discovery  rest.Interface
	scheme     *runtime.Scheme
	codecs     serializer.CodecFactory
	parameters runtime.ParameterCodec
}

// New returns a client for the API server of config and resources whose Go types are in the scheme.
// It sends no request.
func New(config *rest.Config, scheme *runtime.Scheme) (*Client, error) {
	config = rest.CopyConfig(config)
	if err := CheckFiles(config); err != nil {
		return nil, err
	}
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	if len(filesOf(config)) > 0 { // without any, h may be the default client
		h.Transport = checker{h.Transport, config}
	}
	if config.ExecProvider != nil {
		h.Transport = newAbandoner(h.Transport)
	}
	c := &Client{config: config, http: h, scheme: scheme, codecs: serializer.NewCodecFactory(scheme), parameters: runtime.NewParameterCodec(scheme)}
	c.discovery, err = c.restClient(coreVersion, h, c.negotiator(coreVersion))
	return c, err
}

// CloseIdle closes the idle connections of all clients of the configuration.
func CloseIdle(config *rest.Config) {
	if transport, err := rest.TransportFor(config); err == nil { // that of the clients: client-go shares it
		utilnet.CloseIdleConnectionsFor(transport)
	}
}

// restClient returns a client for a group version that sends with h and decodes with n. It has no
// rate limit: a watch is one request, and the server has priority and fairness.
func (c *Client) restClient(gv schema.GroupVersion, h *http.Client, n runtime.ClientNegotiator) (*rest.RESTClient, error) {
	config := rest.CopyConfig(c.config)
	config.GroupVersion = &gv
	config.APIPath = "/apis"
	if gv.Group == "" {
		config.APIPath = "/api"
	}
	base, path, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	content := rest.ClientContentConfig{ContentType: runtime.ContentTypeProtobuf, AcceptContentTypes: wholeObjects, GroupVersion: gv, Negotiator: n}
	return rest.NewRESTClient(base, path, content, nil, h)
}

// negotiator returns the negotiator that decodes whole objects.
func (c *Client) negotiator(gv schema.GroupVersion) standardNegotiator {
	return standardNegotiator{runtime.NewClientNegotiator(c.codecs.WithoutConversion(), gv)}
}

// discoveryTimeout bounds discovery requests.
const discoveryTimeout = 5 * time.Second

// Check requests the API server's version. It returns only permanent errors: refused credentials, an
// untrusted certificate, plain HTTP to an HTTPS port. An unreachable server is no error.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	response, err := c.discovery.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Raw()
	var untrusted *tls.CertificateVerificationError
	switch {
	case apierrors.IsBadRequest(err) && bytes.Contains(response, []byte("HTTP request to an HTTPS server")): // by Go's TLS server
		return fmt.Errorf("API server %s: it answers HTTPS only; name it as https://", c.config.Host)
	case apierrors.IsUnauthorized(err), errors.As(err, &untrusted):
		return fmt.Errorf("API server %s: %w", c.config.Host, err)
	}
	return nil
}
