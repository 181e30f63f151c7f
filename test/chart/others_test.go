package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/kubestate/kubestate/test/cluster"
	"github.com/kubestate/kubestate/test/exporter"
	"github.com/kubestate/kubestate/test/process"
)

// othersKeys are common values of kube-state-metrics' chart. Each is in at least one of the files.
var othersKeys = []string{
	"affinity:object", "affinity:string", "annotations", "authFilter.enabled", "automountServiceAccountToken", "autosharding.enabled",
	"collectors:array", "collectors:null", "collectors:string", "collectorsExclude", "collectorsExtra", "containerSecurityContext", "containers",
	"customLabels", "customResourceState.config:object", "customResourceState.config:string", "customResourceState.create", "customResourceState.enabled",
	"customResourceState.key", "customResourceState.name", "deploy", "dnsConfig", "dnsPolicy", "enabled", "env", "extraArgs", "extraManifests", "fullnameOverride",
	"global.imagePullSecrets", "global.imageRegistry", "hostNetwork", "hostUsers", "image.pullPolicy", "image.registry", "image.repository", "image.sha", "image.tag",
	"imagePullSecrets", "initContainers", "kubeRBACProxy.enabled", "kubeconfig.enabled", "kubeconfig.secret", "labels", "livenessProbe.httpGet",
	"metricAllowlist:array", "metricAllowlist:null", "metricAllowlist:string", "metricAnnotationsAllowList:array", "metricAnnotationsAllowList:null",
	"metricAnnotationsAllowList:string", "metricDenylist:array", "metricDenylist:null", "metricLabelsAllowlist:array", "metricLabelsAllowlist:null",
	"metricLabelsAllowlist:string", "nameOverride", "namespaceOverride", "namespaces:array", "namespaces:null", "namespaces:string", "namespacesDenylist:array",
	"namespacesDenylist:null", "namespacesDenylist:string", "networkPolicy.egress", "networkPolicy.enabled", "networkPolicy.flavor", "networkPolicy.ingress",
	"networkPolicy.podSelector", "nodeSelector", "podAnnotations", "podDisruptionBudget", "podLabels", "podSecurityPolicy.enabled", "priorityClassName",
	"prometheus.monitor.additionalLabels", "prometheus.monitor.annotations", "prometheus.monitor.bearerTokenSecret", "prometheus.monitor.enableHttp2",
	"prometheus.monitor.enabled", "prometheus.monitor.honorLabels", "prometheus.monitor.http.honorLabels", "prometheus.monitor.http.metricRelabelings",
	"prometheus.monitor.http.relabelings", "prometheus.monitor.interval", "prometheus.monitor.jobLabel", "prometheus.monitor.metrics.interval",
	"prometheus.monitor.metrics.relabelings", "prometheus.monitor.namespace", "prometheus.monitor.namespaceSelector", "prometheus.monitor.proxyUrl",
	"prometheus.monitor.sampleLimit", "prometheus.monitor.scheme", "prometheus.monitor.scrapeTimeout", "prometheus.monitor.selectorOverride",
	"prometheus.monitor.targetLabels", "prometheus.monitor.tlsConfig", "prometheus.scrapeconfig.enabled", "prometheusScrape", "rbac.clusterRoleSelectors",
	"rbac.create", "rbac.extraRules", "rbac.useClusterRole", "rbac.useExistingRole", "readinessProbe.httpGet", "releaseLabel", "releaseNamespace", "replicas",
	"resources", "revisionHistoryLimit", "securityContext", "selectorOverride", "selfMonitor.enabled", "selfMonitor.telemetryHost",
	"selfMonitor.telemetryNodePort", "selfMonitor.telemetryPort", "service.annotations", "service.clusterIP", "service.ipDualStack.enabled",
	"service.loadBalancerIP", "service.loadBalancerSourceRanges", "service.nodePort", "service.port", "service.type", "serviceAccount.annotations",
	"serviceAccount.automountServiceAccountToken", "serviceAccount.create", "serviceAccount.name", "startupProbe.httpGet", "tolerations",
	"topologySpreadConstraints", "updateStrategy:object", "updateStrategy:string", "verticalPodAutoscaler.enabled", "vmScrape", "volumeMounts", "volumes",
}

// TestOthersKeys holds that the files have every key.
func TestOthersKeys(t *testing.T) {
	given := map[string]bool{}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		form := "null"
		switch value := value.(type) {
		case map[string]any:
			form = "object"
			for key, below := range value {
				walk(strings.TrimPrefix(path+"."+key, "."), below)
			}
		case []any:
			form = "array"
		case string:
			form = "string"
		}
		given[path], given[path+":"+form] = true, true
	}
	files := cases(t, "others")
	if len(files) < 40 {
		t.Errorf("%d files", len(files))
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		must(t, err)
		var values any
		must(t, yaml.Unmarshal(text, &values))
		walk("", values)
	}
	for _, key := range othersKeys {
		if !given[key] {
			t.Errorf("no file has %s", key)
		}
	}
}

// TestOthers renders values for kube-state-metrics' chart, creates the objects, and runs the
// program with the arguments and the account of its pods: it becomes ready only if the account may
// read all resources.
func TestOthers(t *testing.T) {
	c := cluster.Start(t, cluster.Options{Controllers: true, Only: []string{"clusterrole-aggregation-controller"}})
	client, err := dynamic.NewForConfig(c.Config)
	must(t, err)
	a := applier{c: c, client: client}
	crds, err := process.Built("operator-crds")
	must(t, err)
	paths, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	must(t, err)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		must(t, err)
		var o map[string]any
		must(t, yaml.Unmarshal(text, &o))
		a.create(t, o)
	}
	files := cases(t, "others")
	for name, path := range files {
		t.Run(name, func(t *testing.T) {
			out, errs, ok := helm(t, "template", name, chart, "--namespace", name, "--values", path, "--set", "compatibility=kube-state-metrics")
			if !ok { // of lists in the form of maps helm says that they are, and takes them
				t.Fatal(errs)
			}
			rendered, err := objects(out)
			must(t, err)
			wantGolden(t, strings.TrimSuffix(path, ".values.yaml")+".txt", summary(rendered))
			a.namespace(t, name)
			for _, o := range rendered {
				if u := (&unstructured.Unstructured{Object: o}); u.GetNamespace() == "" && !strings.HasPrefix(u.GetKind(), "Cluster") {
					u.SetNamespace(name) // as helm does
				}
				a.create(t, o)
			}
			a.run(t, rendered)
		})
	}
}

// summary lists rendered objects, one per line, with the ports of Services and the arguments.
func summary(rendered []map[string]any) string {
	var b strings.Builder
	for _, o := range rendered {
		u := unstructured.Unstructured{Object: o}
		fmt.Fprintf(&b, "%s %s\n", u.GetKind(), strings.TrimPrefix(u.GetNamespace()+"/"+u.GetName(), "/"))
		ports, _, _ := unstructured.NestedSlice(o, "spec", "ports")
		for _, port := range ports {
			text, _ := json.Marshal(port)
			fmt.Fprintf(&b, "  port %s\n", text)
		}
		containers, _, _ := unstructured.NestedSlice(o, "spec", "template", "spec", "containers")
		if len(containers) > 0 {
			container := containers[0].(map[string]any)
			fmt.Fprintf(&b, "  image %s\n", container["image"])
			args, _, _ := unstructured.NestedStringSlice(container, "args")
			for _, arg := range args {
				fmt.Fprintf(&b, "  argument %q\n", arg)
			}
		}
	}
	return b.String()
}

// applier creates objects until the test ends.
type applier struct {
	c      *cluster.Cluster
	client dynamic.Interface
}

func (a applier) create(t *testing.T, object map[string]any) {
	t.Helper()
	o := &unstructured.Unstructured{Object: object}
	a.namespace(t, o.GetNamespace())
	resource := a.client.Resource(resourceOf(o.GetAPIVersion(), o.GetKind())).Namespace(o.GetNamespace())
	must(t, process.Within(t.Context(), time.Minute, func(ctx context.Context) error {
		_, err := resource.Create(ctx, o, metav1.CreateOptions{FieldValidation: metav1.FieldValidationStrict})
		if apierrors.IsNotFound(err) { // the kind is not served yet
			return err
		}
		must(t, err)
		return nil
	}))
	t.Cleanup(func() {
		must(t, resource.Delete(context.WithoutCancel(t.Context()), o.GetName(), metav1.DeleteOptions{}))
	})
}

// namespace creates a namespace for all tests, unless it exists.
func (a applier) namespace(t *testing.T, name string) {
	t.Helper()
	if name == "" {
		return
	}
	_, err := a.c.Client.CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if !apierrors.IsAlreadyExists(err) {
		must(t, err)
	}
}

// run runs the program as the workload's pods do, and waits until it is ready.
func (a applier) run(t *testing.T, rendered []map[string]any) {
	t.Helper()
	at := slices.IndexFunc(rendered, func(o map[string]any) bool { return o["kind"] == "Deployment" || o["kind"] == "StatefulSet" })
	workload := unstructured.Unstructured{Object: rendered[at]}
	var template corev1.PodTemplateSpec
	from, _, _ := unstructured.NestedMap(workload.Object, "spec", "template")
	must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(from, &template))
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: workload.GetName() + "-0", Namespace: workload.GetNamespace(), Labels: template.Labels}, Spec: template.Spec}
	kubeconfig := a.kubeconfig(t, pod, rendered)
	if workload.GetKind() == "StatefulSet" {
		a.shard(t, pod)
	}
	replacements := []string{"$(POD_NAME)", pod.Name, "$(POD_NAMESPACE)", pod.Namespace}
	for _, v := range pod.Spec.Volumes {
		directory := t.TempDir()
		switch {
		case v.ConfigMap != nil:
			m, err := a.c.Client.CoreV1().ConfigMaps(pod.Namespace).Get(t.Context(), v.ConfigMap.Name, metav1.GetOptions{})
			must(t, err)
			for name, text := range m.Data {
				must(t, os.WriteFile(filepath.Join(directory, name), []byte(text), 0o600))
			}
		case v.Secret != nil:
			s, err := a.c.Client.CoreV1().Secrets(pod.Namespace).Get(t.Context(), v.Secret.SecretName, metav1.GetOptions{})
			must(t, err)
			if len(s.Data["config"]) == 0 {
				t.Errorf("Secret %s: no config", s.Name)
			}
			must(t, os.Link(kubeconfig, filepath.Join(directory, "config"))) // the test's cluster
		}
		for _, mount := range pod.Spec.Containers[0].VolumeMounts {
			if mount.Name == v.Name {
				replacements = append(replacements, mount.MountPath, directory)
			}
		}
	}
	var args []string
	for _, arg := range pod.Spec.Containers[0].Args {
		// All tests on a machine share its ports.
		if name, _, _ := strings.Cut(arg, "="); !slices.Contains([]string{"--port", "--telemetry-port", "--telemetry-host"}, name) {
			args = append(args, strings.NewReplacer(replacements...).Replace(arg))
		}
	}
	if !slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--kubeconfig=") }) {
		args = append(args, "--kubeconfig="+kubeconfig)
	}
	program, err := process.Built("kubestate")
	must(t, err)
	e, err := exporter.Start(t.Context(), filepath.Join(t.TempDir(), "kubestate.log"), program, args...)
	must(t, err)
	defer e.Kill()
	conditions := []func(context.Context) error{e.Ready}
	if !slices.Contains(args, "--auth-filter") { // /readyz needs no token
		conditions = append(conditions, synced(e))
	}
	for _, condition := range conditions {
		if err := process.Within(t.Context(), time.Minute, condition, e.Process); err != nil {
			t.Fatalf("%v\n%s", err, e.Tail(2048))
		}
	}
}

// synced returns a condition: the program lists and watches all resources.
func synced(e *exporter.Exporter) func(context.Context) error {
	return func(ctx context.Context) error {
		series, err := e.Self(ctx)
		if err != nil {
			return err
		}
		found := 0
		for name, value := range series {
			if !strings.HasPrefix(name, "kubestate_resource_state{") || value == 0 {
				continue
			}
			found++
			if !strings.Contains(name, `state="synced"`) {
				return errors.New(name)
			}
		}
		if found == 0 {
			return errors.New("there are no resources")
		}
		return nil
	}
}

// shard creates the first pod of a StatefulSet, ready.
func (a applier) shard(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	set, err := a.c.Client.AppsV1().StatefulSets(pod.Namespace).Get(t.Context(), strings.TrimSuffix(pod.Name, "-0"), metav1.GetOptions{})
	must(t, err)
	controller := true
	pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: &controller}}
	pods := a.c.Client.CoreV1().Pods(pod.Namespace)
	created, err := pods.Create(t.Context(), pod, metav1.CreateOptions{})
	must(t, err)
	pod.UID = created.UID
	t.Cleanup(func() {
		must(t, pods.Delete(context.WithoutCancel(t.Context()), pod.Name, *metav1.NewDeleteOptions(0)))
	})
}

// kubeconfig returns a kubeconfig of the pod's account. It creates accounts and roles that the
// values do not.
func (a applier) kubeconfig(t *testing.T, pod *corev1.Pod, rendered []map[string]any) string {
	t.Helper()
	has := func(kind string) bool {
		return slices.ContainsFunc(rendered, func(o map[string]any) bool { return o["kind"] == kind })
	}
	account := pod.Spec.ServiceAccountName
	meta := func(name string) map[string]any { return map[string]any{"name": name, "namespace": pod.Namespace} }
	if !has("ServiceAccount") {
		a.create(t, map[string]any{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(account)})
	}
	if !has("ClusterRoleBinding") && !has("RoleBinding") {
		a.create(t, map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": map[string]any{"name": account + "-anything"},
			"roleRef":  map[string]any{"apiGroup": rbacv1.GroupName, "kind": "ClusterRole", "name": "cluster-admin"},
			"subjects": []any{map[string]any{"kind": "ServiceAccount", "name": account, "namespace": pod.Namespace}},
		})
	}
	token, err := a.c.Client.CoreV1().ServiceAccounts(pod.Namespace).CreateToken(t.Context(), account, &authenticationv1.TokenRequest{}, metav1.CreateOptions{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, cluster.WriteKubeconfig(path, a.c.URL, a.c.CA, token.Status.Token))
	return path
}

// TestScaler holds that a VerticalPodAutoscaler is rendered if the API server has its kind.
func TestScaler(t *testing.T) {
	out, errs, ok := template(t, "--values", "testdata/others/scaler.values.yaml", "--api-versions", "autoscaling.k8s.io/v1", "--show-only", "templates/verticalpodautoscaler.yaml")
	if !ok {
		t.Fatal(errs)
	}
	wantGolden(t, "testdata/scaler.yaml", out)
}
