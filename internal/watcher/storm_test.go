package watcher_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// denying returns a configuration that denies namespace n, and its first request.
func denying(n int) (config watcher.Config, path string) {
	name := fmt.Sprint("n", n)
	return watcher.Config{Resources: []generators.Resource{pods}, Denied: []string{name}},
		"stream " + anyPods + " fieldSelector=metadata.namespace!=" + name
}

// TestChangeStorm changes the configuration faster than pods are listed. Each list that has begun is
// completed and served, and then the last configuration.
func TestChangeStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		config, path := denying(n)
		f := newHarness(t, config)
		storm := func() {
			for range 10 {
				n++
				config, path = denying(n)
				f.change(t, config, "pods")
				<-time.After(100 * time.Millisecond)
			}
		}
		var last, q *request
		for generation := int64(1); generation <= 4; generation++ {
			last, q = q, f.next(t).want(path)
			storm()
			f.expectNoRequest(t)
			if last != nil && last.canceled() {
				t.Error("the served watch is canceled")
			}
			q.onePod(generation)
			f.expect(t, podText(fmt.Sprintf(`namespace="a",pod="x" %d`, generation)), nil)
			f.expectRebuilds(t, "pods "+strings.Repeat("I", int(generation)-1))
		}
		f.next(t).want(path).onePod(5)
		f.expectRebuilds(t, "pods IIII")
		<-time.After(time.Minute)
		f.expectNoRequest(t)
		f.expect(t, podText(`namespace="a",pod="x" 5`), nil)
		if !q.canceled() {
			t.Error("the replaced watch is not canceled")
		}
		f.expectLog(t)
	})
}

// TestChangeStuck changes to a configuration whose list does not end. The next begins after
// buildTimeout, or once the first is refused; a superseded one is not served.
func TestChangeStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, path := denying(1)
		f := newHarness(t, config)
		f.next(t).want(path).onePod(1)
		change := func(n int) {
			config, path = denying(n)
			f.change(t, config, "pods")
		}
		change(2)
		began, second := time.Now(), f.next(t).want(path)
		stuck := path
		change(3)
		q := second
		for ; q.String() != path; q = f.next(t) { // retries
			if took := time.Since(began); took > buildTimeout {
				t.Errorf("%s: %s", took, q)
			}
			if q.String() == stuck {
				q.watch()
			}
		}
		if took := time.Since(began); took < buildTimeout || took > buildTimeout+2*time.Second || !second.canceled() {
			t.Errorf("the next began after %s; the first is canceled: %t", took, second.canceled())
		}

		refused := path
		change(4)
		for began = time.Now(); q.String() == refused; q = f.next(t) {
			q.fail(403, metav1.StatusReasonForbidden)
		}
		if took := time.Since(began); took < refusalTime || took > refusalTime+2*time.Second {
			t.Errorf("the next began after %s", took)
		}
		f.expect(t, podText(ax1), nil)
		q.want(path).onePod(2)
		f.expect(t, podText(ax2), nil)
		f.expectRebuilds(t, "pods I")
	})
}

// buildTimeout is the time that a superseded target may be built.
const buildTimeout = time.Minute
