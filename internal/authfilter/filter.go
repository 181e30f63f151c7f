// Package authfilter lets those HTTP requests through that Kubernetes lets
// through: a request's bearer token goes to the API server in a TokenReview, and
// whom that names, with the request's method and path, in a
// SubjectAccessReview.
//
// Nothing else of a request is looked at before both have said yes, and nobody
// is let through on a doubt. Answers are remembered for a while, in caches of
// fixed size, by keyed digests: no token outlives its request.
//
// Questions wait for their turn, address by address, and readers apart from
// strangers: whoever asks much waits long, and nobody else does.
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

// How long answers of the API server count, as with other Kubernetes components
// that ask it. What was refused is asked again sooner: the reason may have gone.
const (
	tokenTTL   = time.Minute
	refusedTTL = 10 * time.Second
	allowTTL   = 5 * time.Minute
	denyTTL    = 30 * time.Second
)

// patience bounds one question to the API server, with all that is tried again
// and with the wait for its turn.
const patience = 10 * time.Second

// warnAgain is when a failure that lasts is logged again.
const warnAgain = time.Minute

// userBytes bounds the users that are kept, whose groups and extra fields can be many.
const userBytes = 16 << 10

// A Filter lets requests through. It is safe for concurrent use.
type Filter struct {
	reviews  *reviews
	readers  *readers
	tokens   *answers[*authenticationv1.UserInfo] // of a token: whose it is, nil for nobody's
	verdicts *answers[bool]                       // of a SubjectAccessReview
	log      *slog.Logger
	warned   atomic.Int64 // when, in Unix nanoseconds; 0 for never
	requests *prometheus.CounterVec
}

// New makes a filter that asks the API server that config names, by the account
// that config names, which has to have the right to create tokenreviews and
// subjectaccessreviews. Tokens have to be for one of the audiences, or for the API
// server itself if there are none. What the filter does is counted with reg. It sends
// nothing yet.
func New(config *rest.Config, audiences []string, reg prometheus.Registerer, log *slog.Logger) (*Filter, error) {
	r, err := newReviews(config, audiences, reg)
	if err != nil {
		return nil, fmt.Errorf("auth filter: %w", err)
	}
	f := &Filter{
		reviews:  r,
		readers:  newReaders(),
		tokens:   newAnswers[*authenticationv1.UserInfo](),
		verdicts: newAnswers[bool](),
		log:      log,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "kubestate_auth_filter_requests_total",
			Help: "Requests to the auth filter by result: allowed, unauthenticated, unknown (path not served), denied, busy (queue full) or error (review failed).",
		}, []string{"result"}),
	}
	reg.MustRegister(f.requests)
	return f, nil
}

// Protect gives a handler that answers as h does where the request may be
// answered. The paths in open need no credentials, all others do. serves says which
// requests h has an answer for: the API server is not asked about others.
//
// Without a token that the API server accepts the answer is 401, for what is not
// served 404, without permission 403, 503 if too many others wait, and 500 if the API
// server cannot be asked.
func (f *Filter) Protect(h http.Handler, serves func(*http.Request) bool, open ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slices.Contains(open, r.URL.Path) || f.admit(w, r, serves) {
			h.ServeHTTP(w, r)
		}
	})
}

// admit says whether the request may be answered, and answers it if not.
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
	f.readers.good(from)
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

// fail answers what could not be asked about.
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

// bearerToken is the token in the Authorization field (RFC 6750, section 2.1),
// empty if there is none.
func bearerToken(header http.Header) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(header.Get("Authorization")), " ")
	if !strings.EqualFold(scheme, "bearer") || strings.Contains(token, " ") {
		return ""
	}
	return token
}

// authenticate gives the user whose token it is, nil if it is nobody's.
func (f *Filter) authenticate(ctx context.Context, token string, from client) (*authenticationv1.UserInfo, error) {
	if token == "" {
		return nil, nil
	}
	return f.tokens.get(ctx, []byte(token), func(ctx context.Context, last *authenticationv1.UserInfo) (*authenticationv1.UserInfo, time.Duration, error) {
		line, giveBack := f.lineOf(from, token, last != nil)
		user, err := f.reviews.token(ctx, token, waiter{line, from.address})
		switch {
		case err != nil:
			giveBack()
			f.note(err)
			return nil, 0, err
		case user == nil:
			return nil, refusedTTL, nil
		}
		f.readers.asked(from, token)
		if user.Size() > userBytes {
			return user, 0, nil
		}
		return user, tokenTTL, nil
	})
}

// lineOf is the queue in which a token has to wait. giveBack is for when it was not
// asked about. known says that it was good before.
func (f *Filter) lineOf(from client, token string, known bool) (line *queue, giveBack func()) {
	if known {
		return f.reviews.readers, func() {}
	}
	if giveBack, ok := f.readers.take(from, token); ok {
		return f.reviews.readers, giveBack
	}
	return f.reviews.strangers, func() {}
}

// authorize says whether the user may do what the attributes say.
func (f *Filter) authorize(ctx context.Context, user *authenticationv1.UserInfo, from client, what *authorizationv1.NonResourceAttributes) (bool, error) {
	spec := authorizationv1.SubjectAccessReviewSpec{
		NonResourceAttributes: what,
		User:                  user.Username,
		UID:                   user.UID,
		Groups:                user.Groups,
		Extra:                 map[string]authorizationv1.ExtraValue{},
	}
	for key, values := range user.Extra {
		spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	question, err := spec.Marshal()
	if err != nil {
		return false, err
	}
	return f.verdicts.get(ctx, question, func(ctx context.Context, _ bool) (bool, time.Duration, error) {
		allowed, err := f.reviews.access(ctx, spec, waiter{f.reviews.readers, from.address})
		f.note(err)
		if !allowed {
			return false, denyTTL, err
		}
		return true, allowTTL, err
	})
}

// note logs that asking failed, and not again for a while.
func (f *Filter) note(err error) {
	if err == nil || errors.Is(err, context.Canceled) { // the client has gone
		return
	}
	now, last := time.Now().UnixNano(), f.warned.Load()
	if (last == 0 || now-last >= int64(warnAgain)) && f.warned.CompareAndSwap(last, now) {
		f.log.Warn("the API server cannot be asked who may read", "err", err)
	}
}
