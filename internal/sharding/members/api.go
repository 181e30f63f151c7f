package members

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/codecs"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// api is a client for one namespace.
type api struct {
	namespace                string
	prefix                   prefix // of claims
	core, apps, coordination rest.Interface
}

func newAPI(config *rest.Config, namespace string) (*api, error) {
	a := &api{namespace: namespace, prefix: ofShards}
	known := codecs.Of(corev1.AddToScheme, appsv1.AddToScheme, coordinationv1.AddToScheme)
	for _, group := range []struct {
		client *rest.Interface
		of     schema.GroupVersion
		path   string
	}{
		{&a.core, corev1.SchemeGroupVersion, "/api"},
		{&a.apps, appsv1.SchemeGroupVersion, "/apis"},
		{&a.coordination, coordinationv1.SchemeGroupVersion, "/apis"},
	} {
		c := rest.CopyConfig(config)
		c.GroupVersion, c.APIPath = &group.of, group.path
		c.NegotiatedSerializer = known.WithoutConversion()
		c.ContentType, c.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
		client, err := rest.RESTClientFor(c)
		if err != nil {
			return nil, fmt.Errorf("client for %s: %w", group.of, err)
		}
		*group.client = client
	}
	return a, nil
}

// timeout is that of a request.
const timeout = 10 * time.Second

// self is the own pod and its StatefulSet.
type self struct {
	name, uid string
	number    int
	grace     time.Duration
	set       *appsv1.StatefulSet
	selector  string // of the set's pods
}

// wrongError is permanent: the pod cannot be a shard.
type wrongError struct{ error }

// self finds the pod with the name and its StatefulSet.
func (a *api) self(ctx context.Context, name string) (self, error) {
	var pod corev1.Pod
	err := a.core.Get().Namespace(a.namespace).Resource("pods").Name(name).Timeout(timeout).Do(ctx).Into(&pod)
	if apierrors.IsNotFound(err) {
		return self{}, wrongError{fmt.Errorf("--pod: there is no pod %s in namespace %s", name, a.namespace)}
	} else if err != nil {
		return self{}, fmt.Errorf("pod %s/%s: %w", a.namespace, name, err)
	}
	owner := metav1.GetControllerOf(&pod)
	if owner == nil || owner.Kind != "StatefulSet" || owner.APIVersion != appsv1.SchemeGroupVersion.String() {
		return self{}, wrongError{fmt.Errorf("--pod: pod %s/%s is not controlled by a StatefulSet of apps/v1: shards need the ordinals of one; without one, give --shard and --total-shards", a.namespace, name)}
	}
	s := self{name: name, uid: string(pod.UID), grace: corev1.DefaultTerminationGracePeriodSeconds * time.Second, set: &appsv1.StatefulSet{}}
	if g := pod.Spec.TerminationGracePeriodSeconds; g != nil {
		s.grace = time.Duration(*g) * time.Second
	}
	if s.number, err = numberOf(name, owner.Name); err != nil {
		return self{}, wrongError{fmt.Errorf("--pod: %w", err)}
	}
	if err := a.apps.Get().Namespace(a.namespace).Resource("statefulsets").Name(owner.Name).Timeout(timeout).Do(ctx).Into(s.set); err != nil {
		return self{}, fmt.Errorf("statefulset %s/%s: %w", a.namespace, owner.Name, err)
	}
	selector, err := metav1.LabelSelectorAsSelector(s.set.Spec.Selector)
	if err != nil {
		return self{}, wrongError{fmt.Errorf("statefulset %s/%s: %w", a.namespace, owner.Name, err)}
	}
	s.selector = selector.String()
	return s, nil
}

// numberOf is the ordinal in the name of a pod of the set.
func numberOf(pod, set string) (int, error) {
	if rest, ok := strings.CutPrefix(pod, set+"-"); ok {
		if n, ok := ordinal(rest); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("pod %s does not have the name of StatefulSet %s and a number", pod, set)
}

// SetOf is the name of the StatefulSet of a pod.
func SetOf(pod string) (string, error) {
	if i := strings.LastIndexByte(pod, '-'); i > 0 {
		if _, ok := ordinal(pod[i+1:]); ok {
			return pod[:i], nil
		}
	}
	return "", fmt.Errorf("%q does not have the name of a StatefulSet and a number", pod)
}

// ordinal parses the ordinal of a pod.
func ordinal(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == text
}

// assignmentOf is the assignment of a StatefulSet with a number of pods for each number.
func assignmentOf(set *appsv1.StatefulSet, copies int) handover.Assignment {
	replicas, start := 1, 0
	if r := set.Spec.Replicas; r != nil {
		replicas = int(*r)
	}
	if o := set.Spec.Ordinals; o != nil {
		start = int(o.Start)
	}
	first, end := start/copies, (start+replicas+copies-1)/copies
	if replicas == 0 {
		end = first
	}
	return handover.Assignment{Start: first, Total: end - first}
}

// podOf is the state of a pod. A failed or succeeded pod, such as an evicted one, is not ready,
// whatever its condition is.
func podOf(pod *corev1.Pod) *handover.Pod {
	p := &handover.Pod{UID: string(pod.UID), Ending: pod.DeletionTimestamp != nil}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			over := pod.Status.Phase == corev1.PodFailed || pod.Status.Phase == corev1.PodSucceeded
			p.Ready, p.Since = c.Status == corev1.ConditionTrue && !over, c.LastTransitionTime.UTC().Format(time.RFC3339)
		}
	}
	return p
}
