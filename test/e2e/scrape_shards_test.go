package e2e

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
)

// TestScrapeShards has a Prometheus scrape eight parts while pods and ConfigMaps come and go, watches
// are cut, and resources are listed again. Every object that stays has each of its series exactly
// once in each round of the parts, of any number, and one sample for each scrape of its part.
func TestScrapeShards(t *testing.T) {
	t.Parallel()
	f := newFaulty(t)
	must(t, f.cluster.Put(t.Context(), slices.Values(configMaps("stays", 0, 100))))
	e := start(t, f.kubeconfig, "--resources", faultyKeys, "--scrape-shards=8")
	await(t, settling, e.Ready, e.Process)
	createNamespace(t, f.cluster, monitoring)
	announce(t, f.cluster, e)
	apply(t, f.cluster, documented(t, "discovery-rbac.yaml"))
	i := integration{t: t, cluster: f.cluster, exporter: e, token: secretFile(t, newToken(t, f.cluster, monitoring, "prometheus"))}
	await(t, settling, f.asFresh(t, e), e.Process)
	lasting, err := e.Scrape(t.Context())
	must(t, err)
	p := runPrometheus(t, replaced(t, i.file("prometheus-scrape-shards.yaml", ""), "scrape_interval: 1s", "scrape_interval: 2s"))
	wantParts(t, p, "", e)

	began := time.Now()
	polled := pollParts(t, e, lasting)
	for round := range 8 {
		f.change(t)
		going := slices.Values(configMaps("goes", round, 20))
		must(t, f.cluster.Put(t.Context(), going))
		switch round % 4 {
		case 1:
			f.Cut()
		case 3:
			await(t, settling, f.watching, e.Process)
			f.expire()
		}
		awaitRound(t, p, began, round)
		must(t, f.cluster.Remove(t.Context(), going))
	}
	await(t, settling, relisted(e, 2), e.Process)
	polled.stop(t)
	wantSamples(t, p, e, lasting, began)
	await(t, settling, f.asFresh(t, e), e.Process)
	for _, n := range []int{1, 2, 3, 7, 8, 64} {
		wantWhole(t, e, n)
	}
}

// configMaps returns n ConfigMaps of a round.
func configMaps(name string, round, n int) []cluster.Object {
	var objects []cluster.Object
	for i := range n {
		objects = append(objects, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Namespace: shop, Name: fmt.Sprint(name, "-", i), UID: types.UID(fmt.Sprintf("%08x-%04x-4000-8000-%012x", i, round, len(name))),
		}})
	}
	return objects
}

// relisted returns a condition: pods have been listed again n times.
func relisted(e *exporter.Exporter, n float64) func(context.Context) error {
	return func(ctx context.Context) error {
		self, err := e.Self(ctx)
		if err == nil && self[`kubestate_relists_total{reason="expired",resource="pods"}`] < n {
			err = fmt.Errorf("relists: %s", relists(self))
		}
		return err
	}
}

// awaitRound waits until Prometheus has scraped each part once more than rounds times since began.
func awaitRound(t *testing.T, p *prometheus, began time.Time, rounds int) {
	t.Helper()
	await(t, settling, func(ctx context.Context) error {
		got, err := p.query(ctx, fmt.Sprintf(`min(sum_over_time(up{scrape_shard!=""}[%s]))`, inSeconds(time.Since(began)+time.Second)))
		if err == nil && got[""] <= float64(rounds) {
			err = fmt.Errorf("%v scrapes of a part", got[""])
		}
		return err
	}, p.Process)
}

// parts returns the series of each of n parts.
func parts(ctx context.Context, e *exporter.Exporter, n int) ([]exporter.Series, error) {
	var all []exporter.Series
	for i := range n {
		series, err := e.Part(ctx, i, n)
		if err != nil {
			return nil, err
		}
		all = append(all, series)
	}
	return all, nil
}

// pollParts checks that each round of parts has the lasting series, each in one part.
func pollParts(t *testing.T, e *exporter.Exporter, lasting exporter.Series) *poller {
	t.Helper()
	numbers, next := []int{8, 1, 2, 3, 8, 7, 64}, 0
	return startPolling(t, 0, func(ctx context.Context) error {
		n := numbers[next%len(numbers)]
		next++
		all, err := parts(ctx, e, n)
		if err != nil {
			return err
		}
		for name := range lasting {
			found := 0
			for _, part := range all {
				if _, ok := part[name]; ok {
					found++
				}
			}
			if found != 1 {
				return fmt.Errorf("%d of %d parts have %s", found, n, name)
			}
		}
		return nil
	})
}

// wantSamples fails the test unless every lasting series of some families has as many samples since
// began as there were scrapes of the part of its object.
func wantSamples(t *testing.T, p *prometheus, e *exporter.Exporter, lasting exporter.Series, began time.Time) {
	t.Helper()
	ended := time.Now().Add(-5 * time.Second) // scrapes that began before have ended
	at, window := fmt.Sprintf("%.3f", unix(ended)), inSeconds(ended.Sub(began))
	scrapes, err := p.queryAt(t.Context(), fmt.Sprintf(`sum by (scrape_shard) (sum_over_time(up{scrape_shard!=""}[%s]))`, window), at)
	must(t, err)
	t.Logf("scrapes of the parts since began: %v", scrapes)
	all, err := parts(t.Context(), e, 8)
	must(t, err)
	for family, label := range map[string]string{
		"kube_pod_info": "uid", "kube_pod_status_ready": "uid", "kube_node_info": "node", "kube_configmap_info": "configmap", "kube_secret_info": "secret",
	} {
		want := map[string]float64{}
		for i, part := range all {
			for name := range part {
				if _, ok := lasting[name]; ok && strings.HasPrefix(name, family+"{") {
					labels := labelsOf(t, name)
					maps.DeleteFunc(labels, func(key, _ string) bool { return key != label && key != "namespace" })
					want[sorted(labels)] = scrapes[fmt.Sprintf(`scrape_shard="%d/8"`, i)]
				}
			}
		}
		got, err := p.queryAt(t.Context(), fmt.Sprintf(`max by (namespace, %[2]s) (count_over_time(%[1]s[%[3]s]))`, family, label, window), at)
		must(t, err)
		maps.DeleteFunc(got, func(key string, _ float64) bool { _, ok := want[key]; return !ok }) // objects that came or went
		if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
			t.Errorf("samples of %d objects of %s (-want +got):\n%.2000s", len(want), family, diff)
		}
	}
}

// wantWhole fails the test unless each line of the whole is in one of n parts, in its order.
func wantWhole(t *testing.T, e *exporter.Exporter, n int) {
	t.Helper()
	get := func(query string) []string {
		status, body, err := exporter.Get(t.Context(), e.Scrapes+"/metrics"+query)
		must(t, err)
		if status != http.StatusOK {
			t.Fatalf("%s: status %d", query, status)
		}
		return slices.DeleteFunc(slices.Collect(strings.Lines(string(body))), func(line string) bool { return strings.HasPrefix(line, "#") })
	}
	all := make([][]string, n)
	for i := range n {
		all[i] = get(fmt.Sprintf("?shard=%d/%d", i, n))
	}
	for _, line := range get("") {
		i := slices.IndexFunc(all, func(rest []string) bool { return len(rest) > 0 && rest[0] == line })
		if i < 0 {
			t.Fatalf("none of %d parts goes on with %s", n, line)
		}
		all[i] = all[i][1:]
	}
	for i, rest := range all {
		if len(rest) > 0 {
			t.Errorf("part %d of %d has %d more lines: %s", i, n, len(rest), rest[0])
		}
	}
}

// TestScrapeShardsOfShards holds that two shards in four parts each have the series of an unsharded
// kubestate, each once, and all parts a share of them.
func TestScrapeShardsOfShards(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Options{})
	_, err := c.Populate(t.Context(), faultyPods)
	must(t, err)
	unsharded := start(t, c.Kubeconfig)
	await(t, settling, unsharded.Ready, unsharded.Process)
	shards := startShards(t, c, 2, "--scrape-shards=4")
	await(t, settling, func(ctx context.Context) error {
		want, err := unsharded.Scrape(ctx)
		if err != nil {
			return err
		}
		got := exporter.Series{}
		for n, shard := range shards {
			all, err := parts(ctx, shard, 4)
			if err != nil {
				return err
			}
			for i, part := range all {
				if share := float64(len(part)) / float64(len(want)); math.Abs(share-1./8) > 1./40 {
					return fmt.Errorf("part %d of shard %d has %.3f of the series", i, n, share)
				}
				for name, value := range part {
					if _, twice := got[name]; twice {
						return fmt.Errorf("part %d of shard %d repeats %s", i, n, name)
					}
					got[name] = value
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			return fmt.Errorf("series (-unsharded +parts):\n%.2000s", diff)
		}
		return nil
	}, unsharded.Process, shards[0].Process, shards[1].Process)
}

// TestScrapeShardsComponent adds the component to modes: every program gets the flag once, and the
// ServiceMonitor an endpoint for each part, which are equal but for the parameter.
func TestScrapeShardsComponent(t *testing.T) {
	t.Parallel()
	k := newKubectl(t, "")
	f := func(mode string, programs, endpoints int, components ...string) {
		t.Helper()
		text := "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n"
		const of = "- github.com/kubestate/kubestate/deploy/kustomize/"
		text += of + mode + "?ref=v0.1.0\ncomponents:\n"
		for _, c := range append(components, "scrape-shards") {
			text += of + "components/" + c + "?ref=v0.1.0\n"
		}
		rendered := k.run(t, "kustomize", overlay(t, text))
		if all := workloads(t, rendered); len(all) != programs {
			t.Errorf("%s: %d workloads, want %d", mode, len(all), programs)
		}
		if n := strings.Count(rendered, "        - --scrape-shards=8\n"); n != programs {
			t.Errorf("%s: the flag %d times, want %d", mode, n, programs)
		}
		var got []string
		for document := range strings.SplitSeq(rendered, "\n---\n") {
			if !strings.Contains(document, "\nkind: ServiceMonitor\n") {
				continue
			}
			var monitor struct {
				Spec struct{ Endpoints []endpoint }
			}
			must(t, yaml.Unmarshal([]byte(document), &monitor))
			first := monitor.Spec.Endpoints[0]
			for _, e := range monitor.Spec.Endpoints {
				got = append(got, fmt.Sprintf("%s %v", e.Port, e.Params["shard"]))
				if e.Params != nil {
					e.Params = first.Params
					if diff := cmp.Diff(first, e); diff != "" {
						t.Errorf("%s, %s: endpoints differ (-first +other):\n%s", mode, components, diff)
					}
				}
			}
		}
		want := []string{
			"http-metrics [0/8]", "telemetry []", "http-metrics [1/8]", "http-metrics [2/8]", "http-metrics [3/8]",
			"http-metrics [4/8]", "http-metrics [5/8]", "http-metrics [6/8]", "http-metrics [7/8]",
		}
		if diff := cmp.Diff(want[:endpoints], append([]string{}, got...)); diff != "" {
			t.Errorf("%s, %s: endpoints (-want +got):\n%s", mode, components, diff)
		}
	}
	f("base", 1, 0)
	f("overlays/per-node", 3, 0)
	f("overlays/hostnetwork", 1, 0)
	f("overlays/prometheus-operator", 1, 9)
	f("base", 1, 9, "prometheus-operator")
	f("overlays/sharded", 1, 9, "prometheus-operator", "scraper-token", "tls")
}
