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

// grace is how long a shard may take to end. Others serve what it did before that, and
// are scraped, for which a busy machine needs longer than is usual.
const grace = settling

// A kubelet plays that of the pods of a StatefulSet of kubestates: each is a
// process on ports of its own, which stay the same for its ordinal.
type kubelet struct {
	t     *testing.T
	c     *cluster.Cluster
	ports []int // two for each ordinal
	args  []string

	mu      sync.Mutex
	running map[string]*shardProcess // by pod
	killed  map[string]bool          // that are not to be started again
}

type shardProcess struct {
	*exporter.Exporter
	uid      string
	stopping time.Time
}

// startSet creates the StatefulSet and plays its kubelet for the time of the test.
func startSet(t *testing.T, c *cluster.Cluster, most int, replicas int32, args ...string) *kubelet {
	t.Helper()
	ports, err := process.FreePorts(2 * most)
	must(t, err)
	s := &kubelet{t: t, c: c, ports: ports, args: args, running: map[string]*shardProcess{}, killed: map[string]bool{}}
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
		for name, p := range s.running {
			if t.Failed() {
				t.Logf("%s wrote last:\n%s", name, p.Tail(6000))
			}
			must(t, p.Kill())
		}
	})
	return s
}

// probing is how often the kubelet looks at its pods.
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

// sync does for a pod what there is to do.
func (s *kubelet) sync(ctx context.Context, pod *corev1.Pod) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.running[pod.Name]
	if p != nil && p.uid != string(pod.UID) {
		return fmt.Errorf("a process of %s is still there", p.uid)
	}
	switch ended := p != nil && p.Err() != nil; {
	case pod.DeletionTimestamp != nil && (p == nil || ended):
		delete(s.running, pod.Name)
		return s.c.Ended(ctx, pod)
	case pod.DeletionTimestamp != nil && p.stopping.IsZero():
		p.stopping = time.Now()
		return p.Signal(syscall.SIGTERM)
	case pod.DeletionTimestamp != nil && time.Since(p.stopping) > grace:
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

// kill ends the process of a pod by SIGKILL. It is not started again.
func (s *kubelet) kill(name string) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed[name] = true
	must(s.t, s.running[name].Kill())
	delete(s.running, name)
}

// loseNode has the process of a pod die, and the pod be no longer ready, as it is when
// its node does not tell of itself.
func (s *kubelet) loseNode(ctx context.Context, name string) {
	s.t.Helper()
	s.kill(name)
	status := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionUnknown, LastTransitionTime: metav1.Now(), Reason: "NodeStatusUnknown"}}}
	patch, err := json.Marshal(map[string]any{"status": status})
	must(s.t, err)
	_, err = s.c.Client.CoreV1().Pods(monitoring).Patch(ctx, name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	must(s.t, err)
}

// findNode has a pod whose node was lost start again.
func (s *kubelet) findNode(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.killed, name)
}

// shards are the processes that run, by their pods.
func (s *kubelet) shards() map[string]*shardProcess {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.running)
}

// resize asks for replicas and waits until they are what there is.
func (s *kubelet) resize(ctx context.Context, replicas int32) {
	s.t.Helper()
	began := time.Now()
	patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
	_, err := s.c.Client.AppsV1().StatefulSets(monitoring).Patch(ctx, shardSet, "application/merge-patch+json", patch, metav1.PatchOptions{})
	must(s.t, err)
	await(s.t, settling, func(ctx context.Context) error { return s.settled(ctx, int(replicas)) })
	s.t.Logf("%d shards after %s", replicas, time.Since(began).Round(10*time.Millisecond))
}

// settled says what keeps the shards from being so many, each with its even share.
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
			return fmt.Errorf("%s has %v of all in %v shards, want an even one of %d", name, share, total, replicas)
		}
	}
	return nil
}

// configuration has a Prometheus scrape every ordinal, whether it is there or not:
// one that has ended is found out at the next scrape.
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

// awaitScrapes waits until every ordinal has been scraped so often since a time.
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
