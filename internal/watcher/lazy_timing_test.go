package watcher_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// BenchmarkUpdate renders status changes of pods from watch events: complete pods, and pods without
// the fields of spec-only families.
func BenchmarkUpdate(b *testing.B) {
	complete := generators.Pods
	complete.Fetch.Mixed = nil
	b.Run("complete", func(b *testing.B) { update(b, &complete) })
	b.Run("partial", func(b *testing.B) { update(b, &generators.Pods) })
	b.Run("partial, with workload metrics", func(b *testing.B) { update(b, &generators.Pods, generators.Groups()...) })
}

// updatedPods is the number of pods, which change one after another.
const updatedPods = 1024

func update(b *testing.B, r generators.Resource, groups ...generators.Group) {
	config := watcher.Config{Resources: []generators.Resource{r}, Client: newClient(b, &rest.Config{Host: "http://api"})}
	config.Selection.Groups = groups
	w := newWatcher(config, prometheus.NewRegistry(), aboutFamilies())
	sink := w.Sinks()[0]
	s := openStream(b, r, sink)
	states := [2][][]byte{podsInState(b, false), podsInState(b, true)}
	apply := func(frame []byte) {
		if err := sink.Set(s.receive(b, frame)); err != nil {
			b.Fatal(err)
		}
	}
	for _, frame := range states[0] {
		apply(frame)
	}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		apply(states[i/updatedPods%2][i%updatedPods])
	}
}

// podsInState returns events of pods of a large cluster, ready or not.
func podsInState(b *testing.B, ready bool) (frames [][]byte) {
	b.Helper()
	f, err := os.Open("../generators/testdata/golden/synthetic-64/pods.json.gz")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		b.Fatal(err)
	}
	var list corev1.PodList
	if err := json.NewDecoder(text).Decode(&list); err != nil {
		b.Fatal(err)
	}
	for n := range updatedPods {
		pod := list.Items[n%len(list.Items)].DeepCopy()
		pod.APIVersion, pod.Kind = "v1", "Pod"
		pod.Name, pod.UID = fmt.Sprintf("%s-%d", pod.Name, n), types.UID(fmt.Sprintf("%08x%s", n, pod.UID[8:]))
		for i := range pod.Status.Conditions {
			if c := &pod.Status.Conditions[i]; c.Type == corev1.PodReady && ready {
				c.Status, c.LastTransitionTime.Time = corev1.ConditionFalse, c.LastTransitionTime.Add(1e9)
			}
		}
		for i := range pod.Status.ContainerStatuses {
			pod.Status.ContainerStatuses[i].Ready = ready
		}
		frames = append(frames, frameOf(b, watch.Modified, encoded(b, runtime.ContentTypeProtobuf, pod)))
	}
	return frames
}
