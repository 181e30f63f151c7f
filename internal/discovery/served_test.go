package discovery_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
)

// documents are responses by path. An empty one is a server error, and a missing one is not found.
type documents map[string]any

func (d documents) RoundTrip(q *http.Request) (*http.Response, error) {
	status, body := http.StatusOK, d[q.URL.Path]
	switch body {
	case nil:
		status, body = http.StatusNotFound, metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound}
	case "":
		status = http.StatusInternalServerError
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {runtime.ContentTypeJSON}}, Body: io.NopCloser(strings.NewReader(string(text)))}, nil
}

// TestServed discovers the kinds of groups. A group whose discovery fails keeps its former kind.
func TestServed(t *testing.T) {
	resource := func(name, kind string, namespaced bool, verbs ...string) metav1.APIResource {
		return metav1.APIResource{Name: name, Kind: kind, Namespaced: namespaced, Verbs: verbs, Categories: []string{"all"}}
	}
	list := func(resources ...metav1.APIResource) *metav1.APIResourceList {
		return &metav1.APIResourceList{APIResources: resources}
	}
	group := func(versions ...string) *metav1.APIGroup {
		g := &metav1.APIGroup{}
		for _, v := range versions {
			g.Versions = append(g.Versions, metav1.GroupVersionForDiscovery{Version: v})
		}
		return g
	}
	server := documents{
		"/api/v1":                   list(resource("pods", "Pod", true, "list", "watch"), resource("pods/status", "Pod", true, "list", "watch"), resource("nodes", "Node", false, "get", "watch", "list"), resource("bindings", "Binding", true, "create"), resource("lists", "List", true, "list")),
		"/apis/apps":                group("v1", "v1beta1"),
		"/apis/apps/v1":             list(resource("deployments", "Deployment", true, "list", "watch"), resource("deployments/scale", "Scale", true, "list", "watch")),
		"/apis/apps/v1beta1":        list(resource("olds", "Old", true, "list", "watch"), resource("deployments", "Deployment", true, "list", "watch")),
		"/apis/broken":              group("v1"),
		"/apis/broken/v1":           "",
		"/apis/empty.example.com":   group(),
		"/apis/half.example.com":    group("v1", "v2"),
		"/apis/half.example.com/v1": list(resource("halves", "Half", true, "list", "watch")),
	}
	client, err := apiclient.New(&rest.Config{Host: "http://api", Transport: server}, discovery.Scheme())
	if err != nil {
		t.Fatal(err)
	}
	served := func(group, kind, plural string, namespaced bool, versions ...string) customresource.Kind {
		return customresource.Kind{Group: group, Kind: kind, Plural: plural, Namespaced: namespaced, Categories: []string{"all"}, Versions: versions}
	}
	old := customresource.Kind{Group: "broken", Kind: "Old"}
	f := func(groups []string, wantError string, want ...customresource.Kind) {
		t.Helper()
		got, err := discovery.Served(t.Context(), client, groups, []customresource.Kind{old, {Group: "apps", Kind: "Old"}})
		message := ""
		if err != nil {
			message = err.Error()
		}
		if d := cmp.Diff(want, got); d != "" || !strings.HasPrefix(message, wantError) || (message == "") != (wantError == "") {
			t.Errorf("%q: %s, want %s (-want +got):\n%s", groups, message, wantError, d)
		}
	}
	pods := []customresource.Kind{served("", "Pod", "pods", true, "v1"), served("", "Node", "nodes", false, "v1")}
	apps := []customresource.Kind{served("apps", "Deployment", "deployments", true, "v1", "v1beta1"), served("apps", "Old", "olds", true, "v1beta1")}
	f(nil, "")
	f([]string{""}, "", pods...)
	f([]string{"apps"}, "", apps...)
	f([]string{"none.example.com", "apps", "empty.example.com", ""}, "", append(apps, pods...)...)
	f([]string{"broken"}, `discovery of API group "broken": `, old)
	f([]string{"broken", "apps"}, `discovery of API group "broken": `, append([]customresource.Kind{old}, apps...)...)
	f([]string{"half.example.com", "apps"}, "", apps...) // whose version has just gone
}
