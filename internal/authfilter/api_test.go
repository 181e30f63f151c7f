package authfilter_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/authfilter"
)

var errRefused = errors.New("connection refused")

// api is a fake API server of reviews.
type api struct {
	mu sync.Mutex
	// users are by token, granted has the authorized ones by name.
	users   map[string]authenticationv1.UserInfo
	granted map[string]bool
	denied  bool // of every access, also if it is allowed
	// audiences are by token, wanted is of the filter.
	audiences map[string][]string
	wanted    []string
	// fail, if set, may return a response or an error in place of the review.
	fail func(*http.Request) (*http.Response, error)

	received                    []string // method, path and body of requests
	tokenReviews, accessReviews int
}

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.received = append(a.received, r.Method+" "+r.URL.Path+" "+string(body))
	token := r.URL.Path == "/apis/authentication.k8s.io/v1/tokenreviews"
	if token {
		a.tokenReviews++
	} else {
		a.accessReviews++
	}
	fail := a.fail
	a.mu.Unlock()
	if fail != nil {
		if response, err := fail(r); response != nil || err != nil {
			return response, err
		}
	}
	if token {
		return a.reviewToken(body)
	}
	return a.reviewAccess(body)
}

func (a *api) reviewToken(body []byte) (*http.Response, error) {
	var review authenticationv1.TokenReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	user, ok := a.users[review.Spec.Token]
	review.Status = authenticationv1.TokenReviewStatus{Authenticated: ok, User: user, Audiences: a.audiences[review.Spec.Token]}
	if !ok {
		review.Status.Error = "[invalid bearer token, token lookup failed]"
	}
	return respond(http.StatusCreated, review), nil
}

func (a *api) reviewAccess(body []byte) (*http.Response, error) {
	var review authorizationv1.SubjectAccessReview
	if err := json.Unmarshal(body, &review); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	review.Status.Allowed, review.Status.Denied = a.granted[review.Spec.User], a.denied
	return respond(http.StatusCreated, review), nil
}

// change changes the fields under the lock.
func (a *api) change(f func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	f()
}

// counts returns the number of token and access reviews.
func (a *api) counts() [2]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return [2]int{a.tokenReviews, a.accessReviews}
}

func respond(status int, object any) *http.Response {
	body, err := json.Marshal(object)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return &http.Response{
		StatusCode: status,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(bytes.NewReader(body)),
	}
}

// failure responds with a Status.
func failure(code int32, reason metav1.StatusReason) func(*http.Request) (*http.Response, error) {
	return func(*http.Request) (*http.Response, error) {
		return respond(int(code), metav1.Status{
			TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
			Status:   metav1.StatusFailure, Code: code, Reason: reason, Message: "not so",
		}), nil
	}
}

// shop has two users, of which reader is authorized.
func shop() *api {
	return &api{
		users: map[string]authenticationv1.UserInfo{
			"reader-token": {Username: "reader", UID: "1", Groups: []string{"system:serviceaccounts"}, Extra: map[string]authenticationv1.ExtraValue{"pod": {"a", "b"}}},
			"guest-token":  {Username: "guest", Groups: []string{"system:authenticated"}},
		},
		granted: map[string]bool{"reader": true},
	}
}

// filtered is a handler behind a filter.
type filtered struct {
	http.Handler
	filter *authfilter.Filter
	reg    *prometheus.Registry
	log    *bytes.Buffer
}

// secret is the body of the protected page.
const secret = "the page"

func protect(t *testing.T, a *api) filtered {
	t.Helper()
	f := filtered{reg: prometheus.NewRegistry(), log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.Level(-100)}))
	var err error
	f.filter, err = authfilter.New(&rest.Config{Host: "http://api", Transport: a}, a.wanted, f.reg, log)
	if err != nil {
		t.Fatal(err)
	}
	f.Handler = f.filter.Protect(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, secret)
	}), func(r *http.Request) bool { return r.URL.Path != "/nowhere" }, "/healthz")
	return f
}

// reply is a response to a client.
type reply struct {
	Status    int
	Body      string
	Challenge string // WWW-Authenticate
}

var (
	page         = reply{http.StatusOK, secret, ""}
	unauthorized = reply{http.StatusUnauthorized, "Unauthorized\n", "Bearer"}
	busy         = reply{http.StatusServiceUnavailable, "Authentication failed: too many reviews are queued\n", ""}
	failed       = reply{http.StatusInternalServerError, "Authentication failed\n", ""}
)

// get requests a path with an Authorization header.
func (f filtered) get(method, path, authorization string) reply {
	return f.from("192.0.2.1:1234", method, path, authorization)
}

// from is get by a client of an address and port.
func (f filtered) from(address, method, path, authorization string) reply {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = address
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, r)
	return reply{w.Code, w.Body.String(), w.Header().Get("WWW-Authenticate")}
}
