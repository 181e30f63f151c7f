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
// all processes, the ended ones too, each event was counted once. A shard whose grace period ends before others
// have taken over is not exact: then all is tried once more.
func testCountersAreDivided(t *testing.T) {
	for range 2 {
		exact := true
		t.Run("resizes", func(t *testing.T) { exact = countDivided(t) })
		if exact {
			return
		}
	}
	t.Error("grace periods were too short, twice")
}

// waits is the time for which a leaving shard waits for others: the last responses have the rest of its grace period.
const waits = grace - 25*time.Second

// countDivided reports whether no shard left before others had taken over, and fails the test if so and not each
// event was counted once.
func countDivided(t *testing.T) bool {
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}})
	p := startProxy(t, c)
	p.Set(faults.Fault{Frame: twice})
	s := startSet(t, c, 4, 1, "--resources=pods,nodes", "--workload-metrics=counters", "--kubeconfig="+p.kubeconfig)
	await(t, settling, func(ctx context.Context) error { return s.settled(ctx, 1) })
	scrapes := startScrapes(t, s)
	events := startEvents(t, c)
	for _, replicas := range []int32{4, 2} {
		p.Cut()
		if s.resize(t.Context(), replicas) >= waits {
			events()
			return false
		}
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
	want := events()
	await(t, settling, func(context.Context) error {
		if got := scrapes.sums(); got != want {
			return fmt.Errorf("counted %+v, want %+v", got, want)
		}
		return nil
	})
	// What counts twice may come late.
	seen := scrapes.rounds()
	await(t, settling, func(context.Context) error {
		if n := scrapes.rounds(); n < seen+3 {
			return fmt.Errorf("%d scrapes of all processes", n-seen)
		}
		return nil
	})
	if got := scrapes.sums(); got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
	t.Logf("counted %+v in %d processes", want, scrapes.processes())
	return true
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

// startScrapes scrapes all processes until the test ends.
func startScrapes(t *testing.T, s *kubelet) *lastScrapes {
	all := &lastScrapes{byUID: map[string]happened{}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	running.Go(func() {
		for ticks := time.NewTicker(scrapeInterval); ; {
			for _, p := range s.shards() {
				got, err := countedBy(ctx, p.Scrapes+"/metrics")
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
func countedBy(ctx context.Context, address string) (h happened, err error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return h, err
	}
	q.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	response, err := http.DefaultClient.Do(q)
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
