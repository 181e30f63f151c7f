package watcher_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
	"github.com/kubestate/kubestate/internal/watcher"
)

// Two small resources. Rows of fragile families panic for objects with a label.
var (
	pods = &generators.Table[*corev1.Pod]{
		Resource: corev1.SchemeGroupVersion.WithResource("pods"),
		Kind:     "Pod",
		Scope:    generators.Namespaced,
		Identity: generators.Identity{generators.Namespace, generators.Name("pod")},
		Finished: deleted,
		Families: []generators.Family[*corev1.Pod]{
			family("pod_generation", func(p *corev1.Pod, s *generators.Samples) { s.Int(p.Generation) }),
			family("pod_fragile", fragile[*corev1.Pod]),
			family("pod_more_fragile", fragile[*corev1.Pod]),
			family("pod_last", func(_ *corev1.Pod, s *generators.Samples) { s.One() }),
		},
	}
	nodes = &generators.Table[*corev1.Node]{
		Resource: corev1.SchemeGroupVersion.WithResource("nodes"),
		Kind:     "Node",
		Scope:    generators.Cluster,
		Identity: generators.Identity{generators.Name("node")},
		Families: []generators.Family[*corev1.Node]{
			family("node_generation", func(n *corev1.Node, s *generators.Samples) { s.Int(n.Generation) }),
		},
	}
)

func family[T metav1.Object](name string, row func(T, *generators.Samples)) generators.Family[T] {
	return generators.Family[T]{Name: name, Type: generators.Gauge, Stability: generators.Alpha, Help: "Help.", Row: row}
}

// deleted has pods finish when they are deleted.
func deleted(p *corev1.Pod) (at time.Time, reason string) {
	if p.DeletionTimestamp == nil {
		return time.Time{}, ""
	}
	return p.DeletionTimestamp.Time, "Deleted"
}

// fragile panics, with a sample added, for objects with a label.
func fragile[T metav1.Object](o T, s *generators.Samples) {
	if reason, ok := o.GetLabels()["panic"]; ok {
		s.Int(99)
		panic(reason)
	}
}

// meta returns metadata. Series have the generation as their value.
func meta(namespace, name, uid string, generation int64) metav1.ObjectMeta {
	return metav1.ObjectMeta{Namespace: namespace, Name: name, UID: types.UID(uid), Generation: generation}
}

func pod(namespace, name, uid string, generation int64) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: meta(namespace, name, uid, generation)}
}

func node(name, uid string, generation int64) *corev1.Node {
	return &corev1.Node{ObjectMeta: meta("", name, uid, generation)}
}

// panicking returns a pod whose fragile families panic.
func panicking(namespace, name, uid string) *corev1.Pod {
	p := pod(namespace, name, uid, 1)
	p.Labels = map[string]string{"panic": "on purpose"}
	return p
}

// expectText checks the served lines.
func expectText(t *testing.T, w *watcher.Watcher, want string) {
	t.Helper()
	if d := cmp.Diff(want, text(w.Resources()...)); d != "" {
		t.Errorf("served (-want +got):\n%s", d)
	}
}

// text returns the lines of resources, without headers.
func text(resources ...*store.Resource) string {
	var b strings.Builder
	for _, r := range resources {
		for line := range strings.Lines(response(r)) {
			if line[0] != '#' {
				b.WriteString(line)
			}
		}
	}
	return b.String()
}

// response returns the lines and headers of a resource.
func response(r *store.Resource) string {
	var b strings.Builder
	if err := store.NewResponse([]store.View{r.View()}, "").WriteText(&b); err != nil {
		panic(err)
	}
	return b.String()
}

// podText returns the lines of pods in the two families that have any, from their labels and
// generations.
func podText(generations ...string) string {
	var values, last strings.Builder
	for _, g := range generations {
		labels, _, _ := strings.Cut(g, " ")
		values.WriteString("pod_generation{" + strings.Replace(g, " ", "} ", 1) + "\n")
		last.WriteString("pod_last{" + labels + "} 1\n")
	}
	return values.String() + last.String()
}

// counters returns a registry's metrics without comments, and without times, bytes and states.
func counters(t *testing.T, reg prometheus.Gatherer) string {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var all []*dto.MetricFamily
	for _, family := range families {
		name := family.GetName()
		if !strings.HasSuffix(name, "_seconds_total") && !strings.HasSuffix(name, "_bytes_total") && !strings.HasPrefix(name, "kubestate_resource_") {
			all = append(all, family)
		}
	}
	return metricsText(t, all)
}

// metricsText returns families in text format, without comments.
func metricsText(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	var all, lines strings.Builder
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&all, family); err != nil {
			t.Fatal(err)
		}
	}
	for line := range strings.Lines(all.String()) {
		if !strings.HasPrefix(line, "#") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

// A record is a log record without its wording.
type record struct {
	Level slog.Level
	About string // a family, or the reason of a failure
}

// log keeps records of info level and above.
type log struct {
	about func(slog.Record) string

	mu      sync.Mutex
	records []record
}

func (*log) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (l *log) WithAttrs([]slog.Attr) slog.Handler             { return l }
func (l *log) WithGroup(string) slog.Handler                  { return l }

func (l *log) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, record{r.Level, l.about(r)})
	return nil
}

// take returns the records since the last call.
func (l *log) take() []record {
	l.mu.Lock()
	defer l.mu.Unlock()
	records := l.records
	l.records = nil
	return records
}

// attribute returns the value of a record's key.
func attribute(r slog.Record, key string) (value slog.Value) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			value = a.Value
		}
		return true
	})
	return value
}

// aboutFamilies returns a log of the records' families.
func aboutFamilies() *log {
	return &log{about: func(r slog.Record) string { return attribute(r, "family").String() }}
}

// newWatcher returns a watcher with its registry and log.
func newWatcher(config watcher.Config, reg prometheus.Registerer, l *log) *watcher.Watcher {
	w := watcher.New(config, watcher.NewMetrics(reg), slog.New(l))
	w.Register(reg)
	return w
}
