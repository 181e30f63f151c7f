package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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

// A set is the kubelet of a StatefulSet of kubestates. It scrapes each pod every second, and samples
// memory and received bytes.
type set struct {
	*bench

	mu       sync.Mutex
	running  map[string]*setPod // by the uid of the pod
	received map[string]float64 // by uid, of ended pods too
	peak     memory
}

// setPod is a pod's process.
type setPod struct {
	*exporter.Exporter
	pod      string
	template string // its annotation
	stopping bool
	stop     context.CancelFunc // of scrapes
}

func (s *set) create(ctx context.Context, n int) error {
	return s.cluster.CreateShards(ctx, cluster.Shards{
		Namespace: setNamespace, Name: setName, Replicas: int32(n), Grace: setGrace, Annotations: map[string]string{"upgrade": "0"},
	})
}

// remove ends all processes and deletes all objects of the set.
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
		s.cluster.Await(ctx, timeout, func(ctx context.Context) error {
			// The controller may create a pod before it sees the deletion of the set.
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

// reset resets the peak.
func (s *set) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.peak = memory{}
}

// totals returns the peak since reset and all received bytes.
func (s *set) totals() (peak memory, received float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := range maps.Values(s.received) {
		received += n
	}
	return s.peak, received
}

// play syncs the pods until ctx ends.
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

// sync starts or ends the process of a pod, or updates its readiness.
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
		return s.cluster.Ended(ctx, pod)
	case pod.DeletionTimestamp != nil && !p.stopping:
		p.stopping = true
		return p.Signal(syscall.SIGTERM)
	case pod.DeletionTimestamp != nil:
		return nil
	}
	return s.cluster.SetReady(ctx, pod, p.Ready(ctx) == nil)
}

// start starts the process of a pod, and its scrapes.
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

// read scrapes every second, compressed, until ctx ends.
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
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // the process starts or ends
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
}

// sample samples the processes until ctx ends: memory often, and received bytes less often.
func (s *set) sample(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		s.mu.Lock()
		pods := maps.Clone(s.running)
		s.mu.Unlock()
		for uid, p := range pods {
			if m, err := readMemory(p.Pid()); err == nil {
				s.mu.Lock()
				s.peak = s.peak.max(m)
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
		_ = process.Sleep(ctx, 50*time.Millisecond)
	}
}
