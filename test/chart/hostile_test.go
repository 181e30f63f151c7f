package chart

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// marker is a string without a meaning in YAML, and a valid name.
const marker = "mark7x"

// hostile are strings with a meaning in YAML or templates.
var hostile = []string{
	"123", "1e3", "0x1f", "true", "null", "yes", // names, too
	"::", "1.0", "~", "2026-01-01", "=",
	"*alias", "&anchor", "!tag", "%directive", "@at", "- item", "? key", "| text", "[list", "{map", "}", "]",
	"key: value", "key:", " # comment", "#comment", " space ", "\ttab", `"`, `'`, `\`, `a"b'c\d`, "two\nlines", "\nlast\n", "---\na: b", "a\r\nb",
	"{{", "{{ .Release.Name }}", "ümlaut \u2028 \U0001F600", "\u0007", "$(POD_NAME)",
}

// forms are values with a required format, around the string.
var forms = map[string]string{
	"extraArgs[]":                  "--log-file=%s",
	"metricLabelsAllowlist":        "pods=[%s]",
	"metricAnnotationsAllowList":   "pods=[%s]",
	"metricLabelsAllowlist[]":      "pods=[%s]",
	"metricAnnotationsAllowList[]": "pods=[%s]",
}

// refusing are the values that templates check, with the words of their errors.
var refusing = map[string]string{
	"metricAllowlist":                      `no regular expression`,
	"metricAllowlist[]":                    `no regular expression`,
	"metricDenylist":                       `no regular expression`,
	"metricDenylist[]":                     `no regular expression`,
	"metricSparse":                         `no regular expression`,
	"metricSparse[]":                       `no regular expression`,
	"finishedKeep":                         `no regular expression`,
	"finishedKeep[]":                       `no regular expression`,
	"selectors{}":                          `there is no resource`,
	"selectors{key}":                       `there is no resource`,
	"seriesBudget{}":                       `want null or integer`,
	"seriesBudget{key}":                    `want null or integer`,
	"workloadMetrics":                      `there is no group`,
	"workloadMetrics[]":                    `there is no group`,
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
	"clusters.kubeconfigs{}":               `cannot be the name of a cluster`,
	"clusters.kubeconfigs{key}":            `cannot be the name of a cluster`,
	"customResourceState.config":           `customResourceState.config: no`,
	"customResourceState.config{}":         `customResourceState.config: no`,
	"customResourceState.presets[]":        `there is no preset`,
	"affinity":                             `affinity: no object in YAML|error calling tpl`,
	"extraManifests[]":                     `extraManifests: no manifest|error calling tpl`,
}

// templated are the values that are rendered as templates.
var templated = map[string]bool{
	"customLabels": true, "labels": true, "podLabels": true, "annotations": true, "podAnnotations": true, "nodeSelector": true, "affinity": true,
	"topologySpreadConstraints[]": true, "tolerations[]": true, "serviceAccount.annotations": true, "service.annotations": true,
	"prometheus.monitor.additionalLabels": true,
}

// base has values that enable templates.
type base struct {
	values  string
	without []string
	// unserved: the tests' API server lacks one of the kinds.
	unserved bool
}

// accepting returns the leaves where neither the schema nor a template may reject a string.
func (b base) accepting(all []leaf, s string) (accepting []leaf) {
	for _, l := range all {
		value, _, _ := strings.Cut(l.path, "{")
		isTemplate := strings.Contains(s, "{{") && templated[value]
		if refusing[l.path] == "" && !slices.Contains(b.without, value) && !isTemplate && l.allows(s) {
			accepting = append(accepting, l)
		}
	}
	return accepting
}

// bases enable all templates.
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
	"clusters": {
		values: `{clusters: {enabled: true, secrets: [all]}, authFilter: {enabled: true}, prometheus: {monitor: {enabled: true}}}`,
		without: []string{
			"clusters.list[].name", "clusters.list[].context", "clusters.list[].kubeconfig", "clusters.list[].labels", "clusters.list[].resources[]",
			"podDisruptionBudget.minAvailable", "rbac.clusterRoleSelectors[]",
		},
	},
	"annotated": {values: `{namespaces: [shop], tls: {enabled: true, secretName: tls}}`, without: []string{"namespaceSelector", "rbac.useExistingRole", "podDisruptionBudget.minAvailable", "rbac.clusterRoleSelectors[]"}},
}

// render renders the chart with values, and returns the objects.
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

// objects parses a manifest. A duplicate key is an error.
func objects(manifest string) ([]map[string]any, error) {
	documents := []string{""}
	for line := range strings.Lines(manifest) {
		if line == "---\n" {
			documents = append(documents, "")
			continue
		}
		documents[len(documents)-1] += line // with the newline, which may be part of a string
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

// replaced returns a tree with a string replaced in all keys and values.
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

// tree returns the content of objects for comparison. The web configuration is parsed, since its
// formatting depends on the strings.
func tree(t *testing.T, objects []map[string]any) any {
	t.Helper()
	var all []any
	for _, o := range objects {
		if data, ok := o["data"].(map[string]any); ok && data["web.yaml"] != nil {
			var web any
			must(t, yaml.UnmarshalStrict([]byte(data["web.yaml"].(string)), &web))
			o["data"] = web
		}
		all = append(all, o)
	}
	return all
}

// TestStringsArrive renders hostile strings in all values, and holds that each is where a harmless
// string would be.
func TestStringsArrive(t *testing.T) {
	all := leaves(t)
	for name, base := range bases {
		t.Run(name, func(t *testing.T) {
			harmless := map[string]any{}
			for _, s := range hostile {
				leaves := base.accepting(all, s)
				key := ""
				for _, l := range leaves {
					key += l.path + " "
				}
				if harmless[key] == nil {
					want, err := render(t, with(t, base.values, marker, leaves))
					must(t, err)
					harmless[key] = tree(t, want)
				}
				got, err := render(t, with(t, base.values, s, leaves))
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

// TestStringsRefused renders the strings in values that templates check: they are rejected with the
// right words, or rendered.
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

// TestStringsForAPIServer sends rendered objects to an API server, which may reject a string as
// invalid, but not its type.
func TestStringsForAPIServer(t *testing.T) {
	api := startAPI(t)
	all := leaves(t)
	for name, base := range bases {
		if base.unserved {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, s := range hostile {
				leaves := slices.DeleteFunc(base.accepting(all, s), func(l leaf) bool { return l.free })
				objects, err := render(t, with(t, base.values, s, leaves))
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
