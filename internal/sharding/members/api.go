package members

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/codecs"
	"github.com/kubestate/kubestate/internal/sharding"
	"github.com/kubestate/kubestate/internal/sharding/handover"
)

// annotationPrefix is that of the annotations in which the members write their
// promises: one each, with the ordinal of its pod at the end.
const annotationPrefix = "kubestate.io/shard-"

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
	if rest, ok := strings.CutPrefix(pod, set+"-"); ok {
		if n, ok := ordinal(rest); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("pod %s does not have the name of StatefulSet %s and a number", pod, set)
}

// SetOf is the name of the StatefulSet whose pod has the name.
func SetOf(pod string) (string, error) {
	if i := strings.LastIndexByte(pod, '-'); i > 0 {
		if _, ok := ordinal(pod[i+1:]); ok {
			return pod[:i], nil
		}
	}
	return "", fmt.Errorf("%q does not have the name of a StatefulSet and a number", pod)
}

// ordinal reads the ordinal of a pod.
func ordinal(text string) (int, bool) {
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == text
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

// podOf is what matters of a pod. One that is over, such as one that was evicted, is
// not ready, whatever it was last.
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

// An entry is a promise as an annotation has it.
type entry struct {
	Holder   string `json:"holder"`
	Since    string `json:"since,omitempty"`
	Serial   int64  `json:"serial"`
	Serves   string `json:"serves"`
	Leaving  bool   `json:"leaving,omitempty"`
	Filtered bool   `json:"filtered,omitempty"`
}

// promiseOf reads an annotation.
func promiseOf(annotation string) (handover.Promise, error) {
	var e entry
	if err := json.Unmarshal([]byte(annotation), &e); err != nil {
		return handover.Promise{}, err
	}
	serves, err := sharding.Parse(e.Serves)
	if err != nil {
		return handover.Promise{}, fmt.Errorf("serves: %w", err)
	}
	return handover.Promise{Holder: e.Holder, Since: e.Since, Serial: e.Serial, Serves: serves, Leaving: e.Leaving, Filtered: e.Filtered}, nil
}

// annotationOf writes what promiseOf reads.
func annotationOf(p handover.Promise) string {
	text, err := json.Marshal(entry{p.Holder, p.Since, p.Serial, p.Serves.String(), p.Leaving, p.Filtered})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(text)
}

// promisesOf reads the promises in the annotations of a Lease, and says what is
// wrong with those that cannot be read.
func promisesOf(annotations map[string]string) (map[int]handover.Promise, error) {
	promises := map[int]handover.Promise{}
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		text, ours := strings.CutPrefix(key, annotationPrefix)
		n, ok := ordinal(text)
		if !ours || !ok {
			continue
		}
		p, err := promiseOf(annotations[key])
		if err != nil {
			errs = append(errs, fmt.Errorf("annotation %s: %w", key, err))
			continue
		}
		promises[n] = p
	}
	return promises, errors.Join(errs...)
}

// errNoLease is that the StatefulSet has no Lease.
var errNoLease = errors.New("there is none: create it from the manifest of the shards, or from kubestate rbac --pod")

// contended is how often to try again at once when other members have written.
const contended = 20

// keep writes the promise of the member with the number into the Lease of the set,
// and takes away those that are gone, unless somebody else has made them anew.
//
// Each write is of the version that was read before: one whose answer was not
// awaited cannot arrive after a later one.
func (a *api) keep(ctx context.Context, set string, number int, p handover.Promise, gone map[int]handover.Promise) error {
	var err error
	for range contended {
		if err = a.tryKeep(ctx, set, number, p, gone); !apierrors.IsConflict(err) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("lease %s/%s: %w", a.namespace, set, err)
	}
	return nil
}

func (a *api) tryKeep(ctx context.Context, set string, number int, p handover.Promise, gone map[int]handover.Promise) error {
	of := func(r *rest.Request) *rest.Request {
		return r.Namespace(a.namespace).Resource("leases").Name(set).Timeout(answer)
	}
	var lease coordinationv1.Lease
	err := of(a.coordination.Get()).Do(ctx).Into(&lease)
	if apierrors.IsNotFound(err) {
		return errNoLease
	} else if err != nil {
		return err
	}
	present, _ := promisesOf(lease.Annotations)
	annotations := map[string]any{annotationPrefix + strconv.Itoa(number): annotationOf(p)}
	for n, was := range gone {
		if is, ok := present[n]; ok && is.Holder == was.Holder && is.Serial == was.Serial {
			annotations[annotationPrefix+strconv.Itoa(n)] = nil
		}
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": lease.ResourceVersion, "annotations": annotations,
	}})
	if err != nil {
		return err
	}
	return of(a.coordination.Patch(types.MergePatchType)).Body(patch).Do(ctx).Error()
}
