package answers_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/kubestate/kubestate/internal/answers"
)

// TestHealthy has objects that look like trouble and are as they should be: no answer has a finding.
func TestHealthy(t *testing.T) {
	f := func(what string, objects ...string) {
		t.Helper()
		if found := rows(at(t, all, objects...)); len(found) > 0 {
			t.Errorf("%s:\n%s", what, strings.Join(found, "\n"))
		}
	}
	const (
		unready = "conditions: [{type: Ready, status: 'False'}]"
		unbound = "conditions: [{type: PodScheduled, status: 'False', reason: "
	)
	f("a pod that a rollout replaces", "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, uid: p, %o, deletionTimestamp: '2026-01-01T12:00:20Z'}, status: {phase: Running, "+unready+"}}")
	f("a pod of a failed Job that a later one superseded, whose main container never began",
		ofJob("phase: Failed, "+waiting("containerStatuses", "PodInitializing")+", initContainerStatuses: [{name: i, state: {terminated: {reason: Error, exitCode: 1}}}]"))
	f("a pod of a Job that was evicted", ofJob("phase: Failed, reason: Evicted"))
	f("a pod of a failed Job whose image was never there", ofJob("phase: Failed, "+waiting("initContainerStatuses", "ErrImagePull")+", "+waiting("containerStatuses", "ErrImagePull")))
	f("a pod that waits for a queue", pods("phase: Pending, "+unbound+"SchedulingGated}]", "p"))
	f("a pod of steps, of which one is done",
		pods("phase: Running, "+unready+", containerStatuses: [{name: one, state: {terminated: {reason: Completed}}}, {name: two, ready: true, state: {running: {}}}]", "p"))
	f("a sidecar", pods("phase: Running, conditions: [{type: Ready, status: 'True'}], initContainerStatuses: [{name: s, ready: true, started: true, state: {running: {}}}]", "p"))
	f("an init container that runs", pods("phase: Pending, "+waiting("containerStatuses", "PodInitializing")+", initContainerStatuses: [{name: i, state: {running: {}}}]", "young"))

	workload := func(kind, created, spec, status string) string {
		return "{apiVersion: apps/v1, kind: " + kind + ", metadata: {namespace: a, name: w, generation: 1, " + created + "}, spec: {" + spec + "}, status: {observedGeneration: 1, " + status + "}}"
	}
	f("workloads that were just created", workload("Deployment", "%y", "replicas: 2", ""), workload("StatefulSet", "%y", "replicas: 2", ""),
		workload("DaemonSet", "%y", "", "desiredNumberScheduled: 2"))
	f("workloads without pods", workload("Deployment", "%o", "replicas: 0", ""), workload("StatefulSet", "%o", "replicas: 0", ""), workload("DaemonSet", "%o", "", ""))
	f("paused, with nothing to roll out", workload("Deployment", "%o", "replicas: 2, paused: true", "availableReplicas: 2, updatedReplicas: 2"))
	f("paused without pods", workload("Deployment", "%o", "replicas: 0, paused: true", ""))
	f("OnDelete, with nothing to roll out", workload("StatefulSet", "%o", "replicas: 2, updateStrategy: {type: OnDelete}", "availableReplicas: 2, updatedReplicas: 2"))
	f("a rollout by surge", workload("DaemonSet", "%o", "updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}",
		"desiredNumberScheduled: 3, currentNumberScheduled: 3, numberAvailable: 3, updatedNumberScheduled: 1"))

	const later = "{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: later, uid: later, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: c, uid: c, controller: true}]}, " +
		"status: {succeeded: 1, completionTime: '2026-01-01T11:55:00Z', conditions: [{type: Complete, status: 'True', lastTransitionTime: '2026-01-01T11:55:00Z'}]}}"
	const failed = "{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: failed, uid: failed, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: c, uid: c, controller: true}]}, " +
		"status: {failed: 1, conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, lastTransitionTime: '2026-01-01T11:50:00Z'}]}}"
	f("a failed Job before a success", failed, later)
	f("a failed Job before a success that is gone", failed, "{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: a, name: c, uid: c, %o}, spec: {schedule: '50 * * * *', successfulJobsHistoryLimit: 0}, "+
		"status: {lastScheduleTime: '2026-01-01T11:50:00Z', lastSuccessfulTime: '2026-01-01T11:55:00Z'}}")
	f("a suspended Job", "{apiVersion: batch/v1, kind: Job, metadata: {namespace: a, name: j, uid: j, %o}, spec: {suspend: true}, status: {conditions: [{type: Suspended, status: 'True'}]}}")

	f("a node that just joined", "{apiVersion: v1, kind: Node, metadata: {name: n1, %y}, status: {conditions: [{type: Ready, status: 'False'}, {type: NetworkUnavailable, status: 'True'}]}}")

	scaler := func(minimum, maximum, conditions string) string {
		return "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {namespace: a, name: h, %o}, spec: {minReplicas: " + minimum + ", maxReplicas: " + maximum +
			"}, status: {currentReplicas: 2, desiredReplicas: 2, conditions: [" + conditions + "]}}"
	}
	f("an autoscaler of a fixed number", scaler("2", "2", "{type: ScalingLimited, status: 'True', reason: TooFewReplicas}"))
	f("an autoscaler at its minimum", scaler("2", "5", "{type: ScalingLimited, status: 'True', reason: TooFewReplicas}"))
	f("an autoscaler at its maximum that wants no more", scaler("1", "2", "{type: ScalingLimited, status: 'False', reason: DesiredWithinRange}"))

	young := func(condition string) string {
		return "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {namespace: a, name: h, %y}, spec: {maxReplicas: 3}, " +
			"status: {currentReplicas: 1, desiredReplicas: 1, conditions: [{type: " + condition + ", status: 'False', reason: Early}]}}"
	}
	f("an autoscaler that was just created, without metrics", young("ScalingActive"))
	f("an autoscaler that was just created, before its target", young("AbleToScale"))

	namespace := "{apiVersion: v1, kind: Namespace, metadata: {name: a}, status: {phase: Terminating, conditions: [{type: NamespaceContentRemaining, status: 'True'}]}}"
	f("a namespace whose pods end", namespace, "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, uid: p, %o, deletionTimestamp: '2026-01-01T12:00:20Z'}, status: {phase: Running}}")
	f("a namespace whose deletion began", "{apiVersion: v1, kind: Namespace, metadata: {name: a}, status: {phase: Terminating}}")
	f("a claim without a pod", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: a, name: c, %o}, spec: {storageClassName: late}, status: {phase: Pending}}",
		"{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: late}, provisioner: p, volumeBindingMode: WaitForFirstConsumer}")
	f("a quota of nothing", "{apiVersion: v1, kind: ResourceQuota, metadata: {namespace: a, name: q}, status: {hard: {count/secrets: 0}, used: {count/secrets: 0}}}")
	const exhausted = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {namespace: a, name: b, %s}, spec: {maxUnavailable: 1}, status: {expectedPods: 2, desiredHealthy: 1, currentHealthy: 1, disruptionsAllowed: 0}}"
	f("a budget that was just created, of pods that start", strings.Replace(exhausted, "%s", "%y", 1))
	f("a budget without pods", "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {namespace: a, name: b}, spec: {maxUnavailable: 0}, status: {disruptionsAllowed: 0}}")
}

// TestTimeOfSnapshot has contents without a time of their own: their objects are not young.
func TestTimeOfSnapshot(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		if d := cmp.Diff(want, rows(answers.From(load(t, "-", text, all)))); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
	f("{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: a, name: d, creationTimestamp: '2026-01-01T11:00:00Z'}, spec: {replicas: 2}}",
		"workloads-unavailable: critical a Deployment d 2 0 2")
	f("{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {namespace: a, name: c, creationTimestamp: '2026-01-01T11:00:00Z'}, status: {phase: Pending}}",
		"claims-not-bound: warning a c Pending 2026-01-01T11:00:00Z")
	f("{apiVersion: batch/v1, kind: CronJob, metadata: {namespace: a, name: c, creationTimestamp: '2026-01-01T11:00:00Z'}, spec: {schedule: '0 * * * *'}, status: {lastScheduleTime: '2026-01-01T12:00:00Z'}}")
}

// TestStuck has objects that look as if they just began, and are stuck.
func TestStuck(t *testing.T) {
	f := func(want string, objects ...string) {
		t.Helper()
		if found := strings.Join(rows(at(t, all, objects...)), "\n"); found != want {
			t.Errorf("found:\n%s\nwant:\n%s", found, want)
		}
	}
	const namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: a}, status: {phase: Terminating, conditions: [{type: NamespaceContentRemaining, status: 'True'}]}}"
	const leaving = "{apiVersion: v1, kind: Pod, metadata: {namespace: a, name: p, uid: p, %o, deletionTimestamp: '2026-01-01T11:00:00Z'}, status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}}"
	f("namespaces-terminating: warning a NamespaceContentRemaining\npods-not-running: warning a p Terminating 2026-01-01T11:00:00Z", namespace, leaving)
	f("namespaces-terminating: warning a NamespaceContentRemaining", namespace)
	f("namespaces-terminating: warning a Finalizers", "{apiVersion: v1, kind: Namespace, metadata: {name: a, finalizers: [example.com/hold]}, "+
		"status: {phase: Terminating, conditions: [{type: NamespaceContentRemaining, status: 'False'}, {type: NamespaceFinalizersRemaining, status: 'False'}]}}")
	f("namespaces-terminating: warning a NamespaceDeletionDiscoveryFailure", "{apiVersion: v1, kind: Namespace, metadata: {name: a}, "+
		"status: {phase: Terminating, conditions: [{type: NamespaceContentRemaining, status: 'False'}, {type: NamespaceDeletionDiscoveryFailure, status: 'True'}]}}")
	f("pods-not-running: critical a p c ImagePullBackOff 2026-01-01T11:00:00Z", pods("phase: Pending, "+waiting("initContainerStatuses", "ImagePullBackOff")+
		", containerStatuses: [{name: d, state: {waiting: {reason: PodInitializing}}}]", "p"))
	f("pods-not-running: critical a p c CrashLoopBackOff 5 2026-01-01T10:30:00Z", pods("phase: Pending, initContainerStatuses: [{name: c, restartCount: 5, state: {waiting: {reason: CrashLoopBackOff}}, "+
		"lastState: {terminated: {reason: Error, exitCode: 1, finishedAt: '2026-01-01T10:30:00Z'}}}]", "p"))
	f("pods-not-running: warning a p c ContainerCreating 2026-01-01T11:00:00Z", pods("phase: Pending, "+waiting("containerStatuses", "ContainerCreating"), "p"))
	f("pods-not-running: warning a p NotReady 2026-01-01T11:00:00Z", pods("phase: Running, conditions: [{type: Ready, status: 'False'}], containerStatuses: [{name: c, state: {terminated: {reason: Error}}}]", "p"))
	const unscheduled = "phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, lastTransitionTime: '2026-01-01T11:59:00Z'}]"
	f("pods-not-running: critical a p Unschedulable 2026-01-01T11:59:00Z\npods-not-running: warning a young Unschedulable 2026-01-01T11:59:00Z", pods(unscheduled, "p", "young"))
	f("rollouts-stalled: warning a Deployment d Paused 1 2 2",
		"{apiVersion: apps/v1, kind: Deployment, metadata: {namespace: a, name: d, %o}, spec: {replicas: 2, paused: true}, status: {availableReplicas: 2, updatedReplicas: 1}}")
	f("rollouts-stalled: warning a DaemonSet d Held 1 2 2", "{apiVersion: apps/v1, kind: DaemonSet, metadata: {namespace: a, name: d, %o}, spec: {updateStrategy: {type: OnDelete}}, "+
		"status: {desiredNumberScheduled: 2, numberAvailable: 2, updatedNumberScheduled: 1}}")
	f("nodes-not-ready: critical n1 NotReady", "{apiVersion: v1, kind: Node, metadata: {name: n1, %o}, status: {conditions: [{type: Ready, status: Unknown}]}}")
	f("autoscalers-limited: warning a h AtMaximum / 2 2", "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {namespace: a, name: h}, spec: {maxReplicas: 2}, "+
		"status: {currentReplicas: 2, desiredReplicas: 2, conditions: [{type: ScalingLimited, status: 'True'}]}}")
	const blind = "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, metadata: {namespace: a, name: h, %o}, spec: {maxReplicas: 3}, status: {currentReplicas: 1, conditions: [{type: "
	f("autoscalers-limited: critical a h ScalingInactive / 1 3", blind+"ScalingActive, status: 'False'}]}}")
	f("autoscalers-limited: critical a h UnableToScale / 1 3", blind+"AbleToScale, status: 'False'}]}}")
	if a := answer(t, at(t, all, pods(unscheduled, "young")), "pods-not-running"); a.Severity != answers.Warning {
		t.Errorf("a pod that was just created: %s", a.Severity)
	}
}
