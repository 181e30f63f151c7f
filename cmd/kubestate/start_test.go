package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/kubestate/kubestate/internal/options"
)

// TestScrapesBeforeTheFirstLists has an API server that responds to everything with one status.
func TestScrapesBeforeTheFirstLists(t *testing.T) {
	f := func(name string, api, status int, body string, args ...string) {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "no", api)
			}))
			defer server.Close()
			p := startProgram(t, append(args, "--kubeconfig", kubeconfig(t, server.URL))...)
			p.await(t, fmt.Sprintf("scrape: status %d, body %q", status, body), func() bool {
				got, text := answerOf(t, "http://"+p.scrapes+"/metrics")
				return got == status && text == body
			})
		})
	}
	const unavailable, forbidden = http.StatusServiceUnavailable, http.StatusForbidden
	f("unavailable", unavailable, 503, "not complete yet: nodes, pods\n", "--resources=pods,nodes")
	f("namespaces", unavailable, 503, "not complete yet: pods in a, pods in b\n", "--resources=pods", "--namespaces=a,b")
	f("unavailable and --serve-incomplete", unavailable, 200, "", "--resources=pods,nodes", "--serve-incomplete")
	f("forbidden", forbidden, 200, "", "--resources=pods,nodes")
	f("shard", unavailable, 503, "not complete yet: looking for the StatefulSet of pod monitoring/kubestate-0\n",
		"--resources=pods", "--pod=kubestate-0", "--pod-namespace=monitoring")
	f("shard and --serve-incomplete", unavailable, 200, "",
		"--resources=pods", "--pod=kubestate-0", "--pod-namespace=monitoring", "--serve-incomplete")
}

// TestProfilingByAddress holds by mode and address whether profiles are served.
func TestProfilingByAddress(t *testing.T) {
	f := func(mode options.Profiling, authFilter bool, address string, want bool) {
		t.Helper()
		on := &net.TCPAddr{IP: net.ParseIP(address), Port: 10242}
		if got := profiling(options.Options{Profiling: mode, AuthFilter: authFilter}, on); got != want {
			t.Errorf("%s, auth filter %t, on %s: %t", mode, authFilter, address, got)
		}
	}
	for _, open := range []string{"::", "0.0.0.0", "10.0.0.1", "fe80::1"} {
		f(options.ProfilingAuto, false, open, false)
		f(options.ProfilingAuto, true, open, true)
		f(options.ProfilingOn, false, open, true)
		f(options.ProfilingOff, true, open, false)
	}
	for _, loopback := range []string{"127.0.0.1", "127.1.2.3", "::1"} {
		f(options.ProfilingAuto, false, loopback, true)
		f(options.ProfilingOff, false, loopback, false)
	}
}

func answerOf(t *testing.T, url string) (status int, body string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}
