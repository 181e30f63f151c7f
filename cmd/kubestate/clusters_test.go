package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestClustersComeAndGo has clusters come and go, each with a TLS configuration, and so a transport of
// client-go, of its own. Neither connections nor goroutines nor memory remain.
func TestClustersComeAndGo(t *testing.T) {
	const clusters, slack = 20, 5 // connections of clients of the program
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	var open atomic.Int64
	api := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }))
	api.EnableHTTP2 = true
	api.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	api.StartTLS()
	defer api.Close()

	dir := t.TempDir()
	p := startProgram(t, "--clusters", dir, "--resources", "pods,nodes")
	made := 0
	empty := heap(t, p)
	round := func() (present int) {
		t.Helper()
		var files []string
		for range clusters {
			made++
			path := filepath.Join(dir, fmt.Sprint("cluster-", made))
			text, err := os.ReadFile(kubeconfig(t, api.URL))
			if err != nil {
				t.Fatal(err)
			}
			own := strings.Replace(string(text), "server:", fmt.Sprintf("tls-server-name: cluster-%d.example, server:", made), 1)
			if err := os.WriteFile(path, []byte(own), 0o600); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
		p.awaitForbidden(t, 2*clusters)
		if n := open.Load(); n < clusters {
			t.Errorf("%d connections of %d clusters", n, clusters)
		}
		present = heap(t, p)
		for _, path := range files {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}
		p.awaitForbidden(t, 0)
		return present
	}
	each := (round() - empty) / clusters
	goroutines, bytes := p.goroutines(t), heap(t, p)
	for range rounds {
		round()
	}
	p.await(t, "closed connections", func() bool { return open.Load() == 0 }) // after 90 seconds at the latest
	after := 0
	p.await(t, "goroutines that end", func() bool {
		after = p.goroutines(t)
		return after <= goroutines+slack
	})
	grown, most := 0, rounds*clusters*each/4 // timers of connections hold something for up to 90 seconds
	p.await(t, "heap of clusters that are gone", func() bool {
		grown = heap(t, p) - bytes
		return grown <= most
	})
	t.Logf("after %d more clusters, of %d KiB of heap each: %d goroutines, before %d; %d KiB of heap besides %d", rounds*clusters, each>>10, after, goroutines, grown>>10, bytes>>10)
}

var forbiddenResources = regexp.MustCompile(`(?m)^kubestate_resource_state\{.*state="forbidden"\} 1$`)

// awaitForbidden has the program read its files, and waits until n resources of all clusters are forbidden.
func (p program) awaitForbidden(t *testing.T, n int) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	p.await(t, fmt.Sprintf("%d forbidden resources", n), func() bool {
		_, text := answerOf(t, "http://"+p.telemetry+"/metrics")
		return len(forbiddenResources.FindAllString(text, -1)) == n
	})
}

var allGoroutines = regexp.MustCompile(`^goroutine profile: total (\d+)`)

// goroutines returns the number of goroutines.
func (p program) goroutines(t *testing.T) int {
	t.Helper()
	_, text := answerOf(t, "http://"+p.telemetry+"/debug/pprof/goroutine?debug=1")
	m := allGoroutines.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no number of goroutines in %.200s", text)
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}
