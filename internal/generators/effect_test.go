package generators_test

import (
	"testing"

	"github.com/kubestate/kubestate/internal/generators"
)

// TestEffect holds by change of a selection which resources it affects.
func TestEffect(t *testing.T) {
	type labels = generators.Allowlist
	effects := func(key string, a, b generators.Selection) bool {
		r, ok := registry.Lookup(key)
		if !ok {
			t.Fatalf("no resource %s", key)
		}
		d := r.Describe()
		return !a.EffectOn(d).Equal(b.EffectOn(d))
	}
	f := func(what string, a, b generators.Selection, pods, nodes bool) {
		t.Helper()
		if got := effects("pods", a, b); got != pods {
			t.Errorf("%s concerns pods: %t", what, got)
		}
		if got := effects("nodes", a, b); got != nodes {
			t.Errorf("%s concerns nodes: %t", what, got)
		}
		if effects("pods", a, a) || effects("nodes", b, b) {
			t.Errorf("%s differs from itself", what)
		}
	}
	type s = generators.Selection
	patterns := func(names ...string) (all []generators.Pattern) {
		for _, name := range names {
			all = append(all, exactly(name))
		}
		return all
	}
	allowed := func(l labels) s { return s{Labels: l} }
	f("nothing", s{}, s{}, false, false)
	f("a label", s{}, allowed(labels{"pods": {"app"}}), true, false)
	f("the order of labels", allowed(labels{"pods": {"a", "b*c", "d", "e*"}}), allowed(labels{"pods": {"d", "e*", "b*c", "a", "a"}}), false, false)
	f("a * that counts for nothing", allowed(labels{"pods": {"a", "*"}}), allowed(labels{"pods": {"a"}}), false, false)
	f("a * in front", allowed(labels{"pods": {"*", "a"}}), allowed(labels{"pods": {"*"}}), false, false)
	f("labels of all", allowed(labels{"pods": {"a"}}), allowed(labels{"*": {"a"}}), false, true)
	f("an annotation", s{}, s{Annotations: labels{"nodes": {"a"}}}, false, true)
	f("annotations in place of labels", allowed(labels{"pods": {"a"}}), s{Annotations: labels{"pods": {"a"}}}, true, false)
	f("labels of a family that is left out", s{Deny: patterns("kube_pod_labels")},
		s{Deny: patterns("kube_pod_labels"), Labels: labels{"pods": {"a"}}}, false, false)
	f("a denied family", s{}, s{Deny: patterns("kube_pod_info")}, true, false)
	f("patterns that match nothing", s{}, s{Deny: patterns("x"), OptIn: patterns("y")}, false, false)
	f("other patterns of one family", s{Allow: patterns("kube_pod_info", "x")}, s{Allow: patterns("y", "kube_pod_info")}, false, false)
	sparse := func(names ...string) s { return s{Sparse: patterns(names...)} }
	f("a sparse family", s{}, sparse("kube_pod_status_phase"), true, false)
	f("another sparse family", sparse("kube_pod_status_phase"), sparse("kube_pod_status_ready", "kube_node_status_condition"), true, true)
	f("a sparse pattern of other families", s{}, sparse("kube_pod_info", "kube_node_info"), false, false)
	f("a sparse family that is left out", s{Deny: patterns("kube_pod_status_phase")},
		s{Deny: patterns("kube_pod_status_phase"), Sparse: patterns("kube_pod_status_phase")}, false, false)
	f("extra labels", s{Extra: []generators.ExtraLabel{{Name: "a", Value: "b"}}}, s{Extra: []generators.ExtraLabel{{Name: "a", Value: "c"}}}, true, true)
}

// exactly matches one name.
type exactly string

func (e exactly) MatchString(name string) bool { return name == string(e) }
