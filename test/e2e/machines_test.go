package e2e

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// machines are the kubelets of all nodes for pods of kubestate: they give each pod an address, run
// its program there with the arguments of its container, probe it, and end it when the pod is
// deleted.
//
// A pod's address is in 10.N.0.0/16, since the API server rejects loopback addresses of endpoints.
// Its program listens on the same address of 127.N.0.0/16; see here.
type machines struct {
	t *testing.T
	d *deployments
	// api is the API server's URL for programs, and ca the file of its CA. With reach, each program
	// has a URL of its own.
	api, ca string
	reach   func(pod string) (url string)
	network int

	mu       sync.Mutex
	programs map[types.UID]*hosted
	given    int // addresses
}

// hosted is the program of a pod.
type hosted struct {
	*deployed
	probed   time.Time // last readiness probe
	alive    bool      // the startup probe has passed
	ready    bool
	stopping time.Time
	ended    bool
	killed   bool // by the test: the program is started again
}

// startMachines runs the kubelets until the test ends.
func startMachines(t *testing.T, d *deployments) *machines {
	t.Helper()
	h := &machines{t: t, d: d, api: d.c.URL, ca: d.c.CA, programs: map[types.UID]*hosted{}}
	h.takeNetwork()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.play(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
		for _, p := range h.programs {
			if p.Exporter == nil {
				continue
			}
			if t.Failed() {
				t.Logf("%s/%s wrote last:\n%s", p.pod.Namespace, p.pod.Name, p.Tail(3000))
			}
			must(t, p.Kill())
		}
	})
	return h
}

// takeNetwork takes an address range that no other test has.
func (h *machines) takeNetwork() {
	h.t.Helper()
	for h.network = 100; ; h.network++ {
		reserved, err := net.Listen("tcp", fmt.Sprintf("127.%d.255.254:10241", h.network))
		if err == nil {
			h.t.Cleanup(func() { reserved.Close() })
			return
		}
		if h.network == 250 {
			h.t.Fatal(err)
		}
	}
}

// here returns a relabeling from pod addresses to the addresses of their programs.
func (h *machines) here() string {
	return fmt.Sprintf(`{source_labels: [__address__], regex: '10\.(%d\..+)', target_label: __address__, replacement: 127.$1}`, h.network)
}

// join adds a schedulable node.
func (h *machines) join(name string) {
	h.t.Helper()
	nodes := h.d.c.Client.CoreV1().Nodes()
	node, err := nodes.Create(h.t.Context(), &corev1.Node{ObjectMeta: metav1.ObjectMeta{
		Name: name, Labels: map[string]string{corev1.LabelOSStable: "linux", corev1.LabelHostname: name},
	}}, metav1.CreateOptions{})
	must(h.t, err)
	node.Spec.Taints = nil // of an unready node
	node, err = nodes.Update(h.t.Context(), node, metav1.UpdateOptions{})
	must(h.t, err)
	node.Status = corev1.NodeStatus{
		Allocatable: corev1.ResourceList{
			corev1.ResourceCPU: resource.MustParse("8"), corev1.ResourceMemory: resource.MustParse("32Gi"), corev1.ResourcePods: resource.MustParse("110"),
		},
		Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue, Reason: "KubeletReady"}},
	}
	node.Status.Capacity = node.Status.Allocatable
	_, err = nodes.UpdateStatus(h.t.Context(), node, metav1.UpdateOptions{})
	must(h.t, err)
}

// play syncs all pods until ctx ends.
func (h *machines) play(ctx context.Context) {
	for ticks := time.NewTicker(probing); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		pods, err := h.d.c.Client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: "app.kubernetes.io/name=kubestate"})
		if err != nil {
			continue
		}
		for _, pod := range pods.Items {
			if pod.Spec.NodeName == "" {
				continue
			}
			if err := h.sync(ctx, &pod); err != nil && ctx.Err() == nil {
				h.t.Logf("kubelet: pod %s/%s: %v", pod.Namespace, pod.Name, err)
			}
		}
	}
}

// sync starts, probes or ends the program of a pod.
func (h *machines) sync(ctx context.Context, pod *corev1.Pod) error {
	h.mu.Lock()
	p := h.programs[pod.UID]
	h.mu.Unlock()
	if pod.DeletionTimestamp != nil && (p == nil || p.Err() != nil) {
		h.mu.Lock()
		if p != nil {
			p.ended = true
		}
		h.mu.Unlock()
		return h.d.c.Ended(ctx, pod)
	}
	switch {
	case p == nil:
		return h.start(ctx, pod)
	case p.killed:
		return h.run(ctx, p)
	}
	if err := p.Err(); err != nil {
		h.t.Errorf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
		return err
	}
	if pod.DeletionTimestamp != nil {
		switch grace := time.Duration(*pod.Spec.TerminationGracePeriodSeconds) * time.Second; {
		case p.stopping.IsZero():
			p.stopping = time.Now()
			if err := p.Signal(syscall.SIGTERM); err != nil {
				return err
			}
		case time.Since(p.stopping) > grace:
			h.t.Errorf("%s/%s did not end within its grace period", pod.Namespace, pod.Name)
			return p.Kill()
		}
	}
	p.probe(ctx)
	return h.show(ctx, pod, p)
}

// start gives a pod its address and starts its program.
func (h *machines) start(ctx context.Context, pod *corev1.Pod) error {
	h.given++
	at := fmt.Sprintf("%d.%d.%d", h.network, h.given/250, h.given%250+1)
	p := &hosted{deployed: &deployed{d: h.d, pod: *pod, instance: pod.Labels["app.kubernetes.io/instance"]}}
	p.pod.Status.PodIP = "10." + at
	if err := h.run(ctx, p); err != nil {
		return err
	}
	h.mu.Lock()
	h.programs[pod.UID] = p
	h.mu.Unlock()
	return nil
}

// run starts the program of a pod at its address.
func (h *machines) run(ctx context.Context, p *hosted) error {
	dir, pod, at := h.t.TempDir(), &p.pod, strings.TrimPrefix(p.pod.Status.PodIP, "10.")
	kubeconfig, url, ca := filepath.Join(dir, "kubeconfig"), h.api, h.ca
	if h.reach != nil {
		url, ca = h.reach(pod.Name), ""
	}
	must(h.t, cluster.WriteKubeconfig(kubeconfig, url, ca, h.d.token(h.t, pod.Namespace, pod.Spec.ServiceAccountName, pod)))
	args := append(p.arguments(h.t),
		"--kubeconfig="+kubeconfig, "--host=127."+at, "--port=10241", "--telemetry-host=127."+at, "--telemetry-port=10242")
	e, err := exporter.Start(ctx, filepath.Join(dir, pod.Name+".log"), kubestate, args...)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p.Exporter, p.killed, p.alive, p.ready = e, false, false, false
	return nil
}

// kill ends the program of a pod by SIGKILL, and has it started again.
func (h *machines) kill(p *hosted) {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	p.killed = true
	must(h.t, p.Kill())
}

// probe probes readiness if it is due, once the startup probe has passed.
func (p *hosted) probe(ctx context.Context) {
	container := p.pod.Spec.Containers[0]
	ask := func(probe *corev1.Probe) bool {
		ctx, cancel := context.WithTimeout(ctx, time.Duration(probe.TimeoutSeconds)*time.Second)
		defer cancel()
		return p.passes(probe.HTTPGet)(ctx) == nil
	}
	readiness := container.ReadinessProbe
	if p.alive = p.alive || ask(container.StartupProbe); !p.alive || time.Since(p.probed) < time.Duration(readiness.PeriodSeconds)*time.Second {
		return
	}
	p.probed, p.ready = time.Now(), ask(readiness)
}

// show updates the pod's status if it differs.
func (h *machines) show(ctx context.Context, pod *corev1.Pod, p *hosted) error {
	if pod.Status.PodIP != "" && isReady(pod) == p.ready {
		return nil
	}
	ready := corev1.ConditionFalse
	if p.ready {
		ready = corev1.ConditionTrue
	}
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, p.pod.Status.PodIP, []corev1.PodIP{{IP: p.pod.Status.PodIP}}
	scheduled := metav1.Now()
	pod.Status.StartTime = &scheduled
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue, LastTransitionTime: scheduled},
		{Type: corev1.PodInitialized, Status: corev1.ConditionTrue, LastTransitionTime: scheduled},
		{Type: corev1.ContainersReady, Status: ready, LastTransitionTime: metav1.Now()},
		{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()},
	}
	container := pod.Spec.Containers[0]
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: container.Name, Image: container.Image, Ready: p.ready, Started: &p.alive,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: scheduled}},
	}}
	_, err := h.d.c.Client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// running returns the programs of a namespace that have not ended.
func (h *machines) running(namespace string) (programs []*hosted) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.programs {
		if p.pod.Namespace == namespace && !p.ended {
			programs = append(programs, p)
		}
	}
	return programs
}

// settled returns an error unless a namespace has n ready programs of an image tag, each with an
// even share if sharded.
func (h *machines) settled(ctx context.Context, namespace string, n int, tag string, sharded bool) error {
	programs := h.running(namespace)
	if len(programs) != n {
		return fmt.Errorf("%d programs run, want %d", len(programs), n)
	}
	for _, p := range programs {
		if image := p.pod.Spec.Containers[0].Image; !strings.HasSuffix(image, ":"+tag) {
			return fmt.Errorf("%s has image %s, want %s", p.pod.Name, image, tag)
		}
		pod, err := h.d.c.Client.CoreV1().Pods(namespace).Get(ctx, p.pod.Name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		if pod.DeletionTimestamp != nil || !isReady(pod) || pod.UID != p.pod.UID {
			return fmt.Errorf("%s is not ready", p.pod.Name)
		}
		self, err := p.Self(ctx)
		if err != nil {
			return err
		}
		share, total := self["kubestate_shard_owned_ratio"], int(self["kube_state_metrics_total_shards"])
		if even := 1 / float64(n); sharded && (share < even-0.01 || share > even+0.01 || total != n) {
			return fmt.Errorf("%s owns %v with %d shards, want an even share of %d", p.pod.Name, share, total, n)
		}
	}
	return nil
}
