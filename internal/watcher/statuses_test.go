package watcher_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/watcher"
)

// is checks the state of the watcher's resources, by the metrics.
func (f *following) is(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	reg := prometheus.NewRegistry()
	f.w.Register(reg)
	var got []string
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(exposed(t, families)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasSuffix(line, "} 0") && strings.Contains(line, "state="):
		case strings.HasPrefix(line, "kubestate_resource_state{"):
			got = append(got, strings.TrimSuffix(strings.SplitAfter(line, "state=\"")[1], "\"} 1"))
		case strings.Contains(line, "staleness"):
			got = append(got, "age"+line[strings.LastIndexByte(line, ' '):])
		case strings.Contains(line, "last_event"):
			var at float64
			if _, err := fmt.Sscan(line[strings.LastIndexByte(line, ' '):], &at); err != nil {
				t.Error(err)
			}
			got = append(got, fmt.Sprint("event ", time.Since(time.UnixMicro(int64(at*1e6))).Round(time.Second)))
		}
	}
	if d := cmp.Diff(want, strings.Join(got, ", ")); d != "" {
		t.Errorf("state (-want +got):\n%s", d)
	}
}

// TestStates takes a resource through all states.
func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		f.is(t, "syncing")
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		f.is(t, "forbidden")
		f.next(t).fail(404, metav1.StatusReasonNotFound)
		f.is(t, "absent")
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		f.is(t, "error")
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		f.is(t, "error")
		q := f.next(t).want("stream " + anyPods).watch()
		f.is(t, "syncing")
		q.event("ADDED", served(pod("a", "x", "1", 1), "1"))
		<-time.After(time.Second)
		f.is(t, "event 1s, syncing")
		q.event("BOOKMARK", listEnds("5"))
		f.is(t, "event 1s, age 0, synced")
		<-time.After(90 * time.Second)
		f.is(t, "event 1m31s, age 90, synced")
		q.event("BOOKMARK", bookmark("6"))
		f.is(t, "event 1m31s, age 0, synced")
		// An outage.
		f.refuse(1000)
		q.end()
		<-time.After(time.Minute)
		f.is(t, "event 2m31s, age 60, error")
		f.holds(t, podText(ax1), nil)
		f.refuse(0)
		q = f.next(t).want("watch " + anyPods + " resourceVersion=6")
		f.is(t, "event "+since(f)+", age "+age(f)+", error")
		q.watch()
		f.is(t, "event "+since(f)+", age 0, synced")
		q.expire()
		q = f.next(t).want("stream " + anyPods + " resourceVersion=6")
		f.is(t, "event "+since(f)+", age "+age(f)+", syncing")
		q.fail(403, metav1.StatusReasonForbidden)
		f.is(t, "event "+since(f)+", age "+age(f)+", forbidden") // what is served grows old
		f.holds(t, podText(ax1), nil)
	})
}

// since and age are what times the bubble's jitter has led to.
func since(f *following) string {
	return time.Since(f.w.Statuses()[0].Event).Round(time.Second).String()
}

func age(f *following) string {
	return fmt.Sprint(time.Since(f.w.Statuses()[0].Contact).Seconds())
}

// TestStateOfNamespaces holds that the worst state of several namespaces counts.
func TestStateOfNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{Resources: []generators.Resource{pods}, Namespaces: []string{"a", "b"}})
		for range 2 {
			q := f.next(t)
			if strings.Contains(q.String(), "/a/") {
				q.fail(http.StatusForbidden, metav1.StatusReasonForbidden)
				continue
			}
			q.watch().event("BOOKMARK", listEnds("5"))
		}
		f.is(t, "age 0, forbidden")
		var got []string
		for _, c := range f.w.Checks() {
			got = append(got, fmt.Sprintf("%s %t %s %s", c.Resource, c.Complete, c.State, c.Reason))
		}
		if d := cmp.Diff([]string{"pods in a false forbidden Forbidden", "pods in b true synced "}, got); d != "" {
			t.Errorf("checks (-want +got):\n%s", d)
		}
	})
}

// TestRefusalCounts holds when a resource that the API server refuses is waited for no
// more: an API server that has just started forbids what it will allow.
func TestRefusalCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := follow(t, watcher.Config{})
		is := func(want bool) {
			t.Helper()
			read()
			if c := f.w.Checks()[0]; c.Refused() != want || c.Complete {
				t.Errorf("%s: refused is %t, want %t", c.State, c.Refused(), want)
			}
		}
		is(false)
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		is(false)
		<-time.After(4 * time.Second)
		is(false)
		<-time.After(time.Second)
		is(true)
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		is(false)
		f.next(t).fail(404, metav1.StatusReasonNotFound)
		is(true)
	})
}

// TestTooOld holds what is too old.
func TestTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		statuses := []watcher.Status{
			{Resource: "pods", State: listwatch.Failing, Contact: now.Add(-10 * time.Minute)},
			{Resource: "nodes", State: listwatch.Synced, Contact: now.Add(-5 * time.Minute)},
			{Resource: "secrets", State: listwatch.Forbidden}, // nothing is served of it
		}
		f := func(limit time.Duration, want string, only ...string) {
			t.Helper()
			wanted := func(resource string) bool { return only == nil || strings.Contains(strings.Join(only, ","), resource) }
			if got := watcher.TooOld(statuses, limit, wanted); got != want {
				t.Errorf("%s of %q: %q, want %q", limit, only, got, want)
			}
		}
		f(0, "")
		f(10*time.Minute, "")
		f(5*time.Minute, "1 resources are staler than 5m0s; the stalest is pods: last contact 10m0s ago, state error")
		f(3*time.Minute, "2 resources are staler than 3m0s; the stalest is pods: last contact 10m0s ago, state error")
		f(3*time.Minute, "1 resources are staler than 3m0s; the stalest is nodes: last contact 5m0s ago, state synced", "nodes", "secrets")
		f(5*time.Minute, "", "nodes", "secrets")
	})
}
