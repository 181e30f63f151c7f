package customresource_test

import (
	"log/slog"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/customresource"
	"github.com/kubestate/kubestate/internal/generators"
	"github.com/kubestate/kubestate/internal/jsonobject"
)

const ofPods = `
spec:
  resources:
    - groupVersionKind: {group: "", version: v1, kind: Pod}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace], kind: [kind], version: [apiVersion]}
      metrics:
        - name: pod_grace_period_seconds
          each: {type: gauge, gauge: {path: [spec, terminationGracePeriodSeconds]}}
    - groupVersionKind: {group: "", version: v1, kind: Secret}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name]}
      metrics:
        - name: secret_generation
          each: {type: gauge, gauge: {path: [metadata, generation]}}
`

// TestBuiltinKinds has entries for built-in kinds: they extend exported resources, and have tables of
// JSON objects otherwise.
func TestBuiltinKinds(t *testing.T) {
	c, err := customresource.Parse("crs.yaml", []byte(ofPods))
	if err != nil || len(c.Faults) > 0 {
		t.Fatal(err, c.Faults)
	}
	kinds := []customresource.Kind{
		{Kind: "Pod", Plural: "pods", Namespaced: true, Versions: []string{"v1"}},
		{Kind: "Secret", Plural: "secrets", Namespaced: true, Versions: []string{"v1"}},
	}
	report := customresource.NewReporter(prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	selection := generators.Selection{Allow: []generators.Pattern{exactly("my_pod_grace_period_seconds"), exactly("kube_pod_created")}}
	const line = `my_pod_grace_period_seconds{customresource_group="",customresource_kind="Pod",customresource_version="v1",kind="Pod",name="a",namespace="b",version="v1"} 7` + "\n"

	exported := []generators.Resource{&generators.Pods, &generators.Secrets}
	r := c.Resolve(kinds, exported, []string{"pods", "secrets"}, report)
	seconds := int64(7)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "b", UID: "c", CreationTimestamp: metav1.Unix(5, 0)},
		Spec:       corev1.PodSpec{TerminationGracePeriodSeconds: &seconds},
	}
	extended := r.Extended["pods"]
	got, _ := extended.Compile(selection).Render(nil, nil, pod)
	if d := cmp.Diff(`kube_pod_created{namespace="b",pod="a",uid="c"} 5`+"\n"+line, string(got)); d != "" {
		t.Errorf("pods (-want +got):\n%s", d)
	}
	if recipe := extended.Recipe(); recipe.Reads != nil || recipe.GoType == nil {
		t.Errorf("recipe of pods: %+v", recipe)
	}
	if d := cmp.Diff([]string{"secrets.v1"}, generators.Names(r.Tables)); d != "" { // whose values projection removes
		t.Errorf("tables (-want +got):\n%s", d)
	}
	if d := cmp.Diff([][]string{{"pods"}, {"secrets.v1"}}, [][]string{r.Entries[0].Resources, r.Entries[1].Resources}); d != "" {
		t.Errorf("entries (-want +got):\n%s", d)
	}

	r = c.Resolve(kinds, nil, []string{"pods", "secrets"}, report)
	if len(r.Extended) > 0 || len(r.Tables) != 2 {
		t.Fatalf("without exported resources there are %d tables, and %d extended", len(r.Tables), len(r.Extended))
	}
	text := []byte(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"b","uid":"c"},"spec":{"terminationGracePeriodSeconds":7}}`)
	o, err := jsonobject.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	got, _ = r.Tables[0].Compile(selection).Render(nil, nil, o.(metav1.Object))
	if d := cmp.Diff(line, string(got)); d != "" {
		t.Errorf("as JSON (-want +got):\n%s", d)
	}
}

// exactly matches one name.
type exactly string

func (e exactly) MatchString(name string) bool { return name == string(e) }
