package members

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// TestViewsDoNotStream has an API server behind a proxy that withholds the end of streamed lists: views list.
func TestViewsDoNotStream(t *testing.T) {
	lease := coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "kubestate", ResourceVersion: "5"}}
	var all []string
	watched := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		q := r.URL.Query()
		switch {
		case q.Get("sendInitialEvents") != "":
			t.Error("a streamed list was requested")
		case q.Get("watch") == "":
			json.NewEncoder(w).Encode(coordinationv1.LeaseList{ //nolint:errcheck // a test's
				TypeMeta: metav1.TypeMeta{APIVersion: "coordination.k8s.io/v1", Kind: "LeaseList"},
				ListMeta: metav1.ListMeta{ResourceVersion: "7"}, Items: []coordinationv1.Lease{lease},
			})
			return
		case q.Get("resourceVersion") != "7":
			t.Errorf("watched from %s", q.Get("resourceVersion"))
		}
		close(watched)
		<-r.Context().Done()
	}))
	defer server.Close()
	a, err := newAPI(&rest.Config{Host: server.URL}, "monitoring")
	if err != nil {
		t.Fatal(err)
	}
	s := &Shard{events: make(chan func(), 10), log: slog.New(slog.DiscardHandler)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		follow(ctx, a.coordination, "monitoring", "leases", &coordinationv1.Lease{}, func(*metav1.ListOptions) {}, s, func(leases map[string]**coordinationv1.Lease) {
			for name := range leases {
				all = append(all, name)
			}
		})
	})
	<-watched
	cancel()
	running.Wait()
	if d := cmp.Diff([]string{"kubestate"}, all); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// silence is an API server that does not respond.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestListEnds holds that a list without a response ends, and makes the shard blind.
func TestListEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, err := newAPI(&rest.Config{Host: "http://api", Transport: silence{}}, "monitoring")
		if err != nil {
			t.Fatal(err)
		}
		lost := ""
		l := &lister{
			ListWatch: cache.NewFilteredListWatchFromClient(a.core, "pods", "monitoring", func(*metav1.ListOptions) {}),
			what:      "pods", log: slog.New(slog.DiscardHandler), lost: func(what string, _ bool) { lost = what },
		}
		began := time.Now()
		if _, err := l.ListWithContext(t.Context(), metav1.ListOptions{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != timeout || lost != "pods" {
			t.Errorf("took %s, want %s, and lost %q", took, timeout, lost)
		}
	})
}

// TestOwnWriteIsSeen holds that a shard sees the claims of the version that its own write has made, unless it has
// seen a later one, and that a missing Lease stays missing until the watch has it.
func TestOwnWriteIsSeen(t *testing.T) {
	claims := func(serials ...int64) map[int]handover.Claim {
		all := map[int]handover.Claim{}
		for n, serial := range serials {
			all[n] = handover.Claim{Holder: "uid", Serial: serial, Ranges: sharding.None()}
		}
		return all
	}
	version := func(v string, serials ...int64) *coordinationv1.Lease {
		l := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{ResourceVersion: v, Annotations: map[string]string{}}}
		for n, c := range claims(serials...) {
			l.Annotations[ofShards.of(n)] = annotationOf(c)
		}
		return l
	}
	s := &Shard{
		api: &api{prefix: ofShards}, copies: 1, member: handover.New(0, "own", 1, 0), log: slog.New(slog.DiscardHandler),
		unseen: map[string]bool{}, metrics: newMetrics(prometheus.NewRegistry()),
	}
	f := func(want map[int]handover.Claim, see func()) {
		t.Helper()
		see()
		if d := cmp.Diff(want, s.claims); d != "" {
			t.Errorf("claims (-want +got):\n%s", d)
		}
	}
	f(claims(1), func() { s.sawLease(new(version("7", 1))) })
	f(claims(1, 1), func() { s.sawOwn(version("9", 1, 1)) })
	f(claims(1, 1), func() { s.sawLease(new(version("8", 2))) })
	f(claims(2, 1), func() { s.sawLease(new(version("10", 2, 1))) })
	f(claims(2, 1), func() { s.sawOwn(version("9", 1, 1)) })
	s.setUnseen("leases", true)
	f(claims(2, 2), func() { s.sawOwn(version("11", 2, 2)) })
	if !s.unseen["leases"] {
		t.Error("a write ends the failure of a watch")
	}
	f(nil, func() { s.sawLease(nil) })
	f(nil, func() { s.sawOwn(version("12", 2, 3)) })
	f(claims(3), func() { s.sawLease(new(version("13", 3))) })
}
