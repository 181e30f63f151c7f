package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// shardSet is the StatefulSet of shards, in the namespace monitoring.
const shardSet = "kubestate"

// grace is the grace period of a shard. Others must take over before its end, and be scraped. A busy machine
// takes longer for that, and half a minute more if a streamed list comes to no end.
const grace = 2 * settling

// A kubelet runs the pods of a StatefulSet of kubestates as processes. The ports of an ordinal stay
// the same.
type kubelet struct {
	t     *testing.T
	c     *cluster.Cluster
	ports []int // two for each ordinal
	grace time.Duration
	args  []string

	mu      sync.Mutex
	running map[string]*shardProcess // by pod
	ended   []*shardProcess
	killed  map[string]bool // pods that must not be restarted
}

type shardProcess struct {
	*exporter.Exporter
	uid      string
	stopping time.Time
}

// startSet creates the StatefulSet and runs its kubelet until the test ends.
func startSet(t *testing.T, c *cluster.Cluster, most int, replicas int32, args ...string) *kubelet {
	t.Helper()
	return startGraceful(t, c, grace, most, replicas, args...)
}

// startGraceful is startSet with another grace period.
func startGraceful(t *testing.T, c *cluster.Cluster, grace time.Duration, most int, replicas int32, args ...string) *kubelet {
	t.Helper()
	ports, err := process.FreePorts(2 * most)
	must(t, err)
	s := &kubelet{t: t, c: c, ports: ports, grace: grace, args: args, running: map[string]*shardProcess{}, killed: map[string]bool{}}
	_, err = c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: monitoring}}, metav1.CreateOptions{})
	must(t, err)
	must(t, c.CreateShards(t.Context(), cluster.Shards{Namespace: monitoring, Name: shardSet, Replicas: replicas, Grace: grace}))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.play(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		for _, p := range s.running {
			must(t, p.Kill())
			s.ended = append(s.ended, p)
		}
		for _, p := range s.ended {
			if t.Failed() {
				t.Logf("%s wrote last:\n%s", p.Log, p.Tail(6000))
			}
		}
	})
	return s
}

// probing is the interval of syncs.
const probing = 200 * time.Millisecond

func (s *kubelet) play(ctx context.Context) {
	for ticks := time.NewTicker(probing); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		pods, err := s.c.Client.CoreV1().Pods(monitoring).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for _, pod := range pods.Items {
			if err := s.sync(ctx, &pod); err != nil && ctx.Err() == nil {
				s.t.Logf("kubelet: pod %s: %v", pod.Name, err)
			}
		}
	}
}

// sync starts or ends the process of a pod, or updates its readiness.
func (s *kubelet) sync(ctx context.Context, pod *corev1.Pod) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.running[pod.Name]
	if p != nil && p.uid != string(pod.UID) {
		return fmt.Errorf("a process of %s still runs", p.uid)
	}
	switch ended := p != nil && p.Err() != nil; {
	case pod.DeletionTimestamp != nil && (p == nil || ended):
		if ended {
			s.ended = append(s.ended, p)
		}
		delete(s.running, pod.Name)
		return s.c.Ended(ctx, pod)
	case pod.DeletionTimestamp != nil && p.stopping.IsZero():
		p.stopping = time.Now()
		return p.Signal(syscall.SIGTERM)
	case pod.DeletionTimestamp != nil && time.Since(p.stopping) > s.grace:
		s.t.Errorf("%s did not end within its grace period", pod.Name)
		return p.Kill()
	case p == nil && !s.killed[pod.Name]:
		return s.start(ctx, pod)
	case p == nil:
		return nil
	}
	return s.c.SetReady(ctx, pod, p.Err() == nil && p.Ready(ctx) == nil)
}

// start starts the process of a pod.
func (s *kubelet) start(ctx context.Context, pod *corev1.Pod) error {
	var ordinal int
	if _, err := fmt.Sscanf(pod.Name, shardSet+"-%d", &ordinal); err != nil {
		return err
	}
	log := filepath.Join(s.t.TempDir(), pod.Name+".log")
	args := append([]string{
		"--kubeconfig", s.c.Kubeconfig, "--pod", pod.Name, "--pod-namespace", monitoring,
		fmt.Sprint("--port=", s.ports[2*ordinal]), fmt.Sprint("--telemetry-port=", s.ports[2*ordinal+1]),
	}, s.args...)
	e, err := exporter.Start(ctx, log, kubestate, args...)
	if err == nil {
		s.running[pod.Name] = &shardProcess{Exporter: e, uid: string(pod.UID)}
	}
	return err
}

// kill ends the process of a pod by SIGKILL, without a restart.
func (s *kubelet) kill(name string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed[name] = true
	must(s.t, s.running[name].Kill())
	delete(s.running, name)
}

// loseNode kills the process of a pod and makes the pod unready, as if its node were lost.
func (s *kubelet) loseNode(ctx context.Context, name string) {
	s.t.Helper()
	s.kill(name)
	status := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionUnknown, LastTransitionTime: metav1.Now(), Reason: "NodeStatusUnknown"}}}
	patch, err := json.Marshal(map[string]any{"status": status})
	must(s.t, err)
	_, err = s.c.Client.CoreV1().Pods(monitoring).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	must(s.t, err)
}

// findNode restarts a pod of a lost node.
func (s *kubelet) findNode(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.killed, name)
}

// shards returns the running processes by pod.
func (s *kubelet) shards() map[string]*shardProcess {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.running)
}

// resize scales the StatefulSet and waits until it is settled.
func (s *kubelet) resize(ctx context.Context, replicas int32) (took time.Duration) {
	s.t.Helper()
	began := time.Now()
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	_, err := s.c.Client.AppsV1().StatefulSets(monitoring).Patch(ctx, shardSet, "application/merge-patch+json", patch, metav1.PatchOptions{})
	must(s.t, err)
	await(s.t, grace+settling, func(ctx context.Context) error { return s.settled(ctx, int(replicas)) })
	took = time.Since(began)
	s.t.Logf("%d shards after %s", replicas, took.Round(10*time.Millisecond))
	return took
}

// settled returns an error unless the number of shards run, each with an even share.
func (s *kubelet) settled(ctx context.Context, replicas int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) != replicas {
		return fmt.Errorf("%d processes, want %d", len(s.running), replicas)
	}
	for name, p := range s.running {
		self, err := p.Self(ctx)
		if err := errors.Join(err, p.Ready(ctx)); err != nil {
			return err
		}
		share, total := self["kubestate_shard_owned_ratio"], self["kube_state_metrics_total_shards"]
		if share != 1/float64(replicas) && (share < 0.33 || share > 0.34) || int(total) != replicas {
			return fmt.Errorf("%s owns %v with %v shards, want an even share of %d", name, share, total, replicas)
		}
	}
	return nil
}

// configuration has a Prometheus scrape every ordinal, running or not: an ended one is noticed at
// the next scrape.
func (s *kubelet) configuration(rules string) string {
	text := "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [" + rules + "]\nscrape_configs:\n"
	for job, offset := range map[string]int{"kubestate": 0, "kubestate-telemetry": 1} {
		text += "- job_name: " + job + "\n  honor_labels: true\n  static_configs:\n"
		for i := offset; i < len(s.ports); i += 2 {
			text += fmt.Sprintf("  - {targets: ['127.0.0.1:%d'], labels: {shard: '%d'}}\n", s.ports[i], i/2)
		}
	}
	return text
}

// awaitScrapes waits until every ordinal was scraped a number of times since a time.
func (s *kubelet) awaitScrapes(p *prometheus, since time.Time, often int) {
	s.t.Helper()
	await(s.t, settling, func(ctx context.Context) error {
		scrapes, err := p.scrapesSince(ctx, since)
		if err != nil {
			return err
		}
		if n, want := len(scrapes), len(s.ports)/2; n != want {
			return fmt.Errorf("%d shards were scraped, want %d", n, want)
		}
		for instance, times := range scrapes {
			if len(times) < often {
				return fmt.Errorf("%s was scraped %d times, want %d", instance, len(times), often)
			}
		}
		return nil
	}, p.Process)
}
