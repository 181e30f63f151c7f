package standby

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestRecords holds that a Lease has the record that was written, and what is read of Leases that
// something else has written.
func TestRecords(t *testing.T) {
	f := func(lease coordinationv1.Lease, want Record) {
		t.Helper()
		if d := cmp.Diff(want, recordOf(&lease)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	written := func(r Record) coordinationv1.Lease {
		lease := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: r.Version, Annotations: map[string]string{}}, Spec: specOf(r)}
		for key, value := range annotationsOf(r) {
			if text, ok := value.(string); ok {
				lease.Annotations[key] = text
			}
		}
		return lease
	}
	for _, r := range []Record{
		{Version: "7", Duration: time.Second, Acquired: time.Unix(3, 0), Renewed: time.Unix(5, 6000), Transitions: 4},
		{Version: "8", Holder: "a", Duration: 6 * time.Second, Acquired: time.Unix(3, 0), Renewed: time.Unix(5, 6000), Transitions: 4, Scraped: "b", Scrapers: 2},
	} {
		f(written(r), r)
	}
	f(coordinationv1.Lease{}, Record{})
	f(coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{scrapersAnnotation: "many"}}}, Record{})
	f(coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{scrapersAnnotation: "-1"}}}, Record{})
}
