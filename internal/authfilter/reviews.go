package authfilter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/codecs"
)

// Rates and bursts of reviews. Clients without a valid token have a queue of their own, so that a
// flood of made-up tokens keeps neither the API server busy nor verified clients waiting.
const (
	perSecond, burst                     = 20, 40
	unverifiedPerSecond, unverifiedBurst = 10, 20
)

// Bounds of each queue: an address beyond maxFlows would not be served within reviewTimeout.
const (
	maxFlows  = unverifiedPerSecond * int(reviewTimeout/time.Second)
	maxLength = 32
)

// backoff is that of other Kubernetes components.
var backoff = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 1.5, Jitter: 0.2, Steps: 5}

// reviews sends reviews to the API server.
type reviews struct {
	tokens, accesses     rest.Interface
	audiences            []string // accepted ones, none for the API server's
	verified, unverified *queue
	sent                 *prometheus.CounterVec
}

func newReviews(config *rest.Config, audiences []string, reg prometheus.Registerer) (*reviews, error) {
	config = rest.CopyConfig(config)
	config.APIPath = "/apis"
	config.NegotiatedSerializer = codecs.Of(authenticationv1.AddToScheme, authorizationv1.AddToScheme).WithoutConversion()
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	config.QPS = -1 // the queues limit the rate
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	r := &reviews{
		audiences:  audiences,
		verified:   newQueue(perSecond, burst, maxFlows, maxLength),
		unverified: newQueue(unverifiedPerSecond, unverifiedBurst, maxFlows, maxLength),
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_auth_filter_reviews_total",
			Help: "TokenReviews and SubjectAccessReviews sent to the API server, by result: success or error.",
		}, []string{"review", "result"}),
	}
	if r.tokens, err = groupClient(config, authenticationv1.SchemeGroupVersion, client); err != nil {
		return nil, err
	}
	if r.accesses, err = groupClient(config, authorizationv1.SchemeGroupVersion, client); err != nil {
		return nil, err
	}
	reg.MustRegister(r.sent)
	return r, nil
}

func groupClient(config *rest.Config, gv schema.GroupVersion, client *http.Client) (rest.Interface, error) {
	config = rest.CopyConfig(config)
	config.GroupVersion = &gv
	return rest.RESTClientForConfigAndClient(config, client)
}

// token reviews a token and returns its user, nil if the token is invalid.
func (r *reviews) token(ctx context.Context, token string, from waiter) (*authenticationv1.UserInfo, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: r.audiences}}
	var result authenticationv1.TokenReview
	if err := r.create(ctx, "tokenreviews", r.tokens, review, from, &result); err != nil {
		return nil, err
	}
	// An error in the status is the reason why a token is invalid.
	if !result.Status.Authenticated || !r.accepts(result.Status.Audiences) {
		return nil, nil
	}
	user := &result.Status.User
	user.Groups = withAuthenticated(user)
	return user, nil
}

// accepts reports whether one of a token's audiences is accepted. A token without any is for the
// API server alone.
func (r *reviews) accepts(audiences []string) bool {
	return len(r.audiences) == 0 || slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(r.audiences, a) })
}

// Well-known groups and users.
const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	anonymous       = "system:anonymous"
)

// withAuthenticated returns the user's groups and system:authenticated, which other Kubernetes
// components also add if the review does not have it.
func withAuthenticated(user *authenticationv1.UserInfo) []string {
	if user.Username == anonymous || slices.Contains(user.Groups, authenticated) || slices.Contains(user.Groups, unauthenticated) {
		return user.Groups
	}
	return append(user.Groups, authenticated)
}

// access reviews an access.
func (r *reviews) access(ctx context.Context, spec authorizationv1.SubjectAccessReviewSpec, from waiter) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: spec}
	var result authorizationv1.SubjectAccessReview
	if err := r.create(ctx, "subjectaccessreviews", r.accesses, review, from, &result); err != nil {
		return false, err
	}
	return result.Status.Allowed && !result.Status.Denied, nil
}

// create sends a review and decodes the response into result. It queues before each attempt.
func (r *reviews) create(ctx context.Context, resource string, api rest.Interface, review runtime.Object, from waiter, result runtime.Object) error {
	ctx, cancel := context.WithTimeout(ctx, reviewTimeout)
	defer cancel()
	var err error
	waited := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		if busy := from.wait(ctx); busy != nil {
			if err == nil {
				err = busy
			}
			return true, nil
		}
		err = api.Post().Resource(resource).Body(review).MaxRetries(0).Do(ctx).Into(result)
		return !transient(err), nil
	})
	if err == nil {
		err = waited
	}
	if errors.Is(err, errBusy) || errors.Is(err, context.Canceled) {
		return err // nothing was sent
	}
	outcome := "success"
	if err != nil {
		outcome, err = "error", fmt.Errorf("create %s: %w", resource, err)
	}
	r.sent.WithLabelValues(resource, outcome).Inc()
	return err
}

// A waiter waits in a queue for an address.
type waiter struct {
	queue   *queue
	address netip.Prefix
}

func (w waiter) wait(ctx context.Context) error { return w.queue.wait(ctx, w.address) }

// transient reports whether a retry can succeed.
func transient(err error) bool {
	_, delayed := apierrors.SuggestsClientDelay(err)
	return delayed || utilnet.IsConnectionReset(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		apierrors.IsInternalError(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err)
}
