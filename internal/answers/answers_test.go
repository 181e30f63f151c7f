package answers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/answers"
)

// TestExample has the answers of the example cluster.
func TestExample(t *testing.T) {
	report := answers.From(load(t, example, "", all))
	f := func(name, want string) {
		t.Helper()
		if d := cmp.Diff(want, table(answer(t, report, name))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f("pods-not-running", `critical: 5 of 25 pods do not run: 2 Unschedulable, 1 CrashLoopBackOff, 1 Evicted, 1 ImagePullBackOff.
namespace | pod | container | reason | since
critical: shop | media-archiver |  | Unschedulable | 2026-06-16T16:05:12Z
critical: payments | ledger-gdpsbflrv-fwjqr | ledger | CrashLoopBackOff | 2026-06-17T08:24:03Z
critical: shop | search-xbqs6zc4lh-shtbg |  | Unschedulable | 2026-06-17T09:14:20Z
critical: shop | cart-tqq224b6k-b55pc | cart | ImagePullBackOff | 2026-06-17T09:38:41Z
warning: shop | frontend-skd8q55f76-wvg8b |  | Evicted | 2026-06-15T12:31:59Z
`)
}
