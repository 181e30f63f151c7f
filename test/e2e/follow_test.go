package e2e

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// shop is the namespace of the tests' objects.
const shop = "shop"

// TestSeriesFollow creates one of each workload, runs controllers, changes the workloads, and finds
// every state of the API on /metrics. Answers have what is wrong in each state, and nothing else.
func TestSeriesFollow(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Everything)
	w := &liveCluster{c: c, e: start(t, c.Kubeconfig)}
	await(t, settling, w.e.Ready, w.e.Process)
	createNamespace(t, c, shop)

	const (
		failed   = "jobs-failed: shop import Failed BackoffLimitExceeded"
		cordoned = "nodes-not-ready: node-1 Cordoned 0.1 of 7.8 0 of 30Gi"
	)
	// Each step builds on those before it.
	for _, step := range []struct {
		name     string
		run      func(*testing.T)
		findings []string
	}{
		{"nodes join", w.nodesJoin, nil},
		{"a deployment rolls out", w.deploymentRollsOut, nil},
		{"a deployment is scaled", w.deploymentIsScaled, nil},
		{"a daemonset covers the nodes", w.daemonSetCovers, nil},
		{"a statefulset rolls out", w.statefulSetRollsOut, nil},
		{"a job completes", w.jobCompletes, nil},
		{"a job fails", w.jobFails, []string{failed}},
		{"a cronjob fires", w.cronJobFires, []string{failed}},
		{"an autoscaler scales", w.autoscalerScales, []string{failed}}, // and is too young to be found without metrics
		{"a claim is bound", w.claimIsBound, []string{failed}},
		{"a pod is deleted", w.podIsDeleted, []string{failed}},
		{"a node is drained", w.nodeIsDrained, []string{failed, cordoned}},
	} {
		if !t.Run(step.name, func(t *testing.T) {
			step.run(t)
			w.wantFindings(t, step.findings)
		}) {
			return
		}
	}
}

// liveCluster is the cluster and the exporter that watches it.
type liveCluster struct {
	c *cluster.Cluster
	e *exporter.Exporter
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// template returns a pod template of one container, with annotations for kwok's stages.
func template(app string, annotations ...string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}, Annotations: map[string]string{}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: app, Image: "example/" + app + ":1",
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")}},
		}}},
	}
	for i := 0; i < len(annotations); i += 2 {
		t.Annotations[annotations[i]] = annotations[i+1]
	}
	return t
}

func selector(app string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}
}

func (w *liveCluster) createDeployment(t *testing.T, name string, replicas int32, annotations ...string) {
	t.Helper()
	deployment := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec:       appsv1.DeploymentSpec{Replicas: &replicas, Selector: selector(name), Template: template(name, annotations...)},
	}
	_, err := w.c.Client.AppsV1().Deployments(shop).Create(t.Context(), deployment, metav1.CreateOptions{})
	must(t, err)
}

// deploymentAvailable waits until the API has a number of replicas, all available.
func (w *liveCluster) deploymentAvailable(t *testing.T, name string, replicas int32) {
	t.Helper()
	awaitAPI(t, w.c, func(ctx context.Context) error {
		d, err := w.c.Client.AppsV1().Deployments(shop).Get(ctx, name, metav1.GetOptions{})
		if err != nil {
			return err
		}
		s := d.Status
		if s.ObservedGeneration != d.Generation || s.Replicas != replicas || s.AvailableReplicas != replicas || s.UpdatedReplicas != replicas {
			return fmt.Errorf("deployment %s: %+v", name, s)
		}
		return nil
	})
}

// wantDeployment checks the series of a Deployment whose replicas are all available.
func (w *liveCluster) wantDeployment(t *testing.T, name string, replicas int32) {
	t.Helper()
	labels := fmt.Sprintf("{namespace=%q,deployment=%q}", shop, name)
	lines := []string{
		`kube_deployment_status_condition{namespace="shop",deployment="` + name + `",reason="MinimumReplicasAvailable",condition="Available",status="true"} 1`,
		"kube_deployment_status_replicas_unavailable" + labels + " 0",
	}
	for _, family := range []string{
		"kube_deployment_spec_replicas", "kube_deployment_status_replicas", "kube_deployment_status_replicas_ready",
		"kube_deployment_status_replicas_available", "kube_deployment_status_replicas_updated",
	} {
		lines = append(lines, fmt.Sprintf("%s%s %d", family, labels, replicas))
	}
	wantLines(t, w.e, lines...)
}

func (w *liveCluster) pods(ctx context.Context, app string) ([]corev1.Pod, error) {
	list, err := w.c.Client.CoreV1().Pods(shop).List(ctx, metav1.ListOptions{LabelSelector: "app=" + app})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

func podLabels(pod *corev1.Pod) string {
	return fmt.Sprintf("namespace=%q,pod=%q,uid=%q", pod.Namespace, pod.Name, pod.UID)
}

// isReady reports whether the API shows the pod as ready.
func isReady(pod *corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// wantRunning checks the series of n running pods of the app.
func (w *liveCluster) wantRunning(t *testing.T, app string, n, restarts int) {
	t.Helper()
	var pods []corev1.Pod
	awaitAPI(t, w.c, func(ctx context.Context) (err error) {
		pods, err = w.pods(ctx, app)
		if err == nil && len(pods) != n {
			return fmt.Errorf("%d pods of %s, want %d", len(pods), app, n) // including terminating ones
		}
		for i := range pods {
			// A new pod may not have its addresses yet.
			if err == nil && !isReady(&pods[i]) {
				err = fmt.Errorf("pod %s is not ready: %+v", pods[i].Name, pods[i].Status)
			}
		}
		return err
	})
	var lines []string
	for i := range pods {
		pod := &pods[i]
		labels, owner := podLabels(pod), pod.OwnerReferences[0]
		lines = append(
			lines,
			fmt.Sprintf(`kube_pod_info{%s,host_ip=%q,pod_ip=%q,node=%q,created_by_kind=%q,created_by_name=%q,priority_class="",host_network="false"} 1`,
				labels, pod.Status.HostIP, pod.Status.PodIP, pod.Spec.NodeName, owner.Kind, owner.Name),
			fmt.Sprintf(`kube_pod_status_phase{%s,phase="Running"} 1`, labels),
			fmt.Sprintf(`kube_pod_status_phase{%s,phase="Pending"} 0`, labels),
			fmt.Sprintf(`kube_pod_status_ready{%s,condition="true"} 1`, labels),
			fmt.Sprintf(`kube_pod_container_status_running{%s,container=%q} 1`, labels, app),
			fmt.Sprintf(`kube_pod_container_status_restarts_total{%s,container=%q} %d`, labels, app, restarts),
			fmt.Sprintf(`kube_pod_container_resource_requests{%s,container=%q,node=%q,resource="cpu",unit="core"} 0.1`, labels, app, pod.Spec.NodeName),
		)
	}
	wantLines(t, w.e, lines...)
}

func (w *liveCluster) deploymentRollsOut(t *testing.T) {
	w.createDeployment(t, "web", 3, "stages/restarts", "4")
	w.deploymentAvailable(t, "web", 3)
	w.wantDeployment(t, "web", 3)
	w.wantRunning(t, "web", 3, 4)
}

func (w *liveCluster) deploymentIsScaled(t *testing.T) {
	for _, replicas := range []int32{6, 5} {
		// A patch has no version: controllers may be changing the status.
		patch := fmt.Appendf(nil, `{"spec":{"replicas":%d}}`, replicas)
		_, err := w.c.Client.AppsV1().Deployments(shop).Patch(t.Context(), "web", types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
		must(t, err)
		wantLines(t, w.e, fmt.Sprintf(`kube_deployment_spec_replicas{namespace="shop",deployment="web"} %d`, replicas))
		w.deploymentAvailable(t, "web", replicas)
		w.wantDeployment(t, "web", replicas)
	}
	w.wantRunning(t, "web", 5, 4)
}

func (w *liveCluster) statefulSetRollsOut(t *testing.T) {
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Name: "db"},
		Spec:       appsv1.StatefulSetSpec{Replicas: new(int32(2)), Selector: selector("db"), Template: template("db"), ServiceName: "db"},
	}
	_, err := w.c.Client.AppsV1().StatefulSets(shop).Create(t.Context(), set, metav1.CreateOptions{})
	must(t, err)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		set, err = w.c.Client.AppsV1().StatefulSets(shop).Get(ctx, "db", metav1.GetOptions{})
		if err == nil && (set.Status.AvailableReplicas != 2 || set.Status.UpdateRevision == "") {
			return fmt.Errorf("statefulset: %+v", set.Status)
		}
		return err
	})
	wantLines(
		t, w.e,
		`kube_statefulset_replicas{namespace="shop",statefulset="db"} 2`,
		`kube_statefulset_status_replicas_ready{namespace="shop",statefulset="db"} 2`,
		`kube_statefulset_status_replicas_available{namespace="shop",statefulset="db"} 2`,
		fmt.Sprintf(`kube_statefulset_status_update_revision{namespace="shop",statefulset="db",revision=%q} 1`, set.Status.UpdateRevision),
	)
	w.wantRunning(t, "db", 2, 0)
}

func jobSpec(app, outcome string) batchv1.JobSpec {
	spec := batchv1.JobSpec{BackoffLimit: new(int32(0)), Template: template(app, "stages/outcome", outcome)}
	spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return spec
}

func (w *liveCluster) createJob(t *testing.T, name, outcome string) {
	t.Helper()
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: jobSpec(name, outcome)}
	_, err := w.c.Client.BatchV1().Jobs(shop).Create(t.Context(), job, metav1.CreateOptions{})
	must(t, err)
}

// jobIs waits until the job has the condition, and returns the job.
func (w *liveCluster) jobIs(t *testing.T, name string, condition batchv1.JobConditionType) *batchv1.Job {
	t.Helper()
	var job *batchv1.Job
	awaitAPI(t, w.c, func(ctx context.Context) (err error) {
		job, err = w.c.Client.BatchV1().Jobs(shop).Get(ctx, name, metav1.GetOptions{})
		if err == nil && !slices.ContainsFunc(job.Status.Conditions, func(c batchv1.JobCondition) bool {
			return c.Type == condition && c.Status == corev1.ConditionTrue
		}) {
			return fmt.Errorf("job %s is not %s: %+v", name, condition, job.Status)
		}
		return err
	})
	return job
}

func (w *liveCluster) jobCompletes(t *testing.T) {
	w.createJob(t, "migrate", "success")
	job := w.jobIs(t, "migrate", batchv1.JobComplete)
	wantLines(
		t, w.e,
		`kube_job_complete{namespace="shop",job_name="migrate",condition="true"} 1`,
		`kube_job_status_succeeded{namespace="shop",job_name="migrate"} 1`,
		`kube_job_status_active{namespace="shop",job_name="migrate"} 0`,
		`kube_job_status_completion_time{namespace="shop",job_name="migrate"} `+seconds(job.Status.CompletionTime),
	)
	w.wantEnded(t, "migrate", "Succeeded", "Completed")
}

func (w *liveCluster) jobFails(t *testing.T) {
	w.createJob(t, "import", "failure")
	w.jobIs(t, "import", batchv1.JobFailed)
	wantLines(
		t, w.e,
		`kube_job_failed{namespace="shop",job_name="import",condition="true"} 1`,
		`kube_job_status_failed{namespace="shop",job_name="import",reason="BackoffLimitExceeded"} 1`,
		`kube_job_status_active{namespace="shop",job_name="import"} 0`,
	)
	w.wantEnded(t, "import", "Failed", "Error")
}

// wantEnded checks the series of the one pod of a job: its phase and its container's termination
// reason.
func (w *liveCluster) wantEnded(t *testing.T, app, phase, reason string) {
	t.Helper()
	pods, err := w.pods(t.Context(), app)
	must(t, err)
	if len(pods) != 1 {
		t.Fatalf("%d pods of %s", len(pods), app)
	}
	labels := podLabels(&pods[0])
	wantLines(
		t, w.e,
		fmt.Sprintf(`kube_pod_status_phase{%s,phase=%q} 1`, labels, phase),
		fmt.Sprintf(`kube_pod_status_phase{%s,phase="Running"} 0`, labels),
		fmt.Sprintf(`kube_pod_container_status_terminated_reason{%s,container=%q,reason=%q} 1`, labels, app, reason),
	)
}

// seconds returns a time as a sample value.
func seconds(at *metav1.Time) string { return fmt.Sprint(at.Unix()) }

// cronJobFires sets the CronJob's last schedule time an hour back, so that it fires at once.
func (w *liveCluster) cronJobFires(t *testing.T) {
	cronJobs := w.c.Client.BatchV1().CronJobs(shop)
	cron := &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: "report"},
		Spec: batchv1.CronJobSpec{
			Schedule:    "0 * * * *",
			JobTemplate: batchv1.JobTemplateSpec{Spec: jobSpec("report", "success")},
		},
	}
	cron, err := cronJobs.Create(t.Context(), cron, metav1.CreateOptions{})
	must(t, err)
	last := time.Now().Truncate(time.Hour).Add(-time.Hour).UTC().Format(time.RFC3339)
	patch := fmt.Appendf(nil, `{"status":{"lastScheduleTime":%q}}`, last)
	_, err = cronJobs.Patch(t.Context(), "report", types.MergePatchType, patch, metav1.PatchOptions{}, "status")
	must(t, err)

	awaitAPI(t, w.c, func(ctx context.Context) error {
		cron, err = cronJobs.Get(ctx, "report", metav1.GetOptions{})
		if err == nil && cron.Status.LastSuccessfulTime == nil {
			return fmt.Errorf("cronjob: %+v", cron.Status)
		}
		return err
	})
	job := fmt.Sprintf("report-%d", cron.Status.LastScheduleTime.Unix()/60)
	wantLines(
		t, w.e,
		`kube_cronjob_info{namespace="shop",cronjob="report",schedule="0 * * * *",concurrency_policy="Allow",timezone="local"} 1`,
		`kube_cronjob_spec_suspend{namespace="shop",cronjob="report"} 0`,
		`kube_cronjob_status_last_schedule_time{namespace="shop",cronjob="report"} `+seconds(cron.Status.LastScheduleTime),
		`kube_cronjob_status_last_successful_time{namespace="shop",cronjob="report"} `+seconds(cron.Status.LastSuccessfulTime),
		`kube_job_owner{namespace="shop",job_name="`+job+`",owner_kind="CronJob",owner_name="report",owner_is_controller="true"} 1`,
		`kube_job_complete{namespace="shop",job_name="`+job+`",condition="true"} 1`,
	)
	_, err = cronJobs.Patch(t.Context(), "report", types.MergePatchType, []byte(`{"spec":{"suspend":true}}`), metav1.PatchOptions{})
	must(t, err)
	wantLines(t, w.e, `kube_cronjob_spec_suspend{namespace="shop",cronjob="report"} 1`)
}

// autoscalerScales raises minReplicas, for which the controller needs no metrics.
func (w *liveCluster) autoscalerScales(t *testing.T) {
	w.createDeployment(t, "api", 1)
	w.deploymentAvailable(t, "api", 1)
	scaler := &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: "api"},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "api"},
			MinReplicas:    new(int32(3)), MaxReplicas: 7,
		},
	}
	scalers := w.c.Client.AutoscalingV2().HorizontalPodAutoscalers(shop)
	_, err := scalers.Create(t.Context(), scaler, metav1.CreateOptions{})
	must(t, err)
	w.deploymentAvailable(t, "api", 3)
	awaitAPI(t, w.c, func(ctx context.Context) error {
		scaler, err := scalers.Get(ctx, "api", metav1.GetOptions{})
		if err == nil && (scaler.Status.CurrentReplicas != 3 || scaler.Status.DesiredReplicas != 3) {
			return fmt.Errorf("autoscaler: %+v", scaler.Status)
		}
		return err
	})
	wantLines(
		t, w.e,
		`kube_horizontalpodautoscaler_info{namespace="shop",horizontalpodautoscaler="api",scaletargetref_api_version="apps/v1",scaletargetref_kind="Deployment",scaletargetref_name="api"} 1`,
		`kube_horizontalpodautoscaler_spec_min_replicas{namespace="shop",horizontalpodautoscaler="api"} 3`,
		`kube_horizontalpodautoscaler_spec_max_replicas{namespace="shop",horizontalpodautoscaler="api"} 7`,
		`kube_horizontalpodautoscaler_status_current_replicas{namespace="shop",horizontalpodautoscaler="api"} 3`,
		`kube_horizontalpodautoscaler_status_desired_replicas{namespace="shop",horizontalpodautoscaler="api"} 3`,
		`kube_horizontalpodautoscaler_status_condition{namespace="shop",horizontalpodautoscaler="api",condition="AbleToScale",status="true"} 1`,
	)
	w.wantDeployment(t, "api", 3)
}
