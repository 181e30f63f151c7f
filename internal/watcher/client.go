package watcher

import (
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
	known  map[schema.GroupVersionResource]known
}

// known is a resource of which a table says what to receive.
type known struct {
	*reception
	rest.Interface
}

// NewClient makes a client for the API server that config names, able to watch
// the given resources. It sends nothing yet.
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
	c := &Client{config: config, http: h, groups: map[schema.GroupVersion]rest.Interface{}, known: map[schema.GroupVersionResource]known{}}
	for _, r := range resources {
		for _, version := range versions(r) {
			if err := c.addGroup(version.GroupVersion()); err != nil {
				return nil, err
			}
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

// learn has the client receive of a resource only what r does.
func (c *Client) learn(r *reception) {
	resource := r.resource.Resource
	client, err := r.client(c.groupConfig(resource.GroupVersion()), c.http)
	if err != nil {
		panic(fmt.Sprintf("BUG: no client for %s, and there is one for its group: %v", resource, err))
	}
	c.known[resource] = known{r, client}
}

// patience is how long Check waits for an answer.
const patience = 5 * time.Second

// Check asks the API server for its version. It reports what trying again
// cannot mend: credentials that the server refuses, and a server that is not
// the one that the configuration trusts. A server that cannot be reached, or
// does not tell its version, is not an error.
func (c *Client) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, group := range c.groups {
		err := group.Get().AbsPath("/version").MaxRetries(0).Do(ctx).Error()
		var untrusted *tls.CertificateVerificationError
		if apierrors.IsUnauthorized(err) || errors.As(err, &untrusted) {
			return fmt.Errorf("API server %s: %w", c.config.Host, err)
		}
		return nil
	}
	return nil
}

// list gets the objects of a resource that the options choose.
func (c *Client) list(ctx context.Context, r schema.GroupVersionResource, namespace string, options metav1.ListOptions) (runtime.Object, error) {
	return c.request(r, namespace, &options).Do(ctx).Get()
}

// watch gets the changes of a resource from the options' version on.
func (c *Client) watch(ctx context.Context, r schema.GroupVersionResource, namespace string, options metav1.ListOptions) (watch.Interface, error) {
	options.Watch = true
	return c.request(r, namespace, &options).Watch(ctx)
}

func (c *Client) request(r schema.GroupVersionResource, namespace string, options *metav1.ListOptions) *rest.Request {
	group := c.groups[r.GroupVersion()]
	known, ok := c.known[r]
	if ok {
		group = known
	}
	request := group.Get().
		NamespaceIfScoped(namespace, namespace != metav1.NamespaceAll).
		Resource(r.Resource).
		VersionedParams(options, parameterCodec)
	if ok {
		request.SetHeader("Accept", known.accept(options.Watch))
	}
	if s := options.TimeoutSeconds; s != nil {
		request.Timeout(time.Duration(*s) * time.Second)
	}
	return request
}
