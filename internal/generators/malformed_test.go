package generators_test

import (
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// malformedObjects are objects, by resource, that the API server's validation rejects. Other
// versions may accept them.
var malformedObjects = map[string][]metav1.Object{
	"cronjobs": {
		cronJob("*"+strings.Repeat(" ", 1016)+"* * * *", nil), // as long as may be
		cronJob("*"+strings.Repeat(" ", 1017)+"* * * *", nil),
		cronJob("* * * * *", new(strings.Repeat("a", 1024))),
		cronJob("CRON_TZ=UTC * * * * *", new("UTC")),
		cronJob("\x00 \xff * * *", new("\x00")),
		cronJob("@every 2562047h47m16.854775807s", nil),
		cronJob("99999999999999999999 * * * *", nil),
		cronJob("CRON_TZ=", new("")),
	},
	"daemonsets": {&appsv1.DaemonSet{ObjectMeta: strange}},
	"deployments": {
		deployment(appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType}, new(int32(2))),
		deployment(strategy(intstr.FromString("50%")), nil),
		deployment(strategy(intstr.FromString("200%")), new(int32(-3))),
		deployment(strategy(intstr.FromString("\xff%")), new(int32(3))),
		deployment(strategy(intstr.IntOrString{Type: 7, StrVal: "1%", IntVal: 2}), new(int32(3))),
		deployment(appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{}}, new(int32(3))),
	},
	"endpoints": {
		&corev1.Endpoints{ObjectMeta: strange, Subsets: []corev1.EndpointSubset{ //nolint:staticcheck // deprecated, and exported
			{},
			{Ports: []corev1.EndpointPort{{}, {}}},
			{Addresses: []corev1.EndpointAddress{{}}},
			{Ports: []corev1.EndpointPort{{Port: -1}}, NotReadyAddresses: []corev1.EndpointAddress{{IP: "\xff"}, {IP: "\xff"}}},
		}},
	},
	"endpointslices": {
		&discoveryv1.EndpointSlice{ObjectMeta: strange, Ports: []discoveryv1.EndpointPort{{}, {}}, Endpoints: []discoveryv1.Endpoint{
			{},
			{Hints: &discoveryv1.EndpointHints{ForZones: []discoveryv1.ForZone{{Name: "no address"}}}},
			{Addresses: []string{"", ""}, Hints: &discoveryv1.EndpointHints{}},
			{Addresses: []string{"a", "a"}, Hints: &discoveryv1.EndpointHints{ForZones: []discoveryv1.ForZone{{}, {}}}},
		}},
	},
	"horizontalpodautoscalers": {sourceless(), targetless()},
	"ingresses": {
		&networkingv1.Ingress{ObjectMeta: strange, Spec: networkingv1.IngressSpec{
			TLS: []networkingv1.IngressTLS{{}, {Hosts: []string{"", ""}}},
			Rules: []networkingv1.IngressRule{
				{},
				{IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{}}},
				{IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
					Paths: []networkingv1.HTTPIngressPath{
						{Path: "neither"},
						{Path: "both", Backend: networkingv1.IngressBackend{
							Service:  &networkingv1.IngressServiceBackend{},
							Resource: &corev1.TypedLocalObjectReference{},
						}},
						{Path: "resource", Backend: networkingv1.IngressBackend{Resource: &corev1.TypedLocalObjectReference{}}},
					},
				}}},
			},
		}},
	},
	"jobs": {
		&batchv1.Job{ObjectMeta: strange, Status: batchv1.JobStatus{Failed: -1, Conditions: []batchv1.JobCondition{
			{}, {Type: "Failed"}, {Type: "Failed", Reason: "Evicted"}, {Type: "Failed", Reason: "DeadlineExceeded"}, {Type: "Suspended"}, {Type: "Suspended", Status: "True"},
		}}},
	},
	"leases": {
		&coordinationv1.Lease{ObjectMeta: strange, Spec: coordinationv1.LeaseSpec{RenewTime: &metav1.MicroTime{}}},
	},
	"limitranges": {
		&corev1.LimitRange{ObjectMeta: strange, Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{}, {Min: enormous()}, {Min: enormous()}}}},
	},
	"mutatingwebhookconfigurations": {
		&admissionregistrationv1.MutatingWebhookConfiguration{
			ObjectMeta: strange, Webhooks: []admissionregistrationv1.MutatingWebhook{{}, {}, {Name: "\xff"}},
		},
	},
	"nodes": {
		&corev1.Node{ObjectMeta: strange, Status: corev1.NodeStatus{Capacity: enormous(), Conditions: []corev1.NodeCondition{{}, {}}, Addresses: []corev1.NodeAddress{{}, {}}}},
	},
	"persistentvolumes": {
		&corev1.PersistentVolume{ObjectMeta: strange, Spec: corev1.PersistentVolumeSpec{PersistentVolumeSource: corev1.PersistentVolumeSource{
			FC:    &corev1.FCVolumeSource{WWIDs: []string{"", "", "a", "", "b"}, TargetWWNs: []string{"", "\xff"}},
			ISCSI: &corev1.ISCSIPersistentVolumeSource{},
			CSI:   &corev1.CSIPersistentVolumeSource{},
		}}},
		&corev1.PersistentVolume{ObjectMeta: strange, Spec: corev1.PersistentVolumeSpec{Capacity: enormous()}},
	},
	"pods": {
		&corev1.Pod{
			ObjectMeta: strange,
			Spec: corev1.PodSpec{
				Containers:     []corev1.Container{{}, {}, {Resources: corev1.ResourceRequirements{Limits: enormous(), Requests: enormous()}}},
				Volumes:        []corev1.Volume{{}, {}, {VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{}}}},
				ResourceClaims: []corev1.PodResourceClaim{{}, {ResourceClaimTemplateName: new("")}},
				Tolerations:    []corev1.Toleration{{}, {}, {TolerationSeconds: new(int64(0))}},
				Overhead:       enormous(),
				NodeSelector:   colliding(),
			},
			Status: corev1.PodStatus{
				ContainerStatuses:     []corev1.ContainerStatus{{}, {}, {State: everyState(), LastTerminationState: everyState()}},
				InitContainerStatuses: []corev1.ContainerStatus{{}, {RestartCount: -1}},
				Conditions:            []corev1.PodCondition{{}, {Type: "PodScheduled"}, {Type: "PodScheduled", Status: "False"}, {Type: "Ready"}, {Type: "Ready"}},
				PodIPs:                []corev1.PodIP{{}, {IP: "\xff"}, {IP: "::"}, {IP: "::"}},
			},
		},
	},
	"resourcequotas": {
		&corev1.ResourceQuota{ObjectMeta: strange, Status: corev1.ResourceQuotaStatus{Hard: enormous()}},
	},
	"secrets": {&corev1.Secret{ObjectMeta: strange, Type: "\xff\n\"\\"}},
	"statefulsets": {
		&appsv1.StatefulSet{ObjectMeta: strange, Spec: appsv1.StatefulSetSpec{
			Ordinals:                             &appsv1.StatefulSetOrdinals{},
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{},
		}},
	},
}

// strange is malformed metadata.
var strange = metav1.ObjectMeta{
	Name:            "bad \xff\xfe utf-8, \"quoted\"\\\n",
	Namespace:       "\xc3",
	UID:             types.UID("\xed\xa0\x80"),
	ResourceVersion: "\xff",
	Labels:          colliding(),
	Annotations:     colliding(),
	OwnerReferences: []metav1.OwnerReference{{}, {}, {Kind: "\xff", Name: "\n"}, {Kind: "\xff", Name: "\n", Controller: new(true)}},
}

// colliding has 343 keys with one label name, and keys with the names of their conflicts.
func colliding() map[string]string {
	const separators = "-./_ :+"
	m := map[string]string{"a_b_c_d_conflict1": "1", "a-b_c_d_conflict1": "1", "A_b_c_d_conflict344": "344", "\xff": "\xff", "": ""}
	for _, a := range separators {
		for _, b := range separators {
			for _, c := range separators {
				m["a"+string(a)+"b"+string(b)+"c"+string(c)+"d"] = string([]rune{a, b, c})
			}
		}
	}
	return m
}

func enormous() corev1.ResourceList {
	return corev1.ResourceList{
		"cpu":               resource.MustParse("1e100"),
		"memory":            resource.MustParse("9999999999999999999999Ei"),
		"storage":           resource.MustParse("-1e100"),
		"ephemeral-storage": resource.MustParse("-99999999999999999999.999999999"),
		"pods":              resource.MustParse("0.0000000000000000000000001"),
		"hugepages-a/b":     resource.Quantity{},
		"\xff":              resource.MustParse("1"),
		"":                  resource.MustParse("1"),
	}
}

// everyState has all states at once.
func everyState() corev1.ContainerState {
	return corev1.ContainerState{
		Waiting:    &corev1.ContainerStateWaiting{},
		Running:    &corev1.ContainerStateRunning{},
		Terminated: &corev1.ContainerStateTerminated{ExitCode: -1},
	}
}

func cronJob(schedule string, zone *string) *batchv1.CronJob {
	meta := strange
	meta.CreationTimestamp = metav1.Unix(1704164645, 0)
	return &batchv1.CronJob{ObjectMeta: meta, Spec: batchv1.CronJobSpec{Schedule: schedule, TimeZone: zone}}
}

func deployment(s appsv1.DeploymentStrategy, replicas *int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: strange, Spec: appsv1.DeploymentSpec{Replicas: replicas, Strategy: s}}
}

func strategy(amount intstr.IntOrString) appsv1.DeploymentStrategy {
	return appsv1.DeploymentStrategy{RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &amount, MaxUnavailable: &amount}}
}

// metricTypes are the types of metrics and an unknown one.
var metricTypes = []autoscalingv2.MetricSourceType{"Object", "Pods", "Resource", "ContainerResource", "External", "Other"}

// sourceless has metrics without the source of their type.
func sourceless() *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: strange}
	h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{ScaleUp: &autoscalingv2.HPAScalingRules{}}
	for _, sort := range metricTypes {
		h.Spec.Metrics = append(h.Spec.Metrics, autoscalingv2.MetricSpec{Type: sort})
		h.Status.CurrentMetrics = append(h.Status.CurrentMetrics, autoscalingv2.MetricStatus{Type: sort})
	}
	return h
}

// targetless has every source for each type, without targets.
func targetless() *autoscalingv2.HorizontalPodAutoscaler {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: strange}
	h.Spec.Behavior = &autoscalingv2.HorizontalPodAutoscalerBehavior{
		ScaleDown: &autoscalingv2.HPAScalingRules{Tolerance: new(resource.MustParse("1e100"))},
	}
	for _, sort := range metricTypes {
		h.Spec.Metrics = append(h.Spec.Metrics, autoscalingv2.MetricSpec{
			Type:              sort,
			Object:            &autoscalingv2.ObjectMetricSource{},
			Pods:              &autoscalingv2.PodsMetricSource{},
			Resource:          &autoscalingv2.ResourceMetricSource{},
			ContainerResource: &autoscalingv2.ContainerResourceMetricSource{},
			External:          &autoscalingv2.ExternalMetricSource{},
		})
	}
	return h
}
