package generators_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestAllowlist holds for each allowlist the selected labels, nil for no series.
func TestAllowlist(t *testing.T) {
	const all, nothing = "all", "nothing"
	type list = generators.Allowlist
	f := func(allowed list, keys string, want string) {
		t.Helper()
		p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{}}}
		for key := range strings.SplitSeq(keys, " ") {
			p.Labels[key] = key
		}
		p.Annotations = p.Labels
		if want == all {
			want = keys
		}
		series := ""
		if want != nothing {
			series = `x{o="p"`
			for key := range strings.FieldsSeq(want) {
				series += fmt.Sprintf(",%%s_%s=%q", regexp.MustCompile(`[^a-z0-9]`).ReplaceAllString(key, "_"), key)
			}
			series += "} 1\n"
		}
		for prefix, selection := range map[string]generators.Selection{
			"label":      {Labels: allowed, Annotations: list{generators.AnyResource: {"other"}}},
			"annotation": {Labels: list{generators.AnyResource: {"other"}}, Annotations: allowed},
		} {
			r := tableOf(familyOf(generators.Labels{prefix + "_*"}, func(p *corev1.Pod, s *generators.Samples) {
				s.Allowed(p.Labels)
			})).Compile(selection)
			text, _ := r.Render(nil, nil, p)
			if d := cmp.Diff(strings.ReplaceAll(series, "%s", prefix), string(text)); d != "" {
				t.Errorf("%v of %q (-want +got):\n%s", allowed, keys, d)
			}
		}
	}
	// By resource.
	f(nil, "a b", nothing)
	f(list{}, "a b", nothing)
	f(list{"pods": nil}, "a b", nothing)
	f(list{"pods": {}}, "a b", nothing)
	f(list{"nodes": {"a"}}, "a b", nothing)
	f(list{"pod": {"a"}}, "a b", nothing)
	f(list{"pods": {"a"}}, "a b", "a")
	f(list{"pods": {"a"}, "nodes": {"b"}}, "a b", "a")
	f(list{"*": {"a"}}, "a b", "a")
	f(list{"*": {"a"}, "pods": {"b"}}, "a b", "a")
	f(list{"*": {}, "pods": {"b"}}, "a b", nothing)
	f(list{"po*": {"a"}}, "a b", nothing)
	// By key.
	f(list{"pods": {"c"}}, "a b", "")
	f(list{"pods": {"b", "a", "b"}}, "a b c", "a b")
	f(list{"pods": {"a"}}, "a aa ab ba", "a")
	f(list{"pods": {""}}, "a b", "")
	f(list{"pods": {"a.b"}}, "a.b a-b axb", "a.b")
	f(list{"pods": {"app.kubernetes.io/name"}}, "app.kubernetes.io/name app.kubernetes.io/part-of", "app.kubernetes.io/name")
	// A * means all as the first key alone.
	f(list{"pods": {"*"}}, "a b", all)
	f(list{"*": {"*"}}, "a b", all)
	f(list{"pods": {"*", "a"}}, "a b", all)
	f(list{"pods": {"a", "*"}}, "a b", "a")
	f(list{"pods": {"c", "*"}}, "a b", "")
	// One * within a key.
	f(list{"pods": {"a*"}}, "a aa ab b ba", "a aa ab")
	f(list{"pods": {"*a"}}, "a aa ab b ba", "a aa ba")
	f(list{"pods": {"a*a"}}, "a aa aba ab ba aaa baa aab", "aa aaa aba")
	f(list{"pods": {"a.b*"}}, "a.bc axbc", "a.bc")
	f(list{"pods": {"app.*/name"}}, "app.k8s.io/name app./name app.k8s.io/name2 xapp.k8s.io/name", "app./name app.k8s.io/name")
	f(list{"pods": {"b", "a*", "*c"}}, "a b ca cb cc", "a b cc")
	f(list{"pods": {"[ab]*"}}, "a b", "")
	f(list{"pods": {"a?*"}}, "a ab", "")
	f(list{"pods": {"a*b"}}, "a\nb a.b", "a.b") // * is no line feed
}

// TestAllSeesNoAllowlist holds that allowlists do not affect families of all entries.
func TestAllSeesNoAllowlist(t *testing.T) {
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Labels: map[string]string{"a": "1", "b": "2"}}}
	f := func(selection generators.Selection) {
		t.Helper()
		r := tableOf(familyOf(generators.Labels{"label_*"}, func(p *corev1.Pod, s *generators.Samples) { s.All(p.Labels) })).Compile(selection)
		text, _ := r.Render(nil, nil, p)
		if d := cmp.Diff("x{o=\"p\",label_a=\"1\",label_b=\"2\"} 1\n", string(text)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
	f(generators.Selection{})
	f(generators.Selection{Labels: generators.Allowlist{"pods": {"b"}}})
	f(generators.Selection{Labels: generators.Allowlist{"*": {}}})
}

func TestSelectionOfFamilies(t *testing.T) {
	one := func(_ *corev1.Pod, s *generators.Samples) { s.One() }
	named := func(name string, optIn bool) generators.Family[*corev1.Pod] {
		f := familyOf(nil, one)
		f.Name, f.OptIn = name, optIn
		return f
	}
	table := tableOf(named("kube_pod_a", false), named("kube_pod_a_time", false), named("kube_pod_b", false), named("kube_pod_extra", true))
	patterns := func(sources ...string) []generators.Pattern {
		var ps []generators.Pattern
		for _, source := range sources {
			ps = append(ps, regexp.MustCompile(source))
		}
		return ps
	}
	f := func(allow, deny, optIn []generators.Pattern, want ...string) {
		t.Helper()
		r := table.Compile(generators.Selection{Allow: allow, Deny: deny, OptIn: optIn})
		var names []string
		for _, header := range r.Headers() {
			_, name, _ := strings.Cut(string(header.Text), "# TYPE ")
			names = append(names, strings.TrimSuffix(name, " gauge\n"))
		}
		if d := cmp.Diff(want, names); d != "" {
			t.Errorf("allow %v, deny %v, opt in %v: headers (-want +got):\n%s", allow, deny, optIn, d)
		}
		text, ends := r.Render(nil, nil, &corev1.Pod{})
		var lines string
		for _, name := range want {
			lines += name + "{o=\"\"} 1\n"
		}
		if d := cmp.Diff(lines, string(text)); d != "" || len(ends) != len(want) {
			t.Errorf("allow %v, deny %v, opt in %v: %d families (-want +got):\n%s", allow, deny, optIn, len(ends), d)
		}
	}
	const a, aTime, b, extra = "kube_pod_a", "kube_pod_a_time", "kube_pod_b", "kube_pod_extra"
	f(nil, nil, nil, a, aTime, b)
	f(nil, nil, patterns("."), a, aTime, b, extra)
	f(nil, nil, patterns("x", "extr"), a, aTime, b, extra)
	f(nil, nil, patterns("kube_pod_a", "^extra"), a, aTime, b)
	f(patterns("kube_pod_a"), nil, nil, a, aTime)
	f(patterns("kube_pod_a$"), nil, nil, a)
	f(patterns("nothing", "_b"), nil, nil, b)
	f(patterns("nothing"), nil, nil)
	f(patterns("extra"), nil, nil)
	f(patterns("extra"), nil, patterns("extra"), extra)
	f(patterns("_b"), nil, patterns("extra"), b)
	f(nil, patterns("kube_pod_a"), nil, b)
	f(nil, patterns("kube_pod_a$", "_b"), nil, aTime)
	f(nil, patterns("nothing"), nil, a, aTime, b)
	f(nil, patterns("extra"), patterns("extra"), a, aTime, b)
	f(nil, patterns("."), nil)
	f(patterns("kube_pod_a"), patterns("time"), nil, a)
	f(patterns("kube_pod_a"), patterns("kube_pod_a"), nil)
}

// TestSelectionLeavesTablesAlone compiles shared tables by several selections in turn.
func TestSelectionLeavesTablesAlone(t *testing.T) {
	headers := func(selection generators.Selection) []string {
		var all []string
		for _, r := range registry.Resources() {
			for _, header := range r.Compile(selection).Headers() {
				all = append(all, string(header.Text))
			}
		}
		return all
	}
	before := headers(generators.Selection{})
	few := headers(generators.Selection{Deny: []generators.Pattern{regexp.MustCompile("[^s]$")}})
	if len(few) == 0 || slices.Equal(few, before) {
		t.Errorf("%d of %d families have a name that ends in s", len(few), len(before))
	}
	if d := cmp.Diff(before, headers(generators.Selection{})); d != "" {
		t.Errorf("(-before +after):\n%s", d)
	}
}
