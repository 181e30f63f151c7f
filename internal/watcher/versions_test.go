package watcher_test

import (
	"log/slog"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/listwatch"
	"github.com/kubestate/kubestate/internal/watcher"
)

// TestFollowOlderVersion has an API server with an older version of a resource, which is upgraded to
// the first.
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
		f := &harness{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
		f.run(t, watcher.Config{Resources: []generators.Resource{&generators.ValidatingAdmissionPolicies}, Client: newClient(t, f.config())})
		f.next(t).want("stream "+group+"v1"+policies).fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list "+group+"v1beta1").discover("validatingadmissionpolicies", "validatingadmissionpolicies/status")
		q := f.next(t).want("stream " + group + "v1beta1" + policies).watch()
		q.event("ADDED", policy("x", "5"))
		end := policy("", "7").(*admissionv1beta1.ValidatingAdmissionPolicy)
		end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
		q.event("BOOKMARK", end)
		f.expect(t, `kube_validatingadmissionpolicy_info{namespace="",validatingadmissionpolicy="x",param_api_version="",param_kind="",failure_policy="Ignore"} 1`+"\n", nil)
		f.expectLog(t, record{slog.LevelInfo, ""})
		// After an upgrade of the API server.
		q.expire()
		f.next(t).want("stream "+group+"v1beta1"+policies+" resourceVersion=7").fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list " + group + "v1").discover("validatingadmissionpolicies")
		f.next(t).want("stream " + group + "v1" + policies + " resourceVersion=7").watch()
		f.expectLog(t, record{slog.LevelInfo, ""})
	})
}

// discover responds with the resources of a version.
func (q *request) discover(names ...string) {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}}
	for _, name := range names {
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: name})
	}
	q.answer(200, list)
	q.end()
}

// TestAbsentEverywhere has an API server without any version of a resource.
func TestAbsentEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &harness{api: newAPI(t), registry: prometheus.NewRegistry(), log: &log{about: aboutReason}}
		f.run(t, watcher.Config{Resources: []generators.Resource{&generators.CronJobs}, Client: newClient(t, f.config())})
		f.next(t).want("stream /apis/batch/v1/cronjobs").fail(404, metav1.StatusReasonNotFound)
		f.next(t).want("list /apis/batch/v1beta1").discover("jobs")
		f.next(t).want("stream /apis/batch/v1/cronjobs")
		f.expect(t, "", nil)
		f.expectLog(t, failing("NotFound"))
		got := f.w.Statuses()
		if d := cmp.Diff(listwatch.Absent, got[0].State); d != "" {
			t.Error(d)
		}
	})
}
