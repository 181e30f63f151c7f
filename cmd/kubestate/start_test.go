package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestScrapesBeforeTheFirstLists starts the program with an API server that answers
// everything with one status.
func TestScrapesBeforeTheFirstLists(t *testing.T) {
	f := func(name string, api, status int, body string, args ...string) {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				http.Error(w, "no", api)
			}))
			defer server.Close()
			p := startProgram(t, append(args, "--kubeconfig", kubeconfig(t, server.URL))...)
			got, text := 0, ""
			p.await(t, "answers scrapes otherwise", func() bool {
				got, text = answerOf(t, "http://"+p.scrapes+"/metrics")
				return got == status
			})
			if text != body {
				t.Errorf("status %d: %q, want %q", got, text, body)
			}
		})
	}
	const unavailable, forbidden = http.StatusServiceUnavailable, http.StatusForbidden
	f("unavailable", unavailable, 503, "not complete yet: nodes, pods\n", "--resources=pods,nodes")
	f("namespaces", unavailable, 503, "not complete yet: pods in a, pods in b\n", "--resources=pods", "--namespaces=a,b")
	f("unavailable and --serve-incomplete", unavailable, 200, "", "--resources=pods,nodes", "--serve-incomplete")
	f("forbidden", forbidden, 200, "", "--resources=pods,nodes")
	f("shard", unavailable, 503, "not complete yet: looking for the StatefulSet of pod monitoring/kubestate-0, pods\n",
		"--resources=pods", "--pod=kubestate-0", "--pod-namespace=monitoring")
	f("shard and --serve-incomplete", unavailable, 200, "",
		"--resources=pods", "--pod=kubestate-0", "--pod-namespace=monitoring", "--serve-incomplete")
}

func answerOf(t *testing.T, url string) (status int, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
