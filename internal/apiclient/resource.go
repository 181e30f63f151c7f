package apiclient

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

// Options connect a ResourceClient to the shard and the store.
type Options struct {
	// Wants reports whether the object of a namespace and uid is wanted; nil means all. Others are
	// dropped. It is called concurrently.
	Wants func(namespace, uid []byte) bool
	// Fingerprint returns the stored fingerprint of the spec of a uid, 0 if there is none; nil
	// means that every object is decoded whole.
	Fingerprint func(uid []byte) uint64
	// ReadAhead is the size of a watch's buffer, in bytes; 0 for the default.
	ReadAhead int
	Metrics   *Metrics
	Log       *slog.Logger
}

// A ResourceClient lists and watches one resource. It serves one goroutine at a time.
type ResourceClient struct {
	client   *Client
	goType   reflect.Type      // of the objects
	versions []resourceVersion // best first
	log      *slog.Logger
	// readAhead is the size of the buffer of a watch.
	readAhead int

	version    *resourceVersion // of requests
	filterFrom time.Time        // requests before have no shard selector
}

// A resourceVersion is the resource in one API version.
type resourceVersion struct {
	schema.GroupVersionResource
	negotiator
	requests rest.Interface
}

// A negotiator chooses the Accept header and the decoders of responses.
type negotiator interface {
	runtime.ClientNegotiator
	accept(watch bool) string
}

// Resource returns a client for a resource. Objects without a Go type are *jsonobject.Object.
func (c *Client) Resource(of generators.Resource, o Options) *ResourceClient {
	d, recipe := of.Describe(), of.Recipe()
	h := *c.http
	h.Transport = transport{cmp.Or(h.Transport, http.DefaultTransport), o.Metrics.received.WithLabelValues(d.Name)}
	r := &ResourceClient{client: c, goType: cmp.Or(recipe.GoType, reflect.TypeFor[*jsonobject.Object]()), log: o.Log, readAhead: cmp.Or(o.ReadAhead, readAhead)}
	for i, v := range recipe.Versions {
		var n negotiator = c.negotiator(v.GroupVersion())
		switch {
		case recipe.GoType == nil:
			n = jsonNegotiator{c.negotiator(v.GroupVersion()), o.Metrics.decoding.WithLabelValues(d.Name), onlyMetadata(recipe)}
		case i == 0:
			n = c.newCuttingNegotiator(d, recipe, o)
		}
		requests, err := c.restClient(v.GroupVersion(), &h, n)
		if err != nil {
			panic(fmt.Sprintf("BUG: client for %s: %v", v, err))
		}
		r.versions = append(r.versions, resourceVersion{v, n, requests})
	}
	r.version = &r.versions[0]
	return r
}

// A Query is a list or watch request.
type Query struct {
	Namespace string // metav1.NamespaceAll for all
	// Shard is the shard selector, empty for all objects. A server that does not filter by shard
	// sends all objects.
	Shard   string
	Options metav1.ListOptions
}

// List returns one page of a list. An error of the server is an apierrors.APIStatus.
func (r *ResourceClient) List(ctx context.Context, q Query) (runtime.Object, error) {
	return negotiate(ctx, r, q, func(o *metav1.ListOptions) (runtime.Object, error) {
		page, err := r.request(q.Namespace, o).Do(ctx).Get()
		if s := ShardOf(page); err == nil && s != "" && s != o.ShardSelector {
			err = fmt.Errorf("%w: %s", errOtherShard, s)
		}
		return page, err
	})
}

// Watch opens a watch that ends with ctx. Errors are those of List.
func (r *ResourceClient) Watch(ctx context.Context, q Query) (*Stream, error) {
	q.Options.Watch = true
	return negotiate(ctx, r, q, func(o *metav1.ListOptions) (*Stream, error) {
		return openStream(ctx, r.version, r.request(q.Namespace, o), r.readAhead)
	})
}

// ShardOf returns the selector by which the server filtered a page, empty if unknown. It is always
// unknown for lists of metadata and tables.
func ShardOf(page runtime.Object) string {
	if list, ok := page.(metav1.ShardedListInterface); ok && list.GetShardInfo() != nil {
		return list.GetShardInfo().Selector
	}
	return ""
}

var errOtherShard = errors.New("the API server answers for another shard")

// request builds the request for the present version.
func (r *ResourceClient) request(namespace string, options *metav1.ListOptions) *rest.Request {
	request := r.version.requests.Get().
		NamespaceIfScoped(namespace, namespace != metav1.NamespaceAll).
		Resource(r.version.Resource).
		SpecificallyVersionedParams(options, r.client.parameters, coreVersion).
		SetHeader("Accept", r.version.accept(options.Watch)).
		MaxRetries(0) // the caller retries
	if s := options.TimeoutSeconds; s != nil {
		request.Timeout(time.Duration(*s) * time.Second)
	}
	return request
}

// negotiate sends a query with an API version and a shard selector that the server supports. After a
// 404 it looks for another version; after an error about the shard selector it requests all objects
// for filterAgain.
func negotiate[T any](ctx context.Context, r *ResourceClient, q Query, send func(*metav1.ListOptions) (T, error)) (T, error) {
	options := q.Options
	if time.Now().After(r.filterFrom) {
		options.ShardSelector = q.Shard
	}
	response, err := send(&options)
	if apierrors.IsNotFound(err) && r.chooseVersion(ctx) {
		response, err = send(&options)
	}
	if options.ShardSelector != "" && aboutShard(err) {
		r.log.Warn("the API server does not filter by shard; requesting all objects for a while", "for", filterAgain, "err", err)
		r.filterFrom = time.Now().Add(filterAgain)
		options.ShardSelector = ""
		return send(&options)
	}
	return response, err
}

// filterAgain is the time until a server that does not support shard selectors gets another.
const filterAgain = 10 * time.Minute

// aboutShard reports whether a request failed because of its shard selector, whose syntax differs
// between versions of Kubernetes. API servers report a selector that they cannot parse as an internal
// error.
func aboutShard(err error) bool {
	status, answered := err.(apierrors.APIStatus)
	if !answered {
		return errors.Is(err, errOtherShard)
	}
	codes := []int32{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusInternalServerError}
	return slices.Contains(codes, status.Status().Code) && strings.Contains(strings.ToLower(status.Status().Message), "shard selector")
}

// chooseVersion looks for another version of the resource that the server has.
func (r *ResourceClient) chooseVersion(ctx context.Context) bool {
	for i := range r.versions {
		if v := &r.versions[i]; v != r.version && r.client.serves(ctx, v.GroupVersionResource) {
			r.version = v
			r.log.Info("reading another version of the resource, since the API server does not have the first", "version", v.GroupVersion())
			return true
		}
	}
	return false
}

// serves reports whether the server's discovery has a resource.
func (c *Client) serves(ctx context.Context, v schema.GroupVersionResource) bool {
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	response, err := c.discovery.Get().AbsPath("/apis", v.Group, v.Version).
		SetHeader("Accept", runtime.ContentTypeJSON).DoRaw(ctx)
	var list metav1.APIResourceList
	if err != nil || json.Unmarshal(response, &list) != nil {
		return false
	}
	return slices.ContainsFunc(list.APIResources, func(a metav1.APIResource) bool { return a.Name == v.Resource })
}

// Discover returns the versions of an API group, best first, and the resources by version.
func (c *Client) Discover(ctx context.Context, group string) (versions []string, resources map[string][]metav1.APIResource, err error) {
	ctx, cancel := context.WithTimeout(ctx, discoveryTimeout)
	defer cancel()
	path := "/api"
	if group != "" {
		path = "/apis/" + group
		var about metav1.APIGroup
		if err := c.get(ctx, path, &about); err != nil {
			return nil, nil, err
		}
		for _, v := range about.Versions {
			versions = append(versions, v.Version)
		}
	} else {
		versions = []string{coreVersion.Version}
	}
	resources = map[string][]metav1.APIResource{}
	for _, version := range versions {
		var list metav1.APIResourceList
		if err := c.get(ctx, path+"/"+version, &list); err != nil {
			return nil, nil, err
		}
		resources[version] = list.APIResources
	}
	return versions, resources, nil
}

// get requests a discovery document.
func (c *Client) get(ctx context.Context, path string, to any) error {
	response, err := c.discovery.Get().AbsPath(path).SetHeader("Accept", runtime.ContentTypeJSON).DoRaw(ctx)
	if err != nil {
		return err
	}
	return json.Unmarshal(response, to)
}

// Object returns o as an Object, or an error for an object of another resource.
func (r *ResourceClient) Object(o runtime.Object) (Object, error) {
	whole := o
	if l, ok := o.(*Lazy); ok {
		whole = l.Object
	}
	object, ok := o.(Object)
	if !ok || reflect.TypeOf(whole) != r.goType {
		return nil, fmt.Errorf("%T in place of %s", whole, r.goType)
	}
	return object, nil
}
