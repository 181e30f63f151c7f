package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/rest"

	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// The measured custom resources: kinds Kind0 to Kind9.
const (
	customGroup = "bench.example.com"
	customKinds = 10
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// customResource returns the nth resource.
func customResource(n int) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: customGroup, Version: "v1", Resource: fmt.Sprintf("kind%ds", n)}
}

// definition returns the definition of a kind, without a schema.
func definition(group, kind string) *unstructured.Unstructured {
	singular := strings.ToLower(kind)
	version := map[string]any{
		"name": "v1", "served": true, "storage": true,
		"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": singular + "s." + group},
		"spec": map[string]any{
			"group": group, "scope": "Namespaced", "versions": []any{version},
			"names": map[string]any{"kind": kind, "plural": singular + "s", "singular": singular, "listKind": kind + "List"},
		},
	}}
}

// A customBench is a bench with custom resources besides pods.
type customBench struct {
	*bench
	client  dynamic.Interface
	objects []types.NamespacedName

	mu sync.Mutex
	// changes counts the changes of objects; unchanged ones are missing.
	changes map[types.NamespacedName]int
}

// measureCustom measures custom resources and prints the table.
func measureCustom(ctx context.Context, opts options) error {
	return withBench(ctx, opts, func(b *bench) error {
		client, err := dynamic.NewForConfig(b.cluster.Config)
		if err != nil {
			return err
		}
		c := &customBench{bench: b, client: client, changes: map[types.NamespacedName]int{}}
		if err := c.populate(ctx); err != nil {
			return err
		}
		r, err := c.measureAll(ctx)
		if err != nil {
			return err
		}
		s, err := c.measureStorm(ctx)
		fmt.Print(c.report(r, s))
		return errors.Join(append(r.kubestate.problems, err)...)
	})
}

// populate defines the kinds, and writes their objects into etcd.
func (c *customBench) populate(ctx context.Context) error {
	for n := range customKinds {
		d := definition(customGroup, fmt.Sprintf("Kind%d", n))
		if _, err := c.client.Resource(definitions).Create(ctx, d, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	var group errgroup.Group
	group.SetLimit(writers)
	for i := range c.custom {
		name := types.NamespacedName{Namespace: fmt.Sprintf("team-%d", i%50), Name: fmt.Sprintf("component-%d", i)}
		c.objects = append(c.objects, name)
		group.Go(func() error { return c.put(ctx, name, 0) })
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for n := range customKinds {
		err := c.cluster.Await(ctx, timeout, func(ctx context.Context) error {
			_, err := c.client.Resource(customResource(n)).List(ctx, metav1.ListOptions{Limit: 1})
			return err
		})
		if err != nil {
			return err
		}
	}
	progress("%d custom resources of %d kinds, %d bytes each", len(c.objects), customKinds, len(customObject(c.objects[0], 0)))
	return nil
}

// numberOf returns the number of an object.
func numberOf(name types.NamespacedName) int {
	i, _ := strconv.Atoi(name.Name[strings.LastIndexByte(name.Name, '-')+1:])
	return i
}

// kindOf returns the number of an object's kind.
func kindOf(name types.NamespacedName) int { return numberOf(name) % customKinds }

// put writes an object after a number of changes.
func (c *customBench) put(ctx context.Context, name types.NamespacedName, changes int) error {
	key := path.Join("/registry", customGroup, customResource(kindOf(name)).Resource, name.Namespace, name.Name)
	if _, err := c.cluster.Etcd.Put(ctx, key, customObject(name, changes)); err != nil {
		return fmt.Errorf("write to etcd: %w", err)
	}
	return nil
}

// change changes an object.
func (c *customBench) change(ctx context.Context, name types.NamespacedName) error {
	c.mu.Lock()
	c.changes[name]++
	n := c.changes[name]
	c.mu.Unlock()
	return c.put(ctx, name, n)
}

// customObject returns an object of 3 KB after a number of changes, with 20 labels, 3 conditions and
// managed fields.
func customObject(name types.NamespacedName, changes int) string {
	var labels, conditions, fields strings.Builder
	for i := range 20 {
		fmt.Fprintf(&labels, `,"example.com/label-%d":"value-%d-of-%s"`, i, i, name.Namespace)
		fmt.Fprintf(&fields, `,"f:example.com/label-%d":{}`, i)
	}
	ready := []string{"True", "False"}[changes%2]
	for i, condition := range []string{"Ready", "Reconciling", "Healthy"} {
		fmt.Fprintf(&conditions, `,{"lastTransitionTime":"2026-01-02T03:%02d:%02dZ","message":"Applied revision: main@sha1:%040x","observedGeneration":%d,"reason":"ReconciliationSucceeded","status":"%s","type":"%s"}`,
			i, changes%60, changes, changes+1, ready, condition)
	}
	return fmt.Sprintf(`{"apiVersion":"%s/v1","kind":"Kind%d","metadata":{"annotations":{"example.com/requested-at":"2026-01-02T03:04:05Z"},"creationTimestamp":"2025-12-24T08:15:00Z",`+
		`"finalizers":["finalizers.example.com"],"generation":%d,"labels":{%s},"managedFields":[{"apiVersion":"%s/v1","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:labels":{".":{}%s}}},`+
		`"manager":"kubectl","operation":"Update","time":"2025-12-24T08:15:00Z"}],"name":"%s","namespace":"%s","uid":"%08x-46e1-4ae6-9f9c-7a4a9b0a4f10"},`+
		`"spec":{"interval":"10m0s","path":"./deploy/production","prune":true,"replicas":%d,"sourceRef":{"kind":"GitRepository","name":"platform"},"suspend":false,"timeout":"1m"},`+
		`"status":{"conditions":[%s],"lastAppliedRevision":"main@sha1:%040x","observedGeneration":%d,"phase":"%s"}}`,
		customGroup, kindOf(name), changes+1, labels.String()[1:], customGroup, fields.String(), name.Name, name.Namespace, numberOf(name),
		changes, conditions.String()[1:], changes, changes+1, []string{"Running", "Pending"}[changes%2])
}

// entry is a typical configuration of a kind.
const entry = `
  - groupVersionKind: {group: %s, version: "*", kind: "%s"}
    metricNamePrefix: bench
    labelsFromPath: {name: [metadata, name], namespace: [metadata, namespace]}
    metrics:
    - {name: info, help: About it., each: {type: Info, info: {labelsFromPath: {revision: [status, lastAppliedRevision], source: [spec, sourceRef, name], suspended: [spec, suspend]}}}}
    - {name: labels, help: Its labels., each: {type: Info, info: {labelsFromPath: {"label_*": [metadata, labels]}}}}
    - {name: phase, help: Its phase., each: {type: StateSet, stateSet: {labelName: phase, path: [status, phase], list: [Pending, Running, Failed]}}}
    - {name: condition, help: Its conditions., each: {type: Gauge, gauge: {path: [status, conditions], labelsFromPath: {type: [type], reason: [reason]}, valueFrom: [status]}}}
    - {name: ready_time, help: When it became ready., each: {type: Gauge, gauge: {path: [status, conditions, "[type=Ready]", lastTransitionTime]}}}
    - {name: created, help: When it was created., each: {type: Gauge, gauge: {path: [metadata, creationTimestamp]}}}
    - {name: replicas, help: Its replicas., each: {type: Gauge, gauge: {path: [spec, replicas]}}}
`

// config writes a configuration of the kinds, and of more entries, to a file.
func (c *customBench) config(name string, more ...string) (file string, err error) {
	var text strings.Builder
	text.WriteString("kind: CustomResourceStateMetrics\nspec:\n  resources:")
	for n := range customKinds {
		fmt.Fprintf(&text, entry, customGroup, fmt.Sprintf("Kind%d", n))
	}
	for _, entry := range more {
		text.WriteString(entry)
	}
	file = c.path(name)
	return file, os.WriteFile(file, []byte(text.String()), 0o600)
}

// measureAll measures one program after another.
func (c *customBench) measureAll(ctx context.Context) (r results, err error) {
	progress("warming up")
	if err := c.warmUp(ctx); err != nil {
		return r, err
	}
	config, err := c.config("custom.yaml")
	if err != nil {
		return r, err
	}
	args := []string{"--custom-resource-state-only", "--custom-resource-state-config-file", config}
	r.kubestate, err = c.measureProgram(ctx, "kubestate", func(ctx context.Context, log string) (*exporter.Exporter, error) {
		return exporter.Start(ctx, log, c.kubestate, append(args, "--kubeconfig", c.cluster.Kubeconfig)...)
	}, ready, c.measureQuiet, c.measureBusy)
	if err != nil {
		return r, fmt.Errorf("measure kubestate: %w", err)
	}
	if c.peer != "" {
		r.peer, err = c.measureProgram(ctx, "peer", func(_ context.Context, log string) (*exporter.Exporter, error) {
			return c.startPeerWith(log, args...)
		}, c.peerShows, c.measureQuiet, c.measureBusy)
		if err != nil {
			return r, fmt.Errorf("measure peer: %w", err)
		}
	}
	r.informers, err = c.measureInformers(ctx, c.updater())
	if err != nil {
		return r, fmt.Errorf("measure informers: %w", err)
	}
	return r, nil
}

func (c *customBench) updater() *updater {
	return &updater{names: c.objects, rate: c.updates, change: c.change}
}

// measureQuiet measures a scrape without changes.
func (c *customBench) measureQuiet(ctx context.Context, p *program) (err error) {
	progress("  at rest")
	first, err := save(ctx, p.url, identity, c.web.plain())
	if err != nil {
		return err
	}
	p.first = first.took
	p.series, err = c.inspect(c.web.plain())
	p.check("at rest", err)
	return nil
}

// measureBusy measures under updates, and checks the content after them.
func (c *customBench) measureBusy(ctx context.Context, p *program) (err error) {
	progress("  under updates")
	if p.idle, err = cpuOver(ctx, p.pid, c.window); err != nil {
		return err
	}
	p.cost, err = c.measureCost(ctx, p.pid, p.idle, c.updater(), func(context.Context) error {
		p.after, err = readMemory(p.pid)
		return err
	})
	if err != nil {
		return err
	}
	p.check("after the updates", c.shows(ctx, p.exporter))
	return nil
}

// shows returns an error unless the exporter serves all objects as they were written last.
func (c *customBench) shows(ctx context.Context, e *exporter.Exporter) error {
	if _, err := save(ctx, e.Scrapes+"/metrics", identity, c.web.plain()); err != nil {
		return err
	}
	_, err := c.inspect(c.web.plain())
	return err
}

// peerShows is shows with a pause: scrapes cost the peer CPU.
func (c *customBench) peerShows(ctx context.Context, e *exporter.Exporter) error {
	err := c.shows(ctx, e)
	if err != nil {
		return errors.Join(err, process.Sleep(ctx, time.Second))
	}
	return nil
}

// inspect counts the series of a response, and checks that it has all objects as they were written
// last.
func (c *customBench) inspect(file string) (series int, err error) {
	f, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	shown := map[types.NamespacedName]int{}
	for lines := bufio.NewReader(f); ; {
		line, err := lines.ReadString('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(line, "#") {
			continue
		}
		series++
		if labels, ok := strings.CutPrefix(line, "bench_replicas{"); ok {
			labels, value, _ := strings.Cut(labels, "} ")
			number, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				return 0, err
			}
			shown[types.NamespacedName{Namespace: label(labels, "namespace"), Name: label(labels, "name")}] = int(number)
		}
	}
	if len(shown) != len(c.objects) {
		return series, fmt.Errorf("%d custom resources of %d", len(shown), len(c.objects))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range c.objects {
		if n, ok := shown[name]; !ok || n != c.changes[name] {
			return series, fmt.Errorf("%s: change %d is served (%t), want %d", name, n, ok, c.changes[name])
		}
	}
	return series, nil
}

// runDynamicInformers runs informers of custom resources.
func runDynamicInformers(ctx context.Context, config *rest.Config) error {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return err
	}
	factory := dynamicinformer.NewDynamicSharedInformerFactory(client, 0)
	for n := range customKinds {
		factory.ForResource(customResource(n)).Informer() // registers it with the factory
	}
	return runFactory(ctx, factory.Start, factory.WaitForCacheSync)
}

// report returns two tables with a description.
func (c *customBench) report(r results, s *stormResult) string {
	t := table{results: r}
	fmt.Fprintf(&t, "%d custom resources of %d kinds, %d bytes each; %d cores, %s, %s/%s.\n", len(c.objects), customKinds, len(customObject(c.objects[0], 0)),
		runtime.NumCPU(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
	fmt.Fprint(&t, "Ratio: to bare dynamic informers of the same kinds.\n\n")
	t.head()
	c.reportStart(&t)
	t.row("memory under updates", func(p *program) figure { return p.after.figure() }, none, none)
	c.reportUpdates(&t)
	t.row("memory at the end", func(p *program) figure { return p.end.figure() }, none, none)
	if s != nil {
		s.report(&t, c.pods)
	}
	return t.String()
}
