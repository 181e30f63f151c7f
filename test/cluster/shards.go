package cluster

import (
	"context"
	"errors"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Shards are a StatefulSet of kubestates. Its pods are bound to a node that does not exist: the test
// is the kubelet.
type Shards struct {
	Namespace, Name string
	Replicas        int32
	Grace           time.Duration     // termination grace period
	Annotations     map[string]string // of the pods
}

// CreateShards creates the StatefulSet and its Lease.
func (c *Cluster) CreateShards(ctx context.Context, s Shards) error {
	labels := map[string]string{"app.kubernetes.io/name": s.Name}
	meta := metav1.ObjectMeta{Name: s.Name}
	_, err := c.Client.AppsV1().StatefulSets(s.Namespace).Create(ctx, &appsv1.StatefulSet{
		ObjectMeta: meta,
		Spec: appsv1.StatefulSetSpec{
			Replicas: &s.Replicas, ServiceName: s.Name, PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: s.Annotations},
				Spec: corev1.PodSpec{
					NodeName: "here", TerminationGracePeriodSeconds: new(int64(s.Grace.Seconds())),
					Containers: []corev1.Container{{Name: s.Name, Image: "example/kubestate:1"}},
				},
			},
		},
	}, metav1.CreateOptions{})
	_, leaseErr := c.Client.CoordinationV1().Leases(s.Namespace).Create(ctx, &coordinationv1.Lease{ObjectMeta: meta}, metav1.CreateOptions{})
	return errors.Join(err, leaseErr)
}

// SetReady sets the readiness of a running pod, as a kubelet does.
func (c *Cluster) SetReady(ctx context.Context, pod *corev1.Pod, ready bool) error {
	status := corev1.ConditionFalse
	if ready {
		status = corev1.ConditionTrue
	}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady && c.Status == status {
			return nil
		}
	}
	pod.Status.Phase, pod.Status.PodIP, pod.Status.PodIPs = corev1.PodRunning, "10.0.0.1", []corev1.PodIP{{IP: "10.0.0.1"}}
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: status, LastTransitionTime: metav1.Now()}}
	_, err := c.Client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	return err
}

// Ended deletes a pod whose processes have ended, as a kubelet does.
func (c *Cluster) Ended(ctx context.Context, pod *corev1.Pod) error {
	return c.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: new(int64), Preconditions: metav1.NewUIDPreconditions(string(pod.UID)),
	})
}
