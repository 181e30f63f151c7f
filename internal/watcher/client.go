package watcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
)

// A Client lists and watches any built-in resource.
type Client struct {
	config *rest.Config
	http   *http.Client
	groups map[schema.GroupVersion]rest.Interface
}

// A receiver is a client for one resource, of which it receives what a reception
// does.
type receiver struct {
	*Client
	reception *reception
	requests  rest.Interface
}

// NewClient makes a client for the API server that config names, able to watch
// the given resources, each in its version. It sends nothing yet.
func NewClient(config *rest.Config, resources []schema.GroupVersionResource) (*Client, error) {
	config = rest.CopyConfig(config)
	config.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	config.ContentType = runtime.ContentTypeProtobuf
	config.NegotiatedSerializer = codecs.WithoutConversion()
	config.QPS = -1 // a request a watch: the server's own fairness is the better limit
	h, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	c := &Client{config: config, http: h, groups: map[schema.GroupVersion]rest.Interface{}}
	for _, r := range resources {
		if err := c.addGroup(r.GroupVersion()); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *Client) addGroup(gv schema.GroupVersion) error {
	if c.groups[gv] != nil {
		return nil
	}
	group, err := rest.RESTClientForConfigAndClient(c.groupConfig(gv), c.http)
	if err != nil {
		return fmt.Errorf("client for %s: %w", gv, err)
	}
	c.groups[gv] = group
	return nil
}

// groupConfig is the configuration for the resources of a group.
func (c *Client) groupConfig(gv schema.GroupVersion) *rest.Config {
	config := rest.CopyConfig(c.config)
	config.GroupVersion = &gv
	config.APIPath = "/apis"
	if gv.Group == "" {
		config.APIPath = "/api"
	}
	return config
}

// receiver makes a client that receives of a resource what r does.
func (c *Client) receiver(r *reception) *receiver {
	resource := r.resource.Resource
	requests, err := r.client(c.groupConfig(resource.GroupVersion()), c.http)
	if err != nil {
		panic(fmt.Sprintf("BUG: no client for %s, and there is one for its group: %v", resource, err))
	}
	return &receiver{c, r, requests}
}

// patience is how long Check waits for an answer.
const patience = 5 * time.Second

// Check asks the API server for its version. It reports what trying again
// cannot mend: refused credentials, an untrusted certificate, and plain HTTP to a
// port of HTTPS. A server that cannot be reached, or does not tell its version, is
// not an error.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, group := range c.groups {
		answer, err := group.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Raw()
		var untrusted *tls.CertificateVerificationError
		switch {
		case apierrors.IsBadRequest(err) && isHTTPS(answer):
			return fmt.Errorf("API server %s: it answers HTTPS only; name it as https://", c.config.Host)
		case apierrors.IsUnauthorized(err), errors.As(err, &untrusted):
			return fmt.Errorf("API server %s: %w", c.config.Host, err)
		}
		return nil
	}
	return nil
}

// isHTTPS says whether an answer to plain HTTP is that of Go's TLS server.
func isHTTPS(answer []byte) bool {
	return bytes.Contains(answer, []byte("HTTP request to an HTTPS server"))
}

// list gets the objects of the resource in some version that the options choose.
func (c *receiver) list(ctx context.Context, r schema.GroupVersionResource, namespace string, options metav1.ListOptions) (runtime.Object, error) {
	return c.request(r, namespace, &options).Do(ctx).Get()
}

// watch gets the changes of the resource in some version from the options' version
// on.
func (c *receiver) watch(ctx context.Context, r schema.GroupVersionResource, namespace string, options metav1.ListOptions) (watch.Interface, error) {
	options.Watch = true
	return c.request(r, namespace, &options).Watch(ctx)
}

func (c *receiver) request(r schema.GroupVersionResource, namespace string, options *metav1.ListOptions) *rest.Request {
	group := c.groups[r.GroupVersion()]
	known := r == c.reception.resource.Resource
	if known {
		group = c.requests
	}
	request := group.Get().
		NamespaceIfScoped(namespace, namespace != metav1.NamespaceAll).
		Resource(r.Resource).
		VersionedParams(options, parameterCodec)
	if known {
		request.SetHeader("Accept", c.reception.accept(options.Watch))
	}
	if s := options.TimeoutSeconds; s != nil {
		request.Timeout(time.Duration(*s) * time.Second)
	}
	return request
}
