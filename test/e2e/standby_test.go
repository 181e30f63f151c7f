package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/faults"
)

const (
	// leased is --lease-duration of the overlay, and second the scrape interval.
	leased, second = 6 * time.Second, time.Second
	// standbyPods is the number of pods that live throughout.
	standbyPods = 60
)

// faultTime is how long a replica is stopped or cut off, or the API server away:
// KUBESTATE_STANDBY_FAULTS, or a time that shows the same.
func faultTime(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("KUBESTATE_STANDBY_FAULTS")
	if text == "" {
		return 15 * time.Second
	}
	d, err := time.ParseDuration(text)
	must(t, err)
	return d
}

// orderly is how long series of a pod are doubled at most in a handover: one interval, and the time until a
// replica knows that another was scraped, which a busy machine takes more than an interval for.
const orderly = 2*second + second/2

// TestSingle is testStandby for the only replica of the base, which is updated and evicted, and creates its
// Lease again.
func TestSingle(t *testing.T) {
	t.Parallel()
	s := newStandby(t, "base", 1, 1)
	s.during(t, "rolling update", 0, orderly, func() {
		s.d.k.run(t, "set", "image", "deployment/kubestate", "kubestate=ghcr.io/kubestate/kubestate:next", "-n", s.d.namespace)
		s.settled(t, "next")
	})
	s.during(t, "eviction", 0, orderly, func() {
		before := s.holder(t).pod.Name
		s.d.evict(t, before)
		await(t, changing, func(context.Context) error {
			if s.d.host.running(s.d.namespace)[0].pod.Name == before {
				return fmt.Errorf("%s still runs", before)
			}
			return nil
		}, s.d.prometheus.Process)
		s.settled(t, "next")
	})
	s.during(t, "deleted Lease", 0, 0, func() {
		s.d.k.run(t, "delete", "lease", "kubestate", "-n", s.d.namespace)
		await(t, changing, func(ctx context.Context) error {
			lease, err := s.d.c.Client.CoordinationV1().Leases(s.d.namespace).Get(ctx, "kubestate", metav1.GetOptions{})
			if err == nil && lease.Spec.HolderIdentity == nil {
				err = errors.New("the Lease has no holder")
			}
			return err
		}, s.d.prometheus.Process)
		s.settled(t, "next")
	})
	s.report(t)
}

// testStandby has a Prometheus discover the two replicas of the overlay available and scrape both each
// second, while one is replaced, killed, stopped or cut off. For pods that live throughout it counts the
// time without series, and with two.
func testStandby(t *testing.T) {
	s := newStandby(t, "overlays/available", 2, 1)
	fault, began := faultTime(t), time.Now()
	s.during(t, "rolling update", 0, orderly, func() {
		s.d.k.run(t, "set", "image", "deployment/kubestate", "kubestate=ghcr.io/kubestate/kubestate:next", "-n", s.d.namespace)
		s.settled(t, "next")
	})
	s.during(t, "deleted holder (SIGTERM)", 0, orderly, func() {
		s.d.k.run(t, "delete", "pod", s.holder(t).pod.Name, "-n", s.d.namespace)
		s.settled(t, "next")
	})
	s.during(t, "evicted standby", 0, 0, func() {
		s.d.evict(t, s.standby(t).pod.Name)
		s.settled(t, "next")
	})
	lost := leased + 3*second // the standby sees the last renewal within milliseconds, and is scraped within a second
	s.during(t, "killed holder (SIGKILL)", lost, 0, func() {
		s.d.host.kill(s.holder(t))
		s.settled(t, "next")
	})
	s.during(t, "stopped holder (SIGSTOP)", lost, 0, func() {
		stopped := s.holder(t)
		must(t, stopped.Signal(syscall.SIGSTOP))
		s.pass(t, fault)
		must(t, stopped.Signal(syscall.SIGCONT))
		s.settled(t, "next")
	})
	s.during(t, "API server away", 0, 0, func() {
		must(t, s.d.c.KillAPIServer())
		s.pass(t, fault)
		must(t, s.d.c.StartAPIServer(t.Context()))
		s.settled(t, "next")
	})
	s.during(t, "holder cut off", 0, fault, func() { s.cutOff(t, fault) })
	s.report(t)
	s.draw(t, began)
}

// standby is the deployment, with a proxy to the API server for each of its pods.
type standby struct {
	d        *discovered
	replicas int
	shards   int // with a leader each
	mu       sync.Mutex
	proxies  map[string]*faults.Proxy // by pod
	rows     []standbyRow
}

// standbyRow is what Prometheus had during a change: for the worst pod, the time without series and with
// two, and the longest of the latter without a break, which is one handover.
type standbyRow struct {
	name                 string
	began, over          time.Time
	none, twice, longest time.Duration
	steps, late          int
}

// newStandby deploys a mode with replicas, some of which are leaders.
func newStandby(t *testing.T, mode string, replicas, leaders int) *standby {
	t.Helper()
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: controllers, Scheduler: true, ServiceAccounts: true})
	w := &discovery{deployments: &deployments{c: c, tls: newServing(t), k: newKubectl(t, c.Kubeconfig)}}
	s := &standby{replicas: replicas, shards: leaders, proxies: map[string]*faults.Proxy{}}
	w.host = startMachines(t, w.deployments)
	w.host.reach = func(pod string) string {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.proxies[pod] == nil {
			through, err := faults.New(c.Config)
			must(t, err)
			s.proxies[pod] = through
		}
		return s.proxies[pod].URL
	}
	t.Cleanup(func() {
		for _, through := range s.proxies {
			through.Close()
		}
	})
	for i := range 3 {
		w.host.join(fmt.Sprint("worker-", i))
	}
	createNamespace(t, c, shop)
	var pods []cluster.Object
	for i := range standbyPods {
		pod := newPod(fmt.Sprint("web-", i), corev1.PodRunning, 0)
		pod.Spec.NodeName = fmt.Sprint("worker-", i%3)
		pods = append(pods, pod)
	}
	must(t, c.Put(t.Context(), slices.Values(pods)))
	s.d = w.deploy(t, "standby", mode)
	s.d.prometheus = runPrometheus(t, replaced(t, s.d.annotated(t, "endpointslice"), "scrape_interval: "+inSeconds(interval), "scrape_interval: "+inSeconds(second)))
	s.settled(t, "v0.1.0")
	s.d.prometheus.wantResult(t, lastingOf, map[string]float64{"": standbyPods})
	return s
}

// settled waits until all replicas have an image and are ready, of which one of each shard serves.
func (s *standby) settled(t *testing.T, tag string) {
	t.Helper()
	await(t, changing, func(ctx context.Context) error {
		if err := s.d.host.settled(ctx, s.d.namespace, s.replicas, tag, false); err != nil {
			return err
		}
		leaders, err := s.leaders(ctx)
		if err == nil && len(leaders) != s.shards {
			err = fmt.Errorf("%d replicas serve", len(leaders))
		}
		return err
	}, s.d.prometheus.Process)
}

// leaders are the replicas that serve.
func (s *standby) leaders(ctx context.Context) (serving []*hosted, err error) {
	for _, p := range s.d.host.running(s.d.namespace) {
		self, failed := p.Self(ctx)
		err = errors.Join(err, failed)
		for series, leads := range self {
			if strings.HasPrefix(series, "kubestate_leader{") && leads == 1 {
				serving = append(serving, p)
			}
		}
	}
	slices.SortFunc(serving, func(a, b *hosted) int { return strings.Compare(a.pod.Name, b.pod.Name) })
	return serving, err
}

// holder is the replica that serves, of the first shard.
func (s *standby) holder(t *testing.T) *hosted {
	t.Helper()
	serving, err := s.leaders(t.Context())
	must(t, err)
	if len(serving) != s.shards {
		t.Fatalf("%d replicas serve", len(serving))
	}
	return serving[0]
}

// standby is the replica that does not serve.
func (s *standby) standby(t *testing.T) *hosted {
	t.Helper()
	holder := s.holder(t)
	for _, p := range s.d.host.running(s.d.namespace) {
		if p != holder {
			return p
		}
	}
	t.Fatal("no replica stands by")
	return nil
}

// cutOff keeps a holder from the API server for a time.
func (s *standby) cutOff(t *testing.T, d time.Duration) {
	t.Helper()
	through := s.proxies[s.holder(t).pod.Name]
	through.Set(faults.Fault{Respond: func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done() // no response
		return true
	}})
	through.Cut()
	s.pass(t, d)
	through.Set(faults.Fault{})
	s.settled(t, "next")
}

// pass lets time pass in which a fault lasts.
func (s *standby) pass(t *testing.T, d time.Duration) {
	t.Helper()
	began := time.Now()
	await(t, d+settling, func(context.Context) error {
		if rest := d - time.Since(began); rest > 0 {
			return fmt.Errorf("%s left", rest)
		}
		return nil
	}, s.d.prometheus.Process)
}

// during makes a change, and fails the test if a pod that lives throughout has no series for more than
// none, or two for more than twice without a break.
func (s *standby) during(t *testing.T, name string, none, twice time.Duration, change func()) {
	t.Helper()
	row := standbyRow{name: name, began: time.Now()}
	change()
	calm := time.Now()
	await(t, settling, func(ctx context.Context) error {
		got, err := s.d.prometheus.query(ctx, fmt.Sprintf("min(count_over_time(up[%s]) and up == 1)", inSeconds(time.Since(calm)+second)))
		if err == nil && (got[""] < 3 || time.Since(calm) < 3*second) {
			err = fmt.Errorf("scraped %v times", got[""])
		}
		return err
	}, s.d.prometheus.Process)
	row.over = time.Now()
	s.count(t, &row, none, twice)
	t.Logf("%-26s %5.2f s without series, %5.2f s with two, %5.2f s at once, in %.0f s, of which %.2f s with late scrapes are left out", row.name,
		row.none.Seconds(), row.twice.Seconds(), row.longest.Seconds(), row.over.Sub(row.began).Seconds(), (time.Duration(row.late) * step).Seconds())
	if row.none > none || row.longest > twice {
		t.Errorf("%s: %s without series, want at most %s; %s with two at once, want at most %s", name, row.none, none, row.longest, twice)
	}
	if row.late > row.steps/4 {
		t.Errorf("%s: too many scrapes are late", name)
	}
	s.rows = append(s.rows, row)
}

// count asks Prometheus for the series of each pod at each step. The machine may be busy: where no gap is
// allowed, steps with a scrape that failed for lack of time are left out, and so are two series for longer
// than allowed if a scrape was late or took long meanwhile.
func (s *standby) count(t *testing.T, row *standbyRow, none, twice time.Duration) {
	t.Helper()
	p := s.d.prometheus
	had := `count by (instance) (last_over_time(kube_pod_info{namespace="` + shop + `"}[3s]))`
	failed := p.queryRange(t, fmt.Sprintf(`count(up == 0 and scrape_duration_seconds >= %v and on (instance) %s)`, second.Seconds(), had), row.began, row.over)
	slow := p.queryRange(t, fmt.Sprintf(`count(scrape_duration_seconds > %[1]v or time() - timestamp(up) > %[2]v)`, (second/4).Seconds(), (second+second/4).Seconds()), row.began, row.over)
	least := p.queryRange(t, lastingOf, row.began, row.over)
	left := map[int64]bool{}
	for at := row.began.UnixMilli(); at <= row.over.UnixMilli(); at += step.Milliseconds() {
		row.steps++
		switch {
		case least[at] < standbyPods && failed[at] > 0 && none == 0:
			left[at] = true
		case least[at] < standbyPods:
			row.none += step
		}
	}
	for _, copies := range p.seriesIn(t, `count by (pod) (kube_pod_info{namespace="`+shop+`"})`, row.began, row.over) {
		var all time.Duration
		var stretch []int64 // steps with two series
		busy := false
		for at := row.began.UnixMilli(); at <= row.over.UnixMilli()+step.Milliseconds(); at += step.Milliseconds() {
			if copies[at] > 1 {
				stretch, busy = append(stretch, at), busy || slow[at] > 0
				continue
			}
			if d := time.Duration(len(stretch)) * step; d <= twice || !busy {
				all, row.longest = all+d, max(row.longest, d)
			} else {
				for _, at := range stretch {
					left[at] = true
				}
			}
			stretch, busy = stretch[:0], false
		}
		row.twice = max(row.twice, all)
	}
	row.late = len(left)
}

// report logs the table of docs/availability.md.
func (s *standby) report(t *testing.T) {
	t.Helper()
	var table strings.Builder
	for _, row := range s.rows {
		fmt.Fprintf(&table, "| %s | %.1f | %.1f |\n", row.name, row.none.Seconds(), row.twice.Seconds())
	}
	t.Logf("\n| change | seconds without series | seconds with two |\n| --- | ---: | ---: |\n%s", table.String())
	lease, err := s.d.c.Client.CoordinationV1().Leases(s.d.namespace).Get(t.Context(), "kubestate", metav1.GetOptions{})
	must(t, err)
	if holders := lease.Spec.LeaseTransitions; holders != nil { // else it is of the claims of shards
		t.Logf("the Lease has had %d holders", *holders)
	}
}
