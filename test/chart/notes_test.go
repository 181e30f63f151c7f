package chart

import (
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestNotes compares the notes of installations with golden files.
func TestNotes(t *testing.T) {
	for name, values := range cases(t, "notes") {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := helm(t, "install", "kubestate", chart, "--namespace", "kubestate", "--dry-run=client", "--values", values)
			_, notes, found := strings.Cut(out, "\nNOTES:\n")
			if !ok || !found {
				t.Fatal(errs)
			}
			wantGolden(t, filepath.Join("testdata", "notes", name+".txt"), notes)
		})
	}
}

// TestScrapedOnce selects the chart's Services by its name label, as agents do that scrape all
// ports: they find the series, and no self-metrics.
func TestScrapedOnce(t *testing.T) {
	f := func(name, port string, values ...string) {
		t.Helper()
		out, errs, ok := template(t, values...)
		if !ok {
			t.Fatal(errs)
		}
		rendered, err := objects(out)
		must(t, err)
		var found []string
		for _, o := range rendered {
			u := unstructured.Unstructured{Object: o}
			if u.GetKind() != "Service" || u.GetLabels()["app.kubernetes.io/name"] != name {
				continue
			}
			var service corev1.Service
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o, &service))
			for _, port := range service.Spec.Ports {
				found = append(found, port.Name)
			}
		}
		if len(found) != 1 || found[0] != port {
			t.Errorf("%s: ports %q, want %s", values, found, port)
		}
	}
	f("kubestate", "http-metrics")
	f("kubestate", "http-metrics", "--set", "prometheus.monitor.enabled=true")
	f("kubestate", "http-metrics", "--set", "autosharding.enabled=true")
	f("kube-state-metrics", "http", "--set", "compatibility=kube-state-metrics")
	f("kube-state-metrics", "http", "--set", "compatibility=kube-state-metrics,selfMonitor.enabled=true,customLabels.team=a")
	f("state", "http-metrics", "--set", "nameOverride=state")
}
