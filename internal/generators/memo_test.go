package generators_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// increments has the sums of increments, by series in the text format.
type increments map[string]float64

var countsRenderer = map[generators.Resource]*generators.Renderer{}

// seriesOf returns the lines of one increment, without those of value 0 that a histogram has.
func seriesOf(table generators.Resource, i generators.Increment) string {
	counts := &generators.Counts{ObjectMeta: metav1.ObjectMeta{Name: "w"}}
	if i.Of.IsHistogram() {
		counts.Histograms = []generators.Histogram{{Series: i.Series, Buckets: []uint64{i.By}, Sum: i.Value}}
	} else {
		counts.Counters = []generators.Count{{Series: i.Series}}
	}
	r := countsRenderer[table]
	if r == nil {
		r = table.Compile(generators.Selection{Groups: generators.Groups()})
		countsRenderer[table] = r
	}
	text, ends := r.Render(nil, nil, counts)
	line := string(text[:ends[len(r.Names())/2-1]])
	line = strings.TrimSuffix(line[:strings.IndexByte(line, '}')], `,le="+Inf"`)
	name, labels, _ := strings.Cut(line, "{")
	_, labels, _ = strings.Cut(labels, `w"`)
	return strings.TrimPrefix(name, "kubestate_") + strings.ReplaceAll(labels, `"`, "")
}

// counter counts the states of one object by its memo.
type counter struct {
	memo  *generators.Memoizer
	text  string
	total increments
}

func newCounter(r generators.Resource) *counter {
	return &counter{memo: r.Recipe().Memo, total: increments{}}
}

// add counts the next state of the object, or the first one.
func (c *counter) add(o metav1.Object, created bool) {
	c.move(string(c.memo.Append(nil, c.text, o, created)))
}

// move counts up to a memo, empty for the deletion.
func (c *counter) move(to string) {
	c.memo.Count(c.text, to, func(i generators.Increment) {
		value := float64(i.By)
		if i.Of.IsHistogram() {
			value *= i.Value + 1000 // both the number of observations and their sum
		}
		c.total[seriesOf(c.memo.Counts, i)] += value
	})
	c.text = to
}

// beyondZero returns the sorted series with their values, without those of 0.
func (i increments) beyondZero() (all []string) {
	for series, v := range i {
		if v != 0 {
			all = append(all, fmt.Sprint(series, " ", v))
		}
	}
	slices.Sort(all)
	return all
}

func (i increments) names() (all []string) {
	for series := range i {
		all = append(all, series)
	}
	slices.Sort(all)
	return all
}

func exited(name string, restarts int32, reason string, before ...string) corev1.ContainerStatus {
	s := running(name, restarts, before...)
	s.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ContainerID: s.ContainerID}}
	return s
}

// restarts is a container that has ended and waits for its restart.
func restarts(name string, restarts int32, reason string) corev1.ContainerStatus {
	s := exited(name, restarts, reason)
	s.LastTerminationState, s.State = s.State, waits
	return s
}

// running is a container whose last termination had a reason, if any is given.
func running(name string, restarts int32, before ...string) corev1.ContainerStatus {
	s := corev1.ContainerStatus{Name: name, RestartCount: restarts, ContainerID: fmt.Sprint("containerd://", restarts)}
	s.State.Running = &corev1.ContainerStateRunning{}
	if len(before) > 0 {
		s.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: before[0], ContainerID: fmt.Sprint("containerd://", restarts-1)}
	}
	return s
}

func podOf(containers ...corev1.ContainerStatus) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: unix(100)}, Status: corev1.PodStatus{ContainerStatuses: containers}}
}

func podWith(status corev1.PodStatus) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: unix(100)}, Status: status}
}

func condition(of corev1.PodConditionType, status corev1.ConditionStatus, at int64, reason string) corev1.PodCondition {
	return corev1.PodCondition{Type: of, Status: status, LastTransitionTime: unix(at), Reason: reason}
}

// TestPodMemo counts sequences of states of a pod. Nil stands for its deletion.
func TestPodMemo(t *testing.T) {
	f := func(created bool, states []*corev1.Pod, want ...string) {
		t.Helper()
		c := newCounter(&generators.Pods)
		for _, s := range states {
			if s == nil {
				c.move("")
			} else {
				c.add(s, created)
				c.add(s, created) // a repeated state counts nothing
			}
		}
		if d := cmp.Diff(want, c.total.beyondZero()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type pods = []*corev1.Pod
	const ended = "workload_container_terminations_total,container="
	const pod = "workload_pods_created_total 1"
	f(true, pods{podOf()}, pod)
	f(false, pods{podOf()})
	f(true, pods{podOf(), nil}, pod, "workload_pods_deleted_total 1")
	f(false, pods{podOf(), nil}, "workload_pods_deleted_total 1")

	// A container runs, is terminated, and runs again.
	f(true, pods{podOf(running("a", 0))}, pod)
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 0, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 0, "Error")), podOf(running("a", 1, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(running("a", 1, "OOMKilled"))}, ended+"a,reason=OOMKilled 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(running("a", 1))}, ended+"a,reason=unobserved 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 1, "Error", "OOMKilled"))}, ended+"a,reason=Error 1", ended+"a,reason=OOMKilled 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 4, "Error", "OOMKilled"))},
		ended+"a,reason=Error 1", ended+"a,reason=OOMKilled 1", ended+"a,reason=unobserved 3", pod)
	f(true, pods{podOf(running("a", 7, "ContainerCannotRun"))}, ended+"a,reason=ContainerCannotRun 1", ended+"a,reason=unobserved 6", pod)
	f(false, pods{podOf(running("a", 7, "Error"))})
	f(false, pods{podOf(running("a", 7, "Error")), podOf(running("a", 9, "Completed"))}, ended+"a,reason=Completed 1", ended+"a,reason=unobserved 1")
	f(false, pods{podOf(), podOf(exited("a", 0, "DeadlineExceeded"))}, ended+"a,reason=DeadlineExceeded 1")
	f(false, pods{podOf(exited("a", 0, "Error")), podOf(running("a", 1, "Error"))})
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 0, "")), podOf(running("a", 1, ""))}, ended+"a,reason=other 1", pod) // as a kubelet may leave it
	f(true, pods{podOf(running("a", 2, "Strange"), running("a", 3))}, ended+"a,reason=other 1", ended+"a,reason=unobserved 1", pod)
	// A container waits for its restart: the last state is of the container that ended, which the restarts lack.
	f(true, pods{podOf(running("a", 0)), podOf(restarts("a", 0, "OOMKilled"))}, ended+"a,reason=OOMKilled 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(exited("a", 0, "Error")), podOf(restarts("a", 0, "Error")), podOf(running("a", 1, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(restarts("a", 1, "OOMKilled")), podOf(running("a", 2, "OOMKilled"))},
		ended+"a,reason=OOMKilled 1", ended+"a,reason=unobserved 1", pod)
	f(false, pods{podOf(restarts("a", 3, "Error")), podOf(running("a", 4, "Error"))})
	both := exited("a", 1, "OOMKilled")
	both.LastTerminationState = both.State
	f(true, pods{podOf(running("a", 0)), podOf(both)}, ended+"a,reason=OOMKilled 1", ended+"a,reason=unobserved 1", pod)
	created := running("a", 1, "Error") // and not started yet
	created.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	lost := created // with its container
	lost.ContainerID, lost.LastTerminationState.Terminated = "", &corev1.ContainerStateTerminated{Reason: "ContainerStatusUnknown"}
	f(true, pods{podOf(running("a", 0)), podOf(created), podOf(running("a", 1, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{podOf(running("a", 0)), podOf(lost), podOf(running("a", 1, "Error"))}, ended+"a,reason=other 1", pod)
	// States that are older, and containers that have left.
	f(false, pods{podOf(running("a", 7)), podOf(running("a", 6)), podOf(), podOf(running("a", 7))})
	f(false, pods{podOf(running("a", 7)), podOf(), podOf(running("b", 0), running("a", 8, "Error")), podOf(running("b", 1, "Error"))},
		ended+"a,reason=Error 1", ended+"b,reason=Error 1")
	f(false, pods{podOf(running("a", -3)), podOf(running("a", 0))})
	// Init containers.
	f(true, pods{podWith(corev1.PodStatus{
		InitContainerStatuses: []corev1.ContainerStatus{exited("i", 1, "Completed", "Error")}, ContainerStatuses: []corev1.ContainerStatus{running("a", 0)},
	})}, ended+"i,reason=Completed 1", ended+"i,reason=Error 1", pod)

	// Containers that had no status.
	unscheduled := podOf()
	unscheduled.Spec.InitContainers, unscheduled.Spec.Containers = []corev1.Container{{Name: "i"}}, []corev1.Container{{Name: "b"}, {Name: "a"}}
	f(true, pods{unscheduled, podOf(), unscheduled, podOf(running("a", 0), running("b", 1, "Error")), unscheduled, podOf(running("a", 1, "OOMKilled"), running("b", 1, "Error"))},
		ended+"a,reason=OOMKilled 1", ended+"b,reason=Error 1", pod)
	f(false, pods{unscheduled, podOf(running("a", 2, "Error"))}, ended+"a,reason=Error 1", ended+"a,reason=unobserved 1")

	// Containers of a static pod, whose mirror pod was deleted and is created again, go on.
	static := func(containers ...corev1.ContainerStatus) *corev1.Pod {
		p := podOf(containers...)
		p.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "x"}
		return p
	}
	f(true, pods{static(), static(running("a", 7, "OOMKilled")), static(running("a", 8, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{static(running("a", 7, "OOMKilled")), static(running("a", 8, "Error"))}, ended+"a,reason=Error 1", pod)
	bound := static()
	bound.Spec.Containers = []corev1.Container{{Name: "a"}}
	f(true, pods{bound, static(running("a", 7, "OOMKilled")), static(running("a", 8, "Error"))}, ended+"a,reason=Error 1", pod)
	f(true, pods{static(), static(running("a", 0)), static(running("a", 1, "Error"))}, ended+"a,reason=Error 1", pod)

	// Failures and disruptions.
	failed := func(reason string, conditions ...corev1.PodCondition) *corev1.Pod {
		return podWith(corev1.PodStatus{Phase: corev1.PodFailed, Reason: reason, Conditions: conditions})
	}
	disrupted := func(reason string) *corev1.Pod {
		return podWith(corev1.PodStatus{Conditions: []corev1.PodCondition{condition("DisruptionTarget", "True", 0, reason)}})
	}
	const failures = "workload_pod_failures_total,reason="
	f(false, pods{podOf(), failed("Evicted")}, failures+"Evicted 1")
	f(false, pods{failed("Evicted")})
	f(true, pods{failed("Evicted")}, failures+"Evicted 1", pod)
	f(false, pods{podOf(), failed("Evicted"), nil}, failures+"Evicted 1", "workload_pods_deleted_total 1")
	f(false, pods{podOf(), disrupted("EvictionByEvictionAPI"), failed("Evicted")}, failures+"EvictionByEvictionAPI 1")
	f(false, pods{podOf(), disrupted("PreemptionByScheduler")}, failures+"Preempted 1")
	f(false, pods{podOf(), failed("Preempting")}, failures+"Preempted 1")
	f(false, pods{podOf(), disrupted("DeletionByPodGC")}, failures+"NodeLost 1")
	f(false, pods{podOf(), disrupted("DeletionByTaintManager")}, failures+"DeletionByTaintManager 1")
	f(false, pods{podOf(), disrupted("")}, failures+"Failed 1")
	f(false, pods{podOf(), disrupted("Strange")}, failures+"other 1")
	f(false, pods{podOf(), disrupted("TerminationByKubelet")}, failures+"TerminationByKubelet 1")
	f(false, pods{podOf(), failed("Terminated", condition("DisruptionTarget", "True", 0, "TerminationByKubelet"))}, failures+"Terminated 1")
	f(false, pods{podOf(), failed("NodeLost", condition("DisruptionTarget", "False", 0, "TerminationByKubelet"))}, failures+"NodeLost 1")
	f(false, pods{podOf(), failed("")}, failures+"Failed 1")
	f(false, pods{podOf(), podWith(corev1.PodStatus{Phase: corev1.PodSucceeded})})

	// Startup, with the sum of times beyond the thousands of the number.
	const startup = "workload_pod_startup_seconds_bucket,phase="
	scheduled, ready := condition("PodScheduled", "True", 103, ""), condition("Ready", "True", 115, "")
	conditions := func(all ...corev1.PodCondition) *corev1.Pod { return podWith(corev1.PodStatus{Conditions: all}) }
	f(true, pods{podOf(), conditions(scheduled), conditions(scheduled, ready)}, startup+"ready 1015", startup+"scheduled 1003", pod)
	f(true, pods{conditions(scheduled, ready), conditions(scheduled), conditions(scheduled, condition("Ready", "True", 200, ""))},
		startup+"ready 1015", startup+"scheduled 1003", pod)
	f(false, pods{podOf(), conditions(scheduled, ready)})
	f(true, pods{conditions(condition("PodScheduled", "False", 103, ""), condition("Ready", "Unknown", 103, ""))}, pod)
	f(true, pods{conditions(condition("PodScheduled", "True", 90, ""))}, startup+"scheduled 1000", pod)
	f(true, pods{conditions(corev1.PodCondition{Type: "Ready", Status: "True"})}, pod)
	mirror := static()
	mirror.Status.Conditions = []corev1.PodCondition{condition("PodScheduled", "True", 90, ""), condition("Ready", "True", 95, "")}
	f(true, pods{mirror}, pod)
}

// TestMemoBegins holds which counters an object begins.
func TestMemoBegins(t *testing.T) {
	f := func(r generators.Resource, o metav1.Object, want ...string) {
		t.Helper()
		for _, created := range []bool{false, true} {
			c := newCounter(r)
			c.add(o, created)
			if d := cmp.Diff(want, c.total.names()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		}
	}
	const ended, failures = "workload_container_terminations_total,container=", "workload_pod_failures_total,reason=Evicted"
	f(&generators.Pods, podOf(), failures, "workload_pods_created_total", "workload_pods_deleted_total")
	f(&generators.Pods, podOf(running("a", 0), running("b", 0)), ended+"a,reason=Error", ended+"a,reason=OOMKilled", ended+"b,reason=Error", ended+"b,reason=OOMKilled",
		failures, "workload_pods_created_total", "workload_pods_deleted_total")
	pending := podOf() // not scheduled
	pending.Spec.InitContainers, pending.Spec.Containers = []corev1.Container{{Name: "b"}}, []corev1.Container{{Name: "a"}}
	f(&generators.Pods, pending, ended+"a,reason=Error", ended+"a,reason=OOMKilled", ended+"b,reason=Error", ended+"b,reason=OOMKilled",
		failures, "workload_pods_created_total", "workload_pods_deleted_total")
	const results = "job_results_total,result="
	f(&generators.Jobs, &batchv1.Job{}, results+"failed,reason=BackoffLimitExceeded", results+"failed,reason=DeadlineExceeded", results+"succeeded,reason=Complete")
	f(&generators.Nodes, &corev1.Node{})
	const changes = "node_condition_changes_total,condition=Ready,status="
	f(&generators.Nodes, nodeOf("1", "True"), changes+"false", changes+"true", changes+"unknown")
}

// TestJobMemo counts sequences of states of a job. Nil stands for its deletion.
func TestJobMemo(t *testing.T) {
	f := func(created bool, states []*batchv1.Job, want ...string) {
		t.Helper()
		c := newCounter(&generators.Jobs)
		for _, s := range states {
			if s == nil {
				c.move("")
			} else {
				c.add(s, created)
			}
		}
		if d := cmp.Diff(want, c.total.beyondZero()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	job := func(of batchv1.JobConditionType, reason string) *batchv1.Job {
		return &batchv1.Job{Status: batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: of, Status: "True", Reason: reason}}}}
	}
	type jobs = []*batchv1.Job
	const results = "job_results_total,result="
	active, done := &batchv1.Job{}, job("Complete", "CompletionsReached")
	f(false, jobs{active, done, done, nil}, results+"succeeded,reason=Complete 1")
	f(true, jobs{done, active, done}, results+"succeeded,reason=Complete 1")
	f(false, jobs{done, done, nil})
	f(false, jobs{active, nil})
	f(false, jobs{active, job("Failed", "BackoffLimitExceeded"), done}, results+"failed,reason=BackoffLimitExceeded 1")
	f(false, jobs{active, job("Failed", "PodFailurePolicy")}, results+"failed,reason=PodFailurePolicy 1")
	f(false, jobs{active, job("Failed", "")}, results+"failed,reason=Failed 1")
	f(false, jobs{active, job("Failed", "Strange")}, results+"failed,reason=other 1")
	f(false, jobs{active, job("FailureTarget", "BackoffLimitExceeded")})
}

// nodeOf is a node with the conditions Ready, and then Other.
func nodeOf(version string, statuses ...corev1.ConditionStatus) *corev1.Node {
	n := &corev1.Node{ObjectMeta: metav1.ObjectMeta{ResourceVersion: version}}
	for i, s := range statuses {
		n.Status.Conditions = append(n.Status.Conditions, corev1.NodeCondition{Type: []corev1.NodeConditionType{"Ready", "Other"}[i], Status: s})
	}
	return n
}

// TestNodeMemo counts sequences of states of a node.
func TestNodeMemo(t *testing.T) {
	f := func(states []*corev1.Node, want ...string) {
		t.Helper()
		c := newCounter(&generators.Nodes)
		for _, s := range states {
			c.add(s, true)
		}
		c.move("")
		if d := cmp.Diff(want, c.total.beyondZero()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	type nodes = []*corev1.Node
	const changes = "node_condition_changes_total,condition="
	f(nodes{nodeOf("1", "True"), nodeOf("2", "True")})
	f(nodes{nodeOf("1", "True"), nodeOf("2", "False"), nodeOf("3", "Unknown"), nodeOf("4", "True"), nodeOf("5", "Other")},
		changes+"Ready,status=false 1", changes+"Ready,status=true 1", changes+"Ready,status=unknown 2")
	f(nodes{nodeOf("1", "True"), nodeOf("3", "False"), nodeOf("2", "True"), nodeOf("3", "True"), nodeOf("4", "False")}, changes+"Ready,status=false 1")
	f(nodes{nodeOf("9", "True"), nodeOf("10", "False")}, changes+"Ready,status=false 1")
	f(nodes{nodeOf("", "True"), nodeOf("", "False"), nodeOf("x", "True")}, changes+"Ready,status=false 1", changes+"Ready,status=true 1")
	f(nodes{nodeOf("1", "True"), nodeOf("2", "True", "False"), nodeOf("3", "True"), nodeOf("4", "True", "True")}, changes+"Other,status=true 1")
}

// jobOf is a job that is active or has succeeded.
func jobOf(done bool) *batchv1.Job {
	j := &batchv1.Job{}
	if done {
		j.Status.Conditions = []batchv1.JobCondition{{Type: "Complete", Status: "True"}}
	}
	return j
}

// TestMemosAreShared holds that pods whose containers have not ended have equal memos, and that a memo
// allocates nothing.
func TestMemosAreShared(t *testing.T) {
	m := generators.Pods.Recipe().Memo
	old := func(name string, restarts int32) *corev1.Pod {
		p := podOf(running("app", restarts), running("proxy", 0))
		p.Name, p.CreationTimestamp = name, unix(int64(len(name)))
		p.Status.Conditions = []corev1.PodCondition{condition("PodScheduled", "True", 103, ""), condition("Ready", "True", 115, "")}
		return p
	}
	a, b := m.Append(nil, "", old("a", 0), false), m.Append(nil, "", old("bcd", 0), false)
	if string(a) != string(b) {
		t.Errorf("memos %q and %q differ", a, b)
	}
	before, scratch := string(a), make([]byte, 0, 100)
	p := metav1.Object(old("a", 3))
	counted := func(generators.Increment) { t.Error("equal memos count") }
	if n := testing.AllocsPerRun(100, func() {
		scratch = m.Append(scratch[:0], before, p, false)
		m.Count(before, before, counted)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
