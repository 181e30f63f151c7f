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

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// BenchmarkUpdate takes changes of the status of pods from what an API server sends
// to their text, with what is steady left as it is and, as a reference, all of it
// decoded and rendered again.
func BenchmarkUpdate(b *testing.B) {
	whole := generators.Pods
	whole.Fetch.Mixed = nil
	b.Run("whole", func(b *testing.B) { update(b, &whole) })
	b.Run("steady", func(b *testing.B) { update(b, &generators.Pods) })
}

// updatedPods is how many pods change in turn.
const updatedPods = 1024

func update(b *testing.B, r generators.Resource) {
	w := newWatcher(watcher.Config{Resources: []generators.Resource{r}}, prometheus.NewRegistry(), aboutFamilies())
	feed := w.Feeds()[0]
	decoder, _, _, err := feed.Reception(watcher.NewMetrics(prometheus.NewRegistry())).StreamDecoder(runtime.ContentTypeProtobuf, nil)
	if err != nil {
		b.Fatal(err)
	}
	states := [2][][]byte{podsInState(b, false), podsInState(b, true)}
	var buffer []byte
	apply := func(wire []byte) {
		buffer = append(buffer[:0], wire...)
		o, _, err := decoder.Decode(buffer, nil, nil)
		if err == nil {
			err = feed.Update(o)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	for _, wire := range states[0] {
		apply(wire)
	}
	b.ReportAllocs()
	for i := 1; b.Loop(); i++ {
		apply(states[i/updatedPods%2][i%updatedPods])
	}
}

// podsInState are pods as large clusters have them, ready or not.
func podsInState(b *testing.B, ready bool) (wires [][]byte) {
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
		wires = append(wires, encoded(b, runtime.ContentTypeProtobuf, pod))
	}
	return wires
}
