package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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

// marker is a string that means nothing in YAML, and is a name everywhere.
const marker = "mark7x"

// hostile are strings that YAML or templates take for something else.
var hostile = []string{
	"123", "1e3", "0x1f", "true", "null", "yes", // names, too
	"::", "1.0", "~", "2026-01-01", "=",
	"*alias", "&anchor", "!tag", "%directive", "@at", "- item", "? key", "| text", "[list", "{map", "}", "]",
	"key: value", "key:", " # comment", "#comment", " space ", "\ttab", `"`, `'`, `\`, `a"b'c\d`, "two\nlines", "\nlast\n", "---\na: b", "a\r\nb",
	"{{", "{{ .Release.Name }}", "ümlaut \u2028 \U0001F600", "\u0007", "$(POD_NAME)",
}

// forms are the values that have to look like something, with the string inside.
var forms = map[string]string{
	"extraArgs[]":                  "--log-file=%s",
	"metricLabelsAllowlist":        "pods=[%s]",
	"metricAnnotationsAllowList":   "pods=[%s]",
	"metricLabelsAllowlist[]":      "pods=[%s]",
	"metricAnnotationsAllowList[]": "pods=[%s]",
}

// refusing are the values that the templates themselves look at: they may refuse a
// string, in these words.
var refusing = map[string]string{
	"metricAllowlist":                      `no regular expression`,
	"metricAllowlist[]":                    `no regular expression`,
	"metricDenylist":                       `no regular expression`,
	"metricDenylist[]":                     `no regular expression`,
	"metricSparse":                         `no regular expression`,
	"metricSparse[]":                       `no regular expression`,
	"collectors":                           `there is no resource`,
	"collectorsExtra":                      `there is no resource`,
	"collectorsExclude":                    `there is no resource`,
	"customResourceState.presets":          `there is no preset`,
	"updateStrategy":                       `does not match pattern`,
	"prometheus.monitor.namespaceSelector": `namespaceSelector`,
	"collectors[]":                         `there is no resource`,
	"collectorsExtra[]":                    `there is no resource`,
	"collectorsExclude[]":                  `there is no resource`,
	"namespaces":                           `is no name of a namespace|error calling tpl`,
	"namespaces[]":                         `is no name of a namespace|error calling tpl`,
	"customResourceState.config":           `customResourceState.config: no`,
	"customResourceState.config{}":         `customResourceState.config: no`,
	"customResourceState.presets[]":        `there is no preset`,
	"affinity":                             `affinity: no object in YAML|error calling tpl`,
	"extraManifests[]":                     `extraManifests: no manifest|error calling tpl`,
}

// templated are the values in which templates are filled in.
var templated = map[string]bool{
	"customLabels": true, "labels": true, "podLabels": true, "annotations": true, "podAnnotations": true, "nodeSelector": true, "affinity": true,
	"topologySpreadConstraints[]": true, "tolerations[]": true, "serviceAccount.annotations": true, "service.annotations": true,
	"prometheus.monitor.additionalLabels": true,
}

// base are values that have templates render something, and what is left out with them.
type base struct {
	values  string
	without []string
	// unserved says that the API server of the tests does not know a kind of it.
	unserved bool
}

// taking are the leaves at which a string is put: those where neither the schema nor a
// template may refuse it.
func (b base) taking(all []leaf, s string) (taking []leaf) {
	for _, l := range all {
		value, _, _ := strings.Cut(l.path, "{")
		filled := strings.Contains(s, "{{") && templated[value]
		if refusing[l.path] == "" && !slices.Contains(b.without, value) && !filled && l.takes(s) {
			taking = append(taking, l)
		}
	}
	return taking
}

// bases are what has all templates render something.
var bases = map[string]base{
	"deployment": {
		values: `{tls: {enabled: true, secretName: tls}, authFilter: {enabled: true}, networkPolicy: {enabled: true}, service: {type: LoadBalancer},
prometheus: {monitor: {enabled: true, tlsConfig: {insecureSkipVerify: true}}}, prometheusRule: {enabled: true}}`,
		without: []string{"podDisruptionBudget.maxUnavailable", "rbac.clusterRoleSelectors[]"},
	},
	"sharded": {
		values: `{tls: {enabled: true, secretName: tls}, authFilter: {enabled: true}, autosharding: {enabled: true}, releaseLabel: true,
prometheus: {monitor: {enabled: true, tlsConfig: {insecureSkipVerify: true}}}}`,
		without: []string{"rbac.useExistingRole", "prometheus.monitor.bearerTokenFile", "prometheus.monitor.authorization", "podDisruptionBudget.minAvailable", "rbac.extraRules[]"},
	},
	"scraped": {
		values:   `{tls: {enabled: true, secretName: tls}, prometheus: {scrapeconfig: {enabled: true, tlsConfig: {insecureSkipVerify: true}}}}`,
		without:  []string{"podDisruptionBudget.minAvailable", "rbac.clusterRoleSelectors[]"},
		unserved: true,
	},
	"annotated": {values: `{namespaces: [shop], tls: {enabled: true, secretName: tls}}`, without: []string{"rbac.useExistingRole", "podDisruptionBudget.minAvailable", "rbac.clusterRoleSelectors[]"}},
}

// leaf is a place in the values where the schema takes a string.
type leaf struct {
	path    string
	pattern *regexp.Regexp
	// free says that the schema does not know what the object is in which it lies.
	free   bool
	values func(string) any // that have it there and nothing else
}

// schema is what of a JSON schema is used here.
type schema struct {
	Ref                  string             `json:"$ref"`
	Definitions          map[string]*schema `json:"definitions"`
	Type                 any                `json:"type"`
	Enum                 []any              `json:"enum"`
	Pattern              string             `json:"pattern"`
	OneOf                []*schema          `json:"oneOf"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	MaxProperties        *int               `json:"maxProperties"` // no object, but an empty one
}

func (s *schema) is(kind string) bool {
	kinds, several := s.Type.([]any)
	return s.Type == kind || several && slices.Contains(kinds, any(kind))
}

// leaves walks the schema.
func leaves(t *testing.T) []leaf {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	must(t, err)
	var root schema
	must(t, json.Unmarshal(text, &root))
	var found []leaf
	var walk func(s *schema, path string, values func(any) any)
	walk = func(s *schema, path string, values func(any) any) {
		if s.Ref != "" {
			s = root.Definitions[strings.TrimPrefix(s.Ref, "#/definitions/")]
		}
		add := func(path string, free bool, values func(string) any) {
			found = append(found, leaf{path: path, pattern: regexp.MustCompile(s.Pattern), free: free, values: values})
		}
		for _, one := range s.OneOf {
			walk(one, path, values)
		}
		if s.is("string") && s.Enum == nil {
			add(path, false, func(v string) any { return values(v) })
		}
		if s.is("array") && s.Items != nil {
			walk(s.Items, path+"[]", func(v any) any { return values([]any{v}) })
		}
		for name, property := range s.Properties {
			walk(property, strings.TrimPrefix(path+"."+name, "."), func(v any) any { return values(map[string]any{name: v}) })
		}
		if !s.is("object") || s.MaxProperties != nil || s.Properties != nil || strings.HasPrefix(path, "extraManifests") {
			return
		}
		_, labels := s.AdditionalProperties.(map[string]any)
		add(path+"{}", !labels, func(v string) any { return values(map[string]any{"example.com/key": v}) })
		add(path+"{key}", !labels, func(v string) any { return values(map[string]any{v: "value"}) })
	}
	walk(&root, "", func(v any) any { return v })
	slices.SortFunc(found, func(a, b leaf) int { return strings.Compare(a.path, b.path) })
	if len(found) < 80 {
		t.Fatalf("the schema takes strings in %d places only", len(found))
	}
	for path := range refusing {
		if !slices.ContainsFunc(found, func(l leaf) bool { return l.path == path }) {
			t.Errorf("the schema has no %s", path)
		}
	}
	return found
}

// overlaid is a value with another laid over it: maps key by key, lists one after the other.
func overlaid(a, b any) any {
	switch b := b.(type) {
	case map[string]any:
		all := map[string]any{}
		if a, ok := a.(map[string]any); ok {
			maps.Copy(all, a)
		}
		for key, value := range b {
			all[key] = overlaid(all[key], value)
		}
		return all
	case []any:
		before, _ := a.([]any)
		return slices.Concat(before, b)
	}
	return b
}

// with are the values of a base with a string at all the leaves.
func with(t *testing.T, base, s string, all []leaf) any {
	t.Helper()
	var values any
	must(t, yaml.Unmarshal([]byte(base), &values))
	for _, l := range all {
		values = overlaid(values, l.values(l.form(s)))
	}
	return values
}

func (l leaf) form(s string) string {
	if form, ok := forms[l.path]; ok {
		return fmt.Sprintf(form, s)
	}
	return s
}

// takes says whether a string may be there: by the schema, and as part of its form.
func (l leaf) takes(s string) bool {
	if strings.HasSuffix(forms[l.path], "]") && strings.ContainsAny(s, "=[]") {
		return false
	}
	return l.pattern.MatchString(l.form(s)) && l.pattern.MatchString(l.form(marker))
}

// render renders the chart with values, and gives the objects.
func render(t *testing.T, values any, args ...string) ([]map[string]any, error) {
	t.Helper()
	text, err := yaml.Marshal(values)
	must(t, err)
	path := filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(path, text, 0o600))
	out, errs, ok := template(t, append(args, "--values", path)...)
	if !ok {
		return nil, errors.New(errs)
	}
	return objects(out)
}

// objects are those of a manifest. A key that comes twice is an error.
func objects(manifest string) ([]map[string]any, error) {
	documents := []string{""}
	for line := range strings.Lines(manifest) {
		if line == "---\n" {
			documents = append(documents, "")
			continue
		}
		documents[len(documents)-1] += line // with its end, which may be part of a string
	}
	var all []map[string]any
	for _, document := range documents {
		var object map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &object); err != nil {
			return nil, fmt.Errorf("%w in\n%s", err, document)
		}
		if len(object) > 0 {
			all = append(all, object)
		}
	}
	return all, nil
}

// replaced is a tree with one string in the place of another, wherever that is in a
// key or a value.
func replaced(in any, old, by string) any {
	switch in := in.(type) {
	case string:
		return strings.ReplaceAll(in, old, by)
	case []any:
		all := make([]any, 0, len(in))
		for _, v := range in {
			all = append(all, replaced(v, old, by))
		}
		return all
	case map[string]any:
		all := map[string]any{}
		for key, v := range in {
			all[strings.ReplaceAll(key, old, by)] = replaced(v, old, by)
		}
		return all
	}
	return in
}

// tree is what objects say. How YAML writes a string depends on that: the text of the web
// configuration is compared by what it says in turn.
func tree(t *testing.T, objects []map[string]any) any {
	t.Helper()
	var all []any
	for _, o := range objects {
		if data, ok := o["data"].(map[string]any); ok {
			var web any
			must(t, yaml.UnmarshalStrict([]byte(data["web.yaml"].(string)), &web))
			o["data"] = web
		}
		all = append(all, o)
	}
	return all
}

// TestStringsArrive has strings of which YAML and templates think something of their own
// at every place of the values, and wants each where a harmless one arrives.
func TestStringsArrive(t *testing.T) {
	all := leaves(t)
	for name, base := range bases {
		t.Run(name, func(t *testing.T) {
			harmless := map[string]any{}
			for _, s := range hostile {
				taking := base.taking(all, s)
				key := ""
				for _, l := range taking {
					key += l.path + " "
				}
				if harmless[key] == nil {
					want, err := render(t, with(t, base.values, marker, taking))
					must(t, err)
					harmless[key] = tree(t, want)
				}
				got, err := render(t, with(t, base.values, s, taking))
				if err != nil {
					t.Errorf("%q: %v", s, err)
					continue
				}
				if diff := cmp.Diff(replaced(harmless[key], marker, s), tree(t, got)); diff != "" {
					t.Errorf("%q (-as a harmless string +got):\n%s", s, diff)
				}
			}
		})
	}
}

// TestStringsRefused has the strings where the templates look at them: what they do not
// refuse is rendered.
func TestStringsRefused(t *testing.T) {
	for _, l := range leaves(t) {
		words := refusing[l.path]
		if words == "" {
			continue
		}
		t.Run(l.path, func(t *testing.T) {
			for _, s := range []string{"123", "true", "null", "::", "key: value", "- item", "*alias", `"`, "two\nlines", "{{"} {
				_, err := render(t, l.values(s))
				if err != nil && !regexp.MustCompile(words).MatchString(err.Error()) {
					t.Errorf("%q: %v", s, err)
				}
			}
		})
	}
}

// TestStringsForAPIServer sends what is rendered to an API server, which may find a
// string to be no name, but never to be no string.
func TestStringsForAPIServer(t *testing.T) {
	api := startAPI(t)
	all := leaves(t)
	for name, base := range bases {
		if base.unserved {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, s := range hostile {
				taking := slices.DeleteFunc(base.taking(all, s), func(l leaf) bool { return l.free })
				objects, err := render(t, with(t, base.values, s, taking))
				must(t, err)
				for _, o := range objects {
					if err := api.create(t, o); !onlyInvalid(err) {
						t.Errorf("%q: %v\n%v", s, err, o)
					}
				}
			}
		})
	}
	for _, s := range []string{"123", "1e3", "0x1f", "true", "null"} {
		t.Run("names "+s, func(t *testing.T) {
			values := fmt.Sprintf(`{namespaces: [%q], prometheus: {monitor: {enabled: true}}, prometheusRule: {enabled: true}, networkPolicy: {enabled: true},
customLabels: {team: %q}, tls: {enabled: true, secretName: %q}, authFilter: {enabled: true}, autosharding: {enabled: true}}`, s, s, s)
			out, errs, ok := helm(t, "template", s, chart, "--namespace", s, "--values", written(t, values))
			if !ok {
				t.Fatal(errs)
			}
			rendered, err := objects(out)
			must(t, err)
			for _, o := range rendered {
				must(t, api.create(t, o))
			}
		})
	}
}

func written(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "values.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// onlyInvalid says whether an API server understood an object, if it did not like it.
func onlyInvalid(err error) bool {
	var status apierrors.APIStatus
	if err == nil || !apierrors.IsInvalid(err) || !errors.As(err, &status) || status.Status().Details == nil {
		return err == nil
	}
	return !slices.ContainsFunc(status.Status().Details.Causes, func(c metav1.StatusCause) bool {
		return c.Type == metav1.CauseTypeFieldValueInvalid && strings.Contains(c.Message, "must be of type") || c.Type == metav1.CauseType("FieldValueTypeInvalid")
	})
}

// api creates objects without keeping them.
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

// startAPI starts an API server with the kinds of the Prometheus operator and the
// namespaces of the tests.
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

// resourceOf is the resource of a kind.
func resourceOf(apiVersion, kind string) runtimeschema.GroupVersionResource {
	resource, _ := meta.UnsafeGuessKindToResource(runtimeschema.FromAPIVersionAndKind(apiVersion, kind))
	return resource
}
