package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
)

// maxGrowth bounds the growth of the heap, far below the size of the requests.
const maxGrowth = 4 << 20

// TestSoak sends requests that differ in headers, user agent, path, query and token to both ports,
// and holds that the heap does not grow.
func TestSoak(t *testing.T) {
	n := 1000
	if testing.Short() {
		n = 200
	}
	t.Run("open", func(t *testing.T) {
		soak(t, startProgram(t, "--snapshot", "../../examples/cluster"), 2*n, nil)
	})
	t.Run("auth-filter", func(t *testing.T) {
		api := httptest.NewTLSServer(http.HandlerFunc(review))
		defer api.Close()
		tokens := func(r *rand.Rand) string {
			switch r.IntN(50) { // reviews are rate-limited
			case 0:
				return "Bearer " + reader
			case 1:
				return fmt.Sprintf("Bearer %x%s", r.Uint64(), strings.Repeat("y", r.IntN(8<<10)))
			default:
				return fmt.Sprintf("Basic %x%s", r.Uint64(), strings.Repeat("y", r.IntN(8<<10)))
			}
		}
		soak(t, startProgram(t, "--kubeconfig", kubeconfig(t, api.URL), "--auth-filter", "--resources", "pods"), n, tokens)
	})
}

// reader is the token of an authorized user.
const reader = "reader-token"

// review responds to reviews, and with 403 to other requests.
func review(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var response any
	switch {
	case strings.HasSuffix(r.URL.Path, "/tokenreviews"):
		var a authenticationv1.TokenReview
		_ = json.Unmarshal(body, &a)
		a.Status.Authenticated = a.Spec.Token == reader
		a.Status.User.Username = "reader"
		response = a
	case strings.HasSuffix(r.URL.Path, "/subjectaccessreviews"):
		var a authorizationv1.SubjectAccessReview
		_ = json.Unmarshal(body, &a)
		a.Status.Allowed = true
		response = a
	default:
		http.Error(w, "no", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_ = json.NewEncoder(w).Encode(response)
}

// soak compares the heap after n and after 3n requests.
func soak(t *testing.T, p program, n int, authorization func(*rand.Rand) string) {
	t.Helper()
	flood(t, p, 1, n, authorization)
	before := heap(t, p)
	flood(t, p, 2, 2*n, authorization)
	after := heap(t, p)
	t.Logf("heap: %d KiB, then %d KiB", before>>10, after>>10)
	if after > before+maxGrowth {
		t.Errorf("%d bytes of heap after %d requests, %d after %d", before, n, after, 3*n)
	}
	if log := p.log.String(); len(log) > 16<<10 {
		t.Errorf("the log has %d bytes: %.2000s", len(log), log)
	}
}

// flood sends n random requests.
func flood(t *testing.T, p program, seed uint64, n int, authorization func(*rand.Rand) string) {
	t.Helper()
	const workers = 16
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}}
	defer client.CloseIdleConnections()
	var group errgroup.Group
	var answered atomic.Int64
	for worker := range workers {
		group.Go(func() error {
			random := rand.New(rand.NewPCG(seed, uint64(worker)))
			for range n / workers {
				r, err := randomRequest(random, []string{p.scrapes, p.telemetry}[random.IntN(2)])
				if err != nil {
					return err
				}
				if authorization != nil {
					r.Header.Set("Authorization", authorization(random))
				}
				response, err := client.Do(r)
				if err != nil {
					continue // its own scrape timeout was exceeded
				}
				if _, err = io.Copy(io.Discard, response.Body); err == nil {
					answered.Add(1)
				}
				response.Body.Close()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if answered.Load() < int64(n)/2 {
		t.Fatalf("%d of %d requests succeeded", answered.Load(), n)
	}
}

func randomRequest(r *rand.Rand, address string) (*http.Request, error) {
	paths := []string{"/metrics", "/metrics", "/metrics", "/metrics", "/", "/livez", "/readyz", "/answers", "/debug/cardinality", "/debug/cardinality?by=label", "/debug/cardinality?by=option", fmt.Sprintf("/%x", r.Uint64())}
	methods := []string{http.MethodGet, http.MethodGet, http.MethodGet, http.MethodPost, fmt.Sprintf("M%X", r.Uint64())}
	url := fmt.Sprintf("http://%s%s?resources=%x&namespace=%x,%x", address, paths[r.IntN(len(paths))], r.Uint64(), r.Uint64(), r.Uint64())
	request, err := http.NewRequest(methods[r.IntN(len(methods))], url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", fmt.Sprintf("%x%s", r.Uint64(), strings.Repeat("x", 16<<10+r.IntN(4<<10))))
	request.Header.Set(fmt.Sprintf("X-%x", r.Uint64()), "x")
	request.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.Itoa(1+r.IntN(100)))
	request.Header.Set("Accept", fmt.Sprintf("a/%x;q=0.%d,*/*", r.Uint64(), r.IntN(1000)))
	return request, nil
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)$`)

// heap returns the bytes of the heap after a collection.
func heap(t *testing.T, p program) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, "http://"+p.telemetry+"/debug/pprof/heap?gc=1&debug=1", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+reader)
	text, err := ask(r)
	if err != nil {
		t.Fatal(err)
	}
	m := heapAlloc.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no heap in %.200s", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
