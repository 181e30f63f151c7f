package customresource_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/jsonobject"
)

// typical is a typical configuration: an info family, states, conditions, numbers, times,
// quantities, durations, lookups, maps and all labels.
var typical = ofWidgets(`
  labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]},
  commonLabels: {team: platform},
  conditions: true,
  metrics: [
    {name: info, each: {type: Info, info: {labelsFromPath: {revision: [status, lastAppliedRevision], ready: [status, conditions, "[type=Ready]", status], source: [spec, sourceRef, name], suspended: [spec, suspend]}}}},
    {name: labels, each: {type: Info, info: {labelsFromPath: {"label_*": [metadata, labels]}}}},
    {name: phase, each: {type: StateSet, stateSet: {labelName: phase, path: [status, phase], list: [Pending, Running, Failed, Succeeded]}}},
    {name: condition, each: {type: Gauge, gauge: {path: [status, conditions], labelsFromPath: {type: [type], reason: [reason]}, valueFrom: [status]}}},
    {name: created, each: {type: Gauge, gauge: {path: [metadata, creationTimestamp]}}},
    {name: changed, each: {type: Gauge, gauge: {path: [status, conditions, "[type=Ready]", lastTransitionTime]}}},
    {name: replicas, each: {type: Gauge, gauge: {path: [spec, replicas]}}},
    {name: requests, each: {type: Gauge, gauge: {path: [spec, resources, requests], labelFromKey: resource}}},
    {name: interval, each: {type: Gauge, gauge: {path: [spec, interval], parse: duration}}},
    {name: usage, each: {type: Gauge, gauge: {path: [status, zones, "[*]", usage], labelsFromKeys: [zone]}}},
    {name: generation_total, each: {type: Counter, counter: {path: [metadata, generation]}}},
    {name: inventory, each: {type: Info, info: {path: [status, inventory, entries], labelsFromPath: {id: [id], v: [v]}}}}
  ]`)

// unusual has maps as label values, long lists, lookups by booleans and numbers.
var unusual = ofWidgets(`
  metrics: [
    {name: zones, each: {type: Info, info: {labelsFromPath: {zones: [status, zones], entries: [status, inventory, entries]}}}},
    {name: slot, each: {type: Gauge, gauge: {path: [spec, slots, "[*]"], labelsFromKeys: [slot]}}},
    {name: drained, each: {type: Gauge, gauge: {path: [spec, pools, "[drained=true]", weight]}}},
    {name: size, each: {type: Gauge, gauge: {path: [spec, pools, "[size=2]", weight]}}}
  ]`)

// typicalWidget returns an object of 3 KB with 20 labels and 3 conditions.
func typicalWidget(t testing.TB) *jsonobject.Object {
	t.Helper()
	var labels, entries, conditions []string
	for i := range 20 {
		labels = append(labels, fmt.Sprintf(`"example.com/label-%d":"value-of-label-%d"`, i, i))
	}
	for i := range 4 {
		entries = append(entries, fmt.Sprintf(`{"id":"team-a_component-%d_apps_Deployment","v":"v1"}`, i))
	}
	for i, condition := range []string{"Reconciling", "Ready", "Healthy"} {
		conditions = append(conditions, fmt.Sprintf(`{"lastTransitionTime":"2026-01-02T03:04:%02dZ","message":"Applied revision: \"main@sha1:b4c1b4f\" in 1.2s",`+
			`"observedGeneration":7,"reason":"ReconciliationSucceeded","status":"%s","type":"%s"}`, i, []string{"False", "True", "Unknown"}[i], condition))
	}
	text := `{"apiVersion":"example.com/v1","kind":"Widget","metadata":{"annotations":{"example.com/requested-at":"2026-01-02T03:04:05Z"},` +
		`"creationTimestamp":"2025-12-24T08:15:00Z","finalizers":["finalizers.example.com"],"generation":7,"labels":{` + strings.Join(labels, ",") + `},` +
		`"managedFields":[{"apiVersion":"example.com/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{},"f:example.com/label-0":{}}},"f:spec":{".":{},"f:interval":{},"f:prune":{}}},` +
		`"manager":"kubectl","operation":"Update","time":"2025-12-24T08:15:00Z"}],` +
		`"name":"component-17","namespace":"team-a","resourceVersion":"123456","uid":"5c9f3e0b-46e1-4ae6-9f9c-7a4a9b0a4f10"},` +
		`"spec":{"force":false,"interval":"10m0s","path":"./deploy/production","prune":true,"pools":[{"drained":false,"size":"1","weight":1},{"drained":true,"size":"2","weight":2.5}],` +
		`"replicas":3,"slots":[` + strings.Repeat("1,", 104) + `1],` +
		`"resources":{"limits":{"cpu":"2","memory":"1Gi"},"requests":{"cpu":"500m","memory":"256Mi"}},` +
		`"sourceRef":{"kind":"GitRepository","name":"platform","namespace":"flux-system"},"suspend":false,"targetNamespace":"team-a","timeout":"1m"},` +
		`"status":{"conditions":[` + strings.Join(conditions, ",") + `],"inventory":{"entries":[` + strings.Join(entries, ",") + `]},` +
		`"lastAppliedRevision":"main@sha1:b4c1b4f0","observedGeneration":7,"phase":"Running","zones":{"a":{"usage":"25%"},"b":{"usage":0.75}}}}`
	o, err := jsonobject.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return o.(*jsonobject.Object)
}

// TestRenderingDoesNotAllocate holds that an object costs no allocation once the scratch memory is
// large enough.
func TestRenderingDoesNotAllocate(t *testing.T) {
	o := typicalWidget(t)
	if n := len(o.JSON); n < 2700 || n > 3300 {
		t.Errorf("the object has %d bytes", n)
	}
	f := func(config string, series int) {
		t.Helper()
		r := newRenderer(t, config)
		text, ends := r.Render(nil, nil, o)
		if n := strings.Count(string(text), "\n"); n != series {
			t.Errorf("%d series, want %d", n, series)
		}
		if allocs := testing.AllocsPerRun(100, func() { text, ends = r.Render(text[:0], ends[:0], o) }); allocs > 0 {
			t.Errorf("%v allocations", allocs)
		}
		if failed := counted(t, r.reg); len(failed) > 0 {
			t.Errorf("failures: %v", failed)
		}
	}
	f(typical, 34)
	f(unusual, 108)
}

// TestFailuresDoNotAllocate holds the same for values that do not convert.
func TestFailuresDoNotAllocate(t *testing.T) {
	r, o := newRenderer(t, ofWidgets(m("gauge", "path: [status, phase]"))), typicalWidget(t)
	text, ends := r.Render(nil, nil, o)
	if allocs := testing.AllocsPerRun(100, func() { text, ends = r.Render(text[:0], ends[:0], o) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	if d := cmp.Diff(map[string]int{"m value": 102}, counted(t, r.reg)); d != "" {
		t.Errorf("failures (-want +got):\n%s", d)
	}
}

// BenchmarkRender renders an object of 3 KB.
func BenchmarkRender(b *testing.B) {
	r, o := newRenderer(b, typical), typicalWidget(b)
	var text []byte
	var ends []int
	b.ReportAllocs()
	b.SetBytes(int64(len(o.JSON)))
	for b.Loop() {
		text, ends = r.Render(text[:0], ends[:0], metav1.Object(o))
	}
}
