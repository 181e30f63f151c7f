package cluster

import (
	"fmt"
	"iter"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// app is a Deployment and its ReplicaSet, Service, ConfigMap, Secret and pods.
type app struct {
	random
	index     int
	first     int // index of the first pod
	pods      int
	nodes     int
	namespace string
	name      string
	hash      string // of the pod template
	labels    map[string]string
	created   metav1.Time
	deployed  metav1.OwnerReference // the Deployment
	replicaOf metav1.OwnerReference // the ReplicaSet
}

var services = []string{
	"cart", "catalog", "checkout", "gateway", "identity", "inventory", "ledger", "mailer", "orders", "payments", "pricing", "search",
}

func newApp(first, pods, nodes int) *app {
	index := first / podsPerApp
	r := newRandom(2, uint64(index))
	name := fmt.Sprintf("%s-%05d", services[index%len(services)], index)
	a := &app{
		random: r, index: index, first: first, pods: pods, nodes: nodes,
		namespace: fmt.Sprintf("team-%04d", index/appsPerNamespace),
		name:      name,
		hash:      r.suffix(10),
		labels: map[string]string{
			"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name, "app.kubernetes.io/managed-by": "deployer",
			"team": fmt.Sprintf("team-%04d", index/appsPerNamespace),
		},
		created: metav1.NewTime(epoch.Add(time.Duration(r.IntN(86400*30)) * time.Second)),
	}
	a.deployed = controller("apps/v1", "Deployment", name, r.uid())
	a.replicaOf = controller("apps/v1", "ReplicaSet", name+"-"+a.hash, r.uid())
	return a
}

func controller(version, kind, name string, uid types.UID) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: version, Kind: kind, Name: name, UID: uid, Controller: new(true), BlockOwnerDeletion: new(true),
	}
}

func (a *app) objects() iter.Seq[Object] {
	return func(yield func(Object) bool) {
		var objects []Object
		if a.index%appsPerNamespace == 0 {
			objects = append(objects, a.newNamespace())
		}
		objects = append(objects, a.deployment(), a.replicaSet(), a.service(), a.configMap(), a.secret())
		if a.index%appsPerScaled == 0 {
			objects = append(objects, a.autoscaler(), a.job())
		}
		for i := range a.pods {
			objects = append(objects, a.pod(i))
		}
		for _, object := range objects {
			if !yield(object) {
				return
			}
		}
	}
}

func (a *app) meta(name string, owners ...metav1.OwnerReference) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: a.namespace, Name: name, UID: a.uid(), CreationTimestamp: a.created, Generation: 1,
		Labels: a.labels, OwnerReferences: owners,
	}
}

func (a *app) newNamespace() *corev1.Namespace {
	return &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{
			Name: a.namespace, UID: a.uid(), CreationTimestamp: epoch,
			Labels: map[string]string{"kubernetes.io/metadata.name": a.namespace},
		},
		Spec:   corev1.NamespaceSpec{Finalizers: []corev1.FinalizerName{corev1.FinalizerKubernetes}},
		Status: corev1.NamespaceStatus{Phase: corev1.NamespaceActive},
	}
}

func (a *app) selector() *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": a.name}}
}

func (a *app) template() corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: a.labels}, Spec: a.podSpec("", "")}
}

func (a *app) deployment() *appsv1.Deployment {
	meta := a.meta(a.name)
	meta.UID = a.deployed.UID
	meta.Annotations = map[string]string{"deployment.kubernetes.io/revision": "1"}
	n := int32(a.pods)
	return &appsv1.Deployment{
		ObjectMeta: meta,
		Spec: appsv1.DeploymentSpec{
			Replicas: &n, Selector: a.selector(), Template: a.template(),
			RevisionHistoryLimit: new(int32(10)), ProgressDeadlineSeconds: new(int32(600)),
			Strategy: appsv1.DeploymentStrategy{
				Type: appsv1.RollingUpdateDeploymentStrategyType,
				RollingUpdate: &appsv1.RollingUpdateDeployment{
					MaxUnavailable: new(intstr.FromString("25%")), MaxSurge: new(intstr.FromString("25%")),
				},
			},
		},
		Status: appsv1.DeploymentStatus{
			ObservedGeneration: 1, Replicas: n, UpdatedReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
			Conditions: []appsv1.DeploymentCondition{
				{
					Type: appsv1.DeploymentAvailable, Status: corev1.ConditionTrue, Reason: "MinimumReplicasAvailable",
					Message: "Deployment has minimum availability.", LastUpdateTime: a.created, LastTransitionTime: a.created,
				},
				{
					Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable",
					Message: "ReplicaSet has successfully progressed.", LastUpdateTime: a.created, LastTransitionTime: a.created,
				},
			},
		},
	}
}

func (a *app) replicaSet() *appsv1.ReplicaSet {
	meta := a.meta(a.replicaOf.Name, a.deployed)
	meta.UID = a.replicaOf.UID
	n := int32(a.pods)
	return &appsv1.ReplicaSet{
		ObjectMeta: meta,
		Spec:       appsv1.ReplicaSetSpec{Replicas: &n, Selector: a.selector(), Template: a.template()},
		Status: appsv1.ReplicaSetStatus{
			ObservedGeneration: 1, Replicas: n, FullyLabeledReplicas: n, ReadyReplicas: n, AvailableReplicas: n,
		},
	}
}

// service returns a headless Service, which needs no cluster IP.
func (a *app) service() *corev1.Service {
	return &corev1.Service{
		ObjectMeta: a.meta(a.name),
		Spec: corev1.ServiceSpec{
			Type: corev1.ServiceTypeClusterIP, ClusterIP: corev1.ClusterIPNone, ClusterIPs: []string{corev1.ClusterIPNone},
			Selector: a.selector().MatchLabels, SessionAffinity: corev1.ServiceAffinityNone,
			IPFamilies: []corev1.IPFamily{corev1.IPv4Protocol}, IPFamilyPolicy: new(corev1.IPFamilyPolicySingleStack),
			InternalTrafficPolicy: new(corev1.ServiceInternalTrafficPolicyCluster),
			Ports: []corev1.ServicePort{
				{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromInt32(8080)},
				{Name: "metrics", Protocol: corev1.ProtocolTCP, Port: 9090, TargetPort: intstr.FromInt32(9090)},
			},
		},
	}
}

func (a *app) configMap() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: a.meta(a.name),
		Data:       map[string]string{"config.yaml": "listen: 0.0.0.0:8080\nlog: info\nfingerprint: " + a.hex(512) + "\n"},
	}
}

func (a *app) secret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: a.meta(a.name),
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{"password": []byte(a.hex(32)), "certificate": []byte(a.hex(1024))},
	}
}

func (a *app) autoscaler() *autoscalingv2.HorizontalPodAutoscaler {
	n, percent := int32(a.pods), int32(40+a.IntN(50))
	return &autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: a.meta(a.name),
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: a.name},
			MinReplicas:    new(int32(2)), MaxReplicas: 2 * podsPerApp,
			Metrics: []autoscalingv2.MetricSpec{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricSource{
					Name:   corev1.ResourceCPU,
					Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: new(int32(80))},
				},
			}},
		},
		Status: autoscalingv2.HorizontalPodAutoscalerStatus{
			ObservedGeneration: new(int64(1)), LastScaleTime: &a.created, CurrentReplicas: n, DesiredReplicas: n,
			CurrentMetrics: []autoscalingv2.MetricStatus{{
				Type: autoscalingv2.ResourceMetricSourceType,
				Resource: &autoscalingv2.ResourceMetricStatus{
					Name:    corev1.ResourceCPU,
					Current: autoscalingv2.MetricValueStatus{AverageUtilization: &percent, AverageValue: resource.NewMilliQuantity(int64(percent)*10, resource.DecimalSI)},
				},
			}},
			Conditions: []autoscalingv2.HorizontalPodAutoscalerCondition{
				{Type: autoscalingv2.AbleToScale, Status: corev1.ConditionTrue, Reason: "ReadyForNewScale", LastTransitionTime: a.created},
				{Type: autoscalingv2.ScalingActive, Status: corev1.ConditionTrue, Reason: "ValidMetricFound", LastTransitionTime: a.created},
				{Type: autoscalingv2.ScalingLimited, Status: corev1.ConditionFalse, Reason: "DesiredWithinRange", LastTransitionTime: a.created},
			},
		},
	}
}

func (a *app) job() *batchv1.Job {
	meta := a.meta(a.name + "-migrate")
	labels := map[string]string{"batch.kubernetes.io/controller-uid": string(meta.UID), "batch.kubernetes.io/job-name": meta.Name}
	template := a.template()
	template.Labels, template.Spec.RestartPolicy = labels, corev1.RestartPolicyNever
	ended := metav1.NewTime(a.created.Add(time.Minute))
	return &batchv1.Job{
		ObjectMeta: meta,
		Spec: batchv1.JobSpec{
			Parallelism: new(int32(1)), Completions: new(int32(1)), BackoffLimit: new(int32(6)), Suspend: new(false),
			CompletionMode: new(batchv1.NonIndexedCompletion), PodReplacementPolicy: new(batchv1.TerminatingOrFailed),
			Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template,
		},
		Status: batchv1.JobStatus{
			StartTime: &a.created, CompletionTime: &ended, Succeeded: 1, Ready: new(int32(0)), Terminating: new(int32(0)),
			UncountedTerminatedPods: &batchv1.UncountedTerminatedPods{},
			Conditions: []batchv1.JobCondition{
				{Type: batchv1.JobSuccessCriteriaMet, Status: corev1.ConditionTrue, Reason: "CompletionsReached", LastProbeTime: ended, LastTransitionTime: ended},
				{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, Reason: "CompletionsReached", LastProbeTime: ended, LastTransitionTime: ended},
			},
		},
	}
}
