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
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// What Leases of members are marked and annotated with.
const (
	setLabel           = "kubestate.io/statefulset"
	serialAnnotation   = "kubestate.io/serial"
	servesAnnotation   = "kubestate.io/serves"
	sinceAnnotation    = "kubestate.io/ready-since"
	leavingAnnotation  = "kubestate.io/leaving"
	scrapersAnnotation = "kubestate.io/scrapers"
)

// api asks the API server about one namespace.
type api struct {
	namespace                string
	core, apps, coordination rest.Interface
}

func newAPI(config *rest.Config, namespace string) (*api, error) {
	a := &api{namespace: namespace}
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

// answer is how long the API server may take to answer.
const answer = 10 * time.Second

// self is what does not change about the own pod.
type self struct {
	name, uid string
	number    int
	grace     time.Duration
	set       *appsv1.StatefulSet
	selector  string // of the set's pods
}

// wrongError is about a pod that cannot be a shard, however often that is tried.
type wrongError struct{ error }

// self finds the pod with the name, and the StatefulSet that it is of.
func (a *api) self(ctx context.Context, name string) (self, error) {
	var pod corev1.Pod
	err := a.core.Get().Namespace(a.namespace).Resource("pods").Name(name).Timeout(answer).Do(ctx).Into(&pod)
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
	if err := a.apps.Get().Namespace(a.namespace).Resource("statefulsets").Name(owner.Name).Timeout(answer).Do(ctx).Into(s.set); err != nil {
		return self{}, fmt.Errorf("statefulset %s/%s: %w", a.namespace, owner.Name, err)
	}
	selector, err := metav1.LabelSelectorAsSelector(s.set.Spec.Selector)
	if err != nil {
		return self{}, wrongError{fmt.Errorf("statefulset %s/%s: %w", a.namespace, owner.Name, err)}
	}
	s.selector = selector.String()
	return s, nil
}

// numberOf is the number after the name of the set in that of a pod.
func numberOf(pod, set string) (int, error) {
	var n int
	if rest, ok := strings.CutPrefix(pod, set+"-"); ok {
		if _, err := fmt.Sscanf(rest, "%d", &n); err == nil && fmt.Sprint(n) == rest && n >= 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("pod %s does not have the name of StatefulSet %s and a number", pod, set)
}

// layoutOf is the layout that a StatefulSet asks for.
func layoutOf(set *appsv1.StatefulSet) handover.Layout {
	l := handover.Layout{Total: 1}
	if r := set.Spec.Replicas; r != nil {
		l.Total = int(*r)
	}
	if o := set.Spec.Ordinals; o != nil {
		l.Start = int(o.Start)
	}
	return l
}

// podOf is what matters of a pod.
func podOf(pod *corev1.Pod) *handover.Pod {
	p := &handover.Pod{UID: string(pod.UID), Ending: pod.DeletionTimestamp != nil}
	for _, c := range pod.Status.Conditions {
		if c.Type == corev1.PodReady {
			p.Ready, p.Since = c.Status == corev1.ConditionTrue, c.LastTransitionTime.UTC().Format(time.RFC3339)
		}
	}
	return p
}

// promiseOf reads a Lease.
func promiseOf(lease *coordinationv1.Lease) (*handover.Promise, error) {
	p := &handover.Promise{Since: lease.Annotations[sinceAnnotation], Leaving: lease.Annotations[leavingAnnotation] == "true"}
	if h := lease.Spec.HolderIdentity; h != nil {
		p.Holder = *h
	}
	if _, err := fmt.Sscan(lease.Annotations[serialAnnotation], &p.Serial); err != nil {
		return nil, fmt.Errorf("annotation %s: %q is no number", serialAnnotation, lease.Annotations[serialAnnotation])
	}
	if n, err := strconv.Atoi(lease.Annotations[scrapersAnnotation]); err == nil && n > 0 { // else the member is too old to say
		p.Scrapers = n
	}
	var err error
	if p.Serves, err = sharding.Parse(lease.Annotations[servesAnnotation]); err != nil {
		return nil, fmt.Errorf("annotation %s: %w", servesAnnotation, err)
	}
	return p, nil
}

// write makes the Lease say what promiseOf reads.
func write(lease *coordinationv1.Lease, p handover.Promise) {
	lease.Annotations = map[string]string{
		serialAnnotation:   fmt.Sprint(p.Serial),
		servesAnnotation:   p.Serves.String(),
		sinceAnnotation:    p.Since,
		leavingAnnotation:  fmt.Sprint(p.Leaving),
		scrapersAnnotation: strconv.Itoa(p.Scrapers),
	}
	lease.Spec.HolderIdentity, lease.Spec.RenewTime = &p.Holder, &metav1.MicroTime{Time: time.Now()}
}

// keep writes the promise into the Lease of the pod. It fails if somebody else has
// written that meanwhile, or uses it for something else.
func (a *api) keep(ctx context.Context, s self, p handover.Promise) error {
	leases := func(r *rest.Request) *rest.Request {
		return r.Namespace(a.namespace).Resource("leases").Timeout(answer)
	}
	var lease coordinationv1.Lease
	err := leases(a.coordination.Get()).Name(s.name).Do(ctx).Into(&lease)
	missing := apierrors.IsNotFound(err)
	switch {
	case missing:
		lease = coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{
			Namespace: a.namespace, Name: s.name, Labels: map[string]string{setLabel: s.set.Name},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: appsv1.SchemeGroupVersion.String(), Kind: "StatefulSet", Name: s.set.Name, UID: s.set.UID,
			}},
		}}
	case err != nil:
		return fmt.Errorf("lease %s/%s: %w", a.namespace, s.name, err)
	case lease.Labels[setLabel] != s.set.Name:
		return fmt.Errorf("lease %s/%s is somebody else's: it has no label %s=%s", a.namespace, s.name, setLabel, s.set.Name)
	}
	write(&lease, p)
	if missing {
		err = leases(a.coordination.Post()).Body(&lease).Do(ctx).Error()
	} else {
		err = leases(a.coordination.Put()).Name(s.name).Body(&lease).Do(ctx).Error()
	}
	if err != nil {
		return fmt.Errorf("lease %s/%s: %w", a.namespace, s.name, err)
	}
	return nil
}
