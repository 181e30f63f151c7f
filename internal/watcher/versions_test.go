package watcher_test

import (
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestOlderVersionsAreTheSame proves of each version that is read as another
// that its messages have the same fields: number, encoding, name and type.
func TestOlderVersionsAreTheSame(t *testing.T) {
	types := scheme.Scheme.AllKnownTypes()
	proven := 0
	for _, r := range generators.All() {
		d := r.Describe()
		for _, version := range watcher.Versions(d.Resource)[1:] {
			older := types[schema.GroupVersionKind{Group: d.Kind.Group, Version: version.Version, Kind: d.Kind.Kind}]
			if older == nil {
				t.Errorf("there is no %s", version)
				continue
			}
			for _, difference := range differences(d.Kind.Kind, types[d.Kind], older, map[reflect.Type]bool{}) {
				t.Errorf("%s: %s", version, difference)
			}
			proven++
		}
	}
	if proven != watcher.OlderVersions() {
		t.Errorf("%d versions were looked at of %d: some are of no resource", proven, watcher.OlderVersions())
	}
}

// TestDifferences holds that the proof sees what must not be read.
func TestDifferences(t *testing.T) {
	types := scheme.Scheme.AllKnownTypes()
	f := func(group, kind, version, older string) {
		t.Helper()
		of := func(version string) reflect.Type {
			return types[schema.GroupVersionKind{Group: group, Version: version, Kind: kind}]
		}
		if differences(kind, of(version), of(older), map[reflect.Type]bool{}) == nil {
			t.Errorf("%s %s and %s are the same", kind, version, older)
		}
	}
	f("discovery.k8s.io", "EndpointSlice", "v1", "v1beta1")
	f("networking.k8s.io", "Ingress", "v1", "v1beta1")
	f("autoscaling", "HorizontalPodAutoscaler", "v2", "v1")
	f("rbac.authorization.k8s.io", "ClusterRole", "v1", "v1alpha1")
	f("apps", "Deployment", "v1", "v1beta1")
}

// differences compares the protobuf messages of two types.
func differences(path string, a, b reflect.Type, seen map[reflect.Type]bool) []string {
	// What is set through a pointer and what is not are sent alike.
	if a.Kind() == reflect.Pointer {
		a = a.Elem()
	}
	if b.Kind() == reflect.Pointer {
		b = b.Elem()
	}
	if a.Kind() != b.Kind() {
		return []string{fmt.Sprintf("%s is %s and %s", path, a, b)}
	}
	switch a.Kind() {
	case reflect.Slice:
		return differences(path, a.Elem(), b.Elem(), seen)
	case reflect.Map:
		return append(differences(path, a.Key(), b.Key(), seen), differences(path, a.Elem(), b.Elem(), seen)...)
	case reflect.Struct:
	default:
		return nil
	}
	if a == b || seen[a] {
		return nil
	}
	seen[a] = true
	var all []string
	fields := fieldsOf(b)
	for number, f := range fieldsOf(a) {
		inner := path + "." + f.Name
		g, ok := fields[number]
		delete(fields, number)
		switch {
		case !ok:
			all = append(all, inner+" is new")
		case f.Name != g.Name || encoding(f) != encoding(g):
			all = append(all, fmt.Sprintf("%s is %s and %s", inner, f.Tag, g.Tag))
		default:
			all = append(all, differences(inner, f.Type, g.Type, seen)...)
		}
	}
	for _, g := range fields {
		all = append(all, path+"."+g.Name+" is gone")
	}
	return all
}

// fieldsOf gives the fields of a message by number.
func fieldsOf(message reflect.Type) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for f := range message.Fields() {
		if tag := strings.Split(f.Tag.Get("protobuf"), ","); len(tag) > 1 {
			fields[tag[1]] = f
		}
	}
	return fields
}

func encoding(f reflect.StructField) string {
	encoding, _, _ := strings.Cut(f.Tag.Get("protobuf"), ",")
	return encoding
}

// TestFollowOlderVersion follows an API server that has a resource in an older
// version, forgets that, and has it in the first at last.
func TestFollowOlderVersion(t *testing.T) {
	policy := func(name, version string) runtime.Object {
		return &admissionv1beta1.ValidatingAdmissionPolicy{
			TypeMeta:   metav1.TypeMeta{APIVersion: "admissionregistration.k8s.io/v1beta1", Kind: "ValidatingAdmissionPolicy"},
			ObjectMeta: metav1.ObjectMeta{Name: name, UID: "1", ResourceVersion: version},
			Spec:       admissionv1beta1.ValidatingAdmissionPolicySpec{FailurePolicy: new(admissionv1beta1.Ignore)},
		}
	}
	const group, policies = "/apis/admissionregistration.k8s.io/", "/validatingadmissionpolicies"
	synctest.Test(t, func(t *testing.T) {
		f := &following{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
		resource := generators.ValidatingAdmissionPolicies.Resource
		client, err := watcher.NewClient(f.config(), []schema.GroupVersionResource{resource})
		if err != nil {
			t.Fatal(err)
		}
		f.run(t, watcher.Config{Resources: []generators.Resource{&generators.ValidatingAdmissionPolicies}, Client: client})
		f.next(t).want("stream "+group+"v1"+policies).fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list "+group+"v1beta1").discover("validatingadmissionpolicies", "validatingadmissionpolicies/status")
		q := f.next(t).want("stream " + group + "v1beta1" + policies).watch()
		q.event("ADDED", policy("x", "5"))
		end := policy("", "7").(*admissionv1beta1.ValidatingAdmissionPolicy)
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		q.event("BOOKMARK", end)
		f.holds(t, `kube_validatingadmissionpolicy_info{namespace="",validatingadmissionpolicy="x",param_api_version="",param_kind="",failure_policy="Ignore"} 1`+"\n", nil)
		f.logged(t, record{slog.LevelInfo, ""})
		// After an upgrade of the API server.
		q.expire()
		f.next(t).want("stream "+group+"v1beta1"+policies+" resourceVersion=7").fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list " + group + "v1").discover("validatingadmissionpolicies")
		f.next(t).want("stream " + group + "v1" + policies + " resourceVersion=7").watch()
		f.logged(t, record{slog.LevelInfo, ""})
	})
}

// discover answers with the resources of a version.
func (q *request) discover(names ...string) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}}
	for _, name := range names {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: name})
	}
	q.answer(200, list)
	q.end()
}

// TestAbsentEverywhere has an API server without a resource in any version.
func TestAbsentEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &following{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
		client, err := watcher.NewClient(f.config(), []schema.GroupVersionResource{generators.CronJobs.Resource})
		if err != nil {
			t.Fatal(err)
		}
		f.run(t, watcher.Config{Resources: []generators.Resource{&generators.CronJobs}, Client: client})
		f.next(t).want("stream /apis/batch/v1/cronjobs").fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list /apis/batch/v1beta1").discover("jobs")
		f.next(t).want("stream /apis/batch/v1/cronjobs")
		f.holds(t, "", nil)
		f.logged(t, failing("NotFound"))
		got := f.w.Statuses()
		if d := cmp.Diff(watcher.Absent, got[0].State); d != "" {
			t.Error(d)
		}
	})
}
