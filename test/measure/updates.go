package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// status is the part of a pod that updates change.
type status struct {
	ready    bool
	since    int64 // Unix seconds; 0 if not ready
	restarts int32
}

// updater changes objects at a steady rate.
type updater struct {
	names   []types.NamespacedName
	rate    int // per second
	change  func(context.Context, types.NamespacedName) error
	written atomic.Int64
}

// podChanger changes the status of pods.
type podChanger struct {
	cluster  *cluster.Cluster
	restarts bool // each change restarts a container

	mu sync.Mutex
	// last has the last written status of each pod.
	last map[types.NamespacedName]status
}

func (b *bench) newPodChanger() *podChanger {
	return &podChanger{cluster: b.cluster, restarts: b.restarts, last: map[types.NamespacedName]status{}}
}

// podUpdater has c change pods.
func (b *bench) podUpdater(c *podChanger, rate int) *updater {
	return &updater{names: b.names, rate: rate, change: c.change}
}

// Updates are written in batches at an interval, by concurrent writers. A limit of batches spreads a
// backlog over several intervals.
const (
	interval = 50 * time.Millisecond
	writers  = 4
	maxBatch = 100
)

// run changes random objects until ctx ends.
func (u *updater) run(ctx context.Context) error {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for begin := time.Now(); ; {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-ticks.C:
		}
		due := int(time.Since(begin).Seconds()*float64(u.rate)) - int(u.written.Load())
		// A canceled write might have been applied or not.
		if err := u.write(context.WithoutCancel(ctx), u.choose(due)); err != nil {
			return err
		}
	}
}

// write changes objects concurrently.
func (u *updater) write(ctx context.Context, batch []types.NamespacedName) error {
	var group errgroup.Group
	group.SetLimit(writers)
	for _, name := range batch {
		group.Go(func() error {
			if err := u.change(ctx, name); err != nil {
				return err
			}
			u.written.Add(1)
			return nil
		})
	}
	return group.Wait()
}

// choose returns at most n random objects, without duplicates.
func (u *updater) choose(n int) []types.NamespacedName {
	n = min(n, maxBatch, len(u.names))
	chosen := map[types.NamespacedName]bool{}
	batch := make([]types.NamespacedName, 0, n)
	for range n {
		name := u.names[rand.IntN(len(u.names))]
		if !chosen[name] {
			chosen[name] = true
			batch = append(batch, name)
		}
	}
	return batch
}

// change changes a pod.
func (c *podChanger) change(ctx context.Context, name types.NamespacedName) error {
	return c.cluster.ChangePod(ctx, name, c.flip)
}

// flip flips the readiness of a container and its pod, as the kubelet reports it after a restart or without one.
func (c *podChanger) flip(pod *corev1.Pod) {
	app, now := &pod.Status.ContainerStatuses[0], metav1.Now()
	if c.restarts {
		app.RestartCount++
	}
	app.Ready = !app.Ready
	ready := corev1.ConditionFalse
	if app.Ready {
		ready = corev1.ConditionTrue
	}
	for i := range pod.Status.Conditions {
		if of := &pod.Status.Conditions[i]; of.Type == corev1.PodReady || of.Type == corev1.ContainersReady {
			of.Status, of.LastTransitionTime = ready, now
		}
	}
	written := status{ready: app.Ready, restarts: app.RestartCount}
	if app.Ready {
		written.since = now.Unix()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name}] = written
}

// cost is the CPU time of updates.
type cost struct {
	each  time.Duration // per update, while they are written
	rate  float64       // written updates per second
	after time.Duration // over a window after the updates
}

// measureCost measures the process under updates, which go on while f runs. idle is its CPU time
// over a window without updates.
func (b *bench) measureCost(ctx context.Context, pid int, idle time.Duration, u *updater, f func(context.Context) error) (c cost, err error) {
	err = during(ctx, u.run, func(ctx context.Context) error {
		// The first updates of a page cost more than later ones.
		if err := process.Sleep(ctx, b.window/2); err != nil {
			return err
		}
		begin, already := time.Now(), u.written.Load()
		spent, err := cpuOver(ctx, pid, b.window)
		if err != nil {
			return err
		}
		n := u.written.Load() - already
		if n == 0 {
			return errors.New("no updates")
		}
		c.each = (spent - idle) / time.Duration(n)
		c.rate = float64(n) / time.Since(begin).Seconds()
		return f(ctx)
	})
	if err != nil {
		return c, err
	}
	after, err := cpuOver(ctx, pid, b.window)
	c.after = after - idle
	return c, err
}
