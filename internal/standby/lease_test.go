package standby

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
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

// TestCreate holds that a missing Lease is created, and the result if another client has done so, or if
// the replica may not.
func TestCreate(t *testing.T) {
	f := func(code int, reason metav1.StatusReason, want Record, wantErr string, wantAsked ...string) {
		t.Helper()
		var asked []string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.Method+" "+r.URL.Path)
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodPost && code != http.StatusCreated {
				w.WriteHeader(code)
				json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Code: int32(code), Reason: reason, Message: "no"}) //nolint:errcheck // a test's
				return
			}
			json.NewEncoder(w).Encode(coordinationv1.Lease{ //nolint:errcheck // a test's
				TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"}, ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "7"},
			})
		}))
		defer server.Close()
		a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring", "a", 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		got, err := a.create(t.Context())
		text := ""
		if err != nil {
			text = err.Error()
		}
		if d := cmp.Diff(want, got); d != "" || text != wantErr {
			t.Errorf("%d: error %q, record (-want +got):\n%s", code, text, d)
		}
		if d := cmp.Diff(wantAsked, asked); d != "" {
			t.Errorf("%d: requests (-want +got):\n%s", code, d)
		}
	}
	const all, one = "POST /apis/coordination.k8s.io/v1/namespaces/monitoring/leases", "GET /apis/coordination.k8s.io/v1/namespaces/monitoring/leases/a"
	f(http.StatusCreated, "", Record{Version: "7"}, "", all)
	f(http.StatusConflict, metav1.StatusReasonAlreadyExists, Record{Version: "7"}, "", all, one)
	f(http.StatusForbidden, metav1.StatusReasonForbidden, Record{}, "no", all)
}
