package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// rollResult is the cost of an upgrade or a resize.
type rollResult struct {
	took     time.Duration
	received float64 // bytes, by all shards
	peak     memory  // of the largest shard
}

// rolling has the results of an upgrade and two resizes.
type rolling struct {
	shards                   int
	begin                    memory // of the largest shard, before
	upgrade, shrink, restore rollResult
}

// measureRolls measures upgrades and resizes of StatefulSets of several sizes, with an API server
// that filters by shard and with one that does not. It prints a table, after an error too.
func measureRolls(ctx context.Context, opts options, sizes []int) error {
	all := map[string][]rolling{}
	err := rollAll(ctx, opts, sizes, []string{filtersShards}, func(r rolling) { all[sendsShard] = append(all[sendsShard], r) })
	if err == nil {
		err = rollAll(ctx, opts, sizes, nil, func(r rolling) { all[sendsAll] = append(all[sendsAll], r) })
	}
	fmt.Print(reportRolls(opts.pods, all))
	return err
}

// The objects that API servers send.
const (
	sendsShard = "the shard"
	sendsAll   = "everything"
)

// rollAll measures StatefulSets of each size, one after another, in a new cluster.
func rollAll(ctx context.Context, opts options, sizes []int, gates []string, add func(rolling)) error {
	clusterOpts := cluster.Options{Controllers: true, Only: []string{"statefulset-controller"}, FeatureGates: gates}
	return withCluster(ctx, opts, clusterOpts, func(b *bench) error {
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
	})
}

// measureRolling upgrades n shards, removes one, and adds it again.
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
		if err := process.Sleep(ctx, b.idle); err != nil {
			return err
		}
		s.reset()
		if err := process.Sleep(ctx, time.Second); err != nil {
			return err
		}
		r.begin, _ = s.totals()
		if r.upgrade, err = s.roll(ctx, n, `{"spec":{"template":{"metadata":{"annotations":{"upgrade":"1"}}}}}`); err != nil {
			return err
		}
		if err := process.Sleep(ctx, b.idle); err != nil {
			return err
		}
		if r.shrink, err = s.roll(ctx, n-1, fmt.Sprintf(`{"spec":{"replicas":%d}}`, n-1)); err != nil {
			return err
		}
		if err := process.Sleep(ctx, b.idle); err != nil {
			return err
		}
		r.restore, err = s.roll(ctx, n, fmt.Sprintf(`{"spec":{"replicas":%d}}`, n))
		return err
	})
	return r, errors.Join(err, s.remove(ctx))
}

// roll patches the StatefulSet, and waits until it has n shards of its template, each with an even
// share.
func (s *set) roll(ctx context.Context, n int, patch string) (r rollResult, err error) {
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
	err = process.Within(ctx, 3*timeout, func(ctx context.Context) error { return s.settled(ctx, n, template) })
	r.took = time.Since(begin)
	peak, after := s.totals()
	r.peak, r.received = peak, after-before
	return r, err
}

// settled returns an error unless n shards of the template run, each with an even share.
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
			return fmt.Errorf("%s of template %q has %v of an even share", p.pod, p.template, share)
		}
	}
	return nil
}

// reportRolls returns the table with a description.
func reportRolls(pods int, all map[string][]rolling) string {
	var t strings.Builder
	fmt.Fprintf(&t, "%d pods and what belongs to them; %d cores, %s, %s/%s. Memory is anonymous, of the largest shard; bytes are those of all shards.\n\n",
		pods, runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	t.WriteString("| the API server sends | shards | | took | bytes received | memory before | peak |\n| --- | ---: | --- | ---: | ---: | ---: | ---: |\n")
	for _, sends := range []string{sendsShard, sendsAll} {
		for _, r := range all[sends] {
			row := func(what string, of rollResult) {
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
