// Package authfilter authenticates and authorizes HTTP requests by the API server: the bearer token
// by a TokenReview, and then the user, method and path by a SubjectAccessReview.
//
// Both must succeed before any other part of a request is read. Results are cached for a while, in
// caches of fixed size, under keyed digests: no token is kept longer than its request.
//
// Reviews queue fairly among addresses, and those of clients with a valid token apart from all
// others: a client that floods delays itself alone.
package authfilter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	"k8s.io/client-go/rest"
)

// Times to live of cached results, as in other Kubernetes components. Negative results expire
// sooner.
const (
	tokenTTL   = time.Minute
	invalidTTL = 10 * time.Second
	allowTTL   = 5 * time.Minute
	denyTTL    = 30 * time.Second
)

// reviewTimeout bounds a review, with its time in the queue and its retries.
const reviewTimeout = 10 * time.Second

// warnInterval is the least time between two warnings.
const warnInterval = time.Minute

// maxUserBytes bounds cached users, whose groups and extra fields can be many.
const maxUserBytes = 16 << 10

// A Filter authenticates and authorizes requests. It is safe for concurrent use.
type Filter struct {
	reviews   *reviews
	verified  *verified
	users     *reviewCache[*authenticationv1.UserInfo] // by token, nil for an invalid one
	decisions *reviewCache[bool]                       // by SubjectAccessReview
	log       *slog.Logger
	warned    atomic.Int64 // time of the last warning in Unix nanoseconds, 0 for never
	requests  *prometheus.CounterVec
}

// New returns a filter. The account of config needs to create tokenreviews and
// subjectaccessreviews. Tokens must be for one of the audiences, or for the API server if there are
// none. New sends nothing.
func New(config *rest.Config, audiences []string, reg prometheus.Registerer, log *slog.Logger) (*Filter, error) {
	r, err := newReviews(config, audiences, reg)
	if err != nil {
		return nil, fmt.Errorf("auth filter: %w", err)
	}
	f := &Filter{
		reviews:   r,
		verified:  newVerified(),
		users:     newReviewCache[*authenticationv1.UserInfo](),
		decisions: newReviewCache[bool](),
		log:       log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_auth_filter_requests_total",
			Help: "Requests to the auth filter by result: allowed, unauthenticated, unknown (path not served), denied, busy (queue full) or error (review failed).",
		}, []string{"result"}),
	}
	reg.MustRegister(f.requests)
	return f, nil
}

// Protect returns a handler that passes authorized requests, and all requests to the open paths,
// to h. serves reports whether h serves a request: others are not reviewed.
//
// The status of any other request is 401 without a valid token, 404 if h does not serve it, 403 if
// the user is not authorized, 503 if the queue is full, and 500 if the review fails.
func (f *Filter) Protect(h http.Handler, serves func(*http.Request) bool, open ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(open, r.URL.Path) || f.admit(w, r, serves) {
			h.ServeHTTP(w, r)
		}
	})
}

// admit reports whether the request is authorized, and responds to it if not.
func (f *Filter) admit(w http.ResponseWriter, r *http.Request, serves func(*http.Request) bool) bool {
	from := clientOf(r)
	user, err := f.authenticate(r.Context(), bearerToken(r.Header), from)
	if err != nil {
		f.fail(w, err, "Authentication failed")
		return false
	}
	if user == nil {
		w.Header().Set("WWW-Authenticate", "Bearer")
		f.refuse(w, "unauthenticated", http.StatusUnauthorized, "Unauthorized")
		return false
	}
	f.verified.addConnection(from)
	if !serves(r) {
		f.refuse(w, "unknown", http.StatusNotFound, "404 page not found")
		return false
	}
	allowed, err := f.authorize(r.Context(), user, from, &authorizationv1.NonResourceAttributes{
		Path: r.URL.Path,
		Verb: strings.ToLower(r.Method),
	})
	switch {
	case err != nil:
		f.fail(w, err, fmt.Sprintf("Authorization for user %s failed", user.Username))
	case !allowed:
		f.refuse(w, "denied", http.StatusForbidden, "Authorization denied for user "+user.Username)
	default:
		f.requests.WithLabelValues("allowed").Inc()
	}
	return err == nil && allowed
}

// fail responds to a request whose review failed.
func (f *Filter) fail(w http.ResponseWriter, err error, text string) {
	if errors.Is(err, errBusy) {
		w.Header().Set("Retry-After", "1")
		f.refuse(w, "busy", http.StatusServiceUnavailable, text+": "+errBusy.Error())
		return
	}
	f.refuse(w, "error", http.StatusInternalServerError, text)
}

func (f *Filter) refuse(w http.ResponseWriter, result string, status int, text string) {
	f.requests.WithLabelValues(result).Inc()
	http.Error(w, text, status)
}

// bearerToken returns the token of the Authorization header (RFC 6750, section 2.1), empty if there
// is none.
func bearerToken(header http.Header) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "bearer") || strings.Contains(token, " ") {
		return ""
	}
	return token
}

// authenticate returns the user of a token, nil if the token is invalid.
func (f *Filter) authenticate(ctx context.Context, token string, from client) (*authenticationv1.UserInfo, error) {
	if token == "" {
		return nil, nil
	}
	return f.users.get(ctx, []byte(token), func(ctx context.Context, last *authenticationv1.UserInfo) (*authenticationv1.UserInfo, time.Duration, error) {
		q, restore := f.queueOf(from, token, last != nil)
		user, err := f.reviews.token(ctx, token, waiter{q, from.address})
		switch {
		case err != nil:
			restore()
			f.warn(err)
			return nil, 0, err
		case user == nil:
			return nil, invalidTTL, nil
		}
		f.verified.addToken(from, token)
		if user.Size() > maxUserBytes {
			return user, 0, nil
		}
		return user, tokenTTL, nil
	})
}

// queueOf returns the queue for the review of a token. wasValid tells that an earlier review found
// the token valid. restore is to be called if the review is not sent.
func (f *Filter) queueOf(from client, token string, wasValid bool) (q *queue, restore func()) {
	if wasValid {
		return f.reviews.verified, func() {}
	}
	if restore, ok := f.verified.take(from, token); ok {
		return f.reviews.verified, restore
	}
	return f.reviews.unverified, func() {}
}

// authorize reports whether the user is authorized.
func (f *Filter) authorize(ctx context.Context, user *authenticationv1.UserInfo, from client, attributes *authorizationv1.NonResourceAttributes) (bool, error) {
	spec := authorizationv1.SubjectAccessReviewSpec{
		NonResourceAttributes: attributes,
		User:                  user.Username,
		UID:                   user.UID,
		Groups:                user.Groups,
		Extra:                 map[string]authorizationv1.ExtraValue{},
	}
	for key, values := range user.Extra {
		spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	request, err := spec.Marshal()
	if err != nil {
		return false, err
	}
	return f.decisions.get(ctx, request, func(ctx context.Context, _ bool) (bool, time.Duration, error) {
		allowed, err := f.reviews.access(ctx, spec, waiter{f.reviews.verified, from.address})
		f.warn(err)
		if !allowed {
			return false, denyTTL, err
		}
		return true, allowTTL, err
	})
}

// warn logs a failed review, at most once in warnInterval.
func (f *Filter) warn(err error) {
	if err == nil || errors.Is(err, context.Canceled) { // the client closed its connection
		return
	}
	now, last := time.Now().UnixNano(), f.warned.Load()
	if (last == 0 || now-last >= int64(warnInterval)) && f.warned.CompareAndSwap(last, now) {
		f.log.Warn("auth filter: review failed, request refused", "err", err)
	}
}
