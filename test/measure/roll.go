package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// The StatefulSet of shards that are upgraded and resized.
const (
	setNamespace = "monitoring"
	setName      = "kubestate"
	setGrace     = time.Minute // of its pods
)

// rolled is what shards took while something was done to them.
type rolled struct {
	took     time.Duration
	received float64 // bytes, by all of them
	peak     memory  // of the largest
}

// rolling are several such things, one after the other.
type rolling struct {
	shards                   int
	begin                    memory // of the largest, before
	upgrade, shrink, restore rolled
}

// measureRolls measures upgrades and resizes of StatefulSets of so many shards each,
// with an API server that chooses the objects of a shard and with one that sends all.
// It prints a table, of what there is if something goes wrong.
func measureRolls(ctx context.Context, opts options, sizes []int) error {
	b := &bench{options: opts}
	all := map[string][]rolling{}
	err := b.rollAll(ctx, sizes, []string{choosing}, func(r rolling) { all[sendsShard] = append(all[sendsShard], r) })
	if err == nil {
		err = b.rollAll(ctx, sizes, nil, func(r rolling) { all[sendsAll] = append(all[sendsAll], r) })
	}
	fmt.Print(b.reportRolls(all))
	return err
}

// What API servers send.
const (
	sendsShard = "the shard"
	sendsAll   = "everything"
)

// rollAll measures StatefulSets of each size, one after the other, in a cluster of its
// own.
func (b *bench) rollAll(ctx context.Context, sizes []int, gates []string, add func(rolling)) (err error) {
	if b.dir, err = os.MkdirTemp("", "measure"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	b.cluster, err = cluster.New(ctx, b.dir, cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}, FeatureGates: gates})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.cluster.Close()) }()
	if err := b.populate(ctx); err != nil {
		return err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: setNamespace}}
	if _, err := b.cluster.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	for _, n := range sizes {
		r, err := b.measureRolling(ctx, n)
		if err != nil {
			return fmt.Errorf("%d shards: %w", n, err)
		}
		progress("  %+v", r)
		add(r)
	}
	return nil
}

// measureRolling has n shards be upgraded, go to one less, and back.
func (b *bench) measureRolling(ctx context.Context, n int) (r rolling, err error) {
	s := &set{bench: b, running: map[string]*setPod{}, received: map[string]float64{}}
	if err := s.create(ctx, n); err != nil {
		return r, err
	}
	r.shards = n
	err = during(ctx, s.play, func(ctx context.Context) error {
		if _, err := s.roll(ctx, n, ""); err != nil {
			return err
		}
		if err := wait(ctx, b.idle); err != nil {
			return err
		}
		s.reset()
		if err := wait(ctx, time.Second); err != nil {
			return err
		}
		r.begin, _ = s.totals()
		if r.upgrade, err = s.roll(ctx, n, `{"spec":{"template":{"metadata":{"annotations":{"upgrade":"1"}}}}}`); err != nil {
			return err
		}
		if err := wait(ctx, b.idle); err != nil {
			return err
		}
		if r.shrink, err = s.roll(ctx, n-1, fmt.Sprintf(`{"spec":{"replicas":%d}}`, n-1)); err != nil {
			return err
		}
		if err := wait(ctx, b.idle); err != nil {
			return err
		}
		r.restore, err = s.roll(ctx, n, fmt.Sprintf(`{"spec":{"replicas":%d}}`, n))
		return err
	})
	return r, errors.Join(err, s.remove(ctx))
}

// A set plays the kubelet of the pods of a StatefulSet of kubestates, and a reader who
// scrapes each every second. It notes what they take.
type set struct {
	*bench

	mu       sync.Mutex
	running  map[string]*setPod // by the uid of the pod
	received map[string]float64 // likewise, of those that have ended too
	peak     memory
}

// setPod is a pod's process.
type setPod struct {
	*exporter.Exporter
	pod      string
	template string // its annotation
	stopping bool
	stop     context.CancelFunc // of the reader
}

func (s *set) create(ctx context.Context, n int) error {
	labels := map[string]string{"app.kubernetes.io/name": setName}
	_, err := s.cluster.Client.AppsV1().StatefulSets(setNamespace).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: setName},
		Spec: appsv1.StatefulSetSpec{
			Replicas: new(int32(n)), ServiceName: setName, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{"upgrade": "0"}},
				Spec: corev1.PodSpec{
					NodeName: "here", TerminationGracePeriodSeconds: new(int64(setGrace.Seconds())),
					Containers: []corev1.Container{{Name: setName, Image: "example/kubestate:1"}},
				},
			},
		},
	}, metav1.CreateOptions{})
	return err
}

// remove ends all processes and deletes what was created, so that the next set begins
// anew.
func (s *set) remove(ctx context.Context) (err error) {
	s.mu.Lock()
	for _, p := range s.running {
		p.stop()
		err = errors.Join(err, p.Kill())
	}
	s.mu.Unlock()
	client := s.cluster.Client
	now := metav1.DeleteOptions{GracePeriodSeconds: new(int64)}
	return errors.Join(err,
		client.AppsV1().StatefulSets(setNamespace).Delete(ctx, setName, now),
		s.cluster.Await(ctx, patience, func(ctx context.Context) error {
			// The controller may make another before it sees that the set is gone.
			if err := client.CoreV1().Pods(setNamespace).DeleteCollection(ctx, now, metav1.ListOptions{}); err != nil {
				return err
			}
			pods, err := client.CoreV1().Pods(setNamespace).List(ctx, metav1.ListOptions{})
			if err == nil && len(pods.Items) > 0 {
				err = fmt.Errorf("%d pods are left", len(pods.Items))
			}
			return err
		}),
		client.CoordinationV1().Leases(setNamespace).DeleteCollection(ctx, now, metav1.ListOptions{}),
	)
}

// reset begins to note what is taken anew.
func (s *set) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = memory{}
}

// totals are the peak since reset and what has been received in all.
func (s *set) totals() (peak memory, received float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range maps.Values(s.received) {
		received += n
	}
	return s.peak, received
}

// roll changes the StatefulSet, and waits until there are n shards of its template, each
// with its even share.
func (s *set) roll(ctx context.Context, n int, patch string) (r rolled, err error) {
	s.reset()
	_, before := s.totals()
	begin := time.Now()
	template := ""
	if patch != "" {
		set, err := s.cluster.Client.AppsV1().StatefulSets(setNamespace).Patch(ctx, setName, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		if err != nil {
			return r, err
		}
		template = set.Spec.Template.Annotations["upgrade"]
	}
	err = process.Within(ctx, 3*patience, func(ctx context.Context) error { return s.settled(ctx, n, template) })
	r.took = time.Since(begin)
	peak, after := s.totals()
	r.peak, r.received = peak, after-before
	return r, err
}

// settled says what keeps the shards from being so many.
func (s *set) settled(ctx context.Context, n int, template string) error {
	s.mu.Lock()
	pods := maps.Clone(s.running)
	s.mu.Unlock()
	if len(pods) != n {
		return fmt.Errorf("%d processes, want %d", len(pods), n)
	}
	for _, p := range pods {
		self, err := p.Self(ctx)
		if err := errors.Join(err, p.Ready(ctx)); err != nil {
			return err
		}
		share := self["kubestate_shard_owned_ratio"] * float64(n)
		if share < 0.999 || share > 1.001 || template != "" && p.template != template {
			return fmt.Errorf("%s of template %q has %v of its share", p.pod, p.template, share)
		}
	}
	return nil
}

// play plays the kubelet until ctx ends.
func (s *set) play(ctx context.Context) error {
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		s.sample(ctx)
	}()
	defer func() { <-sampled }()
	for ticks := time.NewTicker(200 * time.Millisecond); ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		pods, err := s.cluster.Client.CoreV1().Pods(setNamespace).List(ctx, metav1.ListOptions{})
		if err != nil {
			continue
		}
		for i := range pods.Items {
			if err := s.sync(ctx, &pods.Items[i]); err != nil && ctx.Err() == nil {
				progress("  kubelet: %s: %v", pods.Items[i].Name, err)
			}
		}
	}
}

// sync does for a pod what there is to do.
func (s *set) sync(ctx context.Context, pod *corev1.Pod) error {
	s.mu.Lock()
	p := s.running[string(pod.UID)]
	s.mu.Unlock()
	switch {
	case p == nil && pod.DeletionTimestamp == nil:
		return s.start(ctx, pod)
	case p == nil || p.Err() != nil:
		if p != nil {
			p.stop()
			s.mu.Lock()
			delete(s.running, string(pod.UID))
			s.mu.Unlock()
		}
		return s.cluster.Client.CoreV1().Pods(setNamespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
		})
	case pod.DeletionTimestamp != nil && !p.stopping:
		p.stopping = true
		return p.Signal(syscall.SIGTERM)
	case pod.DeletionTimestamp != nil:
		return nil
	}
	return s.setReady(ctx, pod, p.Ready(ctx) == nil)
}

// start starts the process of a pod, and who reads it.
func (s *set) start(ctx context.Context, pod *corev1.Pod) error {
	args := []string{"--kubeconfig", s.cluster.Kubeconfig, "--pod", pod.Name, "--pod-namespace", setNamespace}
	e, err := exporter.Start(ctx, s.path(string(pod.UID)+".log"), s.kubestate, args...)
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(ctx)
	go read(reading, e.Scrapes+"/metrics")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running[string(pod.UID)] = &setPod{Exporter: e, pod: pod.Name, template: pod.Annotations["upgrade"], stop: stop}
	return nil
}

// setReady makes the pod's status what it is to be, if it is another.
func (s *set) setReady(ctx context.Context, pod *corev1.Pod, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == status {
			return nil
		}
	}
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, "10.0.0.1", []corev1.PodIP{{IP: "10.0.0.1"}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.Now()}}
	_, err := s.cluster.Client.CoreV1().Pods(setNamespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// read scrapes every second, packed as Prometheus does, until ctx ends.
func read(ctx context.Context, url string) {
	for ticks := time.NewTicker(time.Second); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return
		}
		request.Header.Set("Accept-Encoding", "gzip")
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // it comes, or it goes
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
}

// sample notes what the processes take until ctx ends: memory often, and what they
// have received now and then.
func (s *set) sample(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		s.mu.Lock()
		pods := maps.Clone(s.running)
		s.mu.Unlock()
		for uid, p := range pods {
			if m, err := readMemory(p.Pid()); err == nil {
				s.mu.Lock()
				s.peak = s.peak.worst(m)
				s.mu.Unlock()
			}
			if n%10 > 0 {
				continue
			}
			if self, err := p.Self(ctx); err == nil {
				received := 0.0
				for name, value := range self {
					if strings.HasPrefix(name, "kubestate_received_bytes_total{") {
						received += value
					}
				}
				s.mu.Lock()
				s.received[uid] = received
				s.mu.Unlock()
			}
		}
		_ = wait(ctx, 50*time.Millisecond)
	}
}

// reportRolls is the table, with a line above about what it is of.
func (b *bench) reportRolls(all map[string][]rolling) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%d pods and what belongs to them; %d cores, %s, %s/%s. Memory is anonymous, of the largest shard; bytes are those of all shards.\n\n",
		b.pods, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	t.WriteString("| the API server sends | shards | | took | bytes received | memory before | peak |\n| --- | ---: | --- | ---: | ---: | ---: | ---: |\n")
	for _, sends := range []string{sendsShard, sendsAll} {
		for _, r := range all[sends] {
			row := func(what string, of rolled) {
				fmt.Fprintf(&t, "| %s | %d | %s | %.0f s | %.0f MB | %.1f MiB | %.1f MiB |\n",
					sends, r.shards, what, of.took.Seconds(), of.received/1e6, r.begin.anonymous, of.peak.anonymous)
			}
			row("upgrade", r.upgrade)
			row(fmt.Sprint("to ", r.shards-1), r.shrink)
			row(fmt.Sprint("back to ", r.shards), r.restore)
		}
	}
	return t.String()
}
