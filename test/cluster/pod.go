package cluster

import (
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// pod is the app's i-th: bound, initialized, running and ready, or crash-looping.
func (a *app) pod(i int) *corev1.Pod {
	index := a.first + i
	meta := a.meta(a.replicaOf.Name+"-"+a.suffix(5), a.replicaOf)
	meta.GenerateName = a.replicaOf.Name + "-"
	meta.Labels = maps.Clone(a.labels)
	meta.Labels["pod-template-hash"] = a.hash
	meta.Annotations = map[string]string{"checksum/config": a.hex(64), "kubectl.kubernetes.io/restartedAt": "2026-03-01T08:00:00Z"}
	meta.CreationTimestamp = metav1.NewTime(a.created.Add(time.Duration(a.IntN(3600)) * time.Second))
	meta.ManagedFields = managedFields(meta.CreationTimestamp)

	node := index % a.nodes
	volume := "kube-api-access-" + a.suffix(5)
	status := a.podStatus(meta.CreationTimestamp, node, index)
	if index%podsPerCrashing == podsPerCrashing-1 {
		crash(&status)
	}
	return &corev1.Pod{ObjectMeta: meta, Spec: a.podSpec(nodeName(node), volume), Status: status}
}

// podSpec is the template's spec, and a pod's if it is bound to a node and has a
// volume for its service account.
func (a *app) podSpec(node, volume string) corev1.PodSpec {
	spec := corev1.PodSpec{
		NodeName:                      node,
		RestartPolicy:                 corev1.RestartPolicyAlways,
		DNSPolicy:                     corev1.DNSClusterFirst,
		ServiceAccountName:            "default",
		DeprecatedServiceAccount:      "default",
		SchedulerName:                 corev1.DefaultSchedulerName,
		TerminationGracePeriodSeconds: new(int64(30)),
		EnableServiceLinks:            new(true),
		PreemptionPolicy:              new(corev1.PreemptLowerPriority),
		Priority:                      new(int32(0)),
		SecurityContext:               &corev1.PodSecurityContext{RunAsNonRoot: new(true), FSGroup: new(int64(2000))},
		NodeSelector:                  map[string]string{"kubernetes.io/os": "linux"},
		Tolerations: []corev1.Toleration{
			{Key: "node.kubernetes.io/not-ready", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
			{Key: "node.kubernetes.io/unreachable", Operator: corev1.TolerationOpExists, Effect: corev1.TaintEffectNoExecute, TolerationSeconds: new(int64(300))},
		},
		InitContainers: []corev1.Container{a.container("migrate", "50m", "64Mi", volume)},
		Containers:     []corev1.Container{a.container("app", "250m", "512Mi", volume), a.container("proxy", "100m", "128Mi", volume)},
		Volumes: []corev1.Volume{{
			Name: "config",
			VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: a.name}, DefaultMode: new(int32(420)),
			}},
		}},
	}
	for i := range spec.Containers {
		spec.Containers[i].ReadinessProbe = probe("/ready")
		spec.Containers[i].LivenessProbe = probe("/live")
	}
	if volume != "" {
		spec.Volumes = append(spec.Volumes, serviceAccountVolume(volume))
	}
	return spec
}

func (a *app) container(name, cpu, memory, volume string) corev1.Container {
	container := corev1.Container{
		Name:                     name,
		Image:                    image(name),
		ImagePullPolicy:          corev1.PullIfNotPresent,
		TerminationMessagePath:   corev1.TerminationMessagePathDefault,
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		Args:                     []string{"--config=/etc/config/config.yaml", "--listen=0.0.0.0:8080"},
		Env: []corev1.EnvVar{
			{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "metadata.name"}}},
			{Name: "PASSWORD", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: a.name}, Key: "password",
			}}},
			{Name: "LOG_LEVEL", Value: "info"},
			{Name: "UPSTREAM", Value: "http://" + a.name + "." + a.namespace + ".svc.cluster.local:80"},
		},
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(cpu), corev1.ResourceMemory: resource.MustParse(memory)},
			Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("2"), corev1.ResourceMemory: resource.MustParse("1Gi")},
		},
		SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false), ReadOnlyRootFilesystem: new(true)},
		VolumeMounts:    []corev1.VolumeMount{{Name: "config", MountPath: "/etc/config", ReadOnly: true}},
	}
	if volume != "" {
		container.VolumeMounts = append(container.VolumeMounts, corev1.VolumeMount{
			Name: volume, MountPath: "/var/run/secrets/kubernetes.io/serviceaccount", ReadOnly: true,
		})
	}
	return container
}

func image(container string) string { return "example/" + container + ":1.4.2" }

func probe(path string) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromInt32(8080), Scheme: corev1.URISchemeHTTP}},
		PeriodSeconds: 10, TimeoutSeconds: 1, SuccessThreshold: 1, FailureThreshold: 3, InitialDelaySeconds: 5,
	}
}

func serviceAccountVolume(name string) corev1.Volume {
	return corev1.Volume{
		Name: name,
		VolumeSource: corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{
			DefaultMode: new(int32(420)),
			Sources: []corev1.VolumeProjection{
				{ServiceAccountToken: &corev1.ServiceAccountTokenProjection{Path: "token", ExpirationSeconds: new(int64(3607))}},
				{ConfigMap: &corev1.ConfigMapProjection{
					LocalObjectReference: corev1.LocalObjectReference{Name: "kube-root-ca.crt"},
					Items:                []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}},
				}},
			},
		}},
	}
}

func (a *app) podStatus(created metav1.Time, node, index int) corev1.PodStatus {
	started := metav1.NewTime(created.Add(12 * time.Second))
	status := corev1.PodStatus{
		Phase:    corev1.PodRunning,
		QOSClass: corev1.PodQOSBurstable,
		HostIP:   fmt.Sprintf("10.1.%d.%d", node/250, node%250+1),
		PodIP:    fmt.Sprintf("10.%d.%d.%d", 64+node/256, node%256, 2+index/max(a.nodes, 1)%250),
		InitContainerStatuses: []corev1.ContainerStatus{a.containerStatus("migrate", corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{
				Reason: "Completed", StartedAt: created, FinishedAt: started, ContainerID: "containerd://" + a.hex(64),
			},
		})},
		ContainerStatuses: []corev1.ContainerStatus{
			a.containerStatus("app", corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}),
			a.containerStatus("proxy", corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: started}}),
		},
		StartTime: &created,
	}
	status.InitContainerStatuses[0].Started = new(false)
	status.HostIPs = []corev1.HostIP{{IP: status.HostIP}}
	status.PodIPs = []corev1.PodIP{{IP: status.PodIP}}
	for _, condition := range []corev1.PodConditionType{
		corev1.PodReadyToStartContainers, corev1.PodInitialized, corev1.PodReady, corev1.ContainersReady, corev1.PodScheduled,
	} {
		status.Conditions = append(status.Conditions, corev1.PodCondition{
			Type: condition, Status: corev1.ConditionTrue, LastTransitionTime: started, ObservedGeneration: 1,
		})
	}
	return status
}

func (a *app) containerStatus(name string, state corev1.ContainerState) corev1.ContainerStatus {
	return corev1.ContainerStatus{
		Name: name, Image: image(name), ImageID: "example/" + name + "@sha256:" + a.hex(64),
		ContainerID: "containerd://" + a.hex(64), Ready: true, Started: new(true), State: state,
	}
}

// crash changes the status to that of a pod whose first container is OOM-killed repeatedly.
func crash(status *corev1.PodStatus) {
	app := &status.ContainerStatuses[0]
	app.Ready, app.Started, app.RestartCount = false, new(false), 17
	app.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{
		ExitCode: 137, Reason: "OOMKilled", ContainerID: app.ContainerID,
		StartedAt: app.State.Running.StartedAt, FinishedAt: metav1.NewTime(app.State.Running.StartedAt.Add(time.Minute)),
	}}
	app.State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
		Reason: "CrashLoopBackOff", Message: "back-off 5m0s restarting failed container",
	}}
	for i := range status.Conditions {
		if kind := status.Conditions[i].Type; kind == corev1.PodReady || kind == corev1.ContainersReady {
			status.Conditions[i].Status, status.Conditions[i].Reason = corev1.ConditionFalse, "ContainersNotReady"
		}
	}
}

// managedFields returns the managed fields of controller and kubelet, a third of a pod's size.
func managedFields(at metav1.Time) []metav1.ManagedFieldsEntry {
	entry := func(manager, subresource, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "v1", Time: &at,
			FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields), Subresource: subresource,
		}
	}
	return []metav1.ManagedFieldsEntry{
		entry("kube-controller-manager", "", specFields),
		entry("kubelet", "status", statusFields),
	}
}

const (
	containerFields = `{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"LOG_LEVEL\"}":{".":{},"f:name":{},"f:value":{}},` +
		`"k:{\"name\":\"POD_NAME\"}":{".":{},"f:name":{},"f:valueFrom":{".":{},"f:fieldRef":{}}}},"f:image":{},"f:imagePullPolicy":{},` +
		`"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:periodSeconds":{}},` +
		`"f:name":{},"f:ports":{".":{},"k:{\"containerPort\":8080,\"protocol\":\"TCP\"}":{".":{},"f:containerPort":{},"f:name":{},"f:protocol":{}}},` +
		`"f:resources":{".":{},"f:limits":{".":{},"f:cpu":{},"f:memory":{}},"f:requests":{".":{},"f:cpu":{},"f:memory":{}}},` +
		`"f:securityContext":{},"f:volumeMounts":{}}`
	specFields = `{"f:metadata":{"f:annotations":{".":{},"f:checksum/config":{}},"f:generateName":{},"f:labels":{".":{},"f:pod-template-hash":{},"f:team":{}},` +
		`"f:ownerReferences":{".":{},"k:{\"uid\":\"00000000-0000-0000-0000-000000000000\"}":{}}},"f:spec":{"f:containers":{` +
		`"k:{\"name\":\"app\"}":` + containerFields + `,"k:{\"name\":\"proxy\"}":` + containerFields + `},"f:dnsPolicy":{},"f:nodeSelector":{},` +
		`"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{},"f:volumes":{}}}`
	statusFields = `{"f:status":{"f:conditions":{"k:{\"type\":\"ContainersReady\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},` +
		`"k:{\"type\":\"Initialized\"}":{".":{},"f:lastTransitionTime":{},"f:status":{},"f:type":{}},"k:{\"type\":\"Ready\"}":{".":{},` +
		`"f:lastTransitionTime":{},"f:status":{},"f:type":{}}},"f:containerStatuses":{},"f:hostIP":{},"f:hostIPs":{},"f:initContainerStatuses":{},` +
		`"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\"ip\":\"10.64.0.2\"}":{".":{},"f:ip":{}}},"f:startTime":{}}}`
)
