package cluster

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// The proportions of a populated cluster.
const (
	podsPerNode      = 50
	podsPerApp       = 10
	appsPerNamespace = 10
	appsPerScaled    = 4  // apps for each one with a HorizontalPodAutoscaler and a Job
	podsPerCrashing  = 50 // pods for each one in CrashLoopBackOff
)

// epoch is the creation time of a populated cluster.
var epoch = metav1.NewTime(time.Date(2026, time.March, 1, 8, 0, 0, 0, time.UTC))

// Populate writes the objects of Generate to etcd, and returns the pods' names.
func (c *Cluster) Populate(ctx context.Context, pods int) ([]types.NamespacedName, error) {
	names := make([]types.NamespacedName, 0, pods)
	objects := func(yield func(Object) bool) {
		for object := range Generate(pods) {
			if pod, ok := object.(*corev1.Pod); ok {
				names = append(names, types.NamespacedName{Namespace: pod.Namespace, Name: pod.Name})
			}
			if !yield(object) {
				return
			}
		}
	}
	if err := c.Put(ctx, objects); err != nil {
		return nil, fmt.Errorf("populate cluster: %w", err)
	}
	return names, nil
}

// Generate yields the objects of a cluster with a number of running pods, with all fields that API
// server, controllers and kubelets set. The result is deterministic.
func Generate(pods int) iter.Seq[Object] {
	return func(yield func(Object) bool) {
		nodes := nodesFor(pods)
		for i := range nodes {
			if !yield(newNode(i)) {
				return
			}
		}
		for first := 0; first < pods; first += podsPerApp {
			a := newApp(first, min(podsPerApp, pods-first), nodes)
			for object := range a.objects() {
				if !yield(object) {
					return
				}
			}
		}
	}
}

// MorePods yields n more pods for a cluster of Generate(pods), in new apps and bound to its nodes. first
// is a multiple of 10 that distinguishes calls: increase it by n for other pods.
func MorePods(pods, first, n int) iter.Seq[Object] {
	begin := (pods+podsPerApp-1)/podsPerApp*podsPerApp + first
	return func(yield func(Object) bool) {
		for i := 0; i < n; i += podsPerApp {
			a := newApp(begin+i, min(podsPerApp, n-i), nodesFor(pods))
			for j := range a.pods {
				if !yield(a.pod(j)) {
					return
				}
			}
		}
	}
}

func nodesFor(pods int) int { return (pods + podsPerNode - 1) / podsPerNode }

// random generates names and uids. Each app and node has its own, so that its objects do not depend
// on others.
type random struct{ *rand.Rand }

func newRandom(kind, index uint64) random {
	return random{rand.New(rand.NewPCG(kind, index))}
}

func (r random) uid() types.UID {
	a, b := r.Uint64(), r.Uint64()
	return types.UID(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>52, b&(1<<48-1)))
}

// suffix returns n random letters, as the API server appends to generated names.
func (r random) suffix(n int) string {
	const letters = "bcdfghjklmnpqrstvwxz2456789"
	s := make([]byte, n)
	for i := range s {
		s[i] = letters[r.IntN(len(letters))]
	}
	return string(s)
}

func (r random) hex(n int) string {
	s := make([]byte, n)
	for i := range s {
		s[i] = "0123456789abcdef"[r.IntN(16)]
	}
	return string(s)
}

func nodeName(i int) string { return fmt.Sprintf("worker-%04d", i) }

func newNode(i int) *corev1.Node {
	r := newRandom(1, uint64(i))
	name, address := nodeName(i), fmt.Sprintf("10.1.%d.%d", i/250, i%250+1)
	resources := corev1.ResourceList{
		corev1.ResourceCPU:              resource.MustParse("32"),
		corev1.ResourceMemory:           resource.MustParse("131916428Ki"),
		corev1.ResourceEphemeralStorage: resource.MustParse("209702892Ki"),
		corev1.ResourcePods:             resource.MustParse("110"),
	}
	conditions := make([]corev1.NodeCondition, 0, 4)
	for _, kind := range []corev1.NodeConditionType{
		corev1.NodeMemoryPressure, corev1.NodeDiskPressure, corev1.NodePIDPressure, corev1.NodeReady,
	} {
		status := corev1.ConditionFalse
		if kind == corev1.NodeReady {
			status = corev1.ConditionTrue
		}
		conditions = append(conditions, corev1.NodeCondition{
			Type: kind, Status: status, LastHeartbeatTime: epoch, LastTransitionTime: epoch,
			Reason: "KubeletReports", Message: "kubelet reports " + string(kind),
		})
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, UID: r.uid(), CreationTimestamp: epoch,
			Labels: map[string]string{
				"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name,
				"topology.kubernetes.io/zone": fmt.Sprintf("zone-%c", 'a'+i%3), "topology.kubernetes.io/region": "region-1",
				"node.kubernetes.io/instance-type": "large",
			},
		},
		Spec: corev1.NodeSpec{
			PodCIDR: fmt.Sprintf("10.%d.%d.0/24", 64+i/256, i%256), PodCIDRs: []string{fmt.Sprintf("10.%d.%d.0/24", 64+i/256, i%256)},
			ProviderID: "machine://" + name,
		},
		Status: corev1.NodeStatus{
			Capacity: resources, Allocatable: resources, Conditions: conditions,
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: address}, {Type: corev1.NodeHostName, Address: name},
			},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: r.hex(32), SystemUUID: string(r.uid()), BootID: string(r.uid()), KernelVersion: "6.12.41",
				OSImage: "Linux", ContainerRuntimeVersion: "containerd://2.1.4", KubeletVersion: "v1.36.3",
				OperatingSystem: "linux", Architecture: "amd64",
			},
		},
	}
}
