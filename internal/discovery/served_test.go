package discovery_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/internal/apiclient"
	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/discovery"
)

// An apiServer has API groups. A group without kinds answers 503.
type apiServer map[string][]string

func (s apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	group, version, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/apis/"), "/")
	kinds, known := s[group]
	switch {
	case !known:
		http.NotFound(w, r)
		return
	case kinds == nil:
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	var answer any = metav1.APIGroup{Name: group, Versions: []metav1.GroupVersionForDiscovery{{Version: "v1"}}}
	if version != "" {
		list := metav1.APIResourceList{GroupVersion: group + "/v1"}
		for _, kind := range kinds {
			plural := strings.ToLower(kind) + "s"
			list.APIResources = append(list.APIResources,
				metav1.APIResource{Name: plural, Kind: kind, Verbs: []string{"get", "list", "watch"}},
				metav1.APIResource{Name: plural + "/status", Kind: kind, Verbs: []string{"get", "list", "watch"}})
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{Name: "reviews", Kind: "Review", Verbs: []string{"create"}})
		answer = list
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// TestServed asks an API server for the kinds of groups a, b and c, of which it knew Old kinds.
func TestServed(t *testing.T) {
	f := func(name string, server apiServer, failed string, want ...string) {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(server)
			defer s.Close()
			client, err := apiclient.New(&rest.Config{Host: s.URL}, discovery.Scheme())
			if err != nil {
				t.Fatal(err)
			}
			var last []customresource.Kind
			for _, group := range []string{"a", "b", "c"} {
				last = append(last, customresource.Kind{Group: group, Kind: "Old"})
			}
			kinds, err := discovery.Served(t.Context(), client, []string{"a", "b", "c"}, last)
			if failed == "" && err != nil || failed != "" && !strings.Contains(fmt.Sprint(err), `group "`+failed+`"`) {
				t.Errorf("error %v, want one of group %q", err, failed)
			}
			var got []string
			for _, k := range kinds {
				got = append(got, k.Group+"/"+k.Kind)
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("kinds (-want +got):\n%s", d)
			}
		})
	}
	f("all", apiServer{"a": {"X", "Y"}, "b": {"Z"}, "c": {"Z"}}, "", "a/X", "a/Y", "b/Z", "c/Z")
	f("without a group", apiServer{"a": {"X"}, "c": {"Z"}}, "", "a/X", "c/Z")
	f("first group unknown", apiServer{"a": nil, "b": {"Z"}, "c": {"Z"}}, "a", "a/Old", "b/Z", "c/Z")
	f("last group unknown", apiServer{"a": {"X"}, "b": {"Z"}, "c": nil}, "c", "a/X", "b/Z", "c/Old")
	f("nothing known", apiServer{"a": nil, "b": nil, "c": nil}, "b", "a/Old", "b/Old", "c/Old")
}
