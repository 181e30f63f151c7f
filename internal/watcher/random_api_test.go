package watcher_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubestate/kubestate/internal/sharding"
)

// randomAPI is an API server of pods, their ReplicaSets, nodes, and namespaces, whose list is that of the
// selected ones; other resources have no objects. It lists, streams and watches with random delays, and
// compacts its log. It filters by shard or sends all objects, at random.
type randomAPI struct {
	filters, streams bool
	flaky            bool // one of four lists of a namespace fails

	mu       sync.Mutex
	rnd      *rand.Rand
	version  int
	oldest   int // version from which a watch may start
	objects  map[string]*item
	log      []event
	changed  chan struct{} // closed by an event
	ended    chan struct{} // closed to end all watches
	onListed func(uid string)
	onChange func(item) // called with mu held
	onPod    func(*corev1.Pod)
}

// item is a pod and a node of the same name and uid, and a ReplicaSet that controls the pod; or a namespace,
// a Job or a CronJob.
type item struct {
	uid, name   string
	namespace   string // of the pod
	isNamespace bool
	batch       batchItem // of a Job or a CronJob
	version     int
	deleted     time.Time // of a pod that has finished
}

type event struct {
	kind string
	item
}

func newRandomAPI(seed uint64) *randomAPI {
	w := &randomAPI{
		rnd: rand.New(rand.NewPCG(seed, 8)), objects: map[string]*item{},
		changed: make(chan struct{}), ended: make(chan struct{}), version: 1, oldest: 1,
	}
	w.filters, w.streams = w.rnd.IntN(2) == 0, w.rnd.IntN(4) > 0
	return w
}

// pause waits for a random time below limit, or until the client is gone.
func (a *responder) pause(limit time.Duration) {
	a.mu.Lock()
	d := time.Duration(a.rnd.Int64N(int64(limit)))
	a.mu.Unlock()
	over := time.NewTimer(d)
	defer over.Stop()
	select {
	case <-over.C:
	case <-a.r.Context().Done():
	}
}

// change creates, updates, deletes or recreates the object of a name, whose pod is in namespace n.
func (w *randomAPI) change(name string) { w.changeIn("n", name) }

// changeIn is change for a pod of a namespace.
func (w *randomAPI) changeIn(namespace, name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was, created := w.objects[name], item{uid: fmt.Sprintf("uid-%d", w.rnd.Int64()), name: name, namespace: namespace}
	switch n := w.rnd.IntN(10); {
	case was == nil:
		w.add("ADDED", created)
	case n < 5:
		w.add("MODIFIED", *was)
	case n < 8:
		w.add("DELETED", *was)
		w.add("ADDED", created)
	default:
		w.add("DELETED", *was)
	}
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *randomAPI) add(kind string, o item) {
	w.version++
	if o.version, o.deleted = w.version, (time.Time{}); w.version%3 == 0 {
		o.deleted = time.Now().Truncate(time.Second)
	}
	w.log = append(w.log, event{kind, o})
	if kind == "DELETED" {
		delete(w.objects, o.key())
	} else {
		w.objects[o.key()] = &o
	}
	if w.onChange != nil {
		w.onChange(o)
	}
}

// key returns the item's key in randomAPI.objects.
func (o item) key() string {
	switch {
	case o.isNamespace:
		return "namespace " + o.name
	case o.batch.kind != "":
		return o.batch.kind + " " + o.name
	default:
		return o.name
	}
}

// end ends all watches.
func (w *randomAPI) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.ended)
	w.ended = make(chan struct{})
}

// compact expires all versions but the present one.
func (w *randomAPI) compact() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oldest = w.version
}

// ServeHTTP responds to a list or a watch.
func (w *randomAPI) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	parts := strings.Split(r.URL.Path, "/")
	a := &responder{randomAPI: w, to: to, r: r, kind: kinds[parts[len(parts)-1]]}
	if n := len(parts); parts[n-3] == "namespaces" {
		a.namespace = parts[n-2]
	}
	query := r.URL.Query()
	if w.filters {
		a.selector = query.Get("shardSelector")
	}
	to.Header().Set("Content-Type", "application/json")
	switch {
	case query.Get("sendInitialEvents") == "true" && !w.streams:
		a.fail(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)
	case query.Get("sendInitialEvents") == "true":
		a.stream()
	case query.Get("watch") == "true":
		from, _ := strconv.Atoi(query.Get("resourceVersion"))
		a.watch(from)
	case a.namespace != "" && a.fails():
		a.fail(http.StatusInternalServerError, metav1.StatusReasonInternalError)
	default:
		a.list()
	}
}

// fails reports whether the request fails.
func (a *responder) fails() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.flaky && a.rnd.IntN(4) == 0
}

type responder struct {
	*randomAPI
	to        http.ResponseWriter
	r         *http.Request
	kind      schema.GroupVersionKind
	namespace string // empty for all
	selector  string
}

// has reports whether an item is of the request.
func (a *responder) has(o item) bool {
	return o.isNamespace == (a.kind.Kind == "Namespace") && o.batch.kind == batchKind(a.kind.Kind) && (a.namespace == "" || a.namespace == o.namespace) && matches(a.selector, o.uid)
}

// kinds are the kinds of resources.
var kinds = map[string]schema.GroupVersionKind{
	"pods":         corev1.SchemeGroupVersion.WithKind("Pod"),
	"namespaces":   corev1.SchemeGroupVersion.WithKind("Namespace"),
	"nodes":        corev1.SchemeGroupVersion.WithKind("Node"),
	"replicasets":  appsv1.SchemeGroupVersion.WithKind("ReplicaSet"),
	"deployments":  appsv1.SchemeGroupVersion.WithKind("Deployment"),
	"daemonsets":   appsv1.SchemeGroupVersion.WithKind("DaemonSet"),
	"statefulsets": appsv1.SchemeGroupVersion.WithKind("StatefulSet"),
	"jobs":         batchv1.SchemeGroupVersion.WithKind("Job"),
	"cronjobs":     batchv1.SchemeGroupVersion.WithKind("CronJob"),

	"replicationcontrollers": corev1.SchemeGroupVersion.WithKind("ReplicationController"),
}

func (a *responder) write(v any) {
	_ = json.NewEncoder(a.to).Encode(v) // fails if the client is gone
	a.to.(http.Flusher).Flush()
}

func (a *responder) fail(code int, reason metav1.StatusReason) {
	a.to.WriteHeader(code)
	a.write(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: reason, Code: int32(code)})
}

// object returns an item as the requested kind, nil if that has no objects. Its generation is its
// version. The Deployment of a pod depends on the version.
func (a *responder) object(o item) any {
	switch version := fmt.Sprint(o.version); a.kind.Kind {
	case "Pod":
		p := served(pod(o.namespace, o.name, o.uid, int64(o.version)), version)
		p.OwnerReferences = []metav1.OwnerReference{{Kind: "ReplicaSet", Name: o.name, UID: types.UID("r-" + o.uid), Controller: new(true)}}
		if !o.deleted.IsZero() {
			p.DeletionTimestamp = new(metav1.NewTime(o.deleted))
		}
		if a.onPod != nil {
			a.onPod(p)
		}
		return p
	case "ReplicaSet":
		r := &appsv1.ReplicaSet{ObjectMeta: meta(o.namespace, o.name, "r-"+o.uid, int64(o.version))}
		r.TypeMeta, r.ResourceVersion = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "ReplicaSet"}, version
		r.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: o.deployment(), UID: types.UID(o.deployment()), Controller: new(true)}}
		return r
	case "Node":
		n := node(o.name, o.uid, int64(o.version))
		n.TypeMeta, n.ResourceVersion = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, version
		return n
	case "Namespace":
		n := &corev1.Namespace{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}, ObjectMeta: meta("", o.name, o.uid, 1)}
		n.ResourceVersion = version
		return n
	case "Job", "CronJob":
		return o.batchObject()
	}
	return nil
}

// deployment is the Deployment of the item's ReplicaSet.
func (o *item) deployment() string { return fmt.Sprint("d-", o.version%3) }

// all returns the objects that the selector matches, and their version.
func (a *responder) all() (objects []any, version int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.objects {
		if object := a.object(*o); object != nil && a.has(*o) {
			objects = append(objects, object)
			if a.onListed != nil {
				a.onListed(o.uid)
			}
		}
	}
	return objects, a.version
}

func (a *responder) list() {
	objects, version := a.all()
	a.pause(3 * time.Second)
	apiVersion, kind := a.kind.ToAPIVersionAndKind()
	a.write(map[string]any{"apiVersion": apiVersion, "kind": kind + "List", "metadata": map[string]any{"resourceVersion": fmt.Sprint(version)}, "items": objects})
}

func (a *responder) stream() {
	objects, version := a.all()
	a.pause(time.Second)
	for _, o := range objects {
		a.write(map[string]any{"type": "ADDED", "object": o})
	}
	a.pause(3 * time.Second)
	a.bookmark(version, map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	a.events(version)
}

func (a *responder) bookmark(version int, annotations map[string]string) {
	apiVersion, kind := a.kind.ToAPIVersionAndKind()
	object := &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: apiVersion, Kind: kind}, ObjectMeta: metav1.ObjectMeta{ResourceVersion: fmt.Sprint(version), Annotations: annotations}}
	a.write(map[string]any{"type": "BOOKMARK", "object": object})
}

func (a *responder) watch(from int) {
	a.mu.Lock()
	expired := from < a.oldest
	a.mu.Unlock()
	if expired {
		a.fail(http.StatusGone, metav1.StatusReasonExpired)
		return
	}
	a.to.(http.Flusher).Flush()
	a.events(from)
}

// events sends the events after a version, with delays.
func (a *responder) events(from int) {
	a.mu.Lock()
	ended := a.ended
	a.mu.Unlock()
	for {
		a.mu.Lock()
		log, changed, bookmark := a.log, a.changed, a.rnd.IntN(4) == 0
		a.mu.Unlock()
		for _, e := range log {
			if object := a.object(e.item); e.version > from && object != nil && a.has(e.item) {
				a.write(map[string]any{"type": e.kind, "object": object})
			}
		}
		if len(log) > 0 {
			from = max(from, log[len(log)-1].version)
		}
		if bookmark {
			a.bookmark(from, nil)
		}
		select {
		case <-changed:
			a.pause(200 * time.Millisecond)
		case <-ended:
			return
		case <-a.r.Context().Done():
			return
		}
	}
}

var bounds = regexp.MustCompile(`'0x([0-9a-f]+)', '0x([0-9a-f]+)'`)

// matches reports whether a shard selector matches a uid.
func matches(selector, uid string) bool {
	if selector == "" {
		return true
	}
	hash := fmt.Sprintf("%017x", sharding.Hash(uid))
	for _, m := range bounds.FindAllStringSubmatch(selector, -1) {
		if hash >= fmt.Sprintf("%017s", m[1]) && hash < fmt.Sprintf("%017s", m[2]) {
			return true
		}
	}
	return false
}
