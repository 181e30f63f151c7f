package watcher_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/watcher"
)

// TestSilentWatch has a watch without events and bookmarks: it is resumed after two minutes.
func TestSilentWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		<-time.After(time.Minute)
		q.event("BOOKMARK", bookmark("8"))
		takes(t, 2*time.Minute, func() { q = f.next(t).want("watch " + anyPods + " resourceVersion=8") })
		q.watch()
		f.expect(t, podText(by1, ax1), nil)
		f.expectMetrics(t, watchOK+"2\n")
		f.expectLog(t)
	})
}

// TestResume has watch requests fail: the watch is resumed from its version, or relisted if the
// version is unusable.
func TestResume(t *testing.T) {
	const watch = "watch " + anyPods + " resourceVersion=5"
	f := func(answer func(*request), times int, after string, reason string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f, q := synced(t, watcher.Config{})
			<-time.After(time.Minute) // longer than a short watch
			q.end()
			for range times {
				answer(f.next(t).want(watch))
			}
			f.next(t).want(after)
			f.expect(t, podText(by1, ax1), nil)
			want := ""
			if reason != "" {
				want = relisted(reason) + "1\n"
			}
			f.expectMetrics(t, watchError+fmt.Sprint(times)+"\n"+watchOK+"1\n"+want)
		})
	}
	fails := func(code int, reason metav1.StatusReason) func(*request) {
		return func(q *request) { q.fail(code, reason) }
	}
	const stream = "stream " + anyPods + " resourceVersion=5"
	f(fails(500, metav1.StatusReasonInternalError), 4, watch, "")
	f(fails(500, metav1.StatusReasonInternalError), 5, stream, "error")
	f(fails(503, metav1.StatusReasonServiceUnavailable), 1, watch, "")
	f(fails(401, metav1.StatusReasonUnauthorized), 1, watch, "")
	f(fails(504, metav1.StatusReasonTimeout), 1, stream, "error")
	f(fails(410, metav1.StatusReasonExpired), 1, stream, "expired")
	f(fails(410, metav1.StatusReasonGone), 1, stream, "expired")
	f(fails(400, metav1.StatusReasonBadRequest), 1, stream, "error")
	f(fails(403, metav1.StatusReasonForbidden), 1, stream, "error")
}

// TestShortWatches has an API server end watches at once: they are resumed four times before a
// relist.
func TestShortWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		for range 4 {
			q.end()
			takes(t, time.Second, func() { q = f.next(t).want("watch " + anyPods + " resourceVersion=5") })
			q.watch()
			synctest.Wait()
		}
		f.expectMetrics(t, watchOK+"5\n")
		q.end()
		f.next(t).want("stream " + anyPods + " resourceVersion=5")
		f.expectMetrics(t, watchOK+"5\n"+relisted("error")+"1\n")
		f.expect(t, podText(by1, ax1), nil)
	})
}

// TestFailuresAfterAList has lists succeed and watches fail: a list resets the count of failures, so
// that not every later failure costs a list.
func TestFailuresAfterAList(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newHarness(t, watcher.Config{})
		f.next(t).noStreams()
		for version := range 3 {
			f.next(t).want("list " + anyPods).list(fmt.Sprint(version + 1))
			for range 5 {
				f.next(t).want(fmt.Sprint("watch ", anyPods, " resourceVersion=", version+1)).fail(500, metav1.StatusReasonInternalError)
			}
		}
		f.next(t).want("list " + anyPods)
	})
}

// TestRetryAfter holds that no request is repeated before the server's Retry-After.
func TestRetryAfter(t *testing.T) {
	throttle := func(q *request) {
		q.do(func(w http.ResponseWriter) {
			w.Header().Set("Retry-After", "40")
			w.WriteHeader(http.StatusTooManyRequests)
		}).end()
	}
	synctest.Test(t, func(t *testing.T) {
		f, q := synced(t, watcher.Config{})
		q.end()
		for range 2 {
			throttle(f.next(t).want("watch " + anyPods + " resourceVersion=5"))
			takes(t, 40*time.Second, func() { q = f.next(t).want("watch " + anyPods + " resourceVersion=5") })
			q.watch()
			q.end()
		}
		f.next(t).watch().expire()
		f.next(t).want("stream " + anyPods + " resourceVersion=5").noStreams()
		throttle(f.next(t).want("list " + anyPods))
		takes(t, 40*time.Second, func() { f.next(t).want("list " + anyPods) })
	})
}

// TestWatchesBreak has a proxy that breaks watches and passes lists: lists update the content.
func TestWatchesBreak(t *testing.T) {
	f := func(name string, watch func(*request)) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f, q := synced(t, watcher.Config{})
			q.end()
			for requests := 0; ; requests++ {
				if requests > 20 {
					t.Fatalf("%s: no list", name)
				}
				if q = f.next(t); q.verb() == "list" {
					break
				}
				watch(q)
			}
			q.list("9", pod("a", "x", "1", 2))
			f.next(t)
			f.expect(t, podText(ax2), nil)
		})
	}
	f("no response", func(q *request) {
		q.do(func(http.ResponseWriter) { panic(http.ErrAbortHandler) })
	})
	f("empty response", func(q *request) { q.watch().end() })
	f("buffered response", func(q *request) {
		<-q.r.Context().Done()
		q.end()
	})
}

// TestBackoff has an API server refuse for half an hour: the backoff after 403 is shorter than that
// after 404.
func TestBackoff(t *testing.T) {
	f := func(code int, reason metav1.StatusReason, least, most time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			f := newHarness(t, watcher.Config{})
			f.next(t).fail(code, reason)
			var longest, before time.Duration
			for began := time.Now(); time.Since(began) < 30*time.Minute; {
				last := time.Now()
				f.next(t).want("stream "+anyPods).fail(code, reason)
				backoff := time.Since(last)
				if backoff < before && before < 10*time.Second {
					t.Errorf("backoff %s after %s", backoff, before)
				}
				before, longest = backoff, max(longest, backoff)
			}
			if longest < least || longest > most {
				t.Errorf("%s: the longest backoff is %s, want %s to %s", reason, longest, least, most)
			}
			f.expectLog(t, failing(string(reason)))
		})
	}
	f(403, metav1.StatusReasonForbidden, 40*time.Second, 50*time.Second)
	f(404, metav1.StatusReasonNotFound, 3*time.Minute, 225*time.Second)
}
