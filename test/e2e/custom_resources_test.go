package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/test/exporter"
)

// golden has custom resources, a configuration and the response.
const golden = "../../internal/customresource/testdata"

// TestCustomResourcesGolden serves the golden custom resources from an API server: all headers in
// order, and every series.
func TestCustomResourcesGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"crs-1", "crs-2", "scale"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := startCustom(t)
			dir := filepath.Join(golden, name)
			for _, d := range documents(t, filepath.Join(dir, "crds.yaml")) {
				c.define(t, d)
			}
			files, err := filepath.Glob(filepath.Join(dir, "snapshot", "*.json"))
			must(t, err)
			for _, file := range files {
				if !strings.HasPrefix(filepath.Base(file), "customresourcedefinitions") {
					c.store(t, file)
				}
			}
			e := start(t, c.Kubeconfig, "--custom-resource-state-only", "--workload-metrics=attribution", "--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))
			await(t, settling, e.Ready, e.Process)
			text, err := os.ReadFile(filepath.Join(dir, "expected.prom"))
			must(t, err)
			want := parseResponse(t, text)
			_, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
			must(t, err)
			got := parseResponse(t, body)
			if d := cmp.Diff(want.headers, got.headers); d != "" {
				t.Errorf("headers (-want +got):\n%s", d)
			}
			if d := cmp.Diff(want.series, got.series, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("series (-want +got):\n%s", d)
			}
			parser := expfmt.NewTextParser(model.UTF8Validation)
			_, err = parser.TextToMetricFamilies(bytes.NewReader(body))
			must(t, err)
			typed := parseResponse(t, accepting(t, e, "application/openmetrics-text; version=1.0.0"))
			if d := cmp.Diff(got.series, typed.series, cmpopts.EquateNaNs()); d != "" {
				t.Errorf("series of OpenMetrics (-text +OpenMetrics):\n%s", d)
			}
		})
	}
}

// A response is a parsed response. Its series have their values as numbers.
type response struct {
	headers []string
	series  map[string]float64
}

func parseResponse(t *testing.T, text []byte) response {
	t.Helper()
	a := response{series: map[string]float64{}}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			a.headers = append(a.headers, line)
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(line[at+1:], 64)
		must(t, err)
		if _, twice := a.series[line[:at]]; twice {
			t.Errorf("twice: %s", line)
		}
		a.series[line[:at]] = value
	}
	return a
}

// accepting returns the body of a response in a format.
func accepting(t *testing.T, e *exporter.Exporter, accept string) []byte {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodGet, e.Scrapes+"/metrics", nil)
	must(t, err)
	q.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(q)
	must(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	must(t, err)
	return body
}

// sizes is a configuration with one gauge of the kinds of two groups.
const sizes = `
spec:
  resources:
    - groupVersionKind: {group: a.example.com, version: "*", kind: "*"}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}
      metrics: [&size {name: size, help: Size., each: {type: gauge, gauge: {path: [spec, size]}}}]
    - groupVersionKind: {group: b.example.com, version: v1, kind: Gadget}
      metricNamePrefix: my
      labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}
      metrics: [*size]
`

// size returns the series of an object under sizes.
func size(group, version, kind, name string) string {
	return fmt.Sprintf(`my_size{customresource_group=%q,customresource_kind=%q,customresource_version=%q,name=%q,namespace="default"}`, group, kind, version, name)
}

// stateOf returns the series of an entry's state.
func stateOf(group, version, kind, state string) string {
	return fmt.Sprintf(`kubestate_custom_resource_state{group=%q,kind=%q,state=%q,version=%q}`, group, kind, state, version)
}

// awaitSelf waits for the value of a self-metric.
func awaitSelf(t *testing.T, e *exporter.Exporter, series string, want float64) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		self, err := e.Self(ctx)
		if got, ok := self[series]; err == nil && (!ok || got != want) {
			err = fmt.Errorf("%s is %v, want %v", series, got, want)
		}
		return err
	}, e.Process)
}

// TestDefinitionsComeAndGo changes definitions under continuous scrapes. Other kinds are not
// touched, and no response has a repeated series or an incomplete kind.
func TestDefinitionsComeAndGo(t *testing.T) {
	t.Parallel()
	c := startCustom(t)
	_, err := c.Client.CoreV1().ConfigMaps("default").Create(t.Context(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "stays"}}, metav1.CreateOptions{})
	must(t, err)
	c.define(t, definition("a.example.com", "Widget", "widgets", "v1"))
	widgets := schema.GroupVersionResource{Group: "a.example.com", Version: "v1", Resource: "widgets"}
	const many = 20
	for i := range many {
		c.create(t, widgets, "Widget", fmt.Sprint("w", i), int64(i))
	}
	path := filepath.Join(t.TempDir(), "custom.yaml")
	must(t, os.WriteFile(path, []byte(sizes), 0o600))
	e := start(t, c.Kubeconfig, "--resources=configmaps", "--custom-resource-state-config-file", path)
	await(t, settling, e.Ready, e.Process)

	// Every response has the first objects.
	always := []string{`kube_configmap_info{namespace="default",configmap="stays"} 1`}
	for i := range many {
		always = append(always, fmt.Sprintf("%s %d", size("a.example.com", "v1", "Widget", fmt.Sprint("w", i)), i))
	}
	p := pollLines(t, e, always)
	awaitSelf(t, e, stateOf("a.example.com", "*", "*", "synced"), 1)
	awaitSelf(t, e, stateOf("b.example.com", "v1", "Gadget", "absent"), 1)

	// Another kind with the same family.
	gadgets := schema.GroupVersionResource{Group: "b.example.com", Version: "v1", Resource: "gadgets"}
	c.define(t, definition("b.example.com", "Gadget", "gadgets", "v1"))
	c.create(t, gadgets, "Gadget", "g", 7)
	wantLines(t, e, size("b.example.com", "v1", "Gadget", "g")+" 7")
	awaitSelf(t, e, stateOf("b.example.com", "v1", "Gadget", "synced"), 1)

	// No other resource is relisted.
	requests, err := c.Requests()
	must(t, err)
	lists := map[string]int{}
	for _, r := range requests {
		if r.Initial() && r.Code == http.StatusOK && r.User == c.Admin().Name {
			lists[r.Resource]++
		}
	}
	delete(lists, "gadgets") // its storage may not have been ready
	if d := cmp.Diff(map[string]int{"customresourcedefinitions": 1, "configmaps": 1, "widgets": 1}, lists); d != "" {
		t.Errorf("lists (-want +got):\n%s", d)
	}

	// A second version, which the entry does not select; then one of the kind under the wildcard.
	served(t, c, "gadgets.b.example.com", "v2")
	served(t, c, "widgets.a.example.com", "v2")
	wantLines(t, e, size("a.example.com", "v2", "Widget", "w3")+" 3", size("b.example.com", "v1", "Gadget", "g")+" 7")
	wantNone(t, e, `customresource_kind="Gadget"`, `customresource_version="v2"`)

	// The definition is deleted and recreated.
	must(t, c.client.Resource(definitions).Delete(t.Context(), "gadgets.b.example.com", metav1.DeleteOptions{}))
	wantNone(t, e, `customresource_kind="Gadget"`)
	awaitSelf(t, e, stateOf("b.example.com", "v1", "Gadget", "absent"), 1)
	c.define(t, definition("b.example.com", "Gadget", "gadgets", "v1"))
	c.create(t, gadgets, "Gadget", "h", 8)
	wantLines(t, e, size("b.example.com", "v1", "Gadget", "h")+" 8")
	wantNone(t, e, `name="g"`)

	p.stop(t)
	self, err := e.Self(t.Context())
	must(t, err)
	for _, resource := range []string{"configmaps", "widgets.v1.a.example.com"} {
		if n := self[rebuilds+`{resource="`+resource+`"}`]; n != 0 {
			t.Errorf("%s was rebuilt %v times", resource, n)
		}
	}

	// Selection by names and aliases.
	for query, want := range map[string][]string{
		"resources=widgets": {"Widget"}, "resources=gadgets.b.example.com": {"Gadget"},
		"exclude_resources=widgets,configmaps": {"Gadget"}, "resources=widgets,gadgets": {"Gadget", "Widget"},
	} {
		_, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics?"+query)
		must(t, err)
		kinds := map[string]bool{}
		for line := range strings.Lines(string(body)) {
			if _, of, ok := strings.Cut(line, `customresource_kind="`); ok {
				kind, _, _ := strings.Cut(of, `"`)
				kinds[kind] = true
			}
		}
		if d := cmp.Diff(set(slices.Values(want)), kinds); d != "" {
			t.Errorf("%s (-want +got):\n%s", query, d)
		}
	}
}

// served adds a served version to a definition.
func served(t *testing.T, c *customCluster, name, version string) {
	t.Helper()
	patch := fmt.Sprintf(`[{"op":"add","path":"/spec/versions/-","value":{"name":%q,"served":true,"storage":false,
		"schema":{"openAPIV3Schema":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}]`, version)
	_, err := c.client.Resource(definitions).Patch(t.Context(), name, "application/json-patch+json", []byte(patch), metav1.PatchOptions{})
	must(t, err)
}

// TestStormOfDefinitions creates and deletes five definitions repeatedly: every response has the
// other resources, and nothing leaks.
func TestStormOfDefinitions(t *testing.T) {
	t.Parallel()
	lasting := 15 * time.Second
	if text := os.Getenv("KUBESTATE_STORM"); text != "" {
		var err error
		lasting, err = time.ParseDuration(text)
		must(t, err)
	}
	c := startCustom(t)
	c.define(t, definition("b.example.com", "Gadget", "gadgets", "v1"))
	c.create(t, schema.GroupVersionResource{Group: "b.example.com", Version: "v1", Resource: "gadgets"}, "Gadget", "g", 7)
	path := filepath.Join(t.TempDir(), "custom.yaml")
	must(t, os.WriteFile(path, []byte(sizes), 0o600))
	e := start(t, c.Kubeconfig, "--resources=namespaces", "--custom-resource-state-config-file", path)
	await(t, settling, e.Ready, e.Process)
	p := pollLines(t, e, []string{size("b.example.com", "v1", "Gadget", "g") + " 7", `kube_namespace_status_phase{namespace="default",phase="Active"} 1`})

	// Each has a new name: deletions may take long.
	defined := 0
	storm := func(until time.Time) (rounds int) {
		for ; time.Now().Before(until); rounds++ {
			for range 5 {
				defined++
				kind := fmt.Sprint("Widget", defined)
				d := definition("a.example.com", kind, strings.ToLower(kind)+"s", "v1")
				c.define(t, d)
				must(t, c.client.Resource(definitions).Delete(t.Context(), d.GetName(), metav1.DeleteOptions{}))
			}
		}
		return rounds
	}
	calm := func() usage {
		c.awaitDeletions(t, "gadgets.b.example.com")
		awaitSelf(t, e, stateOf("a.example.com", "*", "*", "absent"), 1)
		return usageOf(t, e)
	}
	rounds := storm(time.Now().Add(lasting / 3))
	before := calm()
	rounds += storm(time.Now().Add(lasting * 2 / 3))
	t.Logf("%d rounds of five definitions", rounds)
	await(t, settling, func(context.Context) error {
		const slack = 5 // connections of clients
		if now := calm(); now.goroutines > before.goroutines+slack || now.files > before.files+slack || now.memory > before.memory*1.25 {
			return fmt.Errorf("before %+v, now %+v", before, now)
		}
		return nil
	}, e.Process)
	p.stop(t)
	self, err := e.Self(t.Context())
	must(t, err)
	for _, resource := range []string{"namespaces", "gadgets.v1.b.example.com"} {
		if n := self[rebuilds+`{resource="`+resource+`"}`]; n != 0 {
			t.Errorf("%s was rebuilt %v times", resource, n)
		}
	}
}
