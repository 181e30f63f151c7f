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

// leavingOut is a configuration that keeps the n-th namespace away, and selector what
// is asked for by it.
func leavingOut(n int) (config watcher.Config, selector string) {
	name := fmt.Sprint("n", n)
	return watcher.Config{Resources: []generators.Resource{pods}, Denied: []string{name}},
		"stream " + anyPods + " fieldSelector=metadata.namespace!=" + name
}

// TestChangeStorm changes the configuration faster than pods can be listed. What is
// begun is completed and served, and then what is wanted by then.
func TestChangeStorm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		config, selector := leavingOut(n)
		f := follow(t, config)
		storm := func() {
			for range 10 {
				n++
				config, selector = leavingOut(n)
				f.change(t, config, "pods")
				<-time.After(100 * time.Millisecond)
			}
		}
		var last, q *request
		for generation := int64(1); generation <= 4; generation++ {
			last, q = q, f.next(t).want(selector)
			storm()
			f.quiet(t)
			if last != nil && last.over() {
				t.Error("what is served is over")
			}
			q.onePod(generation)
			f.holds(t, podText(fmt.Sprintf(`namespace="a",pod="x" %d`, generation)), nil)
			f.rebuilt(t, "pods "+strings.Repeat("I", int(generation)-1)) // nothing was there at first
		}
		f.next(t).want(selector).onePod(5)
		f.rebuilt(t, "pods IIII")
		<-time.After(time.Minute)
		f.quiet(t)
		f.holds(t, podText(`namespace="a",pod="x" 5`), nil)
		if !q.over() {
			t.Error("what was served before goes on")
		}
		f.logged(t)
	})
}

// TestChangeStuck changes to a configuration by which nothing comes. Another has its
// turn after a minute, or once the API server has refused the first; that is not
// served, since nobody wants it any more.
func TestChangeStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, selector := leavingOut(1)
		f := follow(t, config)
		f.next(t).want(selector).onePod(1)
		change := func(n int) {
			config, selector = leavingOut(n)
			f.change(t, config, "pods")
		}
		change(2)
		began, second := time.Now(), f.next(t).want(selector)
		stuck := selector
		change(3)
		q := second
		for ; q.String() != selector; q = f.next(t) { // tried again, by and by
			if took := time.Since(began); took > longestBuild {
				t.Errorf("%s after %s", q, took)
			}
			if q.String() == stuck {
				q.watch()
			}
		}
		if took := time.Since(began); took < longestBuild || took > longestBuild+2*time.Second || !second.over() {
			t.Errorf("the next began after %s; the first is over: %t", took, second.over())
		}

		refused := selector
		change(4)
		for began = time.Now(); q.String() == refused; q = f.next(t) {
			q.fail(403, metav1.StatusReasonForbidden)
		}
		if took := time.Since(began); took < refusalCounts || took > refusalCounts+2*time.Second {
			t.Errorf("the next began after %s", took)
		}
		f.holds(t, podText(ax1), nil)
		q.want(selector).onePod(2)
		f.holds(t, podText(ax2), nil)
		f.rebuilt(t, "pods I")
	})
}

// longestBuild is how long what is wanted no more may take.
const longestBuild = time.Minute
