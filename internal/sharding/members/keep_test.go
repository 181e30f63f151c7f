package members

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// leases is an API server that has one Lease, or none. Others write into it before
// the next patches arrive, so often as intruders says.
type leases struct {
	annotations map[string]string
	version     int
	intruders   int
	asked       []string
}

func (l *leases) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.asked = append(l.asked, r.Method+" "+r.URL.Path)
	w.Header().Set("Content-Type", "application/json")
	fail := func(code int, reason metav1.StatusReason) {
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: "Failure", Code: int32(code), Reason: reason}) //nolint:errcheck // a test's
	}
	if l.version == 0 {
		fail(http.StatusNotFound, metav1.StatusReasonNotFound)
		return
	}
	if r.Method == http.MethodPatch {
		var patch struct {
			Metadata struct {
				ResourceVersion string
				Annotations     map[string]*string
			}
		}
		body, err := io.ReadAll(r.Body)
		if err := errors.Join(err, json.Unmarshal(body, &patch)); err != nil {
			panic(err)
		}
		if l.intruders > 0 {
			l.intruders--
			l.version++
		}
		if patch.Metadata.ResourceVersion != strconv.Itoa(l.version) {
			fail(http.StatusConflict, metav1.StatusReasonConflict)
			return
		}
		l.version++
		for key, value := range patch.Metadata.Annotations {
			if delete(l.annotations, key); value != nil {
				l.annotations[key] = *value
			}
		}
	}
	json.NewEncoder(w).Encode(coordinationv1.Lease{ //nolint:errcheck // a test's
		TypeMeta:   metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "Lease"},
		ObjectMeta: metav1.ObjectMeta{Name: "kubestate", Annotations: l.annotations, ResourceVersion: strconv.Itoa(l.version)},
	})
}

// TestKeep holds what is written into the Lease: the own promise into the version that
// was read, and not those of members that are gone unless they have come back.
func TestKeep(t *testing.T) {
	promise := func(holder string, serial int64) handover.Promise {
		return handover.Promise{Holder: holder, Serial: serial, Serves: sharding.Even(0, 2)}
	}
	l := &leases{version: 7, intruders: 3, annotations: map[string]string{
		"theirs":               "stays",
		"kubestate.io/shard-1": annotationOf(promise("other", 1)),
		"kubestate.io/shard-5": annotationOf(promise("gone", 1)),
		"kubestate.io/shard-6": annotationOf(promise("back", 2)),
	}}
	server := httptest.NewServer(l)
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	gone := map[int]handover.Promise{5: promise("gone", 1), 6: promise("gone too", 1), 9: promise("never", 1)}
	if err := a.keep(t.Context(), "kubestate", 0, promise("own", 3), gone); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"theirs":               "stays",
		"kubestate.io/shard-0": annotationOf(promise("own", 3)),
		"kubestate.io/shard-1": annotationOf(promise("other", 1)),
		"kubestate.io/shard-6": annotationOf(promise("back", 2)),
	}
	if diff := cmp.Diff(want, l.annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if len(l.asked) != 8 { // to read and to write, four times
		t.Errorf("the API server was asked %q", l.asked)
	}

	l.version, l.asked = 0, nil
	if err := a.keep(t.Context(), "kubestate", 0, promise("own", 4), nil); !errors.Is(err, errNoLease) {
		t.Errorf("without a Lease: %v", err)
	}
	if diff := cmp.Diff([]string{"GET /apis/coordination.k8s.io/v1/namespaces/monitoring/leases/kubestate"}, l.asked); diff != "" {
		t.Errorf("without a Lease (-want +got):\n%s", diff)
	}
}
