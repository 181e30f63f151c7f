package e2e

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// allWorkloadMetrics turns all groups of workload metrics on.
const allWorkloadMetrics = "--workload-metrics=attribution,counters,verdicts"

// TestWorkloadCounters has containers killed, pods evicted, Jobs retried and rollouts stalled within
// a scrape interval. The counters of an exporter, and of four shards together, equal what a log of all
// watch events says; the verdicts follow; and a Prometheus that scrapes every 15 s knows the increase.
func TestWorkloadCounters(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Everything)
	w := &countedCluster{liveCluster: &liveCluster{c: c, e: start(t, c.Kubeconfig, allWorkloadMetrics)}}
	for i := range 4 {
		w.shards = append(w.shards, start(t, c.Kubeconfig, allWorkloadMetrics, fmt.Sprint("--shard=", i), "--total-shards=4"))
	}
	for _, e := range append(w.shards, w.e) {
		await(t, settling, e.Ready, e.Process)
	}
	p := runPrometheus(t, fmt.Sprintf("global: {scrape_interval: 15s}\nscrape_configs: [{job_name: kubestate, static_configs: [{targets: [%q]}]}]\n", address(w.e)))
	w.log = startLog(t, c, shop)
	createNamespace(t, c, shop)
	w.nodesJoin(t)
	w.createDeployment(t, "web", 2)
	w.deploymentAvailable(t, "web", 2)
	const killed = `kubestate_workload_container_terminations_total{workload="web",reason="OOMKilled"}`
	has := func(value float64) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := p.query(ctx, "sum("+killed+")")
			if err == nil && (len(got) == 0 || got[""] != value) {
				err = fmt.Errorf("Prometheus has %v OOM kills, want %v", got, value)
			}
			return err
		}
	}
	await(t, settling, has(0), p.Process, w.e.Process)

	w.oomKills(t, "web", 10)
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"crashes", w.crashes},
		{"evicted", w.evicted},
		{"retried", w.retried},
		{"superseded", w.superseded},
		{"stalled", w.stalls},
	} {
		t.Run(step.name, step.run)
	}
	await(t, settling, has(10), p.Process, w.e.Process)
	p.wantIncrease(t, killed, 10)
	w.wantCounts(t)
}

// countedCluster is a cluster whose events are logged.
type countedCluster struct {
	*liveCluster
	shards []*exporter.Exporter
	log    *watchLog
}

// oomKills kills the container of a pod of an app n times for memory.
func (w *countedCluster) oomKills(t *testing.T, app string, n int) {
	pods, err := w.pods(t.Context(), app)
	must(t, err)
	for range n {
		must(t, w.c.ChangePod(t.Context(), types.NamespacedName{Namespace: shop, Name: pods[0].Name}, func(p *corev1.Pod) { restart(p, "OOMKilled") }))
	}
}

// restart restarts the first container of a pod that a reason ended.
func restart(p *corev1.Pod, reason string) {
	s := &p.Status.ContainerStatuses[0]
	s.LastTerminationState = terminated(s, reason)
	s.RestartCount++
	s.State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}
	s.ContainerID = containerID(s)
}

// crash has the first container of a pod, which a reason ended, wait for its restart.
func crash(p *corev1.Pod, reason string) {
	s := &p.Status.ContainerStatuses[0]
	s.LastTerminationState, s.ContainerID = terminated(s, reason), containerID(s)
	s.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
}

func terminated(s *corev1.ContainerStatus, reason string) corev1.ContainerState {
	return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 137, Reason: reason, FinishedAt: metav1.Now(), ContainerID: containerID(s),
	}}
}

func containerID(s *corev1.ContainerStatus) string {
	return fmt.Sprint("containerd://", s.RestartCount)
}

// crashes has a container end for two reasons, of which a state has only the later one, and restart. The other
// reason does not count as the later one.
func (w *countedCluster) crashes(t *testing.T) {
	w.createDeployment(t, "cart", 1)
	w.deploymentAvailable(t, "cart", 1)
	pods, err := w.pods(t.Context(), "cart")
	must(t, err)
	for _, change := range []func(*corev1.Pod){
		func(p *corev1.Pod) { restart(p, "Error"); crash(p, "OOMKilled") },
		func(p *corev1.Pod) { restart(p, "OOMKilled") },
	} {
		must(t, w.c.ChangePod(t.Context(), nameOf(&pods[0]), change))
	}
	container := pods[0].Spec.Containers[0].Name
	for reason, n := range map[string]float64{"OOMKilled": 1, "unobserved": 1, "Error": 0} {
		w.wantCounter(t, fmt.Sprintf(`kubestate_workload_container_terminations_total{namespace="shop",workload_kind="Deployment",workload="cart",container=%q,reason=%q}`, container, reason), n)
	}
}

// evicted evicts a pod and deletes it at once.
func (w *countedCluster) evicted(t *testing.T) {
	w.createDeployment(t, "api", 1)
	w.deploymentAvailable(t, "api", 1)
	pods, err := w.pods(t.Context(), "api")
	must(t, err)
	must(t, w.c.ChangePod(t.Context(), nameOf(&pods[0]), func(p *corev1.Pod) { p.Status.Phase, p.Status.Reason = corev1.PodFailed, "Evicted" }))
	must(t, w.c.Client.CoreV1().Pods(shop).Delete(t.Context(), pods[0].Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))}))
	w.deploymentAvailable(t, "api", 1)
	w.wantCounter(t, `kubestate_workload_pod_failures_total{namespace="shop",workload_kind="Deployment",workload="api",reason="Evicted"}`, 1)
	w.wantCounter(t, `kubestate_workload_pods_deleted_total{namespace="shop",workload_kind="Deployment",workload="api"}`, 1)
}

// retried has the first pod of a Job fail, and the next one succeed.
func (w *countedCluster) retried(t *testing.T) {
	spec := jobSpec("retried", "")
	delete(spec.Template.Annotations, "stages/outcome")
	spec.BackoffLimit = new(int32(3))
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "retried"}, Spec: spec}
	_, err := w.c.Client.BatchV1().Jobs(shop).Create(t.Context(), job, metav1.CreateOptions{})
	must(t, err)
	for n, phase := range []corev1.PodPhase{corev1.PodFailed, corev1.PodSucceeded} {
		var running *corev1.Pod
		awaitAPI(t, w.c, func(ctx context.Context) error {
			pods, err := w.pods(ctx, "retried")
			i := slices.IndexFunc(pods, func(p corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
			if err == nil && (len(pods) != n+1 || i < 0) {
				return fmt.Errorf("pods of the Job: %d, running %d", len(pods), i)
			}
			if err == nil {
				running = &pods[i]
			}
			return err
		})
		must(t, w.c.ChangePod(t.Context(), nameOf(running), func(p *corev1.Pod) {
			p.Status.Phase = phase
			ended := &corev1.ContainerStateTerminated{Reason: "Completed", FinishedAt: metav1.Now()}
			if phase == corev1.PodFailed {
				ended.Reason, ended.ExitCode = "Error", 1
			}
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: ended}
		}))
	}
	w.jobIs(t, "retried", batchv1.JobComplete)
	w.wantCounter(t, `kubestate_job_results_total{namespace="shop",owner_kind="Job",owner="retried",result="succeeded",reason="Complete"}`, 1)
	wantLines(t, w.e, `kubestate_job_failed_for_good{namespace="shop",job_name="retried"} 0`)
}

// superseded has a Job of a CronJob fail, and a later one succeed.
func (w *countedCluster) superseded(t *testing.T) {
	cron := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Name: "nightly"}, Spec: batchv1.CronJobSpec{
		Schedule: "0 0 1 1 *", Suspend: new(true), JobTemplate: batchv1.JobTemplateSpec{Spec: jobSpec("nightly", "success")},
	}}
	cron, err := w.c.Client.BatchV1().CronJobs(shop).Create(t.Context(), cron, metav1.CreateOptions{})
	must(t, err)
	run := func(name, outcome string) {
		t.Helper()
		job := &batchv1.Job{Spec: jobSpec(name, outcome), ObjectMeta: metav1.ObjectMeta{Name: name, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "batch/v1", Kind: "CronJob", Name: cron.Name, UID: cron.UID, Controller: new(true)},
		}}}
		_, err := w.c.Client.BatchV1().Jobs(shop).Create(t.Context(), job, metav1.CreateOptions{})
		must(t, err)
	}
	run("nightly-1", "failure")
	w.jobIs(t, "nightly-1", batchv1.JobFailed)
	w.wantVerdicts(t,
		`kubestate_cronjob_last_result{namespace="shop",cronjob="nightly",result="failed"} 1`,
		`kubestate_cronjob_last_result{namespace="shop",cronjob="nightly",result="succeeded"} 0`,
		`kubestate_job_failed_for_good{namespace="shop",job_name="nightly-1"} 1`,
	)
	run("nightly-2", "success")
	w.jobIs(t, "nightly-2", batchv1.JobComplete)
	w.wantVerdicts(t,
		`kubestate_cronjob_last_result{namespace="shop",cronjob="nightly",result="failed"} 0`,
		`kubestate_cronjob_last_result{namespace="shop",cronjob="nightly",result="succeeded"} 1`,
		`kubestate_job_failed_for_good{namespace="shop",job_name="nightly-1"} 0`,
		`kubestate_job_failed_for_good{namespace="shop",job_name="nightly-2"} 0`,
	)
	w.wantCounter(t, `kubestate_job_results_total{namespace="shop",owner_kind="CronJob",owner="nightly",result="failed",reason="BackoffLimitExceeded"}`, 1)
	w.wantCounter(t, `kubestate_job_results_total{namespace="shop",owner_kind="CronJob",owner="nightly",result="succeeded",reason="Complete"}`, 1)
}

// stalls has a rollout that makes no progress, and completes once it can.
func (w *countedCluster) stalls(t *testing.T) {
	deployments := w.c.Client.AppsV1().Deployments(shop)
	patch := func(selector string) {
		t.Helper()
		_, err := deployments.Patch(t.Context(), "web", types.StrategicMergePatchType,
			[]byte(`{"spec":{"progressDeadlineSeconds":2,"template":{"spec":{"nodeSelector":`+selector+`}}}}`), metav1.PatchOptions{})
		must(t, err)
	}
	w.wantRollout(t, "complete")
	patch(`{"zone":"none"}`)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		d, err := deployments.Get(ctx, "web", metav1.GetOptions{})
		if err == nil && !slices.ContainsFunc(d.Status.Conditions, func(c appsv1.DeploymentCondition) bool { return c.Reason == "ProgressDeadlineExceeded" }) {
			return fmt.Errorf("conditions: %v", d.Status.Conditions)
		}
		return err
	})
	w.wantRollout(t, "stalled")
	patch(`null`)
	w.deploymentAvailable(t, "web", 2)
	w.wantRollout(t, "complete")
}

// wantRollout checks the state of the rollout of the Deployment web.
func (w *countedCluster) wantRollout(t *testing.T, state string) {
	t.Helper()
	var lines []string
	for _, of := range []string{"complete", "progressing", "stalled", "paused"} {
		value := 0
		if of == state {
			value = 1
		}
		lines = append(lines, fmt.Sprintf(`kubestate_deployment_rollout{namespace="shop",deployment="web",state=%q} %d`, of, value))
	}
	w.wantVerdicts(t, lines...)
}

// wantVerdicts checks lines of the exporter, each of which one of the shards has, too.
func (w *countedCluster) wantVerdicts(t *testing.T, lines ...string) {
	t.Helper()
	wantLines(t, w.e, lines...)
	await(t, atOnce, func(ctx context.Context) error {
		all := exporter.Series{}
		for _, e := range w.shards {
			series, err := e.Scrape(ctx)
			if err != nil {
				return err
			}
			maps.Copy(all, series)
		}
		if missing := all.Missing(lines...); missing != nil {
			return fmt.Errorf("missing in the shards:\n%s", strings.Join(missing, "\n"))
		}
		return nil
	})
}

// wantCounter checks a counter of the exporter.
func (w *countedCluster) wantCounter(t *testing.T, name string, value float64) {
	t.Helper()
	wantSeries(t, w.e, func(all exporter.Series) error {
		if got, ok := all[name]; !ok || got != value {
			return fmt.Errorf("%s is %v (%t), want %v", name, got, ok, value)
		}
		return nil
	})
}

// wantCounts compares the counters of the exporter, and the sums of the shards, with the log.
func (w *countedCluster) wantCounts(t *testing.T) {
	t.Helper()
	await(t, atOnce, func(ctx context.Context) error {
		want, err := w.log.counts()
		if err != nil {
			return err
		}
		one, err := counters(ctx, w.e)
		if err != nil {
			return err
		}
		four, err := counters(ctx, w.shards...)
		if err != nil {
			return err
		}
		if d := cmp.Diff(want, one); d != "" {
			return fmt.Errorf("counters (-log +exporter):\n%s", d)
		}
		if d := cmp.Diff(want, four); d != "" {
			return fmt.Errorf("counters (-log +shards):\n%s", d)
		}
		return nil
	}, w.e.Process)
	counted, err := w.log.counts()
	must(t, err)
	t.Logf("%d events, %d counters", len(w.log.events), len(counted))
}

// counters returns the sums of the exporters' counters of workloads in the namespace shop, but those
// that are 0 and those of startups.
func counters(ctx context.Context, exporters ...*exporter.Exporter) (exporter.Series, error) {
	all := exporter.Series{}
	for _, e := range exporters {
		series, err := e.Scrape(ctx)
		if err != nil {
			return nil, err
		}
		for name, value := range series {
			if value > 0 && strings.HasPrefix(name, "kubestate_") && strings.Contains(name, `_total{namespace="shop"`) {
				all[name] += value
			}
		}
	}
	return all, nil
}

// wantIncrease checks the increase of a counter within the last hour, which is extrapolated: by 1.1 scrape
// intervals at most at each end.
func (p *prometheus) wantIncrease(t *testing.T, counter string, n float64) {
	t.Helper()
	var found struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any
		}
	}
	must(t, p.get(t.Context(), "/api/v1/query", url.Values{"query": {counter + "[1h]"}}, &found))
	if len(found.Result) != 1 || len(found.Result[0].Values) < 2 {
		t.Fatalf("samples of %s: %v", counter, found.Result)
	}
	values := found.Result[0].Values
	sampled := values[len(values)-1][0].(float64) - values[0][0].(float64)
	most := n * (sampled + 2.2*sampled/float64(len(values)-1)) / sampled
	got, err := p.query(t.Context(), "increase("+counter+"[1h])")
	must(t, err)
	increase := slices.Collect(maps.Values(got))
	if len(increase) != 1 || increase[0] < n || increase[0] > most {
		t.Errorf("increase(%s[1h]) = %v, want %v to %v", counter, got, n, most)
	}
	t.Logf("%d samples over %s: increase %v of %v", len(values), time.Duration(sampled*float64(time.Second)), increase, n)
}
