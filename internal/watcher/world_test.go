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

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/sharding"
)

// world is an API server that has pods and nodes and answers by itself: it lists,
// streams and watches, late and in parts, and forgets what was long ago. It may choose
// the objects of a shard, or send all.
type world struct {
	chooses, streams bool

	mu      sync.Mutex
	rnd     *rand.Rand
	version int
	oldest  int // from which it can be watched
	things  map[string]*thing
	log     []event
	news    chan struct{} // closed when there is something new in the log
	cut     chan struct{} // closed to end all watches
	listed  func(uid string)
}

// thing is an object: a pod, or a node of the same name and uid.
type thing struct {
	uid, name string
	version   int
}

type event struct {
	kind string
	thing
}

func newWorld(seed uint64) *world {
	w := &world{
		rnd: rand.New(rand.NewPCG(seed, 8)), things: map[string]*thing{},
		news: make(chan struct{}), cut: make(chan struct{}), version: 1, oldest: 1,
	}
	w.chooses, w.streams = w.rnd.IntN(2) == 0, w.rnd.IntN(4) > 0
	return w
}

// pause waits for up to so long, if there is somebody who does.
func (a *answerer) pause(limit time.Duration) {
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

// change does something to an object of a name: makes it, changes it, deletes it, or
// has another take its name.
func (w *world) change(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	was := w.things[name]
	switch n := w.rnd.IntN(10); {
	case was == nil:
		w.note("ADDED", thing{uid: fmt.Sprintf("uid-%d", w.rnd.Int64()), name: name})
	case n < 5:
		w.note("MODIFIED", *was)
	case n < 8:
		w.note("DELETED", *was)
		w.note("ADDED", thing{uid: fmt.Sprintf("uid-%d", w.rnd.Int64()), name: name})
	default:
		w.note("DELETED", *was)
	}
	close(w.news)
	w.news = make(chan struct{})
}

func (w *world) note(kind string, o thing) {
	w.version++
	o.version = w.version
	w.log = append(w.log, event{kind, o})
	if kind == "DELETED" {
		delete(w.things, o.name)
		return
	}
	w.things[o.name] = &o
}

// end ends all watches.
func (w *world) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.cut)
	w.cut = make(chan struct{})
}

// forget has watches no longer begin with what was.
func (w *world) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.oldest = w.version
}

// ServeHTTP answers a list or a watch.
func (w *world) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	a := &answerer{world: w, to: to, r: r, pods: strings.HasSuffix(r.URL.Path, "pods")}
	query := r.URL.Query()
	if w.chooses {
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
	default:
		a.list()
	}
}

type answerer struct {
	*world
	to       http.ResponseWriter
	r        *http.Request
	pods     bool
	selector string
}

func (a *answerer) write(v any) {
	_ = json.NewEncoder(a.to).Encode(v) // else the client is gone
	a.to.(http.Flusher).Flush()
}

func (a *answerer) fail(code int, reason metav1.StatusReason) {
	a.to.WriteHeader(code)
	a.write(metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Reason: reason, Code: int32(code)})
}

// object is a thing as the client sees it. Its generation is its version.
func (a *answerer) object(o thing) any {
	if a.pods {
		return served(pod("n", o.name, o.uid, int64(o.version)), fmt.Sprint(o.version))
	}
	n := node(o.name, o.uid, int64(o.version))
	n.TypeMeta, n.ResourceVersion = metav1.TypeMeta{APIVersion: "v1", Kind: "Node"}, fmt.Sprint(o.version)
	return n
}

// all gives what there is for the client, and the version of that.
func (a *answerer) all() (objects []any, version int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, o := range a.things {
		if chosen(a.selector, o.uid) {
			objects = append(objects, a.object(*o))
			if a.listed != nil {
				a.listed(o.uid)
			}
		}
	}
	return objects, a.version
}

func (a *answerer) list() {
	objects, version := a.all()
	a.pause(3 * time.Second)
	kind := "NodeList"
	if a.pods {
		kind = "PodList"
	}
	a.write(map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"resourceVersion": fmt.Sprint(version)}, "items": objects})
}

func (a *answerer) stream() {
	objects, version := a.all()
	a.pause(time.Second)
	for _, o := range objects {
		a.write(map[string]any{"type": "ADDED", "object": o})
	}
	a.pause(3 * time.Second)
	a.bookmark(version, map[string]string{metav1.InitialEventsAnnotationKey: "true"})
	a.events(version)
}

func (a *answerer) bookmark(version int, annotations map[string]string) {
	object := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: metav1.ObjectMeta{ResourceVersion: fmt.Sprint(version), Annotations: annotations}}
	if !a.pods {
		object.Kind = "Node"
	}
	a.write(map[string]any{"type": "BOOKMARK", "object": object})
}

func (a *answerer) watch(from int) {
	a.mu.Lock()
	gone := from < a.oldest
	a.mu.Unlock()
	if gone {
		a.fail(http.StatusGone, metav1.StatusReasonExpired)
		return
	}
	a.to.(http.Flusher).Flush()
	a.events(from)
}

// events sends what has happened since a version, some time after.
func (a *answerer) events(from int) {
	a.mu.Lock()
	cut := a.cut
	a.mu.Unlock()
	for {
		a.mu.Lock()
		log, news, bookmark := a.log, a.news, a.rnd.IntN(4) == 0
		a.mu.Unlock()
		for _, e := range log {
			if e.version > from && chosen(a.selector, e.uid) {
				a.write(map[string]any{"type": e.kind, "object": a.object(e.thing)})
			}
		}
		if len(log) > 0 {
			from = max(from, log[len(log)-1].version)
		}
		if bookmark {
			a.bookmark(from, nil)
		}
		select {
		case <-news:
			a.pause(200 * time.Millisecond)
		case <-cut:
			return
		case <-a.r.Context().Done():
			return
		}
	}
}

var bounds = regexp.MustCompile(`'0x([0-9a-f]+)', '0x([0-9a-f]+)'`)

// chosen says whether a selector has an object.
func chosen(selector, uid string) bool {
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
