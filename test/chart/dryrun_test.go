package chart

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	runtimeschema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/process"
)

// onlyInvalid reports whether an API server has decoded an object, valid or not.
func onlyInvalid(err error) bool {
	var status apierrors.APIStatus
	if err == nil || !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return err == nil
	}
	return !slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool {
		return c.Type == metav1.CauseTypeFieldValueInvalid && strings.Contains(c.Message, "must be of type") || c.Type == metav1.CauseType("FieldValueTypeInvalid")
	})
}

// api creates objects by dry run.
type api struct{ client dynamic.Interface }

func (a api) create(t *testing.T, object map[string]any) error {
	t.Helper()
	o := &unstructured.Unstructured{Object: object}
	resource, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	_, err := a.client.Resource(resource).Namespace(o.GetNamespace()).Create(t.Context(), o, metav1.CreateOptions{
		DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict,
	})
	return err
}

// startAPI starts an API server with the kinds of the Prometheus operator and the tests'
// namespaces.
func startAPI(t *testing.T) api {
	t.Helper()
	c := cluster.Start(t, cluster.Options{})
	crds, err := process.Built("operator-crds")
	must(t, err)
	client, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	paths, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	must(t, err)
	if len(paths) == 0 {
		t.Fatalf("no kinds in %s", crds)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		var o unstructured.Unstructured
		must(t, yaml.Unmarshal(text, &o.Object))
		_, err = client.Resource(resourceOf("apiextensions.k8s.io/v1", "CustomResourceDefinition")).Create(t.Context(), &o, metav1.CreateOptions{})
		must(t, err)
	}
	for _, s := range append(slices.Clone(hostile), "kubestate", "shop", marker) {
		if regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`).MatchString(s) {
			_, err := c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: s}}, metav1.CreateOptions{})
			must(t, err)
		}
	}
	for _, kind := range []string{"ServiceMonitor", "PrometheusRule"} {
		must(t, process.Within(t.Context(), 2*time.Minute, func(ctx context.Context) error {
			_, err := client.Resource(resourceOf("monitoring.coreos.com/v1", kind)).List(ctx, metav1.ListOptions{})
			return err
		}))
	}
	return api{client}
}

// resourceOf returns the resource of a kind.
func resourceOf(apiVersion, kind string) runtimeschema.GroupVersionResource {
	resource, _ := meta.UnsafeGuessKindToResource(runtimeschema.FromAPIVersionAndKind(apiVersion, kind))
	return resource
}
