package members

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// leases is an API server with one Lease, or none while version is 0. As many patches as intruders
// says conflict with the writes of others.
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

// TestWrite holds that a write adds the own claim to the version that was read, and deletes stale
// claims that have not changed.
func TestWrite(t *testing.T) {
	claim := func(holder string, serial int64) handover.Claim {
		return handover.Claim{Holder: holder, Serial: serial, Ranges: sharding.Even(0, 2)}
	}
	l := &leases{version: 7, intruders: 3, annotations: map[string]string{
		"theirs":               "stays",
		"kubestate.io/shard-1": annotationOf(claim("other", 1)),
		"kubestate.io/shard-5": annotationOf(claim("gone", 1)),
		"kubestate.io/shard-6": annotationOf(claim("back", 2)),
	}}
	server := httptest.NewServer(l)
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	stale := map[int]handover.Claim{5: claim("gone", 1), 6: claim("gone too", 1), 9: claim("never", 1)}
	lease, err := a.write(t.Context(), "kubestate", 0, claim("own", 3), stale)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"theirs":               "stays",
		"kubestate.io/shard-0": annotationOf(claim("own", 3)),
		"kubestate.io/shard-1": annotationOf(claim("other", 1)),
		"kubestate.io/shard-6": annotationOf(claim("back", 2)),
	}
	if diff := cmp.Diff(want, l.annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, lease.Annotations); diff != "" || lease.ResourceVersion != "11" {
		t.Errorf("returned version %s (-want +got):\n%s", lease.ResourceVersion, diff)
	}
	if len(l.asked) != 8 { // four reads and writes
		t.Errorf("the API server was asked %q", l.asked)
	}

	l.version, l.asked = 0, nil
	if _, err := a.write(t.Context(), "kubestate", 0, claim("own", 4), nil); !errors.Is(err, errNoLease) {
		t.Errorf("without a Lease: %v", err)
	}
	if diff := cmp.Diff([]string{"GET /apis/coordination.k8s.io/v1/namespaces/monitoring/leases/kubestate"}, l.asked); diff != "" {
		t.Errorf("without a Lease (-want +got):\n%s", diff)
	}
}

// TestEarlierWriteEnds holds that the write of a claim, which the API server has not answered yet, does not replace
// the next claim.
func TestEarlierWriteEnds(t *testing.T) {
	l := &leases{version: 1, annotations: map[string]string{}}
	var held atomic.Bool
	arrived, release := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !held.Swap(true) {
			close(arrived)
			<-release
		}
		l.ServeHTTP(w, r)
	}))
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	s, own := &Shard{api: a, events: make(chan func(), 10), endWrite: func() {}}, self{set: &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "kubestate"}}}
	claim := func(serial int64) handover.Claim {
		return handover.Claim{Holder: "own", Serial: serial, Ranges: sharding.All()}
	}
	var running sync.WaitGroup
	earlier := s.nextWrite(t.Context())
	running.Go(func() { s.write(earlier, own, claim(1), nil) })
	<-arrived
	later := s.nextWrite(t.Context())
	s.write(later, own, claim(2), nil)
	close(release)
	running.Wait()
	if got, want := l.annotations["kubestate.io/shard-0"], annotationOf(claim(2)); got != want {
		t.Errorf("the Lease has %s, want %s", got, want)
	}
}

// TestClaimsOf reads what annotationOf writes, and no other annotation.
func TestClaimsOf(t *testing.T) {
	p := handover.Claim{Holder: "u", Since: "s", Serial: 7, Ranges: sharding.Even(1, 3), Leaving: true, Filtered: true, Scrapers: 3}
	got, err := ofShards.claimsOf(map[string]string{"kubestate.io/shard-12": annotationOf(p), "kubestate.io/shard-": "x", "other": "y"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[int]handover.Claim{12: p}, got); d != "" {
		t.Error(d)
	}
	f := func(value, want string) {
		t.Helper()
		all, err := ofShards.claimsOf(map[string]string{"kubestate.io/shard-1": value, "kubestate.io/shard-2": annotationOf(p)})
		if _, ok := all[2]; err == nil || len(all) != 1 || !ok || err.Error() != want {
			t.Errorf("%s: %+v, %v, want %s", value, all, err, want)
		}
	}
	f("x", "annotation kubestate.io/shard-1: invalid character 'x' looking for beginning of value")
	pairs, err := ofPairs.claimsOf(map[string]string{"kubestate.io/shard-12": annotationOf(p), ofPairs.of(3): annotationOf(p)})
	if d := cmp.Diff(map[int]handover.Claim{3: p}, pairs); d != "" || err != nil {
		t.Error(d, err)
	}
	f(`{"ranges": "half"}`, `annotation kubestate.io/shard-1: ranges: "half" is no range`)
}
