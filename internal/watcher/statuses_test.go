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

// expectStates checks the metrics of the resources' states.
func (f *harness) expectStates(t *testing.T, want string) {
	t.Helper()
	synctest.Wait()
	reg := prometheus.NewRegistry()
	f.w.Register(reg)
	var got []string
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(metricsText(t, families)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasSuffix(line, "} 0") && strings.Contains(line, "state="):
		case strings.HasPrefix(line, "kubestate_resource_state{"):
			got = append(got, strings.TrimSuffix(strings.SplitAfter(line, "state=\"")[1], "\"} 1"))
		case strings.Contains(line, "staleness"):
			got = append(got, "staleness"+line[strings.LastIndexByte(line, ' '):])
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
		f := newHarness(t, watcher.Config{})
		f.expectStates(t, "syncing")
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		f.expectStates(t, "forbidden")
		f.next(t).fail(404, metav1.StatusReasonNotFound)
		f.expectStates(t, "absent")
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		f.expectStates(t, "error")
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		f.expectStates(t, "error")
		q := f.next(t).want("stream " + anyPods).watch()
		f.expectStates(t, "syncing")
		q.event("ADDED", served(pod("a", "x", "1", 1), "1"))
		<-time.After(time.Second)
		f.expectStates(t, "event 1s, syncing")
		q.event("BOOKMARK", listEnds("5"))
		f.expectStates(t, "event 1s, staleness 0, synced")
		<-time.After(90 * time.Second)
		f.expectStates(t, "event 1m31s, staleness 90, synced")
		q.event("BOOKMARK", bookmark("6"))
		f.expectStates(t, "event 1m31s, staleness 0, synced")
		// An outage.
		f.refuse(1000)
		q.end()
		<-time.After(time.Minute)
		f.expectStates(t, "event 2m31s, staleness 60, error")
		f.expect(t, podText(ax1), nil)
		f.refuse(0)
		q = f.next(t).want("watch " + anyPods + " resourceVersion=6")
		f.expectStates(t, "event "+since(f)+", staleness "+staleness(f)+", error")
		q.watch()
		f.expectStates(t, "event "+since(f)+", staleness 0, synced")
		q.expire()
		q = f.next(t).want("stream " + anyPods + " resourceVersion=6")
		f.expectStates(t, "event "+since(f)+", staleness "+staleness(f)+", syncing")
		q.fail(403, metav1.StatusReasonForbidden)
		f.expectStates(t, "event "+since(f)+", staleness "+staleness(f)+", forbidden")
		f.expect(t, podText(ax1), nil)
	})
}

// since and staleness are times that depend on jitter.
func since(f *harness) string {
	return time.Since(f.w.Statuses()[0].Event).Round(time.Second).String()
}

func staleness(f *harness) string {
	return fmt.Sprint(time.Since(f.w.Statuses()[0].Contact).Seconds())
}

// TestStateOfNamespaces exports the worst state of several namespaces.
func TestStateOfNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{Resources: []generators.Resource{pods}, Namespaces: []string{"a", "b"}})
		for range 2 {
			q := f.next(t)
			if strings.Contains(q.String(), "/a/") {
				q.fail(http.StatusForbidden, metav1.StatusReasonForbidden)
				continue
			}
			q.watch().event("BOOKMARK", listEnds("5"))
		}
		f.expectStates(t, "staleness 0, forbidden")
		var got []string
		for _, c := range f.w.Checks() {
			got = append(got, fmt.Sprintf("%s %t %s %s", c.Resource, c.Complete, c.State, c.Reason))
		}
		if d := cmp.Diff([]string{"pods in a false forbidden Forbidden", "pods in b true synced "}, got); d != "" {
			t.Errorf("checks (-want +got):\n%s", d)
		}
	})
}

// TestRefusalCounts holds when a refusal counts: a starting API server sends 403 for some seconds.
func TestRefusalCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		expectRefused := func(want bool) {
			t.Helper()
			read()
			if c := f.w.Checks()[0]; c.Refused() != want || c.Complete {
				t.Errorf("%s: refused is %t, want %t", c.State, c.Refused(), want)
			}
		}
		expectRefused(false)
		f.next(t).fail(403, metav1.StatusReasonForbidden)
		expectRefused(false)
		<-time.After(4 * time.Second)
		expectRefused(false)
		<-time.After(time.Second)
		expectRefused(true)
		f.next(t).fail(500, metav1.StatusReasonInternalError)
		expectRefused(false)
		f.next(t).fail(404, metav1.StatusReasonNotFound)
		expectRefused(true)
	})
}

func TestTooOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		statuses := []watcher.Status{
			{Resource: "pods", State: listwatch.Failing, Contact: now.Add(-10 * time.Minute)},
			{Resource: "nodes", State: listwatch.Synced, Contact: now.Add(-5 * time.Minute)},
			{Resource: "secrets", State: listwatch.Forbidden}, // not served
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
