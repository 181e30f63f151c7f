package options_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubestate/kubestate/internal/options"
)

// texts returns the selectors of options by the names of resources.
func texts(selectors map[schema.GroupResource]string) map[string]string {
	all := map[string]string{}
	for of, text := range selectors {
		all[of.String()] = text
	}
	return all
}

func TestSelectors(t *testing.T) {
	f := func(want map[string]string, args ...string) {
		t.Helper()
		o, err := options.Parse(registry, args)
		if err != nil {
			t.Errorf("%q: %v", args, err)
			return
		}
		if d := cmp.Diff(want, texts(o.Selectors)); d != "" {
			t.Errorf("%q (-want +got):\n%s", args, d)
		}
	}
	type m = map[string]string
	f(m{})
	f(m{"pods": "team in (a,b)", "configmaps": "!helm.sh/chart"}, "--selector", "pods=team in (a,b),configmaps=!helm.sh/chart")
	f(m{"pods": "app=web,team in (a,b)"}, "--selector", "pods=app=web,team in (b,a)")
	f(m{"pods": "app==web", "nodes": "zone"}, "--selector", " pods = app == web , nodes = zone ")
	f(m{"pods": "a!=b,c notin (d),e"}, "--selector", "pods=e,a!=b,c notin (d)")
	f(m{"pods": "services in (yes)"}, "--selector", "pods=services in (yes)")
	f(m{"pods": "a", "deployments.apps": "b", "nodes": "c=d"}, "--selector", "pods=a,deployments.apps=b", "--selector", "nodes=c=d")
	f(m{"deployments.apps": "b"}, "--selector", "deployments=b")
	f(m{"pods": "team=x", "services": "yes"}, "--selector", "pods=team=x,services=yes")
}

func TestSelectorErrors(t *testing.T) {
	f := func(want string, args ...string) {
		t.Helper()
		_, err := options.Parse(registry, args)
		if err == nil || err.Error() != want {
			t.Errorf("%q: error %v, want %s", args, err, want)
		}
	}
	flag := func(in, want string) {
		t.Helper()
		f(`invalid argument "`+in+`" for "--selector" flag: `+want, "--selector", in)
	}
	flag("app", `want resource=selector at "app"`)
	flag("podz=app=web", `there is no resource "podz"; the nearest is "pods"`)
	flag("podz=app", `there is no resource "podz"; the nearest is "pods"`)
	flag("pods=app=web,nodez=zone=a", `there is no resource "nodez"; the nearest is "nodes"`)
	flag("pods=", `pods: the selector is empty`)
	flag("pods=app=web,pods=team=a", `pods: two selectors, "app=web" and "team=a": join them by a comma`)
	flag("pods=team in (a", `pods: selector "team in (a": unable to parse requirement: found '', expected: ',' or ')'`)
	flag("pods=app=web,", `pods: selector "app=web,": found '', expected: identifier after ','`)
	flag("pods=a b", `pods: selector "a b": unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt`)
	f(`invalid argument "pods=b" for "--selector" flag: pods: two selectors, "a" and "b": join them by a comma`, "--selector=pods=a", "--selector=pods=b")

	f(`--namespace-selector excludes --namespaces: both choose namespaces`, "--namespace-selector=a", "--namespaces=b")
	f(`--namespace-selector excludes --object-limit: the limit is per namespace, and all share one list`, "--namespace-selector=a", "--object-limit=5")
	f(`--namespace-selector: the selector is empty`, "--namespace-selector= ")
	f(`--namespace-selector: selector "a in b": unable to parse requirement: found 'b' expected: '('`, "--namespace-selector=a in b")
}

func TestSelectorsOfConfig(t *testing.T) {
	parse := func(text string) (options.Options, string) {
		t.Helper()
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := options.Parse(registry, []string{"--config", path, "--selector=nodes=a"})
		if err != nil {
			return o, err.Error()[len("--config: "+path+": "):]
		}
		return o, ""
	}
	f := func(text string, want map[string]string, wantErr string) {
		t.Helper()
		o, err := parse(text)
		if d := cmp.Diff(wantErr, err); d != "" {
			t.Errorf("%q: error (-want +got):\n%s", text, d)
		}
		if d := cmp.Diff(want, texts(o.Selectors)); d != "" {
			t.Errorf("%q (-want +got):\n%s", text, d)
		}
	}
	type m = map[string]string
	f("selectors: {pods: 'app=web,services=yes', configmaps: '!helm.sh/chart'}", m{"pods": "app=web,services=yes", "configmaps": "!helm.sh/chart"}, "")
	f("selectors: {}", m{"nodes": "a"}, "")
	f("selectors: {pods: null}", m{"nodes": "a"}, "")
	f("selectors: [pods=a]", m{}, "line 1: selectors: want a mapping of resources to label selectors")
	f("selectors: {pods: [a]}", m{}, "line 1: selectors: pods: want a label selector")
	f("selectors: {pots: a}", m{}, `line 1: selectors: there is no resource "pots"; the nearest is "pods"`)
	f("selectors: {pods: a, pods.: b}", m{}, `line 1: selectors: there is no resource "pods."; the nearest is "pods"`)
	f("selectors: {deployments: a, deployments.apps: b}", m{}, `line 1: selectors: deployments.apps: two selectors, "a" and "b": join them by a comma`)
	f("selectors: {pods: 'a=b=c'}", m{}, `line 1: selectors: pods: selector "a=b=c": found '=', expected: ',' or 'end of string'`)
	if o, err := parse("namespace_selector: on in (a, b)"); err != "" || o.NamespaceSelector != "on in (a,b)" {
		t.Errorf("%q, %s", o.NamespaceSelector, err)
	}
}

// FuzzSelectors holds that the selectors of a flag, as flags of one resource each, parse to the same.
func FuzzSelectors(f *testing.F) {
	for _, seed := range []string{"pods=a", "pods=a in (b,c),nodes=!d", "pods=a,b!=c", "pods==", "=", "pods=(", "pods=a,deployments.apps=x notin (y)", ","} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		o, err := options.Parse(registry, []string{"--selector", in})
		if err != nil {
			return
		}
		var args []string
		for of, text := range o.Selectors {
			args = append(args, "--selector", of.String()+"="+text)
		}
		again, err := options.Parse(registry, args)
		if err != nil {
			t.Fatalf("%q parses, %q does not: %v", in, args, err)
		}
		if d := cmp.Diff(texts(o.Selectors), texts(again.Selectors)); d != "" {
			t.Errorf("%q and %q (-first +second):\n%s", in, args, d)
		}
	})
}
