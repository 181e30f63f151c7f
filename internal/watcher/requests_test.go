package watcher_test

import (
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestRequests holds paths, selectors and Accept header of requests.
func TestRequests(t *testing.T) {
	type names = []string
	f := func(resource generators.Resource, namespaces, denied names, want string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, watcher.Config{Resources: []generators.Resource{resource}, Namespaces: namespaces, Denied: denied})
			q := f.next(t).want("stream " + want)
			if accept := q.r.Header.Get("Accept"); accept != "application/vnd.kubernetes.protobuf,application/json" {
				t.Errorf("Accept: %s", accept)
			}
			q.noStreams()
			f.next(t).want("list " + want + "").list("5")
			f.next(t).want("watch " + want + " resourceVersion=5").watch()
			f.expect(t, "", nil)
		})
	}
	f(pods, nil, nil, "/api/v1/pods")
	f(pods, names{"a"}, nil, "/api/v1/namespaces/a/pods")
	f(pods, nil, names{"b"}, "/api/v1/pods fieldSelector=metadata.namespace!=b")
	f(pods, nil, names{"b", "a"}, "/api/v1/pods fieldSelector=metadata.namespace!=b,metadata.namespace!=a")
	f(pods, names{"a"}, names{"b"}, "/api/v1/namespaces/a/pods fieldSelector=metadata.namespace!=b")
	f(nodes, nil, nil, "/api/v1/nodes")
	f(nodes, names{"a"}, names{"b"}, "/api/v1/nodes")
	f(&generators.Deployments, names{"a"}, nil, "/apis/apps/v1/namespaces/a/deployments")
}

// TestWatchTimeout holds that a watch request has its timeout in both query parameters.
func TestWatchTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		query := f.next(t).r.URL.Query()
		seconds, err := strconv.Atoi(query.Get("timeoutSeconds"))
		if err != nil || seconds < 60 || seconds > 3600 {
			t.Errorf("timeoutSeconds is %d: %v", seconds, err)
		}
		if timeout, err := time.ParseDuration(query.Get("timeout")); err != nil || timeout != time.Duration(seconds)*time.Second {
			t.Errorf("timeout is %v, timeoutSeconds %d: %v", timeout, seconds, err)
		}
	})
}
