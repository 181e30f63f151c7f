package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/faults"
)

// testCountersAreDivided resizes shards and replaces one, while containers are killed and pods come and
// go, and a proxy cuts the watches of all shards and repeats their events. By the last scrapes of
// all processes, the ended ones too, each event was counted once.
func testCountersAreDivided(t *testing.T) {
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	p := startProxy(t, c)
	p.Set(faults.Fault{Frame: twice})
	s := startSet(t, c, 4, 1, "--resources=pods,nodes", "--workload-metrics=counters", "--kubeconfig="+p.kubeconfig)
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 1) })
	scrapes := startScrapes(t, s)
	events := startEvents(t, c)
	for _, replicas := range []int32{4, 2} {
		p.Cut()
		s.resize(t.Context(), replicas)
	}
	p.Cut()
	uid := s.shards()[shardSet+"-1"].uid
	must(t, c.Client.CoreV1().Pods(monitoring).Delete(t.Context(), shardSet+"-1", metav1.DeleteOptions{}))
	await(t, settling, func(ctx context.Context) error {
		if p := s.shards()[shardSet+"-1"]; p == nil || p.uid == uid {
			return fmt.Errorf("%s-1 is not replaced", shardSet)
		}
		return s.settled(ctx, 2)
	})
	scrapes.wantExact(t, events())
}

// waits is the time for which a shard with a grace period of settling waits for others: the last responses have the
// rest of the period.
const waits = settling - 25*time.Second

// testCountersOfHastyShard ends a shard before the one that stays has claimed its ranges, which waits for a scraper
// that does not come again: the shard leaves the count to the other one, which has listed the ranges, in time.
func testCountersOfHastyShard(t *testing.T) {
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	s := startGraceful(t, c, settling, 2, 2, "--resources=pods,nodes", "--workload-metrics=counters")
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 2) })
	scrapes := startScrapes(t, s)
	events := startEvents(t, c)
	once := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(once.CloseIdleConnections)
	_, err := countedBy(t.Context(), once, s.shards()[shardSet+"-0"].Scrapes+"/metrics")
	must(t, err)
	if took := s.resize(t.Context(), 1); took < waits {
		t.Errorf("the shard has left after %s, before the end of %s", took, waits)
	}
	scrapes.wantExact(t, events())
}

// testResizeWithoutEnds resizes shards of objects that change all the time, without the bookmarks that end streamed
// lists: shards list in pages instead, and each event was counted once.
func testResizeWithoutEnds(t *testing.T) {
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	p := startProxy(t, c)
	s := startSet(t, c, 2, 1, "--resources=pods,nodes", "--workload-metrics=counters", "--kubeconfig="+p.kubeconfig)
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 1) })
	p.Set(faults.Fault{Frame: withoutEnd})
	scrapes := startScrapes(t, s)
	events := startEvents(t, c)
	s.resize(t.Context(), 2)
	scrapes.wantExact(t, events())
}

// wantExact waits until all processes together have counted the events, and fails the test if they count more
// then.
func (l *lastScrapes) wantExact(t *testing.T, want happened) {
	t.Helper()
	await(t, settling, func(context.Context) error {
		if got := l.sums(); got != want {
			return fmt.Errorf("counted %+v, want %+v", got, want)
		}
		return nil
	})
	// What counts twice may come late.
	seen := l.rounds()
	await(t, settling, func(context.Context) error {
		if n := l.rounds(); n < seen+3 {
			return fmt.Errorf("%d scrapes of all processes", n-seen)
		}
		return nil
	})
	if got := l.sums(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	t.Logf("counted %+v in %d processes", want, l.processes())
}

// happened are the events of pods.
type happened struct{ terminations, created, deleted float64 }

// startEvents kills containers, and creates and deletes pods, until stop is called. Their namespace has
// none before.
func startEvents(t *testing.T, c *cluster.Cluster) (stop func() happened) {
	t.Helper()
	_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: churned}}, metav1.CreateOptions{})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var all happened
	var running sync.WaitGroup
	running.Go(func() {
		pods, random := c.Client.CoreV1().Pods(churned), rand.New(rand.NewPCG(1, 1))
		restarts := map[string]int{}
		var names []string
		for i := 0; ctx.Err() == nil; i++ {
			switch {
			case len(names) < 40 || i%10 == 0:
				name := fmt.Sprint("pod-", i)
				pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "example/app:1"}}}}
				_, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
				must(t, err)
				names = append(names, name)
				all.created++
			case i%10 == 1:
				n := random.IntN(len(names))
				now := int64(0)
				must(t, pods.Delete(t.Context(), names[n], metav1.DeleteOptions{GracePeriodSeconds: &now}))
				names[n] = names[len(names)-1]
				names = names[:len(names)-1]
				all.deleted++
			default:
				name := names[random.IntN(len(names))]
				restarts[name]++
				_, err := pods.Patch(t.Context(), name, types.MergePatchType, restarted(t, restarts[name]), metav1.PatchOptions{}, "status")
				must(t, err)
				all.terminations++
			}
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return func() happened {
		cancel()
		running.Wait()
		return all
	}
}

// restarted is a patch of the status of a pod whose container was killed for memory some times.
func restarted(t *testing.T, times int) []byte {
	patch, err := json.Marshal(map[string]any{"status": corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
		Name: "app", RestartCount: int32(times), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
		LastTerminationState: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: "OOMKilled", ExitCode: 137}},
	}}}})
	must(t, err)
	return patch
}

// scrapeInterval is that of startScrapes.
const scrapeInterval = 500 * time.Millisecond

// lastScrapes has what each process has counted by its last scrape, by the uid of its pod.
type lastScrapes struct {
	mu    sync.Mutex
	byUID map[string]happened
	count int // of scrapes of all processes
}

// startScrapes scrapes all processes until the test ends. The connections are its own: what closes those of
// http.DefaultClient, such as the end of an httptest.Server, would show another scraper to the shards.
func startScrapes(t *testing.T, s *kubelet) *lastScrapes {
	client := &http.Client{Transport: &http.Transport{}}
	all := &lastScrapes{byUID: map[string]happened{}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
		client.CloseIdleConnections()
	})
	running.Go(func() {
		for ticks := time.NewTicker(scrapeInterval); ; {
			for _, p := range s.shards() {
				got, err := countedBy(ctx, client, p.Scrapes+"/metrics")
				if err == nil {
					all.mu.Lock()
					all.byUID[p.uid] = got
					all.mu.Unlock()
				}
			}
			all.mu.Lock()
			all.count++
			all.mu.Unlock()
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
			}
		}
	})
	return all
}

func (l *lastScrapes) rounds() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.count
}

// sums are those of all processes.
func (l *lastScrapes) sums() (sum happened) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.byUID {
		sum.terminations += h.terminations
		sum.created += h.created
		sum.deleted += h.deleted
	}
	return sum
}

func (l *lastScrapes) processes() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.byUID)
}

// countedBy scrapes a process as a Prometheus does.
func countedBy(ctx context.Context, client *http.Client, address string) (h happened, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return h, err
	}
	q.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", fmt.Sprint(scrapeInterval.Seconds()))
	response, err := client.Do(q)
	if err != nil {
		return h, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	if err != nil {
		return h, err
	}
	for line := range strings.Lines(string(text)) {
		series, number, _ := strings.Cut(strings.TrimSpace(line), "} ")
		name, labels, _ := strings.Cut(series, "{")
		value, err := strconv.ParseFloat(number, 64)
		if err != nil || !strings.Contains(labels, `namespace="`+churned+`"`) {
			continue
		}
		switch name {
		case "kubestate_workload_container_terminations_total":
			h.terminations += value
		case "kubestate_workload_pods_created_total":
			h.created += value
		case "kubestate_workload_pods_deleted_total":
			h.deleted += value
		}
	}
	return h, nil
}
