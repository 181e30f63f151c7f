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

// flood has each of the addresses send made-up tokens until end, on connections that each
// wait for an answer: more of a few addresses than can wait, and some of many.
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
						t.Errorf("%s got in", r.Header.Get("Authorization"))
					}
					if w.Code == http.StatusServiceUnavailable {
						time.Sleep(time.Second) // as it says
					}
				}
			})
		}
	}
	time.Sleep(12 * time.Second) // every burst is over, and the first have waited too long
	return func() {
		cancel()
		all.Wait()
	}
}

func attacker(i int) string { return fmt.Sprintf("198.51.100.%d", i) }

func madeUp(i int) string { return fmt.Sprint("made-up-", i) }

// jwt is a JSON web token, without a signature, for a subject.
func jwt(subject string, id int) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256"}`) + "." + part(fmt.Sprintf(`{"iss":"https://kubernetes","sub":%q,"jti":"%d"}`, subject, id)) + "." + part("signature")
}

// wantsPage has a client ask for the page, and wants it within a time.
func (f filtered) wantsPage(t *testing.T, what, address, token string, within time.Duration) {
	t.Helper()
	start := time.Now()
	got := f.from(address, http.MethodGet, "/metrics", "Bearer "+token)
	if d := cmp.Diff(page, got); d != "" || time.Since(start) > within {
		t.Errorf("%s: after %v, want at most %v (-want +got):\n%s", what, time.Since(start), within, d)
	}
}

const reading = "192.0.2.1:1234"

// TestStrangerInAFlood has a reader come whom nobody knows yet, while others make
// tokens up: at one address, and at most of those that can wait.
func TestStrangerInAFlood(t *testing.T) {
	f := func(addresses int, within time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			h := protect(t, shop())
			end := flood(t, h, addresses, attacker, madeUp)
			h.wantsPage(t, fmt.Sprint(addresses, " addresses"), reading, "reader-token", within)
			end()
		})
	}
	f(1, 300*time.Millisecond)
	f(10, 1200*time.Millisecond)
	f(90, 9200*time.Millisecond)
}

// TestRotationInAFlood has a reader come with its next token, which nobody has seen,
// while others make tokens up: by its connection, from its address, and as what the
// token says that it is.
func TestRotationInAFlood(t *testing.T) {
	f := func(name, next string, addresses int, address, token func(int) string) {
		t.Helper()
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := shop()
				a.users[jwt("reader", 1)], a.users[jwt("reader", 2)] = a.users["reader-token"], a.users["reader-token"]
				h := protect(t, a)
				h.wantsPage(t, "first", reading, jwt("reader", 1), 0)
				end := flood(t, h, addresses, address, token)
				h.wantsPage(t, "next", next, jwt("reader", 2), 100*time.Millisecond)
				end()
			})
		})
	}
	own := func(int) string { return "192.0.2.1" }
	forged := func(i int) string { return jwt("reader", 1000+i) }
	f("other addresses, same connection", reading, 110, attacker, madeUp)
	f("other addresses, next connection", "192.0.2.1:1235", 110, attacker, madeUp)
	f("other addresses with its name, next connection", "192.0.2.1:1235", 110, attacker, forged)
	f("same address, same connection", reading, 1, own, madeUp)
	f("same address with its name, same connection", reading, 1, own, forged)
	f("same address, next connection", "192.0.2.1:1235", 1, own, madeUp)
}

// TestUnasked has a client with a good token ask for paths that nobody serves: the API
// server is asked about none of them.
func TestUnasked(t *testing.T) {
	a := shop()
	h := protect(t, a)
	want := reply{http.StatusNotFound, "404 page not found\n", ""}
	for range 100 {
		if d := cmp.Diff(want, h.get(http.MethodGet, "/nowhere", "Bearer guest-token")); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	}
	if d := cmp.Diff(unauthorized, h.get(http.MethodGet, "/nowhere", "Bearer unheardof")); d != "" {
		t.Errorf("a stranger (-want +got):\n%s", d)
	}
	if got := a.counts(); got != [2]int{2, 0} {
		t.Errorf("%d reviews, want two of tokens", got)
	}
}

// TestManyPaths has somebody with a good token use up the questions of its address.
// Another reader is asked about beside it.
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
		h.wantsPage(t, "reader", reading, "reader-token", 200*time.Millisecond)
		cancel()
		all.Wait()
	})
}

// TestGoneClients has clients leave before their turn has come: nobody waits for them,
// and the API server is not asked.
func TestGoneClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := shop()
		h := protect(t, a)
		ctx, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 52 { // all turns there are, and all that can wait
			all.Go(func() {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/metrics", nil)
				r.RemoteAddr = fmt.Sprint("198.51.100.1:", i)
				r.Header.Set("Authorization", "Bearer "+madeUp(i))
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		synctest.Wait()
		if got := h.from("198.51.100.1:100", http.MethodGet, "/metrics", "Bearer reader-token"); got != busy {
			t.Errorf("one more: %+v", got)
		}
		leave()
		all.Wait()
		h.wantsPage(t, "reader", "198.51.100.1:101", "reader-token", 100*time.Millisecond)
		if got := a.counts(); got != [2]int{21, 1} {
			t.Errorf("%d reviews, want those of the first 20, and of the reader", got)
		}
		if h.log.Len() > 0 && strings.Contains(h.log.String(), "canceled") {
			t.Errorf("logged:\n%s", h.log)
		}
	})
}

// TestMemoryInAFlood has thousands of addresses make tokens up for an hour, big ones
// too. What is kept is what a reader needs.
func TestMemoryInAFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := protect(t, shop())
		h.wantsPage(t, "reader", reading, "reader-token", 0)
		for i := range 3600 {
			token := madeUp(i)
			if i%100 == 0 {
				token += strings.Repeat("x", 1<<20)
			}
			h.from(fmt.Sprintf("10.0.%d.%d:1", i/256, i%256), http.MethodGet, "/metrics", "Bearer "+token)
			time.Sleep(time.Second)
			if i%30 == 0 {
				h.wantsPage(t, "reader", reading, "reader-token", 0)
			}
		}
		tokens, verdicts := h.filter.Kept()
		if len(tokens) > 20 || len(verdicts) != 1 || h.filter.Readers() != 1 {
			t.Errorf("%d tokens, %d verdicts and %d readers kept", len(tokens), len(verdicts), h.filter.Readers())
		}
	})
}

// TestManyReaders has more readers than are remembered.
func TestManyReaders(t *testing.T) {
	h := protect(t, shop())
	for i := range 3000 {
		h.wantsPage(t, fmt.Sprint("reader ", i), fmt.Sprintf("10.0.%d.%d:%d", i/256, i%256, 1000+i), "reader-token", time.Minute)
	}
	if n := h.filter.Readers(); n != 1024 {
		t.Errorf("%d readers kept, want 1024", n)
	}
}

// TestLargeUsers has a user with more groups than are kept.
func TestLargeUsers(t *testing.T) {
	a := shop()
	groups := make([]string, 1000)
	for i := range groups {
		groups[i] = fmt.Sprint("a-group-with-a-long-name-", i)
	}
	a.users["reader-token"] = authenticationv1.UserInfo{Username: "reader", Groups: groups}
	h := protect(t, a)
	for range 3 {
		h.wantsPage(t, "reader", reading, "reader-token", time.Minute)
	}
	if got := a.counts(); got != [2]int{3, 1} {
		t.Errorf("%d reviews, want one of the token each time", got)
	}
}

// TestAudiences wants tokens for certain audiences, and an API server that says which
// of them a token is for.
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
	f("plain-token", unauthorized) // for the API server
	if want := `"spec":{"token":"reader-token","audiences":["kubestate","metrics"]}`; !strings.Contains(a.asked[0], want) {
		t.Errorf("asked %s, want %s", a.asked[0], want)
	}
}
