package authfilter_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
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

// TestWhoGetsIn asks with all kinds of credentials.
func TestWhoGetsIn(t *testing.T) {
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

// TestWhatIsAsked reads the reviews that the API server gets.
func TestWhatIsAsked(t *testing.T) {
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
	if d := cmp.Diff(want, a.asked); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

// TestHowLongAnswersCount has what the API server says change, and waits until
// that shows.
func TestHowLongAnswersCount(t *testing.T) {
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
	guestUnasked := reply{http.StatusInternalServerError, "Authorization for user guest failed\n", ""}
	f("right withdrawn", "reader-token", page, denied, func(a *api) { delete(a.granted, "reader") }, 5*time.Minute)
	f("right given", "guest-token", guestDenied, page, func(a *api) { a.granted["guest"] = true }, 30*time.Second)
	f("token revoked", "reader-token", page, unauthorized, func(a *api) { delete(a.users, "reader-token") }, time.Minute)
	f("token issued", "new-token", unauthorized, page, func(a *api) { a.users["new-token"] = a.users["reader-token"] }, 10*time.Second)
	f("API server gone", "reader-token", page, unasked, func(a *api) {
		a.fail = func(*http.Request) (*http.Response, error) { return nil, errRefused }
	}, time.Minute)
	f("API server gone for who is denied", "guest-token", guestDenied, guestUnasked, func(a *api) {
		a.fail = func(*http.Request) (*http.Response, error) { return nil, errRefused }
	}, 30*time.Second)
}

// TestFailures has the API server not answer the question: there is no page,
// nothing of that is kept, and it is tried again where that can help.
func TestFailures(t *testing.T) {
	f := func(name string, fail func(*http.Request) (*http.Response, error), attempts int, least, most time.Duration) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := shop()
				h := protect(t, a)
				a.fail = fail
				start := time.Now()
				if d := cmp.Diff(unasked, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
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
	f("not there", func(*http.Request) (*http.Response, error) { return nil, errRefused }, 1, 0, 0)
	f("not allowed to ask", failure(http.StatusForbidden, metav1.StatusReasonForbidden), 1, 0, 0)
	f("not known itself", failure(http.StatusUnauthorized, metav1.StatusReasonUnauthorized), 1, 0, 0)
	f("internal error", failure(http.StatusInternalServerError, metav1.StatusReasonInternalError), 5, waits, waits*6/5)
	f("too busy", failure(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests), 5, waits, waits*6/5)
	// A wish of the server does not make the attempts more.
	f("later", func(*http.Request) (*http.Response, error) {
		later, _ := failure(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests)(nil)
		later.Header.Set("Retry-After", "1")
		return later, nil
	}, 5, waits, waits*6/5)
	f("silent", func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}, 1, 10*time.Second, 10*time.Second)
	f("nonsense", func(*http.Request) (*http.Response, error) { return answer(http.StatusCreated, "yes"), nil }, 1, 0, 0)
}

// TestContradiction has access both allowed and denied.
func TestContradiction(t *testing.T) {
	a := shop()
	a.denied = true
	want := reply{http.StatusForbidden, "Authorization denied for user reader\n", ""}
	if d := cmp.Diff(want, protect(t, a).get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAccessCannotBeAsked lets tokens be reviewed and nothing else.
func TestAccessCannotBeAsked(t *testing.T) {
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

// TestManyAskOnce has many clients come with the same token at the same time.
// The first of them leaves before there is an answer.
func TestManyAskOnce(t *testing.T) {
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

// TestMadeUpTokens floods the filter with tokens, while somebody reads all the
// time who may.
func TestMadeUpTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := shop()
		h := protect(t, a)
		read := func() {
			t.Helper()
			if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
				t.Errorf("the reader (-want +got):\n%s", d)
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
			t.Errorf("%d reviews of made-up tokens in %v, want up to %d", reviews, took, most)
		}
		tokens, verdicts := h.filter.Kept()
		if len(tokens) > 130 || len(verdicts) != 1 {
			t.Errorf("%d tokens and %d verdicts kept", len(tokens), len(verdicts))
		}
		if n := strings.Count(h.log.String(), "\n"); n < 2 || n > 3 {
			t.Errorf("%d lines logged in two and a half minutes:\n%.500s", n, h.log)
		}
	})
}

// TestCachesAreBounded has more users and paths than are remembered.
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
		tokens, verdicts := h.filter.Kept()
		if len(tokens) != 1024 || len(verdicts) != 1024 {
			t.Errorf("%d tokens and %d verdicts kept, want 1024 of each", len(tokens), len(verdicts))
		}
	})
}

// TestTokensAreNotKept looks for the token in everything that outlives the
// request.
func TestTokensAreNotKept(t *testing.T) {
	h := protect(t, shop())
	if d := cmp.Diff(page, h.get(http.MethodGet, "/metrics", "Bearer reader-token")); d != "" {
		t.Fatalf("(-want +got):\n%s", d)
	}
	tokens, verdicts := h.filter.Kept()
	for _, key := range append(tokens, verdicts...) {
		if digest, ok := key.(string); !ok || len(digest) != 32 || strings.Contains(digest, "reader") {
			t.Errorf("kept under %q", key)
		}
	}
	other := protect(t, shop())
	other.get(http.MethodGet, "/metrics", "Bearer reader-token")
	if again, _ := other.filter.Kept(); cmp.Equal(tokens, again) {
		t.Errorf("two filters keep a token under the same digest %q", again)
	}
}

// TestBodiesAreNotRead sends a body that must not be looked at.
func TestBodiesAreNotRead(t *testing.T) {
	h := protect(t, shop())
	for _, token := range []string{"", "unheardof", "guest-token", "reader-token"} {
		r := httptest.NewRequest(http.MethodPost, "/metrics", untouchable{t})
		r.Header.Set("Authorization", "Bearer "+token)
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
}

type untouchable struct{ t *testing.T }

func (u untouchable) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errRefused
}

// TestNoFilter gives access that no client can be made of.
func TestNoFilter(t *testing.T) {
	config := &rest.Config{Host: "https://api", TLSClientConfig: rest.TLSClientConfig{CAFile: "/absent"}}
	_, err := authfilter.New(config, nil, prometheus.NewRegistry(), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "auth filter: ") || !strings.Contains(err.Error(), "/absent") {
		t.Errorf("the error is %v", err)
	}
}
