package answers_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/answers"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/store"
)

// noon is the time of reports; objects are created an hour or a minute before.
var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

const old, young = "creationTimestamp: '2026-01-01T11:00:00Z'", "creationTimestamp: '2026-01-01T11:59:00Z'"

// documents joins objects, in which each %o is old and each %y young.
func documents(objects ...string) string {
	text := strings.Join(objects, "\n---\n")
	return strings.NewReplacer("%o", old, "%y", young).Replace(text)
}

// at returns the report of objects at noon.
func at(t testing.TB, selection generators.Selection, objects ...string) answers.Report {
	t.Helper()
	c := load(t, "-", documents(objects...), selection)
	c.Now = noon
	return answers.From(c)
}

// pods returns pods with a status, one of each name.
func pods(status string, names ...string) string {
	var all []string
	for _, name := range names {
		created := "%o"
		if strings.HasPrefix(name, "young") {
			created = "%y"
		}
		all = append(all, fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: %s, uid: u-%s, %s}, status: {%s}}", name, name, created, status))
	}
	return documents(all...)
}

// ofJob is a pod of a Job with a status.
func ofJob(status string) string {
	return "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: of-job, uid: u-j, %o, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: j, uid: j, controller: true}]}, status: {" + status + "}}"
}

func waiting(of, reason string) string {
	return fmt.Sprintf("%s: [{name: c, state: {waiting: {reason: %s}}}]", of, reason)
}

// TestCauses has objects of each cause, and such as are like them and no finding.
func TestCauses(t *testing.T) {
	f := func(name, want string, objects ...string) {
		t.Helper()
		if d := cmp.Diff(strings.TrimLeft(want, "\n"), table(answer(t, at(t, all, objects...), name))); d != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, objects, d)
		}
	}
	const none = "ok: No pods.\n"
	f("pods-not-running", none)
	f("pods-not-running", "ok: 0 of 4 pods not running.\n",
		pods("phase: Pending", "young"), pods("phase: Running, conditions: [{type: Ready, status: 'True'}]", "fine"),
		pods("phase: Running, conditions: [{type: Ready, status: 'False'}]", "young-unready"), pods("phase: Succeeded", "done"))
	f("pods-not-running", `
critical: 4 of 4 pods not running: 1 CreateContainerConfigError, 1 ErrImagePull, 1 Unknown, 1 Unschedulable.
namespace | pod | container | reason | since
critical: a | image | c | ErrImagePull | 2026-01-01T11:00:00Z
critical: a | lost |  | Unknown | 2026-01-01T11:00:00Z
critical: a | nowhere |  | Unschedulable | 2026-01-01T11:30:00Z
critical: a | young-config | c | CreateContainerConfigError | 2026-01-01T11:59:00Z
`, pods("phase: Pending, conditions: [{type: PodScheduled, status: 'False', lastTransitionTime: '2026-01-01T11:30:00Z'}]", "nowhere"),
		pods("phase: Pending, "+waiting("initContainerStatuses", "ErrImagePull"), "image"),
		pods("phase: Pending, "+waiting("containerStatuses", "CreateContainerConfigError"), "young-config"), pods("phase: Unknown", "lost"))
	f("pods-not-running", `
warning: 5 of 10 pods not running: 1 ContainerCreating, 1 Failed, 1 NotReady, 1 Pending, 1 PodInitializing.
namespace | pod | container | reason | since
warning: a | creating | c | ContainerCreating | 2026-01-01T11:00:00Z
warning: a | failed |  | Failed | 2026-01-01T11:00:00Z
warning: a | init | c | PodInitializing | 2026-01-01T11:00:00Z
warning: a | pending |  | Pending | 2026-01-01T11:00:00Z
warning: a | unready |  | NotReady | 2026-01-01T11:00:00Z
`, pods("phase: Pending", "pending", "young-pending"), pods("phase: Pending, "+waiting("containerStatuses", "ContainerCreating"), "creating", "young-creating"),
		pods("phase: Pending, "+waiting("initContainerStatuses", "PodInitializing")+", containerStatuses: [{name: d, state: {waiting: {reason: PodInitializing}}}]", "init", "young-init"),
		pods("phase: Running, conditions: [{type: Ready, status: 'False'}]", "unready", "young-unready"),
		pods("phase: Failed", "failed"), ofJob("phase: Failed"))
	f("pods-not-running", "ok: 0 of 1 pods not running.\n", ofJob("phase: Running, conditions: [{type: Ready, status: 'False'}]"))
	f("pods-not-running", `
warning: 1 of 2 pods not running: 1 Terminating.
namespace | pod | reason | since
warning: a | leaving | Terminating | 2026-01-01T11:49:00Z
`, "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: leaving, uid: u1, %o, deletionTimestamp: '2026-01-01T11:49:00Z'}, status: {phase: Running}}",
		"{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: just, uid: u2, %o, deletionTimestamp: '2026-01-01T11:51:00Z'}, status: {phase: Running}}")

	restarted := func(name, of, at string) string {
		return pods("phase: Running, "+of+": [{name: c, restartCount: 3, state: {running: {}}, lastState: {terminated: {reason: OOMKilled, exitCode: 137, finishedAt: '"+at+"'}}}]", name)
	}
	f("restarts", `
warning: 2 of 3 pods with containers that restarted within the last hour: 2 OOMKilled.
namespace | pod | container | restarts | ended by | exit code | ended
warning: a | app | c | 3 | OOMKilled | 137 | 2026-01-01T11:30:00Z
warning: a | init | c | 3 | OOMKilled | 137 | 2026-01-01T11:31:00Z
`, restarted("app", "containerStatuses", "2026-01-01T11:30:00Z"), restarted("init", "initContainerStatuses", "2026-01-01T11:31:00Z"),
		restarted("long-ago", "containerStatuses", "2026-01-01T10:59:59Z"))

	workload := func(kind, name, spec, status string) string {
		return fmt.Sprintf("{apiVersion: apps/v1, kind: %s, metadata: {namespace: a, name: %s, %%o}, spec: {%s}, status: {%s}}", kind, name, spec, status)
	}
	f("workloads-unavailable", `
critical: 3 of 6 workloads with fewer available pods than wanted: 1 DaemonSet, 1 Deployment, 1 StatefulSet.
namespace | kind | workload | missing | available | wanted
critical: a | StatefulSet | none | 2 | 0 | 2
warning: a | DaemonSet | some | 3 | 1 | 4
warning: a | Deployment | some | 1 | 1 | 2
`, workload("Deployment", "some", "replicas: 2", "availableReplicas: 1"), workload("Deployment", "all", "replicas: 2", "availableReplicas: 2"),
		workload("Deployment", "stopped", "replicas: 0", ""), workload("StatefulSet", "none", "replicas: 2", ""),
		workload("DaemonSet", "some", "", "desiredNumberScheduled: 4, numberAvailable: 1"), workload("StatefulSet", "more", "replicas: 1", "availableReplicas: 2"))
	f("rollouts-stalled", `
critical: 3 of 5 workloads with a rollout without progress: 2 Held, 1 ReplicaFailure.
namespace | kind | workload | state | updated | available | wanted
critical: a | Deployment | quota | ReplicaFailure | 0 | 0 | 1
warning: a | DaemonSet | held | Held | 1 | 2 | 2
warning: a | StatefulSet | held | Held | 1 | 2 | 2
`, workload("StatefulSet", "held", "replicas: 2", "availableReplicas: 2, updatedReplicas: 1"),
		workload("StatefulSet", "rolling", "replicas: 2", "availableReplicas: 1, updatedReplicas: 1"),
		workload("DaemonSet", "held", "", "desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 1"),
		workload("Deployment", "quota", "replicas: 1", "conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate}]"),
		workload("Deployment", "rolling", "replicas: 2", "updatedReplicas: 1, conditions: [{type: Progressing, status: 'True', reason: ReplicaSetUpdated}]"))
}

// TestCausesOfOthers is TestCauses for jobs, nodes, storage and limits.
func TestCausesOfOthers(t *testing.T) {
	f := func(name, want string, objects ...string) {
		t.Helper()
		if d := cmp.Diff(strings.TrimLeft(want, "\n"), table(answer(t, at(t, all, objects...), name))); d != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, objects, d)
		}
	}
	cron := func(name, spec, status string) string {
		return fmt.Sprintf("{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: a, name: %s, uid: c-%s, creationTimestamp: '2026-01-01T09:00:00Z'}, spec: {schedule: '%s'}, status: {%s}}", name, name, spec, status)
	}
	job := func(name, owner, condition, at string) string {
		return fmt.Sprintf("{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: %s, uid: %s, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: %s, uid: c-%s, controller: true}]}, "+
			"status: {failed: 1, startTime: '2026-01-01T10:00:00Z', conditions: [{type: %s, status: 'True', reason: DeadlineExceeded, lastTransitionTime: '%s'}]}}", name, name, owner, owner, condition, at)
	}
	f("jobs-failed", `
critical: 4 of 9 jobs and cron jobs failed or overdue: 2 Overdue, 1 Failed, 1 InvalidSchedule.
namespace | job_name | cronjob | state | reason | last success | since
critical: a | again-2 | again | Failed | DeadlineExceeded |  | 2026-01-01T10:00:00Z
critical: a |  | wrong | InvalidSchedule |  |  | 
warning: a |  | never | Overdue |  |  | 2026-01-01T10:00:00Z
warning: a |  | late | Overdue |  | 2026-01-01T10:01:00Z | 2026-01-01T11:00:00Z
`, cron("late", "0 * * * *", "lastScheduleTime: '2026-01-01T10:00:00Z', lastSuccessfulTime: '2026-01-01T10:01:00Z'"), cron("never", "0 * * * *", ""),
		cron("in-time", "57 * * * *", "lastScheduleTime: '2026-01-01T10:57:00Z'"), cron("wrong", "x", ""),
		cron("paused", "0 * * * *', suspend: true, x: '", ""), cron("busy", "0 * * * *", "active: [{name: x}]"),
		job("good-1", "good", "Failed", "2026-01-01T10:10:00Z"), job("good-2", "good", "Complete", "2026-01-01T10:20:00Z"),
		job("again-2", "again", "Failed", "2026-01-01T10:30:00Z"))
	node := func(name, spec string, conditions ...string) string {
		return fmt.Sprintf("{apiVersion: v1, kind: Node, metadata: {name: %s}, spec: {%s}, status: {allocatable: {cpu: 2}, conditions: [%s]}}", name, spec, strings.Join(conditions, ", "))
	}
	f("nodes-not-ready", `
critical: 3 of 5 nodes not ready, under pressure or cordoned: 2 NotReady, 1 Cordoned, 1 DiskPressure.
node | state | cpu requested
critical: down | NotReady | 0 of 2
critical: gone | NotReady | 0 of 2
warning: full | DiskPressure | 1.5 of 2
warning: full | Cordoned | 1.5 of 2
`, node("fine", "", "{type: Ready, status: 'True'}"), node("odd", "", "{type: Ready, status: 'True'}", "{type: NetworkReady, status: 'True'}"),
		node("down", "", "{type: Ready, status: 'False'}"), node("gone", "", "{type: Ready, status: Unknown}"),
		node("full", "unschedulable: true", "{type: Ready, status: 'True'}", "{type: DiskPressure, status: 'True'}"),
		"{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, uid: p}, spec: {nodeName: full, containers: [{name: c, resources: {requests: {cpu: 1500m}}}]}, status: {phase: Running}}",
		"{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: q, uid: q}, spec: {nodeName: full, containers: [{name: c, resources: {requests: {cpu: 1}}}]}, status: {phase: Succeeded}}")
	claim := func(name, created, phase string) string {
		return fmt.Sprintf("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: a, name: %s, %s}, spec: {storageClassName: late, resources: {requests: {storage: 1Gi}}}, status: {phase: %s}}", name, created, phase)
	}
	f("claims-not-bound", `
critical: 2 of 5 claims without a volume: 1 Lost, 1 Pending.
namespace | persistentvolumeclaim | phase | storageclass | requested | since
critical: a | lost | Lost | late | 1Gi | 2026-01-01T11:59:00Z
warning: a | used | Pending | late | 1Gi | 2026-01-01T11:00:00Z
`, claim("lost", "%y", "Lost"), claim("used", "%o", "Pending"), claim("idle", "%o", "Pending"), claim("young", "%y", "Pending"), claim("bound", "%o", "Bound"),
		"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: p, volumeBindingMode: WaitForFirstConsumer}",
		"{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, uid: p}, spec: {volumes: [{name: v, persistentVolumeClaim: {claimName: used}}, {name: w, persistentVolumeClaim: {claimName: young}}]}}")
	f("volumes-released", `
critical: 1 of 2 volumes failed or released: 1 Failed.
persistentvolume | phase | capacity
critical: broken | Failed | 2.5Gi
`, "{apiVersion: v1, kind: PersistentVolume, metadata: {name: broken}, spec: {capacity: {storage: 2560Mi}}, status: {phase: Failed}}",
		"{apiVersion: v1, kind: PersistentVolume, metadata: {name: free}, status: {phase: Available}}")
	scaler := func(name string, current int, conditions string) string {
		return fmt.Sprintf("{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {namespace: a, name: %s}, spec: {maxReplicas: 3, scaleTargetRef: {kind: Deployment, name: d}}, "+
			"status: {currentReplicas: %d, desiredReplicas: %d, conditions: [%s]}}", name, current, current, conditions)
	}
	f("autoscalers-limited", `
critical: 3 of 6 autoscalers at the maximum, or unable to scale: 1 AtMaximum, 1 ScalingInactive, 1 UnableToScale.
namespace | horizontalpodautoscaler | state | target | replicas | maximum
critical: a | blind | ScalingInactive | Deployment/d | 1 | 3
critical: a | unable | UnableToScale | Deployment/d | 1 | 3
warning: a | full | AtMaximum | Deployment/d | 3 | 3
`, scaler("blind", 1, "{type: ScalingActive, status: 'False'}"), scaler("zero", 0, "{type: ScalingActive, status: 'False'}"),
		scaler("unable", 1, "{type: AbleToScale, status: 'False'}"), scaler("full", 3, "{type: ScalingLimited, status: 'True'}"),
		scaler("exact", 3, "{type: ScalingLimited, status: 'False'}"), scaler("minimum", 1, "{type: ScalingLimited, status: 'True'}"))
	f("quotas-nearly-used", `
warning: 1 of 2 quotas with a resource that is used to 90 % or more.
namespace | resourcequota | resource | used | amount | limit
warning: a | q | pods | 100% | 10 | 10
warning: a | q | requests.memory | 90% | 9Gi | 10Gi
`, "{apiVersion: v1, kind: ResourceQuota, metadata: {namespace: a, name: q}, status: {hard: {pods: 10, requests.memory: 10Gi, services: 0, secrets: 100}, used: {pods: 10, requests.memory: 9Gi, services: 1, secrets: 89}}}",
		"{apiVersion: v1, kind: ResourceQuota, metadata: {namespace: a, name: r}}")
	f("budgets-exhausted", `
warning: 1 of 3 disruption budgets that keep nodes from being drained.
namespace | poddisruptionbudget | healthy | healthy wanted | pods
warning: a | tight | 1 | 1 | 1
`, "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {namespace: a, name: tight}, status: {expectedPods: 1, currentHealthy: 1, desiredHealthy: 1}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {namespace: a, name: unused}, status: {desiredHealthy: 1}}",
		"{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {namespace: a, name: loose}, status: {expectedPods: 2, disruptionsAllowed: 1}}")
	f("namespaces-terminating", "ok: 0 of 2 namespaces stuck in deletion.\n",
		"{apiVersion: v1, kind: Namespace, metadata: {name: a}, status: {phase: Active}}", "{apiVersion: v1, kind: Namespace, metadata: {name: b}, status: {phase: Terminating}}")
}

// TestWorkloads has the workloads of pods by the families that there are.
func TestWorkloads(t *testing.T) {
	owner := func(kind, name string) string {
		return fmt.Sprintf("ownerReferences: [{apiVersion: apps/v1, kind: %s, name: %s, uid: u-%s, controller: true}]", kind, name, name)
	}
	broken := func(name, owners string) string {
		return fmt.Sprintf("{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: %s, uid: %s, %s}, status: {phase: Unknown}}", name, name, owners)
	}
	objects := []string{
		"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {namespace: a, name: web-1, uid: u-web-1, " + owner("Deployment", "web") + "}}",
		"{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: night-1, uid: u-night-1, " + owner("CronJob", "night") + "}}",
		broken("a", owner("ReplicaSet", "web-1")), broken("b", owner("ReplicaSet", "alone")), broken("c", owner("Job", "night-1")),
		broken("d", owner("StatefulSet", "db")), broken("e", "labels: {}"),
	}
	const want = `critical: 5 of 5 pods not running: 5 Unknown.
namespace | pod | reason | workload
critical: a | a | Unknown | Deployment/web
critical: a | b | Unknown | ReplicaSet/alone
critical: a | c | Unknown | CronJob/night
critical: a | d | Unknown | StatefulSet/db
critical: a | e | Unknown | 
`
	for _, selection := range []generators.Selection{all, {}} {
		if d := cmp.Diff(want, table(answer(t, at(t, selection, objects...), "pods-not-running"))); d != "" {
			t.Errorf("groups %s (-want +got):\n%s", selection.Groups, d)
		}
	}
}

// TestBounds has more findings than rows.
func TestBounds(t *testing.T) {
	var names []string
	for i := range answers.MaxRows + 3 {
		names = append(names, fmt.Sprintf("p%02d", i))
	}
	a := answer(t, at(t, all, pods("phase: Unknown", names...), pods("phase: Failed", "x")), "pods-not-running")
	if len(a.Rows) != answers.MaxRows || a.More != 4 || a.Rows[answers.MaxRows-1].Cells[1] != "p19" || a.Verdict != "24 of 24 pods not running: 23 Unknown, 1 Failed." {
		t.Errorf("%d rows and %d more, %s\n%s", len(a.Rows), a.More, a.Verdict, table(a))
	}
}

// TestSelections has reports of contents that lack families, are sparse, or have an extra label.
func TestSelections(t *testing.T) {
	objects := []string{
		pods("phase: Unknown", "p"), "{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {conditions: [{type: Ready, status: 'False'}]}}",
		"{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: j}, status: {conditions: [{type: Failed, status: 'True'}]}}",
	}
	f := func(name, want string, selection generators.Selection) {
		t.Helper()
		if d := cmp.Diff(strings.TrimLeft(want, "\n"), table(answer(t, at(t, selection, objects...), name))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	matching := func(pattern string) []generators.Pattern { return []generators.Pattern{regexp.MustCompile(pattern)} }
	const failed = "critical: 1 of 1 jobs and cron jobs failed or overdue: 1 Failed.\nnamespace | job_name | state\ncritical: a | j | Failed\n"
	f("jobs-failed", failed, all)
	f("jobs-failed", failed, generators.Selection{})
	f("jobs-failed", failed, generators.Selection{Sparse: matching(".")})
	f("pods-not-running", `
critical: 1 of 1 pods not running: 1 Unknown. Not all is known: there is no family kube_pod_deletion_timestamp.
namespace | pod | reason | since
critical: a | p | Unknown | 2026-01-01T11:00:00Z
`, generators.Selection{Deny: matching("^kube_pod_deletion_timestamp$")})
	f("pods-not-running", "unknown: Not known: there is no family kube_pod_status_phase.\n", generators.Selection{Deny: matching("^kube_pod_status_phase$")})
	f("nodes-not-ready", `
critical: 1 of 1 nodes not ready, under pressure or cordoned: 1 NotReady.
cluster | node | state
critical: east | n1 | NotReady
`, generators.Selection{Extra: []generators.ExtraLabel{{Name: "cluster", Value: "east"}}})
}

// TestNamespaces leaves out other namespaces, and answers about objects without one.
func TestNamespaces(t *testing.T) {
	c := load(t, "-", documents(pods("phase: Unknown", "p"), "{apiVersion: v1, kind: Pod, metadata: {namespace: b, name: q, uid: q}, status: {phase: Unknown}}",
		"{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: a, name: idle, %o}, spec: {storageClassName: late}, status: {phase: Pending}}",
		"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: p, volumeBindingMode: WaitForFirstConsumer}"), all)
	c.Now, c.Namespaces = noon, []string{"a", "none"}
	report := answers.From(c)
	if d := cmp.Diff([]string{"pods-not-running: critical a p Unknown 2026-01-01T11:00:00Z"}, rows(report)); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	var names []string
	for _, a := range report.Answers {
		names = append(names, a.Name)
	}
	want := []string{"pods-not-running", "workloads-unavailable", "rollouts-stalled", "restarts", "jobs-failed", "claims-not-bound", "autoscalers-limited", "quotas-nearly-used", "budgets-exhausted", "not-seen"}
	if d := cmp.Diff(want, names); d != "" {
		t.Errorf("answers (-want +got):\n%s", d)
	}
}

// TestUnseen has resources that cannot be read, and withheld objects.
func TestUnseen(t *testing.T) {
	c := load(t, "-", documents(pods("phase: Unknown", "p")), all)
	c.Unseen = []answers.Unseen{{Resource: "nodes", State: "forbidden"}, {Resource: "cronjobs", State: "error", Reason: "Unreachable"}}
	limited := store.NewResource("limited", []store.Family{{Name: "x"}}, 1)
	limited.LimitSeries(store.Budgets{Series: 1})
	for _, uid := range []string{"1", "2", "3"} {
		limited.Partitions()[0].Set(store.Rendered{UID: uid, Text: []byte("x{} 1\n"), Ends: []int{6}})
	}
	c.Resources = append(c.Resources, limited)
	report := answers.From(c)
	f := func(name, want string) {
		t.Helper()
		if d := cmp.Diff(want, table(answer(t, report, name))); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	f(answers.NotSeen, `unknown: 3 resources unreadable, or with withheld objects.
resource | state | reason | objects
unknown: cronjobs | error | Unreachable | 
unknown: limited | withheld |  | 2
unknown: nodes | forbidden |  | 
`)
	f("nodes-not-ready", "unknown: Not known: nodes cannot be read: forbidden.\n")
	f("jobs-failed", "unknown: Not known: cronjobs cannot be read: error.\n")
	if got := report.Severity(); got != answers.Critical {
		t.Errorf("severity %s, want that of the pod", got)
	}
}
