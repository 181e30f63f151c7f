package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/faults"
)

var (
	widgets = schema.GroupVersionResource{Group: "a.example.com", Version: "v1", Resource: "widgets"}
	gadgets = schema.GroupVersionResource{Group: "b.example.com", Version: "v1", Resource: "gadgets"}
)

// defaultNamespace is a series of a built-in kind in every cluster.
const defaultNamespace = `kube_namespace_status_phase{namespace="default",phase="Active"} 1`

// startWidgets starts a cluster with objects of two kinds of sizes, and returns their lines.
func startWidgets(t *testing.T) (c *customCluster, lines []string) {
	t.Helper()
	c = startCustom(t)
	c.define(t, definition("a.example.com", "Widget", "widgets", "v1"))
	c.define(t, definition("b.example.com", "Gadget", "gadgets", "v1"))
	for i := range 20 {
		c.create(t, widgets, "Widget", fmt.Sprint("w", i), int64(i))
		c.create(t, gadgets, "Gadget", fmt.Sprint("g", i), int64(i))
		lines = append(lines, fmt.Sprintf("%s %d", size("a.example.com", "v1", "Widget", fmt.Sprint("w", i)), i),
			fmt.Sprintf("%s %d", size("b.example.com", "v1", "Gadget", fmt.Sprint("g", i)), i))
	}
	return c, lines
}

// customFile returns the path of a file with a configuration of custom resources.
func customFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "custom.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// behindProxy returns a proxy to the cluster and its kubeconfig.
func behindProxy(t *testing.T, c *customCluster) (proxy *faults.Proxy, kubeconfig string) {
	t.Helper()
	proxy, err := faults.New(c.Config)
	must(t, err)
	t.Cleanup(func() { must(t, proxy.Close()) })
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(kubeconfig, proxy.URL, "", ""))
	return proxy, kubeconfig
}

// hold holds requests for resources until they are released.
func hold(t *testing.T, proxy *faults.Proxy, resources ...string) (release func(resource string)) {
	t.Helper()
	held := map[string]chan struct{}{}
	for _, r := range resources {
		held[r] = make(chan struct{})
	}
	proxy.Set(faults.Fault{Respond: func(_ http.ResponseWriter, r *http.Request) bool {
		if wait := held[filepath.Base(r.URL.Path)]; wait != nil {
			select {
			case <-wait:
			case <-r.Context().Done():
			}
		}
		return false
	}})
	return func(resource string) { close(held[resource]) }
}

// TestCustomFormats has the golden custom resources read in all formats.
func TestCustomFormats(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"crs-1", "crs-2"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(golden, name)
			e := serve(t, "--snapshot", filepath.Join(dir, "snapshot"), "--custom-resource-state-only",
				"--custom-resource-state-config-file", filepath.Join(dir, "config.yaml"))
			_, text, err := exporter.Get(t.Context(), e.Scrapes+"/metrics")
			must(t, err)
			if len(text) == 0 {
				t.Fatal("empty response")
			}
			checkMetadata(t, text)
			checkMetrics(t, text)
			checkCompressed(t, e, text)
			scrapeBothWays(t, e)
		})
	}
}

// TestCustomReload changes the configuration under continuous scrapes.
func TestCustomReload(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	path := customFile(t, sizes)
	e := start(t, c.Kubeconfig, "--resources=namespaces", "--custom-resource-state-config-file", path)
	await(t, settling, e.Ready, e.Process)
	p := pollLines(t, e, append(lines, defaultNamespace))
	successful := fmt.Sprintf("kube_state_metrics_last_config_reload_successful{filename=%q,type=\"customresourceconfig\"}", path)
	awaitSelf(t, e, successful, 1)
	rebuilt := func(want float64) {
		t.Helper()
		awaitSelf(t, e, rebuilds+`{resource="gadgets.v1.b.example.com"}`, want)
		self, err := e.Self(t.Context())
		must(t, err)
		for _, resource := range []string{"namespaces", "widgets.v1.a.example.com"} {
			if n := self[rebuilds+`{resource="`+resource+`"}`]; n != 0 {
				t.Errorf("%s was rebuilt %v times", resource, n)
			}
		}
	}

	// A new family of one kind rebuilds only that.
	more := strings.Replace(sizes, "metrics: [*size]", "metrics: [*size, {name: double, help: The same., each: {type: gauge, gauge: {path: [spec, size]}}}]", 1)
	must(t, os.WriteFile(path, []byte(more), 0o600))
	wantLines(t, e, strings.Replace(size("b.example.com", "v1", "Gadget", "g7"), "my_size", "my_double", 1)+" 7")
	rebuilt(1)

	// Broken, partly invalid and missing files change nothing.
	for name, text := range map[string]string{
		"broken": "spec: [", "invalid": strings.Replace(sizes, "type: gauge", "type: unheard-of", 1), "empty": "",
	} {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		awaitSelf(t, e, successful, 0)
		must(t, os.WriteFile(path, []byte(more), 0o600))
		must(t, e.Signal(syscall.SIGHUP)) // sooner than the next poll
		awaitSelf(t, e, successful, 1)
		t.Logf("%s: refused", name)
	}
	must(t, os.Rename(path, path+"~"))
	awaitSelf(t, e, successful, 0)
	must(t, os.Rename(path+"~", path))
	must(t, e.Signal(syscall.SIGHUP))
	awaitSelf(t, e, successful, 1)
	rebuilt(1)
	if n := strings.Count(e.Tail(1<<20), "configuration file refused"); n != 4 {
		t.Errorf("%d refusals were logged, want 4", n)
	}

	// An entry is removed, and its kind with it.
	p.stop(t)
	must(t, os.WriteFile(path, []byte(sizes[:strings.Index(sizes, "    - groupVersionKind: {group: b.")]), 0o600))
	wantNone(t, e, `customresource_kind="Gadget"`)
	wantLines(t, e, size("a.example.com", "v1", "Widget", "w7")+" 7", defaultNamespace)
}

// TestCustomInvalidEntry starts with an invalid entry and one without a definition: only these are
// left out, and the log says so once.
func TestCustomInvalidEntry(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	path := customFile(t, sizes+`
    - groupVersionKind: {group: b.example.com, version: v1, kind: Gadget}
      metrics: [{name: other, each: {type: unheard-of}}]
    - groupVersionKind: {group: c.example.com, version: v1, kind: Ghost}
      metrics: [*size]
`)
	e := start(t, c.Kubeconfig, "--resources=namespaces", "--custom-resource-state-config-file", path)
	await(t, settling, e.Ready, e.Process)
	wantLines(t, e, append(lines, defaultNamespace)...)
	awaitSelf(t, e, "kubestate_custom_resource_invalid_entries", 1)
	awaitSelf(t, e, stateOf("c.example.com", "v1", "Ghost", "absent"), 1)

	// Changes of other definitions do not repeat the log message.
	c.define(t, definition("a.example.com", "Other", "others", "v1"))
	c.create(t, schema.GroupVersionResource{Group: "a.example.com", Version: "v1", Resource: "others"}, "Other", "o", 1)
	wantLines(t, e, size("a.example.com", "v1", "Other", "o")+" 1")
	for _, once := range []string{"kind not found", "invalid entry ignored"} {
		if n := strings.Count(e.Tail(1<<20), once); n != 1 {
			t.Errorf("%q was logged %d times", once, n)
		}
	}
}

// TestCustomFileComesLater starts without the file. When it appears, scrapes succeed during the
// first lists of definitions and custom resources.
func TestCustomFileComesLater(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	proxy, kubeconfig := behindProxy(t, c)
	path := filepath.Join(t.TempDir(), "custom.yaml")
	e := start(t, kubeconfig, "--resources=namespaces", "--custom-resource-state-config-file", path, "--continue-without-custom-resource-state-config-file")
	await(t, settling, e.Ready, e.Process)
	p := pollLines(t, e, []string{defaultNamespace})
	awaitSelf(t, e, fmt.Sprintf("kube_state_metrics_last_config_reload_successful{filename=%q,type=\"customresourceconfig\"}", path), 0)
	release := hold(t, proxy, "customresourcedefinitions", "widgets")
	must(t, os.WriteFile(path, []byte(sizes), 0o600))
	awaitState(t, e, "a.example.com", "*", "*", "absent")
	must(t, e.Ready(t.Context()))
	release("customresourcedefinitions")
	wantLines(t, e, size("b.example.com", "v1", "Gadget", "g7")+" 7")
	awaitState(t, e, "a.example.com", "*", "*", "syncing")
	must(t, e.Ready(t.Context()))
	release("widgets")
	wantLines(t, e, lines...)
	must(t, e.Ready(t.Context()))
	p.stop(t)
	if n := strings.Count(e.Tail(1<<20), "starting without the configuration of custom resources"); n != 1 {
		t.Errorf("the missing file was logged %d times", n)
	}
}

// awaitState waits until an entry is in a state.
func awaitState(t *testing.T, e *exporter.Exporter, group, version, kind, state string) {
	t.Helper()
	awaitSelf(t, e, stateOf(group, version, kind, state), 1)
}

// TestCustomStart has slow lists of definitions, and then of custom resources: no scrape succeeds
// before all are complete, and the first response is complete.
func TestCustomStart(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	for _, slow := range []string{"customresourcedefinitions", "widgets"} {
		t.Run(slow, func(t *testing.T) {
			proxy, kubeconfig := behindProxy(t, c)
			release := hold(t, proxy, slow)
			e := start(t, kubeconfig, "--resources=namespaces", "--custom-resource-state-config-file", customFile(t, sizes))
			waits := func(ctx context.Context) error {
				status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
				if err == nil && (status != http.StatusServiceUnavailable || string(body) != "not complete yet: "+map[string]string{
					"customresourcedefinitions": "customresourcedefinitions", "widgets": "widgets.v1.a.example.com",
				}[slow]+"\n") {
					if status == http.StatusOK {
						t.Errorf("scrape succeeds during the list of %s: %s", slow, body)
					}
					err = fmt.Errorf("status %d: %s", status, body)
				}
				return err
			}
			await(t, settling, waits, e.Process) // all others are complete
			for range 10 {
				must(t, waits(t.Context()))
			}
			if e.Ready(t.Context()) == nil {
				t.Error("ready")
			}
			release(slow)
			await(t, settling, func(ctx context.Context) error {
				status, body, err := exporter.Get(ctx, e.Scrapes+"/metrics")
				if err != nil || status == http.StatusServiceUnavailable {
					return errors.Join(err, fmt.Errorf("%s", body))
				}
				if err := checkResponse(status, string(body), append(lines, defaultNamespace)); err != nil {
					t.Errorf("first response: %v", err)
				}
				return nil
			}, e.Process)
			await(t, settling, e.Ready, e.Process)
		})
	}
}

// TestCustomShards divides custom resources among two shards, without missing and repeated series.
func TestCustomShards(t *testing.T) {
	t.Parallel()
	c, lines := startWidgets(t)
	got := map[string]int{}
	for _, shard := range startShards(t, c.Cluster, 2, "--custom-resource-state-only", "--custom-resource-state-config-file", customFile(t, sizes)) {
		series, err := shard.Scrape(t.Context())
		must(t, err)
		if n := len(series); n == 0 || n == len(lines) {
			t.Errorf("a shard has %d of %d series", n, len(lines))
		}
		for name, value := range series {
			got[fmt.Sprintf("%s %v", name, value)]++
		}
	}
	want := map[string]int{}
	for _, line := range lines {
		want[line] = 1
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("shards by series (-want +got):\n%s", d)
	}
}

// TestCustomSelection serves the custom resources of one namespace and cluster-scoped ones, and
// selects resources by query.
func TestCustomSelection(t *testing.T) {
	t.Parallel()
	c := startCustom(t)
	createNamespace(t, c.Cluster, "other")
	c.define(t, definition("a.example.com", "Widget", "widgets", "v1"))
	of := definition("a.example.com", "Cog", "cogs", "v1")
	must(t, unstructured.SetNestedField(of.Object, "Cluster", "spec", "scope"))
	c.define(t, of)
	c.define(t, definition("b.example.com", "Widget", "widgets", "v1"))
	c.createIn(t, "default", widgets, "Widget", "x", 1)
	c.createIn(t, "other", widgets, "Widget", "x", 1)
	c.createIn(t, "", schema.GroupVersionResource{Group: "a.example.com", Version: "v1", Resource: "cogs"}, "Cog", "x", 1)
	c.createIn(t, "default", schema.GroupVersionResource{Group: "b.example.com", Version: "v1", Resource: "widgets"}, "Widget", "x", 1)
	config := strings.Replace(sizes, "kind: Gadget", "kind: Widget", 1)
	e := start(t, c.Kubeconfig, "--resources=namespaces", "--namespaces=default", "--custom-resource-state-config-file", customFile(t, config))
	await(t, settling, e.Ready, e.Process)
	const a, b, cog, builtin = "a/Widget/default", "b/Widget/default", "a/Cog/", "namespaces"
	for query, want := range map[string][]string{
		"":                                            {a, b, cog, builtin},
		"resources=widgets":                           {a, b},
		"resources=widgets.a.example.com":             {a},
		"resources=widgets.v1.b.example.com":          {b},
		"resources=cogs,namespaces":                   {cog, builtin},
		"exclude_resources=widgets":                   {cog, builtin},
		"exclude_resources=widgets.a.example.com":     {b, cog, builtin},
		"resources=widgets&exclude_resources=widgets": nil,
	} {
		status, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics?"+query)
		must(t, err)
		found := map[string]bool{}
		for line := range strings.Lines(string(body)) {
			switch {
			case strings.HasPrefix(line, "my_size{"):
				group, _, _ := strings.Cut(label(line, "customresource_group"), ".")
				found[group+"/"+label(line, "customresource_kind")+"/"+label(line, "namespace")] = true
			case strings.HasPrefix(line, "kube_namespace_"):
				found[builtin] = true
			}
		}
		if d := cmp.Diff(set(slices.Values(want)), found); d != "" || status != http.StatusOK {
			t.Errorf("%s: status %d (-want +got):\n%s", query, status, d)
		}
	}
	status, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics?resources=widgetz")
	must(t, err)
	if status != http.StatusBadRequest || !strings.Contains(string(body), `the nearest is "widgets"`) {
		t.Errorf("status %d: %s", status, body)
	}
}

// TestCustomFieldSelectors has the API server select by selectable fields.
func TestCustomFieldSelectors(t *testing.T) {
	t.Parallel()
	c := startCustom(t)
	of := definition("a.example.com", "Widget", "widgets", "v1")
	versions, _, err := unstructured.NestedSlice(of.Object, "spec", "versions")
	must(t, err)
	version := versions[0].(map[string]any)
	version["selectableFields"] = []any{map[string]any{"jsonPath": ".spec.size"}}
	must(t, unstructured.SetNestedField(version, map[string]any{"type": "integer"}, "schema", "openAPIV3Schema", "properties", "spec", "properties", "size"))
	must(t, unstructured.SetNestedField(version, "object", "schema", "openAPIV3Schema", "properties", "spec", "type"))
	must(t, unstructured.SetNestedSlice(of.Object, versions, "spec", "versions"))
	c.define(t, of)
	c.define(t, definition("b.example.com", "Gadget", "gadgets", "v1"))
	for i := range 4 {
		c.create(t, widgets, "Widget", fmt.Sprint("w", i), int64(i))
		c.create(t, gadgets, "Gadget", fmt.Sprint("g", i), int64(i))
	}
	selecting := func(group, kind, selector string) string {
		return "\n    - {groupVersionKind: {group: " + group + ", version: v1, kind: " + kind + "}, fieldSelector: \"" + selector + "\", metricNamePrefix: my,\n" +
			"       labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}, metrics: [{name: size, each: {type: gauge, gauge: {path: [spec, size]}}}]}"
	}
	e := start(t, c.Kubeconfig, "--custom-resource-state-only", "--custom-resource-state-config-file", customFile(t, "spec:\n  resources:"+
		selecting("a.example.com", "Widget", "spec.size=2")+selecting("b.example.com", "Gadget", "metadata.name!=g0,metadata.name!=g3")))
	await(t, settling, e.Ready, e.Process)
	series, err := e.Scrape(t.Context())
	must(t, err)
	got := map[string]bool{}
	for name := range series {
		got[label(name, "name")] = true
	}
	if d := cmp.Diff(map[string]bool{"g1": true, "g2": true, "w2": true}, got); d != "" {
		t.Errorf("objects (-want +got):\n%s", d)
	}

	// A field that the definition does not name is refused; the other entry is not affected.
	e = start(t, c.Kubeconfig, "--custom-resource-state-only", "--custom-resource-state-config-file", customFile(t, "spec:\n  resources:"+
		selecting("a.example.com", "Widget", "spec.size=2")+selecting("b.example.com", "Gadget", "spec.size=2")))
	awaitState(t, e, "a.example.com", "v1", "Widget", "synced")
	awaitState(t, e, "b.example.com", "v1", "Gadget", "error")
	await(t, settling, e.Ready, e.Process)
	wantLines(t, e, size("a.example.com", "v1", "Widget", "w2")+" 2")
	awaitSelf(t, e, `kubestate_resource_state{resource="gadgets.v1.b.example.com?&spec.size=2",state="error"}`, 1)
}
