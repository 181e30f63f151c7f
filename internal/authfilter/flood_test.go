package authfilter_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	authenticationv1 "k8s.io/api/authentication/v1"
)

// flood has each of the addresses send invalid tokens until end, one at a time on each connection:
// more connections than can queue from few addresses, 3 from many.
func flood(t *testing.T, h filtered, addresses int, address, token func(i int) string) (end func()) {
	t.Helper()
	connections := 40
	if addresses > 10 {
		connections = 3
	}
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for i := range addresses {
		for port := range connections {
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
					r.RemoteAddr = fmt.Sprint(address(i), ":", 1000+port)
					r.Header.Set("Authorization", "Bearer "+token((i*40+port)*1_000_000+n))
					w := httptest.NewRecorder()
					h.ServeHTTP(w, r)
					if w.Code == http.StatusOK {
						t.Errorf("%s is authorized", r.Header.Get("Authorization"))
					}
					if w.Code == http.StatusServiceUnavailable {
						time.Sleep(time.Second) // Retry-After
					}
				}
			})
		}
	}
	time.Sleep(12 * time.Second) // bursts are used up, and the first reviews have timed out
	return func() {
		cancel()
		all.Wait()
	}
}

func attacker(i int) string { return fmt.Sprintf("198.51.100.%d", i) }

func invalid(i int) string { return fmt.Sprint("invalid-", i) }

// jwt is an unsigned JSON web token for a subject.
func jwt(subject string, id int) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256"}`) + "." + part(fmt.Sprintf(`{"iss":"https://kubernetes","sub":%q,"jti":"%d"}`, subject, id)) + "." + part("signature")
}

// wantPage requests the page, and wants it within a time of the bubble.
func (f filtered) wantPage(t *testing.T, what, address, token string, within time.Duration) {
	t.Helper()
	start := time.Now()
	got := f.from(address, http.MethodGet, "/metrics", "Bearer "+token)
	if d := cmp.Diff(page, got); d != "" || time.Since(start) > within {
		t.Errorf("%s: after %v, want at most %v (-want +got):\n%s", what, time.Since(start), within, d)
	}
}

const reading = "192.0.2.1:1234"

// TestUnverifiedClient sends a first token during a flood from one address, from ten, and from most
// that can queue.
func TestUnverifiedClient(t *testing.T) {
	f := func(addresses int, within time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := protect(t, shop())
			end := flood(t, h, addresses, attacker, invalid)
			h.wantPage(t, fmt.Sprint(addresses, " addresses"), reading, "reader-token", within)
			end()
		})
	}
	f(1, 300*time.Millisecond)
	f(10, 1200*time.Millisecond)
	f(90, 9200*time.Millisecond)
}

// TestTokenRotation sends the next token of a verified client during a flood. The client is
// recognized by its connection, its address, or the subject of its token.
func TestTokenRotation(t *testing.T) {
	f := func(name, next string, addresses int, address, token func(int) string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := shop()
				a.users[jwt("reader", 1)], a.users[jwt("reader", 2)] = a.users["reader-token"], a.users["reader-token"]
				h := protect(t, a)
				h.wantPage(t, "first", reading, jwt("reader", 1), 0)
				end := flood(t, h, addresses, address, token)
				h.wantPage(t, "next", next, jwt("reader", 2), 100*time.Millisecond)
				end()
			})
		})
	}
	own := func(int) string { return "192.0.2.1" }
	forged := func(i int) string { return jwt("reader", 1000+i) }
	f("other addresses, same connection", reading, 110, attacker, invalid)
	f("other addresses, next connection", "192.0.2.1:1235", 110, attacker, invalid)
	f("other addresses with its name, next connection", "192.0.2.1:1235", 110, attacker, forged)
	f("same address, same connection", reading, 1, own, invalid)
	f("same address with its name, same connection", reading, 1, own, forged)
	f("same address, next connection", "192.0.2.1:1235", 1, own, invalid)
}

// TestUnservedPaths holds that paths that are not served cost no SubjectAccessReview.
func TestUnservedPaths(t *testing.T) {
	a := shop()
	h := protect(t, a)
	want := reply{http.StatusNotFound, "404 page not found\n", ""}
	for range 100 {
		if d := cmp.Diff(want, h.get(http.MethodGet, "/nowhere", "Bearer guest-token")); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	}
	if d := cmp.Diff(unauthorized, h.get(http.MethodGet, "/nowhere", "Bearer unheardof")); d != "" {
		t.Errorf("invalid token (-want +got):\n%s", d)
	}
	if got := a.counts(); got != [2]int{2, 0} {
		t.Errorf("%d reviews, want two of tokens", got)
	}
}

// TestManyPaths has a client with a valid token use up the rate of its address. Another client is
// not delayed.
func TestManyPaths(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := protect(t, shop())
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					if h.from(attacker(1)+":1", http.MethodGet, fmt.Sprint("/", i, "/", n), "Bearer guest-token").Status == http.StatusServiceUnavailable {
						time.Sleep(time.Second)
					}
				}
			})
		}
		time.Sleep(30 * time.Second)
		h.wantPage(t, "reader", reading, "reader-token", 200*time.Millisecond)
		cancel()
		all.Wait()
	})
}

// TestDisconnectedClients has clients disconnect while their reviews are queued: these are not sent.
func TestDisconnectedClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := shop()
		h := protect(t, a)
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 52 { // the burst, and the length of the queue
			all.Go(func() {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
				r.RemoteAddr = fmt.Sprint("198.51.100.1:", i)
				r.Header.Set("Authorization", "Bearer "+invalid(i))
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		synctest.Wait()
		if got := h.from("198.51.100.1:100", http.MethodGet, "/metrics", "Bearer reader-token"); got != busy {
			t.Errorf("one more: %+v", got)
		}
		leave()
		all.Wait()
		h.wantPage(t, "reader", "198.51.100.1:101", "reader-token", 100*time.Millisecond)
		if got := a.counts(); got != [2]int{21, 1} {
			t.Errorf("%d reviews, want those of the burst of 20, and of the reader", got)
		}
		if h.log.Len() > 0 && strings.Contains(h.log.String(), "canceled") {
			t.Errorf("logged:\n%s", h.log)
		}
	})
}

// TestMemory has thousands of addresses send invalid tokens for an hour, large ones too. Caches keep
// the entries of the verified client.
func TestMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := protect(t, shop())
		h.wantPage(t, "reader", reading, "reader-token", 0)
		for i := range 3600 {
			token := invalid(i)
			if i%100 == 0 {
				token += strings.Repeat("x", 1<<20)
			}
			h.from(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), http.MethodGet, "/metrics", "Bearer "+token)
			time.Sleep(time.Second)
			if i%30 == 0 {
				h.wantPage(t, "reader", reading, "reader-token", 0)
			}
		}
		users, decisions := h.filter.Cached()
		if len(users) > 20 || len(decisions) != 1 || h.filter.Verified() != 1 {
			t.Errorf("%d users, %d decisions and %d verified clients", len(users), len(decisions), h.filter.Verified())
		}
	})
}

// TestVerifiedClientsAreBounded has more verified clients than fit.
func TestVerifiedClientsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := protect(t, shop())
		for i := range 3000 {
			h.wantPage(t, fmt.Sprint("client ", i), fmt.Sprintf("10.0.%d.%d:%d", i/256, i%256, 1000+i), "reader-token", 0)
		}
		if n := h.filter.Verified(); n != 1024 {
			t.Errorf("%d verified clients, want 1024", n)
		}
	})
}

// TestLargeUsers has a user with more groups than are cached.
func TestLargeUsers(t *testing.T) {
	a := shop()
	groups := make([]string, 1000)
	for i := range groups {
		groups[i] = fmt.Sprint("a-group-with-a-long-name-", i)
	}
	a.users["reader-token"] = authenticationv1.UserInfo{Username: "reader", Groups: groups}
	synctest.Test(t, func(t *testing.T) {
		h := protect(t, a)
		for range 3 {
			h.wantPage(t, "reader", reading, "reader-token", 0)
		}
		if got := a.counts(); got != [2]int{3, 1} {
			t.Errorf("%d reviews, want one of the token each time", got)
		}
	})
}

// TestAudiences has a filter that accepts certain audiences.
func TestAudiences(t *testing.T) {
	a := shop()
	a.wanted = []string{"kubestate", "metrics"}
	a.audiences = map[string][]string{"reader-token": {"other", "metrics"}, "guest-token": {"other"}}
	a.users["plain-token"] = a.users["reader-token"]
	h := protect(t, a)
	f := func(token string, want reply) {
		t.Helper()
		if d := cmp.Diff(want, h.get(http.MethodGet, "/metrics", "Bearer "+token)); d != "" {
			t.Errorf("%s (-want +got):\n%s", token, d)
		}
	}
	f("reader-token", page)
	f("guest-token", unauthorized)
	f("plain-token", unauthorized) // for the API server alone
	if want := `"spec":{"token":"reader-token","audiences":["kubestate","metrics"]}`; !strings.Contains(a.received[0], want) {
		t.Errorf("review %s, want %s", a.received[0], want)
	}
}
