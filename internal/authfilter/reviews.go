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

// How many questions a second the API server gets, and how many at once after a
// rest. Strangers, whose tokens were never good, have a line of their own, so that
// whoever makes tokens up keeps neither the API server busy nor readers waiting.
const (
	perSecond, burst                 = 20, 40
	strangersPerSecond, strangeBurst = 10, 20
)

// Bounds of each line: how many addresses wait, since others would not have a turn
// within patience, and how many questions of each of them.
const (
	mostAddresses = strangersPerSecond * int(patience/time.Second)
	mostWaiting   = 32
)

// backoff is how a question is tried again, as other Kubernetes components do.
var backoff = wait.Backoff{Duration: 500 * time.Millisecond, Factor: 1.5, Jitter: 0.2, Steps: 5}

// reviews ask the API server.
type reviews struct {
	tokens, accesses   rest.Interface
	audiences          []string // that tokens have to be for one of, none for the API server's own
	readers, strangers *queue
	asked              *prometheus.CounterVec
}

func newReviews(config *rest.Config, audiences []string, reg prometheus.Registerer) (*reviews, error) {
	config = rest.CopyConfig(config)
	config.APIPath = "/apis"
	config.NegotiatedSerializer = codecs.Of(authenticationv1.AddToScheme, authorizationv1.AddToScheme).WithoutConversion()
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeJSON
	config.QPS = -1 // the queues bound it
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	r := &reviews{
		audiences: audiences,
		readers:   newQueue(perSecond, burst, mostAddresses, mostWaiting),
		strangers: newQueue(strangersPerSecond, strangeBurst, mostAddresses, mostWaiting),
		asked: prometheus.NewCounterVec(prometheus.CounterOpts{
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
	reg.MustRegister(r.asked)
	return r, nil
}

func groupClient(config *rest.Config, gv schema.GroupVersion, client *http.Client) (rest.Interface, error) {
	config = rest.CopyConfig(config)
	config.GroupVersion = &gv
	return rest.RESTClientForConfigAndClient(config, client)
}

// token asks whose token it is; nil stands for nobody's. from is the queue and the
// address to wait with.
func (r *reviews) token(ctx context.Context, token string, from waiter) (*authenticationv1.UserInfo, error) {
	review := &authenticationv1.TokenReview{Spec: authenticationv1.TokenReviewSpec{Token: token, Audiences: r.audiences}}
	var result authenticationv1.TokenReview
	if err := r.create(ctx, "tokenreviews", r.tokens, review, from, &result); err != nil {
		return nil, err
	}
	// An error in the status says why a token is no good.
	if !result.Status.Authenticated || !r.forUs(result.Status.Audiences) {
		return nil, nil
	}
	user := &result.Status.User
	user.Groups = withAuthenticated(user)
	return user, nil
}

// forUs says whether a token that is good for some audiences is for one of ours. If the
// API server names none, it is for itself.
func (r *reviews) forUs(audiences []string) bool {
	return len(r.audiences) == 0 || slices.ContainsFunc(audiences, func(a string) bool { return slices.Contains(r.audiences, a) })
}

// Groups that say whether somebody is known, and the user whom nobody knows.
const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	anonymous       = "system:anonymous"
)

// withAuthenticated are the user's groups with the one of all who are known, as
// other Kubernetes components add it where the review does not.
func withAuthenticated(user *authenticationv1.UserInfo) []string {
	if user.Username == anonymous || slices.Contains(user.Groups, authenticated) || slices.Contains(user.Groups, unauthenticated) {
		return user.Groups
	}
	return append(user.Groups, authenticated)
}

// access asks whether somebody may do something.
func (r *reviews) access(ctx context.Context, spec authorizationv1.SubjectAccessReviewSpec, from waiter) (bool, error) {
	review := &authorizationv1.SubjectAccessReview{Spec: spec}
	var result authorizationv1.SubjectAccessReview
	if err := r.create(ctx, "subjectaccessreviews", r.accesses, review, from, &result); err != nil {
		return false, err
	}
	return result.Status.Allowed && !result.Status.Denied, nil
}

// create sends a review and reads what comes back into result. It tries again
// where that can help, and waits for its turn each time.
func (r *reviews) create(ctx context.Context, resource string, api rest.Interface, review runtime.Object, from waiter, result runtime.Object) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	waited := wait.ExponentialBackoffWithContext(ctx, backoff, func(ctx context.Context) (bool, error) {
		if busy := from.wait(ctx); busy != nil {
			if err == nil {
				err = busy // which is no answer
			}
			return true, nil
		}
		err = api.Post().Resource(resource).Body(review).MaxRetries(0).Do(ctx).Into(result)
		return !passes(err), nil
	})
	if err == nil {
		err = waited
	}
	if errors.Is(err, errBusy) || errors.Is(err, context.Canceled) {
		return err // nothing was asked
	}
	outcome := "success"
	if err != nil {
		outcome, err = "error", fmt.Errorf("create %s: %w", resource, err)
	}
	r.asked.WithLabelValues(resource, outcome).Inc()
	return err
}

// A waiter waits in a queue for the turn of an address.
type waiter struct {
	queue   *queue
	address netip.Prefix
}

func (w waiter) wait(ctx context.Context) error { return w.queue.wait(ctx, w.address) }

// passes says whether an error may be gone when one tries again.
func passes(err error) bool {
	_, delayed := apierrors.SuggestsClientDelay(err)
	return delayed || utilnet.IsConnectionReset(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		apierrors.IsInternalError(err) || apierrors.IsTimeout(err) || apierrors.IsTooManyRequests(err)
}
