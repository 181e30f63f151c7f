package answers_test

import (
	"fmt"
	"io"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/snapshot"
	"github.com/kubestate/kubestate/internal/watcher"
)

// large returns a content with copies of the pods of the example cluster, on copies of its nodes: of those
// that run without restarts, or of all.
func large(t testing.TB, pods int, healthy bool) answers.Content {
	t.Helper()
	tables, err := generators.NewRegistry(generators.Builtin()...)
	if err != nil {
		t.Fatal(err)
	}
	config := watcher.Config{Resources: tables.Defaults(), Selection: all, Parts: 1}
	w := watcher.New(config, watcher.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
	loading := w.Loading(config)
	var podKind, nodeKind schema.GroupVersionKind
	var templates []*corev1.Pod
	var nodes []*corev1.Node
	sink := func(kind schema.GroupVersionKind, object runtime.Object) error {
		switch o := object.(type) {
		case *corev1.Pod:
			podKind = kind
			if status := o.Status.ContainerStatuses; !healthy || o.Status.Phase == corev1.PodRunning && status[0].RestartCount == 0 {
				templates = append(templates, o.DeepCopy())
			}
			return nil
		case *corev1.Node:
			nodeKind = kind
			nodes = append(nodes, o.DeepCopy())
			return nil
		}
		return loading.Add(kind, object)
	}
	if _, err := snapshot.Read(example, loading.Resources(), tables.Scheme(), io.MultiReader(), sink); err != nil {
		t.Fatal(err)
	}
	add := func(kind schema.GroupVersionKind, o runtime.Object) {
		if err := loading.Add(kind, o); err != nil {
			t.Fatal(err)
		}
	}
	for i := range pods {
		p := templates[i%len(templates)].DeepCopy()
		p.Name, p.UID = fmt.Sprintf("%s-%05d", p.Name, i), types.UID(uuid.NewString())
		p.Namespace = fmt.Sprint(p.Namespace, "-", i%100)
		if p.Spec.NodeName != "" {
			p.Spec.NodeName = fmt.Sprint("node-", i%(pods/40+1))
		}
		add(podKind, p)
	}
	for i := range pods/40 + 1 {
		n := nodes[1].DeepCopy()
		n.Name, n.UID = fmt.Sprint("node-", i), types.UID(uuid.NewString())
		add(nodeKind, n)
	}
	loading.Done()
	for _, r := range w.Resources() {
		r.Compact()
	}
	return answers.Content{Resources: w.Resources()}
}

// BenchmarkFrom has the report and the charts of a large cluster: without pods in trouble, and with a fifth of
// them.
//
//	go test -run '^$' -bench From -benchmem ./internal/answers
func BenchmarkFrom(b *testing.B) {
	for name, healthy := range map[string]bool{"healthy": true, "troubled": false} {
		c := large(b, 20000, healthy)
		c.Now = time.Now()
		b.Run("report/"+name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpuTime(b)
			for b.Loop() {
				answers.From(c)
			}
			b.ReportMetric(float64((cpuTime(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
		b.Run("charts/"+name, func(b *testing.B) {
			b.ReportAllocs()
			began := cpuTime(b)
			for b.Loop() {
				answers.Charts(c)
			}
			b.ReportMetric(float64((cpuTime(b)-began).Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

// cpuTime is the CPU time of the process.
func cpuTime(t testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
