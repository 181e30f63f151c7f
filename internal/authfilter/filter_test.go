package authfilter_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/authfilter"
)

// TestCredentials sends requests with valid and invalid credentials.
func TestCredentials(t *testing.T) {
	h := protect(t, shop())
	f := func(path, authorization string, want reply) {
		t.Helper()
		if d := cmp.Diff(want, h.get(http.MethodGet, path, authorization)); d != "" {
			t.Errorf("%s with %q (-want +got):\n%s", path, authorization, d)
		}
	}
	denied := reply{http.StatusForbidden, "Authorization denied for user guest\n", ""}
	f("/metrics", "", unauthorized)
	f("/metrics", "Bearer", unauthorized)
	f("/metrics", "Bearer ", unauthorized)
	f("/metrics", "reader-token", unauthorized)
	f("/metrics", "Basic cmVhZGVyOnRva2Vu", unauthorized)
	f("/metrics", "Bearer unheardof", unauthorized)
	f("/metrics", "Bearer  reader-token", unauthorized)
	f("/metrics", "Bearer reader-token guest-token", unauthorized)
	f("/metrics", "Bearer reader-token", page)
	f("/metrics", "bearer reader-token", page)
	f("/metrics", " Bearer reader-token ", page)
	f("/metrics", "Bearer guest-token", denied)
	f("/debug/pprof/heap", "Bearer guest-token", denied)
	f("/debug/pprof/heap", "", unauthorized)
	f("/nowhere", "", unauthorized)
	f("/healthz", "", page)
	f("/healthz", "Bearer unheardof", page)
	f("/healthz/", "", unauthorized)
	f("//healthz", "", unauthorized)
	f("/metrics?/healthz", "", unauthorized)

	counted := `# HELP kubestate_auth_filter_requests_total Requests to the auth filter by result: allowed, unauthenticated, unknown (path not served), denied, busy (queue full) or error (review failed).
# TYPE kubestate_auth_filter_requests_total counter
kubestate_auth_filter_requests_total{result="allowed"} 3
kubestate_auth_filter_requests_total{result="denied"} 2
kubestate_auth_filter_requests_total{result="unauthenticated"} 13
# HELP kubestate_auth_filter_reviews_total TokenReviews and SubjectAccessReviews sent to the API server, by result: success or error.
# TYPE kubestate_auth_filter_reviews_total counter
kubestate_auth_filter_reviews_total{result="success",review="subjectaccessreviews"} 3
kubestate_auth_filter_reviews_total{result="success",review="tokenreviews"} 3
`
	if err := testutil.GatherAndCompare(h.reg, strings.NewReader(counted)); err != nil {
		t.Error(err)
	}
	if h.log.Len() > 0 {
		t.Errorf("logged:\n%s", h.log)
	}
}

// TestReviews compares the reviews that the API server receives.
func TestReviews(t *testing.T) {
	a := shop()
	h := protect(t, a)
	h.get(http.MethodHead, "/debug/pprof/heap?seconds=5", "Bearer reader-token")
	h.get(http.MethodGet, "/metrics", "Bearer guest-token")
	const tokens, accesses = "POST /apis/authentication.k8s.io/v1/tokenreviews ", "POST /apis/authorization.k8s.io/v1/subjectaccessreviews "
	want := []string{
		tokens + `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{"token":"reader-token"},"status":{"user":{}}}` + "\n",
		accesses + `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{` +
			`"nonResourceAttributes":{"path":"/debug/pprof/heap","verb":"head"},"user":"reader",` +
			`"groups":["system:serviceaccounts","system:authenticated"],"extra":{"pod":["a","b"]},"uid":"1"},"status":{"allowed":false}}` + "\n",
		tokens + `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},"spec":{"token":"guest-token"},"status":{"user":{}}}` + "\n",
		accesses + `{"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":{` +
			`"nonResourceAttributes":{"path":"/metrics","verb":"get"},"user":"guest","groups":["system:authenticated"]},"status":{"allowed":false}}` + "\n",
	}
	if d := cmp.Diff(want, a.received); d != "" {
		t.Errorf("reviews (-want +got):\n%s", d)
	}
}

// TestTimesToLive changes the results of reviews and waits until responses change.
func TestTimesToLive(t *testing.T) {
	f := func(name, token string, before, after reply, change func(*api), want time.Duration) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := shop()
				h := protect(t, a)
				get := func() reply { return h.get(http.MethodGet, "/metrics", "Bearer "+token) }
				if d := cmp.Diff(before, get()); d != "" {
					t.Fatalf("before (-want +got):\n%s", d)
				}
				start := time.Now()
				a.change(func() { change(a) })
				got := before
				for got == before && time.Since(start) < time.Hour {
					time.Sleep(time.Second)
					got = get()
				}
				if d := cmp.Diff(after, got); d != "" || time.Since(start) != want {
					t.Errorf("after %v, want %v (-want +got):\n%s", time.Since(start), want, d)
				}
			})
		})
	}
	denied := reply{http.StatusForbidden, "Authorization denied for user reader\n", ""}
	guestDenied := reply{http.StatusForbidden, "Authorization denied for user guest\n", ""}
	guestFailed := reply{http.StatusInternalServerError, "Authorization for user guest failed\n", ""}
	f("right withdrawn", "reader-token", page, denied, func(a *api) { delete(a.granted, "reader") }, 5*time.Minute)
	f("right given", "guest-token", guestDenied, page, func(a *api) { a.granted["guest"] = true }, 30*time.Second)
	f("token revoked", "reader-token", page, unauthorized, func(a *api) { delete(a.users, "reader-token") }, time.Minute)
	f("token issued", "new-token", unauthorized, page, func(a *api) { a.users["new-token"] = a.users["reader-token"] }, 10*time.Second)
	f("API server gone", "reader-token", page, failed, func(a *api) {
		a.fail = func(*http.Request) (*http.Response, error) { return nil, errRefused }
	}, time.Minute)
	f("API server gone for who is denied", "guest-token", guestDenied, guestFailed, func(a *api) {
		a.fail = func(*http.Request) (*http.Response, error) { return nil, errRefused }
	}, 30*time.Second)
}

// TestFailures has reviews fail: the request is refused, nothing is cached, and transient errors are
// retried.
func TestFailures(t *testing.T) {
	f := func(name string, fail func(*http.Request) (*http.Response, error), attempts int, least, most time.Duration) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := shop()
				h := protect(t, a)
				a.fail = fail
				start := time.Now()
				if d := cmp.Diff(failed, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
				if took := time.Since(start); took < least || took > most {
					t.Errorf("took %v, want %v to %v", took, least, most)
				}
				if got := a.counts(); got != [2]int{attempts, 0} {
					t.Errorf("%d reviews, want %d of a token", got, attempts)
				}
				if n := strings.Count(h.log.String(), "level=WARN"); n != 1 || strings.Contains(h.log.String(), "reader-token") {
					t.Errorf("logged:\n%s", h.log)
				}
				a.change(func() { a.fail = nil })
				if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
					t.Errorf("afterwards (-want +got):\n%s", d)
				}
			})
		})
	}
	// 500 ms, and half as much more each time, four times over; plus up to a fifth.
	const waits = 4062500 * time.Microsecond
	f("connection refused", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 1, 0, 0)
	f("forbidden", failure(http.StatusForbidden, metav1.StatusReasonForbidden), 1, 0, 0)
	f("unauthorized", failure(http.StatusUnauthorized, metav1.StatusReasonUnauthorized), 1, 0, 0)
	f("internal error", failure(http.StatusInternalServerError, metav1.StatusReasonInternalError), 5, waits, waits*6/5)
	f("too many requests", failure(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests), 5, waits, waits*6/5)
	// Retry-After adds no attempts.
	f("Retry-After", func(*http.Request) (*http.Response, error) {
		later, _ := failure(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests)(nil)
		later.Header.Set("Retry-After", "1")
		return later, nil
	}, 5, waits, waits*6/5)
	f("timeout", func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}, 1, 10*time.Second, 10*time.Second)
	f("invalid response", func(*http.Request) (*http.Response, error) { return respond(http.StatusCreated, "yes"), nil }, 1, 0, 0)
}

// TestContradiction has access both allowed and denied: denied wins.
func TestContradiction(t *testing.T) {
	a := shop()
	a.denied = true
	want := reply{http.StatusForbidden, "Authorization denied for user reader\n", ""}
	if d := cmp.Diff(want, protect(t, a).get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAccessReviewFails has TokenReviews succeed alone.
func TestAccessReviewFails(t *testing.T) {
	a := shop()
	a.fail = func(r *http.Request) (*http.Response, error) {
		if strings.HasSuffix(r.URL.Path, "/subjectaccessreviews") {
			return nil, errRefused
		}
		return nil, nil
	}
	want := reply{http.StatusInternalServerError, "Authorization for user reader failed\n", ""}
	if d := cmp.Diff(want, protect(t, a).get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestSharedReview has many clients send the same token concurrently. The first one disconnects
// before its review returns.
func TestSharedReview(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, release := shop(), make(chan struct{})
		a.fail = func(r *http.Request) (*http.Response, error) {
			<-release
			return nil, r.Context().Err()
		}
		h := protect(t, a)
		var all sync.WaitGroup
		first := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		first.Header.Set("Authorization", "Bearer reader-token")
		ctx, leave := context.WithCancel(t.Context())
		all.Go(func() { h.ServeHTTP(httptest.NewRecorder(), first.WithContext(ctx)) })
		synctest.Wait()
		for range 100 {
			all.Go(func() {
				if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		}
		synctest.Wait()
		leave()
		close(release)
		all.Wait()
		if got := a.counts(); got != [2]int{1, 1} {
			t.Errorf("%d reviews, want one of the token and one of access", got)
		}
	})
}

// TestInvalidTokens floods the filter with invalid tokens beside an authorized client.
func TestInvalidTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := shop()
		h := protect(t, a)
		read := func() {
			t.Helper()
			if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
				t.Errorf("authorized client (-want +got):\n%s", d)
			}
		}
		read()
		before := a.counts()
		start := time.Now()
		var all sync.WaitGroup
		for second := range 150 {
			for i := range 40 {
				all.Go(func() {
					token := fmt.Sprint("Bearer made-up-", second, "-", i)
					if got := h.from(fmt.Sprint("198.51.100.1:", i), http.MethodGet, "/metrics", token); got != unauthorized && got != busy {
						t.Errorf("%s: %+v", token, got)
					}
				})
			}
			synctest.Wait()
			read()
			time.Sleep(time.Second)
		}
		all.Wait()
		took := time.Since(start)
		reviews := a.counts()[0] - before[0] - 150/60
		if most := 20 + int(10*took/time.Second); reviews < most*9/10 || reviews > most {
			t.Errorf("%d reviews of invalid tokens in %v, want up to %d", reviews, took, most)
		}
		users, decisions := h.filter.Cached()
		if len(users) > 130 || len(decisions) != 1 {
			t.Errorf("%d users and %d decisions cached", len(users), len(decisions))
		}
		if n := strings.Count(h.log.String(), "\n"); n < 2 || n > 3 {
			t.Errorf("%d lines logged in two and a half minutes:\n%.500s", n, h.log)
		}
	})
}

// TestCachesAreBounded has more users and paths than fit in the caches.
func TestCachesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := shop()
		for i := range 3000 {
			user := fmt.Sprint("user-", i)
			a.users[fmt.Sprint("token-", i)], a.granted[user] = authenticationv1.UserInfo{Username: user}, true
		}
		h := protect(t, a)
		for i := range 3000 {
			if got := h.get(http.MethodGet, fmt.Sprint("/", i), fmt.Sprint("Bearer token-", i)); got != page {
				t.Fatalf("user %d: %+v", i, got)
			}
		}
		users, decisions := h.filter.Cached()
		if len(users) != 1024 || len(decisions) != 1024 {
			t.Errorf("%d users and %d decisions cached, want 1024 of each", len(users), len(decisions))
		}
	})
}

// TestTokensAreNotCached holds that caches have digests of tokens alone, under a key of the filter.
func TestTokensAreNotCached(t *testing.T) {
	h := protect(t, shop())
	if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	users, decisions := h.filter.Cached()
	for _, key := range slices.Concat(users, decisions) {
		if digest, ok := key.(string); !ok || len(digest) != 32 || strings.Contains(digest, "reader") {
			t.Errorf("cached under %q", key)
		}
	}
	other := protect(t, shop())
	other.get(http.MethodGet, "/metrics", "Bearer reader-token")
	if again, _ := other.filter.Cached(); cmp.Equal(users, again) {
		t.Errorf("two filters cache a token under the same digest %q", again)
	}
}

// TestBodiesAreNotRead sends a body whose Read fails the test.
func TestBodiesAreNotRead(t *testing.T) {
	h := protect(t, shop())
	for _, token := range []string{"", "unheardof", "guest-token", "reader-token"} {
		r := httptest.NewRequest(http.MethodPost, "/metrics", unreadable{t})
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

type unreadable struct{ t *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errRefused
}

// TestInvalidConfig has a configuration without a client.
func TestInvalidConfig(t *testing.T) {
	config := &rest.Config{Host: "https://api", TLSClientConfig: rest.TLSClientConfig{CAFile: "/absent"}}
	_, err := authfilter.New(config, nil, prometheus.NewRegistry(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "auth filter: ") || !strings.Contains(err.Error(), "/absent") {
		t.Errorf("error %v", err)
	}
}
