package store_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/kubestate/kubestate/internal/memory"
	"github.com/kubestate/kubestate/internal/store"
)

// BenchmarkScale has the changes of few and of many pods: an operation is a second with 500 changes
// and a compaction, and every 15th writes a response. It reports the CPU time of a change and the
// memory of an object. Each object leaves garbage, as decoding does.
//
//	go test -run '^$' -bench Scale -benchtime 60x ./internal/store
func BenchmarkScale(b *testing.B) {
	memory.TuneGC(10 << 20)
	for _, pods := range []int{20000, 100000} {
		b.Run(fmt.Sprintf("pods=%d", pods), func(b *testing.B) { benchmarkScale(b, pods) })
	}
}

const (
	changesPerSecond = 500
	scrapeInterval   = 15
)

func benchmarkScale(b *testing.B, pods int) {
	s := newScale(b, pods)
	filling := s.fill()
	for range 7 { // empties pools
		s.resource.Compact()
	}
	runtime.GC()
	began := cpuTime()
	runtime.GC()
	collection := cpuTime() - began
	compressed := float64(s.resource.Stats().CompressedBytes)
	live, scanned := sample("/gc/heap/live:bytes"), sample("/gc/scan/heap:bytes")
	var inUse, slowest float64
	var setting, compacting, writing time.Duration
	for n := 0; b.Loop(); n++ {
		changes := s.changes()
		setting += cost(func() {
			for _, c := range changes {
				leaveGarbage(20 << 10)
				s.part.Set(c)
			}
		})
		compacting += cost(s.resource.Compact)
		inUse = max(inUse, sample("/memory/classes/heap/objects:bytes")+sample("/memory/classes/heap/unused:bytes"))
		if n%scrapeInterval == scrapeInterval-1 {
			began := time.Now()
			writing += cost(func() { s.write(b) })
			slowest = max(slowest, float64(time.Since(began).Milliseconds()))
		}
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(b.N*changesPerSecond) }
	b.ReportMetric(float64(filling.Microseconds())/float64(pods), "µs-filling/object")
	b.ReportMetric(1000*collection.Seconds(), "ms-collection")
	b.ReportMetric(live/float64(pods), "B-live/object")
	b.ReportMetric(compressed/float64(pods), "B-compressed/object")
	b.ReportMetric(scanned/float64(pods), "B-scanned/object")
	b.ReportMetric(each(setting), "µs-setting")
	b.ReportMetric(each(compacting), "µs-compacting")
	b.ReportMetric(each(writing), "µs-writing")
	b.ReportMetric(each(setting+compacting+writing), "µs/change")
	b.ReportMetric(slowest, "ms-response")
	b.ReportMetric(inUse/(1<<20), "MiB-peak")
	b.ReportMetric(0, "ns/op")
}

// scale is a resource of many pods, rendered from layouts.
type scale struct {
	resource *store.Resource
	part     *store.Partition
	rnd      *rand.Rand
	pods     int
	layouts  []layout
	states   []uint32 // counts of changes, by pod
	buffers  [changesPerSecond]store.Rendered
}

// A layout is a template of a pod's text: constants, each with a verb for the text that follows.
type layout struct {
	constants [][]byte
	verbs     []byte // 'u' uid, 's' suffix of the name, 'v' changing value, 'f' end of a family
}

// changing are the families that a restart of a container changes.
var changing = strings.Fields(`kube_pod_container_state_started kube_pod_container_status_ready
	kube_pod_container_status_restarts_total kube_pod_container_status_running kube_pod_container_status_terminated
	kube_pod_container_status_waiting kube_pod_status_container_ready_time kube_pod_status_ready
	kube_pod_status_ready_time`)

func newScale(b *testing.B, pods int) *scale {
	golden := goldenPods(b)
	s := &scale{resource: store.NewResource("pods", golden.families, 1), rnd: rand.New(rand.NewPCG(1, 2)), pods: pods, states: make([]uint32, pods)}
	s.part = s.resource.Partitions()[0]
	for pod := range golden.uids {
		s.layouts = append(s.layouts, golden.layout(pod))
	}
	return s
}

func (p pods) layout(pod int) (l layout) {
	add := func(constant string, verb byte) {
		l.constants, l.verbs = append(l.constants, []byte(constant)), append(l.verbs, verb)
	}
	for i, lines := range p.lines[pod] {
		changes := false
		for _, name := range changing {
			changes = changes || name == p.families[i].Name
		}
		for _, line := range lines {
			_, name, _ := strings.Cut(line, `pod="`)
			name, _, _ = strings.Cut(name, `"`)
			before, after, _ := strings.Cut(line, name[len(name)-5:])
			add(before, 's')
			before, after, _ = strings.Cut(after, p.uids[pod])
			add(before, 'u')
			if changes {
				add(after[:strings.LastIndexByte(after, ' ')+1], 'v')
				after = "\n"
			}
			add(after, 0)
		}
		add("", 'f')
	}
	return l
}

// render renders the n-th pod into r.
func (s *scale) render(r *store.Rendered, n int) {
	l := s.layouts[n%len(s.layouts)]
	a, c := uint64(n+1)*0x9e3779b97f4a7c15, uint64(n+1)*0xc2b2ae3d27d4eb4f
	r.UID = fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", uint32(a>>32), uint16(a), uint16(c)&0xfff, uint16(c>>16)&0xfff, c>>16)
	r.Namespace = string(append([]byte("team-"), strconv.Itoa(n/600)...))
	suffix := r.UID[3:8]
	r.Text, r.Ends = r.Text[:0], r.Ends[:0]
	for i, constant := range l.constants {
		r.Text = append(r.Text, constant...)
		switch l.verbs[i] {
		case 'u':
			r.Text = append(r.Text, r.UID...)
		case 's':
			r.Text = append(r.Text, suffix...)
		case 'v':
			r.Text = strconv.AppendUint(r.Text, 1770000000+uint64(s.states[n]), 10)
		case 'f':
			r.Ends = append(r.Ends, len(r.Text))
		}
	}
}

// fill sets all pods and returns the CPU time without that of rendering.
func (s *scale) fill() time.Duration {
	var r store.Rendered
	rendering := cost(func() {
		for n := range s.pods / 10 {
			s.render(&r, n*10)
		}
	})
	began := cpuTime()
	g := s.part.Begin()
	for n := range s.pods {
		s.render(&r, n)
		leaveGarbage(30 << 10)
		g.Set(r)
	}
	s.part.Replace(g)
	return cpuTime() - began - 10*rendering
}

// changes renders the changes of a second.
func (s *scale) changes() []store.Rendered {
	for i := range s.buffers {
		n := s.rnd.IntN(s.pods)
		s.states[n]++
		s.render(&s.buffers[i], n)
	}
	return s.buffers[:]
}

func (s *scale) write(b *testing.B) {
	if err := store.NewResponse([]store.View{s.resource.View()}, "").WriteGzip(onlyWriter{io.Discard}); err != nil {
		b.Fatal(err)
	}
}

type onlyWriter struct{ io.Writer }

// node is garbage with a pointer for the collector to scan.
type node struct {
	next *node
	_    [15]uint64
}

var litter *node

func leaveGarbage(n int) {
	for ; n > 0; n -= 128 {
		litter = &node{next: litter}
	}
	litter = nil
}

func cost(f func()) time.Duration {
	began := cpuTime()
	f()
	return cpuTime() - began
}

// cpuTime returns the CPU time of the process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func sample(name string) float64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return float64(s[0].Value.Uint64())
}
